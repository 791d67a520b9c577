# SPDX-License-Identifier: GPL-2.0-or-later
"""uart.py at a pty: the bytes that a reader sees."""
import contextlib
import os
import select
import socket
import subprocess
import sys
import tempfile
import time
import tty

from harness import ATR_T0, ATR_T1, ICCID, Scratch, check, profile
from iso7816 import lrc
from uart import REVERSED

HERE = os.path.dirname(os.path.abspath(__file__))
SELECT = bytes.fromhex("00A4080C022FE2")
READ = bytes.fromhex("00B000000A")
RESET = b"\xff\xff"


class Reader:
    """The other end of its line."""

    def __init__(self, simcard, name, *options):
        self.directory = tempfile.TemporaryDirectory()
        self.control = os.path.join(self.directory.name, "control")
        path = name if "/" in name else profile(name)
        self.process = subprocess.Popen([sys.executable, "-B", os.path.join(HERE, "uart.py"), path, "--simcard", simcard,
                                         "--line", "pty", "--control", self.control, "--gap", "0.2", *options],
                                        stdout=subprocess.PIPE, text=True)
        self.fd = os.open(self.process.stdout.readline().strip(), os.O_RDWR | os.O_NOCTTY)
        tty.setraw(self.fd)

    def get(self, count, seconds=3):
        """So many bytes; fewer when no more come."""
        data, end = b"", time.monotonic() + seconds
        while len(data) < count and select.select([self.fd], [], [], max(0, end - time.monotonic()))[0]:
            data += os.read(self.fd, count - len(data))
        return data

    def ask(self, data, count):
        os.write(self.fd, data)
        return self.get(count)

    def quiet(self, seconds=0.3):
        check("nothing more", self.get(1, seconds), b"")

    def say(self, *words):
        with socket.socket(socket.AF_UNIX) as control:
            control.connect(self.control)
            control.sendall(" ".join(words).encode() + b"\n")
            with control.makefile() as lines:
                return lines.readline().strip()

    def speed_is(self, fidi):
        """It is set behind the last character of the response, which is here a little earlier."""
        end = time.monotonic() + 3
        while self.say("line").split()[-1] != fidi and time.monotonic() < end:
            time.sleep(0.02)
        check("Fi/Di", self.say("line").split()[-1], fidi)

    def close(self):
        os.close(self.fd)
        self.process.terminate()
        check("its end", self.process.wait(5), 0)
        self.process.stdout.close()
        self.directory.cleanup()


@contextlib.contextmanager
def reader(simcard, name="connect", *options):
    r = Reader(simcard, name, *options)
    try:
        yield r
    finally:
        r.close()


def begin(r, atr=ATR_T0):
    check("ATR", r.ask(RESET, len(atr)), atr)


def test_uart_t0(simcard):
    with reader(simcard) as r:
        begin(r)
        check("ACK", r.ask(SELECT[:5], 1), b"\xA4")
        check("SW", r.ask(SELECT[5:], 2), b"\x90\0")
        check("data", r.ask(READ, 13), b"\xB0" + ICCID + b"\x90\0")
        check("Le", r.ask(READ[:4] + b"\0", 2), b"\x6C\x0A")
        check("no such INS", r.ask(bytes.fromhex("00F1000000"), 2), b"\x6D\0")
        r.quiet()
        check("stats", r.say("line").split()[3:6], ["out", str(len(ATR_T0) + 1 + 2 + 13 + 2 + 2), "resets"])


def test_uart_single(simcard):
    """Each byte has its procedure byte."""
    with reader(simcard, "connect", "--procedure", "single") as r:
        begin(r)
        check("for the first", r.ask(SELECT[:5], 1), b"\x5B")
        check("for the second", r.ask(SELECT[5:6], 1), b"\x5B")
        check("SW", r.ask(SELECT[6:], 2), b"\x90\0")
        check("data", r.ask(READ, 22), b"".join(bytes([0x4F, b]) for b in ICCID) + b"\x90\0")


def test_uart_null(simcard):
    """NULLs as told, and while the card takes its time."""
    with reader(simcard, "connect", "--procedure", "null") as r:
        begin(r)
        check("NULL", r.ask(SELECT[:5], 3), b"\x60\x60\xA4")
    with Scratch() as scratch:
        path = scratch.small("quirk delay READ-BINARY 500\n")
        with reader(simcard, path, "--null", "0.1") as r:
            begin(r)
            r.ask(bytes.fromhex("00A4000C026F01"), 1 + 2)
            answer = r.ask(bytes.fromhex("00B0000001"), 20)
            check("NULLs", 2 <= answer.count(b"\x60") <= 5, True)
            check("and the answer", answer.lstrip(b"\x60"), b"\xB0\0\x90\0")


