# SPDX-License-Identifier: GPL-2.0-or-later
"""Tests of `test`: sessions recorded and replayed, and messages played without a server."""
import contextlib
import glob
import hashlib
import os
import re
import shutil
import signal
import sqlite3
import stat
import subprocess
import time

from __main__ import (ABORTED, ADD, CONFIG, DEVICE_ID, DIFFERS, OK, ONE_GET, PROTOCOL, SCRIPTS,
                      SERVER_ID, SLOW, STORE, TRACE, USAGE, test, wait_for)


@test
def trace_and_replay(e):
    with e.server(os.path.join(SCRIPTS, "tree.dms")) as s:
        e.account(s.url)
        e.session("--allow-http", "--trace", e.path("trace"))
        sent = [open(f, "rb").read() for f in s.requests()]
    out = sorted(glob.glob(e.path("trace/*-out.wbxml")))
    received = sorted(glob.glob(e.path("trace/*-in.wbxml")))
    assert [open(f, "rb").read() for f in out] == sent and received
    assert stat.S_IMODE(os.stat(e.path("trace")).st_mode) == 0o700
    assert all(stat.S_IMODE(os.stat(f).st_mode) == 0o600 for f in out + received)
    assert "trace already" in e.session("--allow-http", "--trace", e.path("trace"),
                                        expect=CONFIG).err
    replies = []
    for name in "one", "two":
        e.run("replay", "--server", SERVER_ID, "--out", e.path(name), *received)
        replies.append([open(f, "rb").read() for f in sorted(glob.glob(e.path(name + "/*")))])
    assert replies[0] == replies[1] and len(replies[0]) >= 2


def trace_lines(directory):
    with open(os.path.join(directory, "session.trace"), "rb") as f:
        return f.read().splitlines(keepends=True)


def write_trace(directory, lines):
    """Lines without the sum, which is made anew: a trace that somebody else recorded."""
    chain = bytes(32)
    for line in lines:
        chain = hashlib.sha256(chain + line).digest()
    with open(os.path.join(directory, "session.trace"), "wb") as f:
        f.write(b"".join(lines) + b"sum " + chain.hex().encode() + b"\n")


def replayed(e, directory, expect=OK):
    r = e.run("replay", "--trace", directory, expect=expect)
    if expect == OK:
        assert ": identical: " in r.out, r.out
    return r


@test
def trace_that_would_move_the_cursor(e):
    """A trace comes from anybody: none of its bytes reaches the terminal as they are."""
    d = e.path("trace")
    with e.server() as s:
        e.account(s.url)
        e.session("--allow-http", "--trace", d)
    path = os.path.join(d, "session.trace")
    with open(path, "rb") as f:
        whole = [x for x in f.read().split(b"\n") if not x.startswith(b"sum ")]
    start = next(i for i, x in enumerate(whole) if x.startswith(b"started "))
    for odd in b"\x1b]0;owned\x07", b"\xc2\x9b2J", b"x" * 100000:
        lines = [b"client =%1B[2J%C2%9B" if x.startswith(b"client ") else x for x in whole]
        lines[start] = odd + b" 0"
        with open(path, "wb") as f:
            f.write(b"\n".join(lines))
        r = replayed(e, d, expect=DIFFERS)
        assert r.out.replace("\n", "").isprintable() and r.err.replace("\n", "").isprintable(), (r.out, r.err)
        assert len(r.out) < 1000, len(r.out)
        assert "recorded by dmsc-client " in r.out, r.out


@test
def trace_of_too_large_a_tree(e):
    """No more nodes than a store holds, whatever the file says."""
    d = e.path("trace")
    with e.server() as s:
        e.account(s.url)
        e.session("--allow-http", "--trace", d)
    lines = trace_lines(d)[:-1]
    at = next(i for i, x in enumerate(lines) if x.startswith(b"tree "))
    root = next(x for x in lines if x.startswith(b"node "))
    many = [b"node %d 1 chr 0 63 0 0 0 =n%d =t - - =v\n" % (i + 2, i) for i in range(1100000)]
    write_trace(d, lines[:at] + [b"tree %d 0\n" % (len(many) + 1), root, *many])
    r = replayed(e, d, expect=TRACE)
    assert "session.trace:%d: a number is out of range" % (at + 1) in r.err, r.err


