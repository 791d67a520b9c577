# SPDX-License-Identifier: GPL-2.0-or-later
"""Tests of `test`: sessions that no card stands for, from the wish to its end.

pending-child and session-child are the real ones; the helper between them is played
here, so nobody needs root, a card or a network.
"""
import json
import os
import shutil
import signal
import sqlite3
import struct
import subprocess
import threading
import time

from __main__ import ADD, ONE_GET, SERVER_ID, SLOW, TOP, test
from far_helper import (BOOT, FAILED, NAMES, NO, RESULTS, SIZES, TIMEOUT, WITHDRAWN, YES, Child, assert_free, hear,
                        message, outcome, rows, text)

OTHER = "other.example.net"
OK, FAILURE, GONE = 0, 1, 4
CONFIG = 2


class Wanted:
    """What the child asks for with IPC_SESSION."""

    def __init__(self, body):
        ui, self.seconds = struct.unpack("=II", body[:8])
        self.ui = ["none", "notice", "ask"][ui]
        at = 8 + SIZES["SERVER_MAX"]
        self.server, self.words = text(body[8:at]), text(body[at:at + SIZES["TEXT_MAX"]])
        at += SIZES["TEXT_MAX"]
        self.cause = text(body[at:at + SIZES["CAUSE_MAX"]])
        self.id, self.initiated = struct.unpack("=II", body[at + SIZES["CAUSE_MAX"]:at + SIZES["CAUSE_MAX"] + 8])

    def __repr__(self):
        return "%s %s (%s)" % (self.server, self.ui, self.cause)


class Ran:
    def __init__(self):
        self.asked, self.status, self.log = [], None, ""

    def servers(self):
        return [w.server for w in self.asked]

    def __repr__(self):
        return "asked %s, exit %s\n%s" % (self.asked, self.status, self.log)


def pending(e, *answers, born=None, wait=20):
    """One pending-child, to its end. An answer is a result, a pair (result, retry), the bytes of an
    OUTCOME, a function of Wanted that gives one, or None: the helper goes."""
    ran = Ran()
    child = Child(e, "pending-child")
    child.socket.settimeout(wait)
    if born:
        born(child)
    answers = list(answers)
    try:
        child.socket.send(message("START", struct.pack("=Q", 0) + b"".ljust(64, b"\0") +
                                  b"".ljust(SIZES["LOCATION_MAX"], b"\0") + BOOT.encode().ljust(40, b"\0")))
        while True:
            data = child.socket.recv(65536)
            if not data:
                break
            kind = NAMES[struct.unpack("=HHI", data[:8])[1]]
            if kind == "CONNECT":
                continue
            assert kind == "SESSION", "the child sent %s" % kind
            assert_free(e, kind)
            ran.asked.append(Wanted(data[8:]))
            assert answers, "nobody foresaw %r\n%s" % (ran.asked, child.log.decode())
            answer = answers.pop(0)
            answer = answer(ran.asked[-1]) if callable(answer) else answer
            if answer is None:
                break
            if not isinstance(answer, bytes):
                answer, retry = answer if isinstance(answer, tuple) else (answer, False)
                answer = outcome(answer, "as the test has it" if answer == FAILED else "", retry)
            child.socket.send(answer)
    finally:
        ran.status, ran.log = child.end()
    assert not answers, "the child did not ask for all of it\n%s" % ran
    return ran


def session(e, during=None, left=None):
    """An answer: the real session-child does it. @during: called with its process; @left: gets `more`."""
    def answer(wanted):
        child = Child(e, "session-child")
        child.socket.send(message("START_SESSION", struct.pack("=Q", 0) + b"".ljust(32, b"\0") +
                                  wanted.server.encode().ljust(SIZES["SERVER_MAX"], b"\0") +
                                  b"".ljust(SIZES["INTERFACE_MAX"], b"\0") +
                                  wanted.cause.encode().ljust(SIZES["CAUSE_MAX"], b"\0") +
                                  struct.pack("=IIII", wanted.id, wanted.initiated, 0, 0)))
        if during:
            during(child.process)
        data = hear(child.socket)
        log = child.end()[1]
        if not data:
            assert during, log
            return outcome(FAILED, "the session child was killed", True)
        assert NAMES[struct.unpack("=HHI", data[:8])[1]] == "OUTCOME"
        if left is not None:
            left.append(struct.unpack("=IiII", data[8:24])[3])
        return data
    return answer


