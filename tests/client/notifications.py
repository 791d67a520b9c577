# SPDX-License-Identifier: GPL-2.0-or-later
"""Tests of `test`: servers that ask for a session, from the modem's message to package 1.

The messages are made here, with Python's hashlib and nothing of dmsc.
"""
import base64
import contextlib
import hashlib
import os
import re
import sqlite3
import struct
import subprocess

from __main__ import AUTH, CONFIG, OK, ONE_GET, PROTOCOL, SERVER_ID, TOP, USAGE, test
from far_helper import BOOT, NAMES, SIZES, Child, message, outcome, rows, text
from objects import is_root

IGNORED = 12
SECRET = b"srv-password"
USERS = "device secret md5 server-name=%s server-password=%s" % (SERVER_ID, SECRET.decode())
ZERO_BYTES, ZERO_TEXT = b"\0\0\0\0", b"0x00000000"
BACKGROUND, NOTICE, ASK = 1, 2, 3


def h(data):
    return hashlib.md5(data).digest()


def b64(data):
    return base64.b64encode(data)


def package0(session=0x1a2b, nonce=ZERO_BYTES, ui=BACKGROUND, by_server=True, server=SERVER_ID, version=12, secret=SECRET,
             vendor=b""):
    name = server.encode()
    head = version << 54 | ui << 52 | by_server << 51 | session << 8 | len(name)
    trigger = head.to_bytes(8, "big") + name + vendor
    return h(b64(h(name + b":" + secret)) + b":" + nonce + b":" + b64(h(trigger))) + trigger


def account(e, url="https://localhost:1/"):
    e.account(url, extra=("--server-user", SERVER_ID, "--server-password-file", e.write("srvpw", SECRET + b"\n")))


def notify(e, data, expect=OK):
    r = e.run("notify", e.write("package0", data), expect=expect)
    assert SECRET.decode() not in r.out + r.err
    return r


def wishes(e):
    return rows(e, "SELECT server, cause, ui, session_id, phase FROM wish ORDER BY id")


def everything(e):
    return [rows(e, "SELECT * FROM " + t) for t in ("node", "wish", "notified", "session", "note", "alert")]


# Rules: NOTI-1 NOTI-5 NOTI-6 NOTI-7 NOTI-9 NOTI-10 NOTI-12 RD-7
@test
def notification_is_a_wish(e):
    account(e)
    for i, (ui, by_server, expected) in enumerate((
            (0, True, ("notification", 0)), (BACKGROUND, True, ("notification", 0)), (NOTICE, True, ("notification", 1)),
            (ASK, True, ("notification", 2)), (ASK, False, ("requested", 2)))):
        r = notify(e, package0(session=0x100 + i, ui=ui, by_server=by_server, vendor=b"any\0thing"))
        assert r.out == "a session with dm.example.net is wanted\n", r.out
        assert wishes(e) == [(SERVER_ID, expected[0], expected[1], 0x100 + i, "pending")], wishes(e)
        # As if its session had been held.
        drop_wishes(e)


def drop_wishes(e):
    with contextlib.closing(sqlite3.connect(e.store + "/store.db")) as db:
        db.execute("DELETE FROM wish")
        db.commit()


