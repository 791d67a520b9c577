# SPDX-License-Identifier: GPL-2.0-or-later
"""Tests of `test`: a disk that is full, and sessions that want the same store at once."""
import contextlib
import os
import re
import signal
import subprocess
import threading
import time

from __main__ import ABORTED, DEVICE_ID, OK, ONE_GET, SERVER_ID, SLOW, STORE, Result, test, wait_for

BIG = "".join("%063d\n" % i for i in range(640))	# 40 kB


class Disk:
    """A file system of @size kB at the store's place, in a mount namespace of its own."""

    def __init__(self, e, size):
        self.e = e
        os.mkdir(e.store, 0o700)
        flags = ["-m"] if os.geteuid() == 0 else ["-r", "-m"]
        self.p = subprocess.Popen(["unshare", *flags, "--propagation", "private", "sh", "-c",
                                   "mount -t tmpfs -o size=%dk,mode=700 none '%s' && echo up && exec sleep 600" %
                                   (size, e.store)], stdout=subprocess.PIPE)
        assert self.p.stdout.readline() == b"up\n", "no file system"

    def inside(self, *argv, **kw):
        flags = ["-m"] if os.geteuid() == 0 else ["-U", "-m", "--preserve-credentials"]
        return subprocess.run(["nsenter", "-t", str(self.p.pid), *flags, *argv], stdin=subprocess.DEVNULL,
                              capture_output=True, timeout=60, **kw)

    def run(self, *args, expect=OK):
        # Who is nobody special outside must not be root in there: the client would give up rights.
        flags = [] if os.geteuid() == 0 else ["unshare", "--map-user=1000", "--map-group=1000"]
        p = self.inside(*flags, *self.e.argv(*args))
        r = Result(p)
        assert expect is None or p.returncode == expect, "exit %d, not %s: %s" % (p.returncode, expect, r.out + r.err)
        r.code = p.returncode
        return r

    def session(self, **kw):
        return self.run("session", "--server", SERVER_ID, "--allow-http", "--verbose", **kw)

    def tree(self):
        return [line for line in self.run("tree", ".").out.splitlines() if "AAuthData" not in line]

    def leave(self, kb):
        """Nothing but @kb is left."""
        self.sh("rm -f '%s/filler'" % self.e.store)
        p = self.sh("df -k --output=avail '%s' | tail -1" % self.e.store)
        free = int(p.stdout)
        assert free >= kb, "%d kB are free" % free
        self.sh("head -c %d /dev/zero >'%s/filler'" % ((free - kb) * 1024, self.e.store))

    def sh(self, command):
        p = self.inside("sh", "-c", command)
        assert p.returncode == 0, p.stderr
        return p

    def close(self):
        self.p.kill()
        self.p.wait()


@contextlib.contextmanager
def disk(e, size):
    d = Disk(e, size)
    try:
        yield d
    finally:
        d.close()


def told(s):
    """URIs whose Add the server was told to be done, from its record."""
    out, sent = set(), []
    for x in s.events():
        if x["event"] == "message-out":
            sent = [c["items"][0]["target"] for c in x["commands"] if c["cmd"] == "Add"]
        elif x["event"] == "message-in":
            codes = [st["code"] for st in x["statuses"] if st["cmd"] == "Add"]
            out.update(uri for uri, code in zip(sent, codes) if code == 200)
    return out