def conf(e, *lines):
    e.write("dmsc.conf", "".join(line + "\n" for line in (
        "store = %s" % e.store, "allow-http = %s" % SERVER_ID, "device-id = IMEI:493005100592800") + lines))


def account(e, server=SERVER_ID, url="http://127.0.0.1:1/dm"):
    e.run("account", "add", "--server-id", server, "--url", url, "--user", "device", "--password-file",
          e.write("pw", "secret\n"))


def want(e, server=SERVER_ID, expect=OK):
    return e.run("want", "--server", server, expect=expect)


def wishes(e):
    """{server: (phase, attempts, reason)}"""
    return {s: (p, n, r) for s, p, n, r in rows(e, "SELECT server, phase, attempts, reason FROM wish ORDER BY id")}


def change(e, sql, *args):
    db = sqlite3.connect(os.path.join(e.store, "store.db"))
    with db:
        db.execute(sql, args)
    db.close()


def causes(e):
    return [c for c, in rows(e, "SELECT cause FROM session ORDER BY id")]


@test
def pending_nothing_to_do(e):
    """No store, an empty one, one without wishes: it ends, and makes none."""
    conf(e)
    assert pending(e).status == OK
    assert not os.path.exists(os.path.join(e.store, "store.db"))
    account(e)
    assert pending(e).status == OK


# Rules: DECISION-3
@test
def pending_wish_is_done(e):
    conf(e)
    account(e)
    want(e)
    r = pending(e, YES)
    assert r.status == OK and r.servers() == [SERVER_ID] and not wishes(e), r
    assert (r.asked[0].ui, r.asked[0].cause, r.asked[0].id, r.asked[0].initiated) == ("none", "asked", 0, 0), r
    assert pending(e).status == OK


@test
def pending_session_with_a_server(e):
    """The whole way, but for the helper: wish, session, journal; what was wanted is settled by it."""
    conf(e)
    with e.server(ADD) as s:
        e.account(s.url)
        want(e)
        left = []
        r = pending(e, session(e, left=left))
        assert r.status == OK and left == [0] and not wishes(e), r
        assert causes(e) == ["asked"]
        want(e)
    with e.server(ONE_GET) as s:
        e.run("account", "remove", "--server-id", SERVER_ID)
        e.account(s.url)
        e.session("--allow-http")
        assert not wishes(e), "a session by hand does what was wanted, too"
    assert causes(e) == ["asked", "by hand"]


# Rules: PEND-2
@test
def pending_more_than_one(e):
    """Each server once, one after the other; a second wish of a server joins the first."""
    conf(e)
    account(e)
    account(e, OTHER)
    for server in SERVER_ID, OTHER, SERVER_ID:
        want(e, server)
    r = pending(e, YES, YES)
    assert r.servers() == [SERVER_ID, OTHER] and not wishes(e), r


# Rules: PEND-4
@test
def pending_tries_again_when_the_network_comes(e):
    """Between two tries the reason is there to be read, and a route ends the wait."""
    conf(e, "patience = 1000")
    account(e)
    want(e)
    child = []

    def later():
        assert wishes(e)[SERVER_ID] == ("pending", 1, "as the test has it"), wishes(e)
        child[0].socket.send(message("NETWORK", b""))

    def fail(_):
        assert wishes(e)[SERVER_ID][0] == "running"
        threading.Timer(0.5, later).start()
        return FAILED, True
    start = time.monotonic()
    r = pending(e, fail, YES, born=child.append)
    assert r.status == OK and not wishes(e), r
    assert time.monotonic() - start < 8 and "next try in 1" in r.log, r


# Rules: HTTP-14
@test
def pending_leaves_a_server_alone(e):
    """For as long as it asked, whatever the network does meanwhile; beyond the patience that is the end."""
    conf(e, "patience = 1000")
    account(e)
    want(e)
    child, began = [], time.monotonic()

    def fail(_):
        threading.Timer(0.5, lambda: child[0].socket.send(message("NETWORK", b""))).start()
        return FAILED, 6
    r = pending(e, fail, (FAILED, 1001), born=child.append)
    assert r.status == OK and 5 < time.monotonic() - began < 15, r
    assert wishes(e)[SERVER_ID] == ("failed", 2, "given up after 2 attempts: as the test has it"), wishes(e)