@test
def every_session_replays(e):
    """Sessions of every kind, in both encodings: the engine does again what it did."""
    scripts = sorted(glob.glob(os.path.join(SCRIPTS, "*.dms")))
    assert len(scripts) > 6
    kinds = set()
    for encoding in "--xml", "--wbxml":
        for script in scripts:
            shutil.rmtree(e.store, ignore_errors=True)
            name = os.path.basename(script)
            with e.server(script, strict=False) as s:
                e.account(s.url)
                for i in range(6 if "repeat\n" in open(script).read() or "two-" in name else 1):
                    trace = e.path("trace%s-%s-%d" % (encoding, name, i))
                    p = subprocess.run(e.argv("session", "--server", SERVER_ID, "--allow-http",
                                              "--timeout", "2", "--trace", trace, encoding),
                                       capture_output=True, timeout=30)
                    r = replayed(e, trace)
                    kinds.add((p.returncode, r.out.split()[-1]))
    # Sessions that ended well, of which nothing came, which broke, which the server aborted.
    assert {0, PROTOCOL, ABORTED} <= {code for code, _ in kinds}, kinds
    assert {"normal", "running", "malformed", "protocol", "aborted-by-server"} <= \
        {end for _, end in kinds}, kinds


def record(e, script=ADD, encoding="--wbxml", expect=OK, before=None):
    users = 'device our-own-secret md5 server-name=srv server-password=their-own-secret'
    with e.server(script, users, strict=False) as s:
        e.account(s.url, password="our-own-secret",
                  extra=("--server-user", "srv", "--server-password-file",
                         e.write("srv", "their-own-secret\n")))
        if before:
            before()
        return e.session("--allow-http", "--trace", e.path("trace"), encoding, expect=expect)


@test
def a_session_whose_store_fails_replays(e):
    def refuse_kept():
        with contextlib.closing(sqlite3.connect(e.store + "/store.db")) as db:
            # The index of that one row cannot be computed.
            db.execute("CREATE INDEX no ON node(abs(CASE name WHEN 'Kept' THEN "
                       "-9223372036854775807 - 1 ELSE 0 END))")
            db.commit()
    record(e, before=refuse_kept, expect=STORE)
    assert re.search(rb"^commit -", b"".join(trace_lines(e.path("trace"))), re.M)
    assert replayed(e, e.path("trace")).out.split()[-1] == "store"


@test
def a_session_that_is_stopped_replays(e):
    with e.server(SLOW, strict=False) as s:
        e.account(s.url)
        p = e.start("session", "--server", SERVER_ID, "--allow-http", "--trace", e.path("trace"))
        wait_for(lambda: glob.glob(e.path("trace/001-out*")))
        time.sleep(0.5)
        p.send_signal(signal.SIGTERM)
        assert p.wait(10) == ABORTED
        p.communicate()
    assert b"abort =stopped\n" in trace_lines(e.path("trace"))
    assert replayed(e, e.path("trace")).out.split()[-1] == "aborted"


@test
def replay_says_what_differs(e):
    """One byte of a message that was sent: told from a damaged trace, with its place."""
    for encoding, ext in ("--xml", "xml"), ("--wbxml", "wbxml"):
        shutil.rmtree(e.path("trace"), ignore_errors=True)
        shutil.rmtree(e.store, ignore_errors=True)
        record(e, encoding=encoding)
        d, name = e.path("trace"), e.path("trace/002-out." + ext)
        good, lines = open(name, "rb").read(), trace_lines(d)[:-1]
        for at in 0, len(good) // 2, len(good) - 1, len(good):
            bad = good[:at] + (bytes([good[at] ^ 1]) if at < len(good) else b"x") + good[at + 1:]
            with open(name, "wb") as f:
                f.write(bad)
            write_trace(d, [b"out 2 %d %s\n" % (len(bad), hashlib.sha256(bad).hexdigest().encode())
                            if line.startswith(b"out 2 ") else line for line in lines])
            r = replayed(e, d, expect=DIFFERS)
            assert "message 2 (002-out.%s) differs from byte %d on" % (ext, at) in r.out, r.out
            assert "then: " in r.out and "now : " in r.out, r.out
        # The same message said otherwise: other commits, other random bytes, another end.
        with open(name, "wb") as f:
            f.write(good)
        write_trace(d, lines)
        replayed(e, d)
        write_trace(d, [line for line in lines if not line.startswith(b"commit")])
        assert "asks for a commit" in replayed(e, d, expect=DIFFERS).out
        at = [line.startswith(b"commit") for line in lines].index(True)
        write_trace(d, lines[:at] + lines[at:at + 1] * 2 + lines[at + 1:])
        assert "no longer does what it did next" in replayed(e, d, expect=DIFFERS).out
        write_trace(d, [line.replace(b"end normal", b"end store") for line in lines])
        assert "ends as 'normal'" in replayed(e, d, expect=DIFFERS).out


