# SPDX-License-Identifier: GPL-2.0-or-later
"""Tests of `test`: Generic Alerts from the queue into package 1, and what a server makes of them."""
import base64
import json
import os
import subprocess

from __main__ import CONFIG, NETWORK, OK, ONE_GET, SERVER_ID, SLOW, STORE, USAGE, test, wait_for
from far_helper import rows
from replays import replayed
from objects import EXAMPLES, battery, configure, hook, is_root

TYPE = "Reversed-Domain-Name: org.example.thing"


def told(s):
    """The Generic Alerts of each package 1 that was accepted, in order."""
    seen = []
    for m in s.events():
        if m["event"] == "message-in" and m.get("auth") == "accepted":
            items = [a["items"][0] for a in m["alerts"] if a["code"] == 1226]
            if any(a["code"] in (1200, 1201) for a in m["alerts"]):
                seen.append(items)
    return seen


def waiting(e):
    return json.loads(e.run("alert", "list", "--json").out)


def alert(e, *args, expect=OK):
    return e.run("alert", "--type", TYPE, *args, expect=expect)


# Rules: ALERT-8 ALERT-9 ALERT-10 ALERT-11
@test
def alert_is_told_once(e):
    with e.server(ONE_GET) as s:
        e.account(s.url)
        alert(e, "--source", "./DevInfo", "--mark", "critical", "--correlator", "c-17", "--data", "three äöü <&>")
        e.run("alert", "--type", "Content-Type: application/octet-stream", "--format", "bin", "--server", SERVER_ID,
              "--data-file", e.write("data", bytes(range(256))))
        assert [(a["server"], a["bytes"]) for a in waiting(e)] == [("", 16), (SERVER_ID, 344)]
        lines = e.run("alert", "list").out.splitlines()
        assert len(lines) == 2 and "c-17" in lines[0] and "äöü" not in lines[0], lines
        r = e.session("--allow-http", "--trace", e.path("trace"))
        assert "Alert 1226, Alert 1226" in r.out and "three" not in r.out + r.err
        e.session("--allow-http")
        first, second = told(s)
        sent = b"".join(open(f, "rb").read() for f in s.requests())
    assert first[0] == {"source": "./DevInfo", "format": "chr", "type": TYPE, "mark": "critical", "value": "three äöü <&>"}, first
    assert first[1]["format"] == "b64" and base64.b64decode(first[1]["value"]) == bytes(range(256)), first
    assert b"c-17" in sent
    assert second == [] and waiting(e) == []
    replayed(e, e.path("trace"))
    assert ("Generic Alert", "./DevInfo", 200) in rows(e, "SELECT op, uri, status FROM note")


# Rules: ALERT-10 ALERT-11
@test
def alert_that_is_none(e):
    e.account("https://localhost:1/")
    for args in ((), ("--type", ""), ("--type", "org.example"), ("--type", "Content-Type:x"), ("--type", "Reversed-Domain-Name: "),
                 ("--type", "Content-Type: a\nb"), ("--type", "Content-Type: " + "x" * 300),
                 ("--type", TYPE, "--mark", "urgent"), ("--type", TYPE, "--format", "node"), ("--type", TYPE, "--format", "text"),
                 ("--type", TYPE, "--source", "DevInfo"), ("--type", TYPE, "--source", "./a?list=Struct"),
                 ("--type", TYPE, "--source", "./a//b"), ("--type", TYPE, "--correlator", "a\x01"),
                 ("--type", TYPE, "--data", "x\x02"), ("--type", TYPE, "--data", "a", "--data-file", "b"),
                 ("--type", TYPE, "--data", "x" * 16385), ("--type", TYPE, "--json"), ("list", "--now"), ("list", "more"), ("show",),
                 ("--type", TYPE, "--format", "bin", "--data-file", e.write("long", bytes(12400))),
                 ("--type", TYPE, "--data-file", e.write("longer", b"x" * 16385)),
                 ("--type", TYPE, "--data-file", e.write("no-text", b"\xff\xfe"))):
        assert e.run("alert", *args, expect=USAGE).err, args
    alert(e, "--server", "nobody.example", expect=CONFIG)
    alert(e, "--data-file", e.path("none"), expect=CONFIG)
    assert waiting(e) == []