# Rules: PEND-1
@test
def pending_gives_up(e):
    """Patience is over, or there is no sense in it: the reason stays until there is a new wish."""
    conf(e, "patience = 0")
    account(e)
    for answer, reason in [((FAILED, True), "given up after 1 attempts: as the test has it"),
                           ((FAILED, False), "as the test has it"), (NO, "the person said no"),
                           (TIMEOUT, "timed out")]:
        want(e)
        r = pending(e, answer)
        assert r.status == OK and wishes(e) == {SERVER_ID: ("failed", 1, reason)}, (r, wishes(e))
        assert pending(e).asked == []
    want(e)
    assert wishes(e) == {SERVER_ID: ("pending", 0, "")}, wishes(e)


# Rules: PEND-3
@test
def pending_patience_is_over_after_boots(e):
    """What counts is how long the device was on: no date makes it longer or shorter."""
    conf(e, "patience = 600")
    account(e)
    want(e)
    change(e, "UPDATE wish SET attempts = 3, spent = 595, first = 4000000000, updated = 1, next_attempt = 4000000000")
    r = pending(e, (FAILED, True))
    assert wishes(e)[SERVER_ID] == ("failed", 4, "given up after 4 attempts: as the test has it"), wishes(e)
    want(e)
    change(e, "UPDATE wish SET attempts = 3, spent = 5, first = 1, updated = 1, next_attempt = 4000000000")
    r = pending(e, YES)
    assert r.status == OK and not wishes(e), r


# Rules: PEND-3
@test
def pending_wait_is_bounded(e):
    """A date of 2096 is not waited for; a route ends the wait within this boot, too."""
    conf(e)
    account(e)
    want(e)
    change(e, "UPDATE wish SET attempts = 3, spent = 5, first = 1, updated = ?, next_attempt = 4000000000",
           int(time.time()) + 1)
    start = time.monotonic()
    r = pending(e, YES, born=lambda c: threading.Timer(
        0.5, lambda: c.socket.send(message("NETWORK", b""))).start())
    assert r.status == OK and not wishes(e) and 0.5 < time.monotonic() - start < 8, r


@test
def pending_ends_for_another_configuration(e):
    """Told so it ends, behind what it does: another one begins with what is configured now."""
    conf(e)
    account(e)
    want(e)
    child = []

    def fail(wanted):
        child[0].socket.send(message("END", b""))
        return FAILED, True
    r = pending(e, fail, born=child.append)
    assert r.status == OK and len(r.asked) == 1 and wishes(e)[SERVER_ID][:2] == ("pending", 1), (r, wishes(e))
    want(e)
    start = time.monotonic()
    r = pending(e, (FAILED, True), born=lambda c: threading.Timer(2, c.socket.send, (message("END", b""),)).start())
    assert r.status == OK and len(r.asked) == 1 and time.monotonic() - start < 10, r
    assert wishes(e)[SERVER_ID][:2] == ("pending", 1), wishes(e)


# Rules: PEND-1
@test
def pending_outlives_its_helper(e):
    """The helper goes while a session runs, or the power does: it is tried again, once."""
    conf(e)
    account(e)
    want(e)
    assert pending(e, None).status == GONE
    assert wishes(e)[SERVER_ID][0] == "running"
    r = pending(e, YES)
    assert r.servers() == [SERVER_ID] and not wishes(e), r
    want(e)
    assert pending(e, WITHDRAWN, born=lambda c: threading.Timer(1, c.socket.shutdown, (2,)).start()).status == GONE
    assert wishes(e)[SERVER_ID][0] == "pending", "it was taken from us, and is no failure of the server's"


@test
def pending_is_woken(e):
    """What comes while it waits is looked at at once, and the wait goes on."""
    conf(e, "patience = 1000")
    account(e)
    account(e, OTHER)
    want(e)
    child = []

    def later():
        want(e, OTHER)
        child[0].socket.send(message("WAKE", b""))

    def fail(_):
        threading.Timer(0.3, later).start()
        return FAILED, True
    r = pending(e, fail, lambda w: None, born=child.append)
    assert r.servers() == [SERVER_ID, OTHER], r
    assert wishes(e)[SERVER_ID][0] == "pending" and wishes(e)[OTHER][0] == "running", wishes(e)