# Rules: PKG-26
@test
def disk_full(e):
    """Whatever room there is: an end that says so, a tree that has what was told, and no damage."""
    big = e.write("big", BIG)
    first = ('package\n\tadd ./Small%%d chr text/plain x\n\t\texpect 200\n'
             'package\n\tadd ./Big%%d chr text/plain file %s\n\t\texpect 200\n' % big)
    rooms = (0, 4, 8, 12, 16, 24, 32, 40, 48, 64, 96, 128)
    script = "server-id %s\nauth none\n" % SERVER_ID + "".join(
        "session\n" + first.replace("%d", str(i)) for i in range(len(rooms)))
    ends = []
    with e.server(script, strict=False) as s, disk(e, 2048) as d:
        d.run("account", "add", "--server-id", SERVER_ID, "--url", s.url)
        for i, kb in enumerate(rooms):
            before = d.tree()
            d.leave(kb)
            r = d.session(expect=None)
            ends.append(r.code)
            assert r.code == OK or r.code == STORE and re.search("[Nn]o space left", r.err), (kb, r.code, r.err)
            # One that got that far is tried again by itself.
            assert r.code == OK or "reading the store" in r.err or " is tried again" in r.err, (kb, r.err)
            d.sh("rm -f '%s/filler'" % e.store)
            now = set(d.tree())
            assert set(before) <= now, (kb, set(before) - now)
            kept = {m.group(1) for line in now if (m := re.match(r"(\./(?:Small|Big)\w+) = ", line))}
            assert kept == told(s), (kb, kept, told(s), r.out + r.err)
        # Who did not even get to the server left it something to do.
        assert len(told(s)) > 2 * ends.count(OK)
        before = len(told(s))
        d.session()
        assert len(told(s)) == before + 2
        assert not d.sh("ls '%s'" % e.store).stdout.count(b"damaged")
    assert ends.count(STORE) > 3 and ends.count(OK) > 1, ends


@test
def disk_full_from_the_start(e):
    """No store can be made, and one is made when there is room."""
    with disk(e, 64) as d:
        d.leave(0)
        args = ("account", "add", "--server-id", SERVER_ID, "--url", "https://localhost:1/")
        assert "no space left for the store" in d.run(*args, expect=STORE).err
        d.sh("rm '%s/filler'" % e.store)
        d.run(*args)


# Rules: DECISION-8
@test
def sessions_one_after_the_other(e):
    """Four at once: the server never sees two, and all are done."""
    with e.server("server-id %s\nrepeat\npackage\n\tdelay 200\n\tget ./DevInfo/DevId\n\t\texpect 200\n" % SERVER_ID) as s:
        e.account(s.url)
        all_ = [e.start("session", "--server", SERVER_ID, "--allow-http") for _ in range(4)]
        said = [p.communicate(timeout=30) for p in all_]
        assert [p.returncode for p in all_] == [OK] * 4, said
        order = [x["event"] for x in s.events() if x["event"].startswith("session-")]
    assert order == ["session-begin", "session-end"] * 4, order
    assert sum(b"waiting" in err for _, err in said) == 3, said


@test
def session_killed_before_others(e):
    """Who waits goes on at once when the one that runs is killed; nothing of that is kept."""
    script = SLOW.replace("get ./DevInfo/DevId", "add ./Killed chr text/plain x")
    with e.server(script + "session\n" + ONE_GET.split("\n", 1)[1], strict=False) as s:
        e.account(s.url)
        first = e.start("session", "--server", SERVER_ID, "--allow-http")
        wait_for(lambda: len(s.requests()) >= 2)
        second = e.start("session", "--server", SERVER_ID, "--allow-http")
        assert b"waiting" in second.stderr.readline()
        first.send_signal(signal.SIGKILL)
        start = time.monotonic()
        out, err = second.communicate(timeout=20)
        assert second.returncode == OK and time.monotonic() - start < 5, (out, err)
        first.communicate()
    assert "Killed" not in e.tree()


@test
def session_stopped_while_it_waits(e):
    with e.server(SLOW) as s:
        e.account(s.url)
        first = e.start("session", "--server", SERVER_ID, "--allow-http")
        wait_for(s.requests)
        second = e.start("session", "--server", SERVER_ID, "--allow-http")
        assert b"waiting" in second.stderr.readline()
        second.send_signal(signal.SIGTERM)
        second.communicate(timeout=10)
        assert second.returncode == ABORTED, second.returncode
        first.communicate(timeout=20)
        assert first.returncode == OK
        assert len([x for x in s.events() if x["event"] == "session-begin"]) == 1