@test
def replay_shows_no_secret(e):
    """Whatever differs, what is shown holds neither passwords nor nonces nor credentials."""
    record(e, encoding="--xml")
    d = e.path("trace")
    names = sorted(glob.glob(d + "/*-out.xml"))
    lines = trace_lines(d)[:-1]
    texts = [open(n, "rb").read() for n in names]
    creds = [c for t in texts for c in re.findall(rb"<Data>([A-Za-z0-9+/]{22}==)<|<NextNonce[^>]*>([^<]+)<", t)]
    assert creds
    shown = 0
    for number, (name, text) in enumerate(zip(names, texts), 1):
        for at in range(0, len(text), 9):
            bad = text[:at] + b"\x01" + text[at + 1:]
            with open(name, "wb") as f:
                f.write(bad)
            write_trace(d, [b"out %d %d %s\n" % (number, len(bad), hashlib.sha256(bad).hexdigest().encode())
                            if line.startswith(b"out %d " % number) else line for line in lines])
            out = replayed(e, d, expect=DIFFERS).out.encode()
            now = out.split(b"now : ")[1]
            shown += b"*" in now
            for cred in (a or b for a, b in creds):
                assert cred not in out and cred[:12] not in out and cred[-14:] not in out, out
        with open(name, "wb") as f:
            f.write(text)
    assert shown
    r = b"".join(lines)
    assert b"our-own-secret" in r and b"their-own-secret" in r
    assert {stat.S_IMODE(os.stat(f).st_mode) for f in glob.glob(d + "/*")} == {0o600}