# Rules: NOTI-2 NOTI-4 NOTI-9
@test
def notification_of_somebody_else(e):
    """Nothing is written before the digest is known to be right."""
    assert "no account" in notify(e, package0(), IGNORED).err   # there is no store at all
    assert not os.path.exists(os.path.join(e.store, "store.db"))
    account(e)
    before = everything(e)
    good = package0()
    for bad, status, why in (
            (package0(secret=b"guessed"), AUTH, "digest"), (package0(nonce=b"old"), AUTH, "digest"),
            (package0(nonce=b""), AUTH, "digest"), (good + b"x", AUTH, "digest"), (h(b"x") + good[16:], AUTH, "digest"),
            (package0(server="dm.example.org"), IGNORED, "no account"), (package0(server="dm.example"), IGNORED, "no account"),
            (package0(version=13), IGNORED, "version"), (package0(version=9), IGNORED, "version"),
            (package0(session=0), PROTOCOL, "no notification"), (good[:30], PROTOCOL, "no notification"),
            (b"", PROTOCOL, "no notification"), (os.urandom(9000), PROTOCOL, "larger")):
        r = notify(e, bad, status)
        assert why in r.err and not r.out, r.err
    assert everything(e) == before
    for args in ([], ["a", "b"], ["--frob"]):
        e.run("notify", *args, expect=USAGE)
    e.run("notify", e.path("none"), expect=CONFIG)
    notify(e, good)


@test
def notification_for_an_account_without_a_secret_for_its_server(e):
    e.account("https://localhost:1/")
    for secret in b"", b"secret":
        notify(e, package0(secret=secret), AUTH)
    assert not wishes(e)


# Rules: NOTI-11
@test
def notification_as_modems_deliver_it(e):
    account(e)
    push = bytes.fromhex("01 06 03 c4 af 87")
    for i, wrap in enumerate((push, bytes.fromhex("06 05 04 0b84 23f0") + push)):
        p = subprocess.run(e.argv("notify", "-"), input=wrap + package0(session=i + 1), capture_output=True, timeout=30)
        assert p.returncode == OK, p
    assert [w[3] for w in wishes(e)] == [2]
    # For MMS, and to another port: then it is no push of ours, and as a message itself it is nothing.
    for wrap in bytes.fromhex("01 06 03 c4 af 84"), bytes.fromhex("06 05 04 0b85 23f0") + push:
        notify(e, wrap + package0(session=7), PROTOCOL)
    assert [w[3] for w in wishes(e)] == [2]


# Rules: NOTI-8
@test
def notification_that_comes_again(e):
    account(e)
    one = package0(session=1)
    notify(e, one)
    drop_wishes(e)
    for again in one, package0(session=1, ui=ASK), one, package0(session=1, nonce=ZERO_TEXT):
        assert "came before" in notify(e, again, IGNORED).err
    assert not wishes(e)


@test
def notifications_without_end(e):
    """A server that asks all the time gets twelve sessions an hour, and the store does not grow."""
    account(e)
    results = []
    for i in range(1, 16):
        p = subprocess.run(e.argv("notify", e.write("p0", package0(session=i))), capture_output=True, timeout=30)
        results.append(p.returncode)
    assert results == [OK] * 12 + [IGNORED] * 3, results
    assert b"too many" in p.stderr, p.stderr
    assert len(wishes(e)) == 1 and rows(e, "SELECT count(*) FROM notified") == [(12,)]


# Rules: DECISION-13
@test
def notification_wakes_the_helper(e):
    """Taken by root for the system's store: the store is the user's, and a file says that there is work."""
    if not is_root():
        return
    os.chmod(e.dir, 0o711)
    conf = e.write("system.conf", "store = %s\n" % e.store)
    message_, pw = e.write("package0", package0()), e.write("pw", SECRET + b"\n")
    # As on a system that systemd runs; nothing of the host's is used.
    script = ("set -e; mount -t tmpfs none /etc; mkdir /etc/dmsc; cp %s /etc/dmsc/dmsc.conf; mount -t tmpfs none /run;"
              " mkdir -p /run/systemd/system; printf 'root:x:0:0::/root:/bin/sh\\ndmsc:x:65534:65534::/:/bin/false\\n' >/etc/passwd;"
              " client=%s; $client account add --server-id %s --url https://localhost/ --server-user s --server-password-file %s;"
              " ! $client notify /dev/null; test ! -e /run/dmsc; $client notify %s; stat -c %%u:%%s /run/dmsc/wake"
              % (conf, os.path.join(e.build, "dmsc-client"), SERVER_ID, pw, message_))
    p = subprocess.run(["unshare", "-m", "sh", "-c", script], capture_output=True, timeout=60)
    assert p.returncode == OK and p.stdout.endswith(b"is wanted\n0:0\n"), p
    assert all(os.stat(os.path.join(e.store, name)).st_uid == 65534 for name in os.listdir(e.store))
    # Of a store that somebody names nobody has to know.
    notify(e, package0(session=2))