@test
def pending_woken_in_a_session(e):
    """A wish that comes while the session of another runs is not overlooked, with or without a word."""
    conf(e)
    account(e)
    account(e, OTHER)
    want(e)
    r = pending(e, lambda _: want(e, OTHER) and YES, YES)
    assert r.servers() == [SERVER_ID, OTHER] and not wishes(e), r


@test
def pending_account_is_gone(e):
    conf(e)
    assert "no account" in want(e, expect=CONFIG).err and wishes(e) == {}
    account(e)
    want(e)
    e.run("account", "remove", "--server-id", SERVER_ID)
    r = pending(e)
    assert r.status == OK and r.asked == [] and wishes(e)[SERVER_ID][0] == "failed", r
    assert "no account" in wishes(e)[SERVER_ID][2]


@test
def pending_notification_is_a_question(e):
    """A notification's wish says so, with its session's number, and whether a person is asked."""
    conf(e)
    account(e)
    want(e)
    change(e, "UPDATE wish SET cause = 'notification', ui = 2, session_id = 4711")
    r = pending(e, YES)
    assert (r.asked[0].ui, r.asked[0].cause, r.asked[0].id, r.asked[0].initiated) == ("ask", "notification", 4711, 1)


def ctl(e, *args, expect=OK):
    p = subprocess.run([os.path.join(e.build, "dmscctl"), "--config", e.conf, *args], stdout=subprocess.PIPE,
                       stderr=subprocess.PIPE, env={"PATH": e.build})
    assert p.returncode == expect, (p.returncode, p.stdout, p.stderr)
    return p.stdout.decode()


@test
def pending_leaves_traces(e):
    """By configuration, for their owner alone, the newest eight; each one replays."""
    conf(e)
    with e.server(ONE_GET) as s:
        e.account(s.url)
        want(e)
        pending(e, session(e))
        traces = os.path.join(e.store, "traces")
        assert not os.path.exists(traces), "nobody asked for it"
        conf(e, "trace = yes")
        for _ in range(10):
            want(e)
            pending(e, session(e))
    assert sorted(map(int, os.listdir(traces))) == list(range(4, 12)), os.listdir(traces)
    assert os.stat(traces).st_mode & 0o777 == os.stat(os.path.join(traces, "11")).st_mode & 0o777 == 0o700
    e.run("replay", "--trace", os.path.join(traces, "11"))
    shutil.rmtree(traces)
    e.write("store/traces", "in the way")
    with e.server(ONE_GET) as s:
        e.run("account", "remove", "--server-id", SERVER_ID)
        e.account(s.url)
        want(e)
        r = pending(e, session(e))
        assert r.status == OK and not wishes(e), "no session fails for its trace"


@test
def pending_is_listed(e):
    """dmscctl starts one, says what waits and why, and what a session did; and no value of the tree."""
    conf(e, "patience = 0")
    assert json.loads(ctl(e, "--json", "session", "list")) == []
    assert "no account" not in ctl(e, "session", "start", SERVER_ID, expect=CONFIG)
    account(e, OTHER)
    with e.server(ADD) as s:
        e.account(s.url)
        for server in OTHER, SERVER_ID:
            ctl(e, "session", "start", server)
        listed = json.loads(ctl(e, "--json", "session", "list"))
        assert [(r["id"], r["server"], r["cause"], r["state"], r["attempts"]) for r in listed] == [
            ("-", OTHER, "asked", "pending", "0"), ("-", SERVER_ID, "asked", "pending", "0")], listed
        pending(e, (FAILED, True), session(e))
    listed = json.loads(ctl(e, "--json", "session", "list"))
    assert [(r["id"], r["server"], r["cause"], r["state"]) for r in listed] == [
        ("-", OTHER, "asked", "failed"), ("1", SERVER_ID, "asked", "completed")], listed
    assert "given up" in listed[0]["reason"] and listed[0]["started"] != "-", listed
    shown = json.loads(ctl(e, "--json", "session", "show", "1"))
    assert shown["notes"] == [{"op": "Add", "uri": "./Kept", "status": "200"}], shown
    assert (shown["server"], shown["cause"], shown["state"], shown["operations"]) == (
        SERVER_ID, "asked", "completed", "1"), shown
    text = ctl(e, "session", "show", "1") + ctl(e, "session", "list")
    assert "./Kept" in text and "value to keep" not in text, text
    ctl(e, "session", "show", "2", expect=1)
    for bad in ["show"], ["show", "x"], ["start"], ["list", "1"], ["stop", "1"], []:
        ctl(e, "session", *bad, expect=2)