@test
def a_changed_trace_is_noticed(e):
    record(e)
    d = e.path("trace")
    for name in sorted(os.listdir(d)):
        path = os.path.join(d, name)
        good = open(path, "rb").read()
        for at in range(0, len(good), max(1, len(good) // 60)):
            for bad in (good[:at] + bytes([good[at] ^ 0x21]) + good[at + 1:], good[:at]):
                with open(path, "wb") as f:
                    f.write(bad)
                r = replayed(e, d, expect=TRACE)
                assert r.err.strip() and "identical:" not in r.out, (name, at)
        os.unlink(path)
        assert "No such file" in replayed(e, d, expect=TRACE).err or name == "session.trace"
        with open(path, "wb") as f:
            f.write(good)
    replayed(e, d)
    # Lines that make no sense, with a sum that is right.
    lines = trace_lines(d)[:-1]
    for i, line in enumerate(lines):
        for bad in (b"frobnicate 1\n", line[:-1] + b" 1\n", line.rsplit(b" ", 1)[0] + b"\n",
                    line.rsplit(b" ", 1)[0] + b" =%4\n", b"\n", b"\0" * 20 + b"\n"):
            write_trace(d, lines[:i] + [bad] + lines[i + 1:])
            p = subprocess.run(e.argv("replay", "--trace", d), capture_output=True, timeout=30)
            assert p.returncode in (TRACE, DIFFERS), (line, bad, p)
            assert p.stdout or p.stderr


@test
def no_trace_to_replay(e):
    def bad(path, word):
        err = replayed(e, path, expect=TRACE).err
        assert word in err, err
    bad(e.path("none"), "No such file")
    bad(e.write("file", "x"), "a trace is a directory")
    os.mkdir(e.path("dir"))
    bad(e.path("dir"), "there is no session.trace")
    e.write("dir/001-out.xml", "x")
    bad(e.path("dir"), "older dmsc-client")
    for text, word in ((b"", "no trace"), (b"\0" * 100, "no trace"), (b"dmsc-trace\n", "no trace"),
                       (b"dmsc-trace 99\n", "newer"), (b"dmsc-trace 0\n", "cannot read it any more"),
                       (b"dmsc-trace 1", "ends where"), (b"dmsc-trace 1\n", "the trace ends where")):
        e.write("dir/session.trace", text)
        bad(e.path("dir"), word)
    os.unlink(e.path("dir/session.trace"))
    os.mkfifo(e.path("dir/session.trace"))
    bad(e.path("dir"), "Invalid argument")
    e.write("big", b"")
    os.truncate(e.path("big"), 65 << 20)
    assert "larger than" in e.run("replay", e.path("big"), expect=CONFIG).err
    r = e.run("replay", "--preload", e.path("file"), e.path("file"), expect=CONFIG)
    assert "no tree object" in r.err and "cannot begin" not in r.err, r.err
    for args in (["--trace", "a", "b"], ["--trace", "a", "--server", "b"],
                 ["--trace", "a", "--preload", "b"], ["--max-msg-size", "many", "a"], []):
        assert e.run("replay", *args, expect=USAGE).err


@test
def a_trace_that_cannot_be_written(e):
    """Loud, and the session goes on as if nothing had been."""
    os.mkdir(e.path("trace"), 0o700)
    with e.server(ONE_GET) as s:
        e.account(s.url)
        p = subprocess.run(["strace", "-f", "-o", "/dev/null", "-P", e.path("trace/session.trace"),
                            "-e", "inject=write:error=ENOSPC:when=2+",
                            *e.argv("session", "--server", SERVER_ID, "--allow-http", "--trace",
                                    e.path("trace"))], capture_output=True, timeout=60)
    err = p.stderr.decode()
    assert p.returncode == OK and "completed" in p.stdout.decode(), (p.returncode, err)
    assert "No space left" in err and "trace is not complete" in err, err
    assert "not recorded to its end" in replayed(e, e.path("trace"), expect=TRACE).err


@test
def replay_of_hostile_messages(e):
    head = (b'<SyncML xmlns="SYNCML:SYNCML1.2"><SyncHdr><VerDTD>1.2</VerDTD><VerProto>DM/1.2</VerProto>'
            b'<SessionID>1</SessionID><MsgID>1</MsgID><Target><LocURI>d</LocURI></Target><Source>'
            b'<LocURI>s</LocURI></Source></SyncHdr><SyncBody>')
    for bad in (b"", b"\0" * 100, b"<a>" * 100000, head, head + b"<Get>" * 50000,
                b"<!DOCTYPE x [<!ENTITY a 'b'>]>" + head, b"\x02\xa4\x01\x6a\x00" + b"\x6d" * 100000):
        r = e.run("replay", e.write("m", bad), expect=PROTOCOL, timeout=10)
        m = re.search(r"peak memory (\d+) kB", r.out)
        assert m and int(m.group(1)) < 100000, r.out


@test
def replay_with_preload(e):
    e.write("tree.xml", '<MgmtTree xmlns="syncml:dmddf1.2"><VerDTD>1.2</VerDTD><Node><NodeName>V'
            '</NodeName><RTProperties><ACL>Get=*&amp;Replace=*</ACL><Format><node/></Format><Type>'
            '<DDFName/></Type></RTProperties><Node><NodeName>x</NodeName><RTProperties><Format><chr/>'
            '</Format><Type><MIME>text/plain</MIME></Type></RTProperties><Value>forty-two</Value>'
            '</Node></Node></MgmtTree>')
    e.write("m.xml", '<SyncML xmlns="SYNCML:SYNCML1.2"><SyncHdr><VerDTD>1.2</VerDTD><VerProto>DM/1.2'
            '</VerProto><SessionID>1</SessionID><MsgID>1</MsgID><Target><LocURI>' + DEVICE_ID + '</LocURI></Target>'
            '<Source><LocURI>srv</LocURI></Source></SyncHdr><SyncBody><Status><CmdID>1</CmdID><MsgRef>1'
            '</MsgRef><CmdRef>0</CmdRef><Cmd>SyncHdr</Cmd><Data>212</Data></Status><Get><CmdID>2</CmdID>'
            '<Item><Target><LocURI>./V/x</LocURI></Target></Item></Get><Final/></SyncBody></SyncML>')
    r = e.run("replay", "--preload", e.path("tree.xml"), "--out", e.path("o"), e.path("m.xml"))
    reply = open(e.path("o/002-out.xml")).read()
    assert "forty-two" in reply and "1 commands" in r.out, r.out + reply