# Rules: ALERT-12
@test
def what_a_server_says_of_an_alert(e):
    """Taken: gone. Refused for good: gone, and said. Not now: it stays, eight times. No answer: the same."""
    for status, stays in ((200, 0), (202, 0), (212, 0), (412, 0), (415, 0), (403, 0), (401, 8), (407, 8), (417, 8), (500, 8),
                          (503, 8), ("none", 8)):
        with e.server("alert-status %s\n%s" % (status, ONE_GET), strict=False) as s:
            if os.path.exists(e.store):
                e.run("account", "remove", "--server-id", SERVER_ID)
            e.account(s.url)
            alert(e, "--data", "x")
            r = e.session("--allow-http")
            assert len(waiting(e)) == bool(stays), (status, waiting(e))
            assert ("is dropped: the server answers %s" % status in r.err) == (str(status).startswith("4") and not stays), r.err
            if not stays:
                continue
            for _ in range(6):
                e.session("--allow-http")
            assert len(waiting(e)) == 1
            r = e.session("--allow-http")
            if status in (401, 407):
                assert len(waiting(e)) == 1, (status, r.err)
                e.run("account", "remove", "--server-id", SERVER_ID)
            else:
                assert waiting(e) == [] and "for the last time" in r.err, (status, r.err)
        with e.server(ONE_GET) as s:
            e.run("account", "remove", "--server-id", SERVER_ID, expect=CONFIG if status in (401, 407) else OK)
            e.account(s.url)
            e.session("--allow-http")
            assert waiting(e) == []


@test
def alert_outlives_what_goes_wrong(e):
    """No network, no proof of the server's identity, a session broken off: it is told in the next."""
    e.account("http://127.0.0.1:1/dm")
    alert(e, "--data", "patient")
    e.session("--allow-http", expect=NETWORK)
    e.run("account", "remove", "--server-id", SERVER_ID)
    password = e.write("srvpw", "topsecret\n")
    with e.server(ONE_GET, "device secret md5 server-name=srv server-password=guessed", strict=False) as s:
        e.account(s.url, extra=("--server-user", "srv", "--server-password-file", password))
        e.session("--allow-http", expect=6)
        assert told(s)[0][0]["value"] == "patient"      # it took it, but who is it?
    e.run("account", "remove", "--server-id", SERVER_ID)
    assert len(waiting(e)) == 1
    with e.server("server-id dm.example.net\npackage\n\tdrop\n", strict=False) as s:
        e.account(s.url)
        e.session("--allow-http", expect=NETWORK)
    e.run("account", "remove", "--server-id", SERVER_ID)
    assert len(waiting(e)) == 1
    with e.server(ONE_GET) as s:
        e.account(s.url)
        e.session("--allow-http")
        assert told(s)[-1][0]["value"] == "patient"
    assert waiting(e) == []


@test
def alert_of_a_session_that_is_killed(e):
    """Before the server's answer it is told again; what the answer took is not."""
    with e.server(SLOW, strict=False) as s:
        e.account(s.url)
        alert(e, "--data", "x")
        p = e.start("session", "--server", SERVER_ID, "--allow-http")
        wait_for(lambda: len(s.requests()) >= 2)    # with our credentials; the answer takes three seconds
        p.kill()
        p.communicate()
    e.run("account", "remove", "--server-id", SERVER_ID)
    assert len(waiting(e)) == 1
    with e.server(ONE_GET + "package\n\tdelay 3000\n\tget ./DevInfo/Man\n\t\texpect 200\n", strict=False) as s:
        e.account(s.url)
        p = e.start("session", "--server", SERVER_ID, "--allow-http")
        wait_for(lambda: len(s.requests()) >= 3)
        assert told(s) == [[{"format": "chr", "type": TYPE, "value": "x"}]]
        p.kill()
        p.communicate()
    e.run("account", "remove", "--server-id", SERVER_ID)
    assert waiting(e) == []


