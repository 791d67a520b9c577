# SPDX-License-Identifier: GPL-2.0-or-later
"""engine.py: cards that come, go and stay what they were, and APDUs to those of T=0."""
import os
import select
import socket
import tempfile
import threading
import time

from engine import Control, Engine
from harness import ATR_T0, ATR_T1, ICCID, Scratch, check, profile

SELECT_ICCID = bytes.fromhex("00A40804022FE2")
READ_10 = bytes.fromhex("00B000000A")


def engine(simcard, name="connect", **kw):
    return Engine(profile(name) if "/" not in name else name, simcard, **kw)


def test_in_and_out(simcard):
    """A card that is out is silent; one that comes back is the one of before; each change is told."""
    e = engine(simcard, absent=True, patience=1)
    check("nothing changed", e.seen(), False)
    check("no card", (e.present, e.reset(), e.command(READ_10)), (False, None, None))
    e.insert()
    check("told", bool(select.select([e], [], [], 0)[0]) and e.seen() and not e.seen(), True)
    check("ATR", e.reset(), ATR_T0)
    e.swap(profile("t1"))
    check("the other one", (e.reset(), e.generation), (ATR_T1, 3))
    e.remove()
    check("gone", e.reset(), None)
    for wrong in (e.remove, lambda: (e.insert(), e.insert())):
        try:
            wrong()
            raise AssertionError("taken")
        except ValueError:
            pass
    e.close()


def test_keeps_its_tries(simcard):
    """A wrong PIN is counted over a removal and another card."""
    with Scratch() as scratch:
        one = scratch.small('key pin1 "1234" tries 3\n', "one")
        e = engine(simcard, one)
        wrong = bytes.fromhex("002000010831313131FFFFFFFF")
        e.reset()
        check("first", e.command(wrong), bytes.fromhex("63C2"))
        e.swap(profile("connect"))
        e.swap(one)
        e.reset()
        check("second", e.command(wrong), bytes.fromhex("63C1"))
        e.close()


def test_silence(simcard):
    """A card that says nothing is silent for so long and no longer; one that is pulled out answers no more."""
    with Scratch() as scratch:
        path = scratch.small("quirk delay READ-BINARY 500\n")
        e = engine(simcard, path, patience=0.2)
        e.reset()
        begin = time.monotonic()
        check("late", e.command(READ_10), None)
        check("in time", 0.15 < time.monotonic() - begin < 0.45, True)
        time.sleep(0.5)
        check("the late answer is not the next one", len(e.reset() or b""), len(ATR_T0))
        e.patience = e.card.patience = 3
        threading.Timer(0.1, e.remove).start()
        check("pulled", e.command(READ_10), None)
        e.close()


def test_apdu_to_t0(simcard):
    """What a reader of the APDU levels makes of an APDU, by what the cards answer."""
    e = engine(simcard)
    atr = e.reset()
    fcp = e.apdu(SELECT_ICCID + b"\0", atr)
    check("FCP", (fcp[0], fcp[-2:]), (0x62, b"\x90\0"))
    check("case 3", e.apdu(SELECT_ICCID[:3] + b"\x0c" + SELECT_ICCID[4:], atr), b"\x90\0")
    check("case 2", e.apdu(READ_10, atr), ICCID + b"\x90\0")
    check("Le = 256", e.apdu(READ_10[:4] + b"\0", atr), ICCID + b"\x90\0")
    check("case 1", e.apdu(b"\0\x20\0\1", atr)[:1] in (b"\x63", b"\x69", b"\x6a"), True)
    for bad in (b"", b"\0\xb0\0", SELECT_ICCID + b"\0\0", SELECT_ICCID[:-1], b"\0\xa4\0\0\0\0"):
        check(bad.hex(), e.apdu(bad, atr), b"\x67\0")
    e.swap(profile("extended"))
    atr = e.reset()
    e.apdu(bytes.fromhex("00A4000C026F01"), atr)
    check("extended", len(e.apdu(bytes.fromhex("00B00000000800"), atr)), 2050)
    e.close()


def test_control(simcard):
    """The words, one after the other and in two connections; what is wrong is an answer."""
    with tempfile.TemporaryDirectory() as directory:
        e = engine(simcard, absent=True)
        path = os.path.join(directory, "sock")
        Control(e, path, {"noise": lambda count: f"{count} bytes"})
        check("mode", os.stat(path).st_mode & 0o777, 0o600)
        clients = []
        for _ in range(2):
            clients.append(socket.socket(socket.AF_UNIX))
            clients[-1].connect(path)

        def say(line, client=0):
            clients[client].sendall(line.encode() + b"\n")
            with clients[client].makefile() as lines:
                return lines.readline().strip()
        check("insert", say("insert"), "ok")
        check("twice", say("insert", 1)[:6], "error ")
        check("swap", (say(f"swap {profile('t1')}"), e.reset()), ("ok", ATR_T1))
        check("mute", (say("mute"), e.reset(), say("unmute"), e.reset()), ("ok", None, "ok", ATR_T1))
        check("a reader's own", say("noise 3"), "ok 3 bytes")
        for bad in ("", "jump", "swap", "swap /nowhere", "remove now"):
            check(bad, say(bad)[:6], "error ")
        check("stats", say("stats").split()[1:3], ["commands", "0"])
        for client in clients:
            client.close()
        e.close()