GDBUS = """#!/bin/sh
echo "Monitoring signals from all objects owned by org.freedesktop.ModemManager1"
echo "The name org.freedesktop.ModemManager1 is owned by :1.0"
for n in 1 2 3 4; do
	echo "/org/freedesktop/ModemManager1/Modem/0: org.freedesktop.ModemManager1.Modem.Messaging.Added" \\
		"(objectpath '/org/freedesktop/ModemManager1/SMS/$n', true)"
done
echo "/org/freedesktop/ModemManager1/Modem/0: org.freedesktop.ModemManager1.Modem.Messaging.Added" \\
	"(objectpath '/org/freedesktop/ModemManager1/SMS/5', false)"
"""
MMCLI = """#!/bin/sh
case $1,$3 in
-s,--create-file-with-data=*) cp "$SMS/${2##*/}" "${3#*=}" ;;
-m,--messaging-list-sms) echo "    /org/freedesktop/ModemManager1/SMS/6 (received)" ;;
-m,--messaging-delete-sms=*) rm "$SMS/${3##*/}" ;;
*) exit 1 ;;
esac
"""


@test
def hook_of_the_documentation(e):
    """Of the SMS a modem has, those of servers go to dmsc-client and are deleted; others' stay."""
    with open(os.path.join(TOP, "Documentation/notifications.rst"), encoding="utf-8") as f:
        block = re.search(r"\.\. code:: sh\n\n((?:    .*\n|\n)+)", f.read()).group(1)
    account(e)
    os.mkdir(e.path("sms"))
    push = bytes.fromhex("01 06 03 c4 af 87")
    for name, data in (("1", push + package0(session=1)), ("6", push + package0(session=0x66)), ("3", push + package0(secret=b"guessed")),
                       ("4", bytes.fromhex("01 06 03 be af 84") + b"MMS"), ("5", push + package0(session=2))):
        e.write(os.path.join("sms", name), data)
    os.mkdir(e.path("bin"))
    client = '#!/bin/sh\nexec "%s" --config "%s" "$@"\n' % (os.path.join(e.build, "dmsc-client"), e.conf)
    for name, text_ in (("gdbus", GDBUS), ("mmcli", MMCLI), ("dmsc-client", client)):
        os.chmod(e.write(os.path.join("bin", name), text_), 0o755)
    hook = e.write("hook", re.sub(r"(?m)^    ", "", block))
    subprocess.run(["sh", hook], check=True, timeout=60, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                   env=dict(os.environ, PATH=e.path("bin") + ":" + os.environ["PATH"], SMS=e.path("sms"), TMPDIR=e.dir))
    # 2 is a text, 3 was refused, 5 is one that the device itself sends.
    assert sorted(os.listdir(e.path("sms"))) == ["4", "5"]
    assert [w[3] for w in wishes(e)] == [1] and rows(e, "SELECT count(*) FROM notified") == [(2,)]


# --- what comes of it: the helper's part is played here ---