@test
def alert_too_large_for_a_server(e):
    """One that HTTP will not have goes after eight times, and does not keep the server from us for ever."""
    with e.server("server-id dm.example.net\nrepeat\npackage\n\thttp 413\n", strict=False) as s:
        e.account(s.url)
        for size in 10, 10000, 20:
            alert(e, "--data", "x" * size)
        for _ in range(7):
            e.session("--allow-http", expect=NETWORK)
        assert [(a["bytes"], a["tries"]) for a in waiting(e)] == [(10, 0), (10000, 7), (20, 0)]
        assert "is dropped: the server answers 413 for the last time" in e.session("--allow-http", expect=NETWORK).err
    assert [(a["bytes"], a["tries"]) for a in waiting(e)] == [(10, 0), (20, 0)]


@test
def more_alerts_than_fit(e):
    """Seven in a session, in their order; what is large waits for the next one."""
    with e.server(ONE_GET) as s:
        e.account(s.url)
        for i in range(9):
            alert(e, "--data", str(i))
        for c in "abc":
            alert(e, "--data", c * 16000)
        alert(e, "--data", "last")
        alert(e, "--data", "0")         # that waits already
        for _ in range(4):
            e.session("--allow-http")
        seen = [[i["value"][:4] for i in items] for items in told(s)]
    assert seen == [list("0123456"), ["7", "8", "aaaa", "bbbb"], ["cccc", "last"], []], seen


@test
def too_many_alerts(e):
    e.account("https://localhost:1/")
    for i in range(64):
        alert(e, "--data", str(i))
    assert "64 alerts wait" in alert(e, "--data", "one more", expect=STORE).err
    assert len(waiting(e)) == 64


@test
def alert_for_one_of_two_servers(e):
    with e.server(ONE_GET) as s:
        e.account(s.url)
        e.run("account", "add", "--server-id", "other.example", "--url", "https://localhost:1/")
        alert(e, "--server", "other.example", "--data", "for the other")
        alert(e, "--data", "for anybody")
        e.session("--allow-http")
        assert [i["value"] for i in told(s)[0]] == ["for anybody"]
    assert [a["server"] for a in waiting(e)] == ["other.example"]


@test
def alert_that_wants_a_session(e):
    e.run("alert", "--type", TYPE, "--now", expect=USAGE)      # nobody to have one with
    e.account("https://localhost:1/")
    alert(e, "--now", "--data", "x")
    assert rows(e, "SELECT server, cause, ui, session_id FROM wish") == [(SERVER_ID, "alert", 0, 0)]
    assert [a["server"] for a in waiting(e)] == [SERVER_ID]
    e.run("account", "add", "--server-id", "other.example", "--url", "https://localhost:1/")
    assert "--server" in alert(e, "--now", "--data", "y", expect=USAGE).err
    alert(e, "--now", "--data", "y", "--server", "other.example")
    assert rows(e, "SELECT server FROM wish ORDER BY id") == [(SERVER_ID,), ("other.example",)]


@test
def alert_of_dmscctl(e):
    """It hands on what stands behind the word, whatever that is, and says what dmsc-client says."""
    def ctl(*args, expect=OK):
        p = subprocess.run([os.path.join(e.build, "dmscctl"), "--config", e.conf, *args], capture_output=True, timeout=30,
                           env=dict(os.environ, PATH=e.build + ":" + os.environ["PATH"]))
        assert p.returncode == expect, p
        return p.stdout.decode()

    e.account("https://localhost:1/")
    ctl("alert", "--type", TYPE, "--data", "--json", "--mark", "minor")
    assert [(a["bytes"], a["mark"]) for a in json.loads(ctl("alert", "list", "--json"))] == [(6, "minor")]
    assert ctl("--json", "alert", "list") == ctl("alert", "list", "--json")
    ctl("alert", "--type", "nothing", expect=USAGE)
    ctl("alert", "--server", "nobody.example", "--type", TYPE, expect=CONFIG)