def test_uart_echo_and_inverse(simcard):
    with reader(simcard, "connect", "--echo") as r:
        check("echo", r.ask(RESET, 2 + len(ATR_T0)), RESET + ATR_T0)
        check("echo", r.ask(SELECT[:5], 6), SELECT[:5] + b"\xA4")
    with reader(simcard, "connect", "--inverse") as r:
        atr = (b"\x3F" + ATR_T0[1:]).translate(REVERSED)
        check("TS", atr[0], 3)
        begin(r, atr)
        check("ACK", r.ask(SELECT[:5].translate(REVERSED), 1), b"\xA4".translate(REVERSED))
        check("pulled", (r.say("remove"), r.get(1)), ("ok", b"\0"))
        check("nothing there, asked in its convention", r.ask(RESET.translate(REVERSED), 1), b"\0")
        check("in", (r.say("insert"), r.get(len(atr))), ("ok", atr))
        check("reset in its convention", r.ask(RESET.translate(REVERSED), len(atr)), atr)
        check("reset in the other one", r.ask(RESET, len(atr)), atr)


def test_uart_pps(simcard):
    """It holds from the response on, until the next reset; behind a command it is none."""
    request = bytes.fromhex("FF109679")
    for manner, answer, fidi in (("take", request, "96"), ("drop", b"\xff\0\xff", "11"), ("refuse", b"", "11")):
        with reader(simcard, "connect", "--pps", manner) as r:
            begin(r)
            os.write(r.fd, request)
            check(manner, r.get(4, 0.5), answer)
            r.speed_is(fidi)
            check("then", r.ask(SELECT[:5], 1), b"\xA4")
            check("SW", r.ask(SELECT[5:], 2), b"\x90\0")
            os.write(r.fd, request)
            r.quiet()
            begin(r)
            r.speed_is("11")


def block(pcb, inf=b""):
    head = bytes([0, pcb, len(inf)]) + inf
    return head + lrc(head)


def test_uart_t1(simcard):
    with reader(simcard, "t1") as r:
        begin(r, ATR_T1)
        check("IFS", r.ask(block(0xC1, b"\xFE"), 5), block(0xE1, b"\xFE"))
        check("SELECT", r.ask(block(0x00, SELECT), 6), block(0x00, b"\x90\0"))
        check("READ", r.ask(block(0x40, READ), 16), block(0x40, ICCID + b"\x90\0"))
        check("damaged", r.ask(block(0x00, READ)[:-1] + b"\0", 4), block(0x81))
        check("trouble", (r.say("trouble", "edc", "1"), r.say("trouble", "edc", "x")[:5]), ("ok", "error"))
        answer = r.ask(block(0x00, READ), 16)
        check("EDC", (answer[:-1], answer != block(0x00, ICCID + b"\x90\0")), (block(0, ICCID + b"\x90\0")[:-1], True))
        check("no more trouble", r.say("trouble", "edc", "0"), "ok")
        check("again", r.ask(block(0x80), 16), block(0x00, ICCID + b"\x90\0"))


def test_uart_in_and_out(simcard):
    """00 when it goes, its ATR when it comes; a reset of nothing is 00."""
    with reader(simcard, "connect", "--absent") as r:
        r.quiet()
        check("no card", r.ask(RESET, 1), b"\0")
        check("in", (r.say("insert"), r.get(len(ATR_T0))), ("ok", ATR_T0))
        begin(r)
        check("out", (r.say("remove"), r.get(1)), ("ok", b"\0"))
        os.write(r.fd, SELECT[:5])
        r.quiet()
        check("in", (r.say("insert", profile("t1")), r.get(len(ATR_T1))), ("ok", ATR_T1))
        check("another", (r.say("swap", profile("connect")), r.get(1 + len(ATR_T0))), ("ok", b"\0" + ATR_T0))
        r.say("mute")
        os.write(r.fd, RESET)
        r.quiet()


def test_uart_broken_off(simcard):
    """What has no end within the gap was nothing; a reset works behind it."""
    with reader(simcard) as r:
        begin(r)
        for part in (SELECT[:3], SELECT[:6], b"\xff", b"\xff\x10\x96"):
            os.write(r.fd, part)
            r.get(1, 0.1)
            time.sleep(0.4)
            check(f"behind {part.hex()}", r.ask(RESET, len(ATR_T0)), ATR_T0)
        os.write(r.fd, SELECT[:5])
        r.get(1)
        r.say("remove")
        check("pulled within", r.get(1), b"\0")


def test_uart_record(simcard):
    with tempfile.TemporaryDirectory() as directory:
        path = os.path.join(directory, "record")
        with reader(simcard, "connect", "--record", path) as r:
            begin(r)
            r.ask(SELECT[:5], 1)
            r.ask(SELECT[5:], 2)
            r.ask(SELECT[:3], 0)
            time.sleep(0.5)
        atr = ATR_T0.hex(" ").upper()
        with open(path, encoding="ascii") as lines:
            check("record", [line.strip() for line in lines],
                  ["> FF FF", "# reset", f"< {atr}", "> 00 A4 08 0C 02", "< A4", "> 2F E2",
                   "< 90 00", "> 00 A4 08", "! timeout"])