def held(e):
    """What pending-child wants a session for, and what became of each; the session child is the real one."""
    asked = []
    pending = Child(e, "pending-child")
    body = struct.pack("=Q", 0) + b"".ljust(64, b"\0") + b"".ljust(SIZES["LOCATION_MAX"], b"\0") + BOOT.encode().ljust(40, b"\0")
    try:
        pending.socket.send(message("START", body))
        while True:
            data = pending.socket.recv(65536)
            if not data:
                break
            kind, body = NAMES[struct.unpack("=HHI", data[:8])[1]], data[8:]
            if kind != "SESSION":
                continue
            at = 8 + SIZES["SERVER_MAX"] + SIZES["TEXT_MAX"]
            cause = body[at:at + SIZES["CAUSE_MAX"]]
            number, initiated = struct.unpack("=II", body[at + SIZES["CAUSE_MAX"]:at + SIZES["CAUSE_MAX"] + 8])
            asked.append((struct.unpack("=I", body[:4])[0], text(cause), number, initiated))
            pending.socket.send(session_child(e, body[8:8 + SIZES["SERVER_MAX"]], cause, number, initiated))
    finally:
        status, log = pending.end()
    assert SECRET.decode() not in log
    return asked, status, log


def session_child(e, server, cause, number, initiated):
    child = Child(e, "session-child")
    try:
        child.socket.send(message("START_SESSION", struct.pack("=Q", 0) + b"".ljust(32, b"\0") + server +
                                  b"".ljust(SIZES["INTERFACE_MAX"], b"\0") + cause + struct.pack("=IIII", number, initiated, 0, 0)))
        while True:
            data = child.socket.recv(65536)
            if not data or NAMES[struct.unpack("=HHI", data[:8])[1]] == "OUTCOME":
                break
    finally:
        child.end()
    return data or outcome("failed", "the session child is gone")


def package1(s):
    """Of each session: its id and the code of its first alert."""
    seen = []
    for m in s.events():
        if m["event"] == "message-in" and m["msg_id"] == "1":
            seen.append((m["session_id"], m["alerts"][0]["code"]))
    return seen


def nonces(e):
    return [v for v, in rows(e, "SELECT value FROM node WHERE name = 'AAuthData' ORDER BY id")]


# Rules: NOTI-7 NOTI-12 ALERT-1 RD-7
@test
def notification_to_session(e):
    with e.server(ONE_GET, USERS) as s:
        account(e, s.url)
        with open(e.conf, "a") as f:
            f.write("allow-http = %s\n" % SERVER_ID)
        e.session()
        # From here on both sides have nonces of each other.
        notify(e, package0(session=0xbeef, nonce=nonces(e)[1], ui=NOTICE))
        asked, status, log = held(e)
        assert asked == [(1, "notification", 0xbeef, 1)] and status == 0, (asked, status, log)
        assert package1(s)[1:] == [("BEEF", 1200)], package1(s)
        assert not wishes(e)
        assert rows(e, "SELECT cause, outcome FROM session ORDER BY id") == [("by hand", "completed"), ("notification", "completed")]
        # The nonce has been renewed: the same message with another id is nothing any more.
        assert held(e)[0] == []


# Rules: NOTI-3
@test
def notification_after_the_nonces_were_lost(e):
    """0x00000000 as bytes and as text; the session uses it, and both sides renew theirs."""
    for i, zero in enumerate((ZERO_BYTES, ZERO_TEXT)):
        with e.server(ONE_GET, USERS) as s:
            if i:
                e.run("account", "remove", "--server-id", SERVER_ID)
            account(e, s.url)
            if not i:
                with open(e.conf, "a") as f:
                    f.write("allow-http = %s\n" % SERVER_ID)
            e.session()
            before = nonces(e)
            assert len(before) == 2 and ZERO_BYTES not in before
            notify(e, package0(session=0x77 + i, nonce=zero))
            assert nonces(e) == [zero, zero], nonces(e)
            asked, status, log = held(e)
            assert status == 0 and len(asked) == 1, (asked, status, log)
            after = nonces(e)
            assert zero not in after and len(set(after + before)) == 4, "they were not renewed"
            events = [m for m in s.events() if m["event"] == "message-in" and m["session_id"] == "%X" % (0x77 + i)]
            assert events[0]["cred"] == "syncml:auth-md5", events[0]
            raw = s.requests()
    assert raw