# --- from management objects ---

# Rules: ALERT-9 ALERT-17
@test
def alert_of_a_program_about_its_exec(e):
    """The end of an Exec that was answered 202 is told later, with its correlator, and to nobody else."""
    if not is_root():
        return
    blinked = e.path("blinked")
    with open(os.path.join(EXAMPLES, "lamp")) as f:
        lamp = hook(e, "lamp", f.read().replace("/run/lamp/blinked", blinked))
    configure(e, mo_hooks=lamp)
    e.run("account", "add", "--server-id", "other.example", "--url", "http://127.0.0.1:1/dm")
    with e.server("server-id %s\npackage\n\texec ./Lamp/Blink \"x\" \"job 1\"\n\t\texpect 202\n" % SERVER_ID) as s:
        e.account(s.url)
        e.session("--allow-http")
        assert told(s) == [[]] and waiting(e) == []
        e.write("blinked", "job%201\n")
        # Another server's session comes first, and is not told; nor is the same kept twice.
        for _ in range(2):
            e.run("session", "--server", "other.example", "--allow-http", expect=NETWORK)
        assert [(a["server"], a["correlator"], a["source"]) for a in waiting(e)] == [(SERVER_ID, "job 1", "./Lamp/Blink")]
        os.unlink(blinked)
        e.session("--allow-http")
        assert told(s)[1] == [{"source": "./Lamp/Blink", "format": "chr", "type": "Reversed-Domain-Name: org.example.lamp",
                               "value": "done"}], told(s)
        assert any(b"job 1" in open(f, "rb").read() for f in s.requests()[2:])
    assert waiting(e) == []


@test
def alert_of_a_library(e):
    if not is_root():
        return
    library = battery(e)
    with open(library, "rb") as f:
        code = f.read()
    assert code.count(b"87\0") == 1
    with open(library, "wb") as f:
        f.write(code.replace(b"87\0", b"07\0"))
    with e.server(ONE_GET) as s:
        e.account(s.url)
        e.session("--allow-http")
        e.session("--allow-http")
        assert told(s) == [[{"source": "./Battery/Level", "format": "int", "type": "Reversed-Domain-Name: org.example.battery",
                             "mark": "critical", "value": "07"}]] * 2, told(s)
    assert waiting(e) == []


@test
def alerts_of_a_program_that_cannot_be(e):
    """What is no alert is left out, and said; the object is there. What is no line is no object."""
    if not is_root():
        return
    text = "#!/bin/sh\nread -r line\ncat <<'END'\nid x:1\nroot ./H\nnode . node get one permanent\n%s\nok\nEND\nwhile read -r verb rest; do\n" \
           "case $verb in commit) echo ok ;; esac\ndone\n"
    good = "alert Content-Type:%20text/plain ./H minor - chr fine"
    configure(e, mo_hooks=hook(e, "h", text % good))
    for line, kept, says in (
            (good, 1, ""), ("alert Content-Type:%20text/plain - - - bin %00%FF", 1, ""), ("\n".join([good] * 8), 1, ""),
            ("\n".join([good] * 9), 0, "description"), ("alert other ./H - - chr x", 0, "it is no alert"),
            ("alert Content-Type:%20text/plain ./DevInfo - - chr x", 0, "not the object's"),
            ("alert Content-Type:%20text/plain ./H urgent - chr x", 0, "it is no alert"),
            ("alert Content-Type:%20text/plain ./H - - chr %01", 0, "it is no alert"),
            ("alert Content-Type:%20text/plain ./H - - text x", 0, "description"),
            ("alert - ./H - - chr x", 0, "description"), ("alert Content-Type:%20text/plain", 0, "description"),
            ("alert Content-Type:%2", 0, "description")):
        hook(e, "h", text % line)
        with e.server(ONE_GET) as s:
            if os.path.exists(e.store):
                e.run("account", "remove", "--server-id", SERVER_ID)
            e.account(s.url)
            r = e.session("--allow-http")
            assert len(told(s)[-1]) == kept and says in r.err, (line, told(s), r.err)