# Rules: PEND-2
@test
def pending_settled_while_it_waits(e):
    """A session by hand runs, and does what was wanted: nothing is left to ask for."""
    conf(e)
    with e.server(SLOW) as s:
        e.account(s.url)
        want(e)
        p = e.start("session", "--server", SERVER_ID, "--allow-http")
        in_session(s)
        r = pending(e)
        assert p.wait(20) == 0 and r.status == OK and r.asked == [] and not wishes(e), r
        p.stdout.close(), p.stderr.close()
    assert causes(e) == ["by hand"]


def in_session(server):
    deadline = time.monotonic() + 10
    while not any(event["event"] == "message-in" for event in server.events()):
        assert time.monotonic() < deadline
        time.sleep(0.05)


# Rules: PEND-10
@test
def pending_two_at_once(e):
    """Two sessions with one server are wanted in one moment: it sees one after the other."""
    conf(e)
    with e.server(SLOW) as s:
        e.account(s.url)
        want(e)
        hand = []

        def first(_):
            hand.append(e.start("session", "--server", SERVER_ID, "--allow-http"))
            in_session(s)
            return session(e)(_)
        r = pending(e, first)
        assert hand[0].wait(20) == 0 and r.status == OK and not wishes(e), r
        hand[0].stdout.close(), hand[0].stderr.close()
    runs = rows(e, "SELECT cause, outcome, started, ended FROM session ORDER BY id")
    assert [(c, o) for c, o, _, _ in runs] == [("by hand", "completed"), ("asked", "completed")], runs
    assert runs[0][3] <= runs[1][2], "the second began before the first was over: %s" % runs


# Rules: PEND-7
@test
def pending_killed_in_an_atomic(e):
    """Its process dies behind an Atomic's commands: the next session begins anew, and all is done once."""
    conf(e, "patience = 1000")
    part = ("session\npackage\n\tbegin atomic\n\t\tadd ./One chr text/plain one\n"
            "\t\tadd ./Two chr text/plain two\n\tend\n"
            # So that it is not over before the signal comes.
            "package\n\tdelay 500\n\tget ./DevInfo/Man\n")
    script = "server-id %s\n" % SERVER_ID + part * 2
    with e.server(script, strict=False) as s:
        e.account(s.url)
        want(e)

        def kill(process):
            # Once it is told what to do, or has done a part of it.
            deadline = time.monotonic() + 10
            while len(s.requests()) < 2 and process.poll() is None and time.monotonic() < deadline:
                time.sleep(0.002)
            process.send_signal(signal.SIGKILL)
        child = []

        def again(wanted):
            answer = session(e, during=kill)(wanted)
            seen.append(rows(e, "SELECT count(*) FROM node WHERE name IN ('One', 'Two')")[0][0])
            threading.Timer(0.5, lambda: child[0].socket.send(message("NETWORK", b""))).start()
            return answer
        seen = []
        r = pending(e, again, session(e), born=child.append)
        assert r.status == OK and not wishes(e), (r, wishes(e))
    assert seen[0] in (0, 2), "half of it was done"
    both = rows(e, "SELECT name FROM node WHERE name IN ('One', 'Two')")
    assert len(both) == 2, both


# Rules: PEND-1 PEND-4 PEND-8
@test
def pending_helper_in_a_world_of_its_own(e):
    """The whole of it by root: the helper, its children confined, and a network that comes late."""
    if os.geteuid():
        return
    p = subprocess.run(["unshare", "--mount", "--net", "--pid", "--fork", "--mount-proc",
                        os.path.join(TOP, "tests/client/apart"), e.build, e.dir], stdin=subprocess.DEVNULL,
                       stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=200)
    assert p.returncode == 0, p.stdout.decode(errors="replace")
