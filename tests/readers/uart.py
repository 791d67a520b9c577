#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""A card on a serial line, byte by byte: uart.py [OPTION]... PROFILE --line DEVICE

DEVICE is the card's end: a tty whose other end the reader has, or "pty", which makes one and prints
the name of the reader's end. A reset is FF FF where a command, a block or a PPS could begin
("inband" of serial-readers.rst). Nobody on such a line sees a card come and go, so it says so while
nothing else is on the line: the ATR when it comes, 00 when it goes; 00 is also what a reset gets
where no card is. A card that is in from the beginning waits for its reset.

Control words beside those of every reader:
  trouble KIND N    T=1: each N-th block goes wrong: edc, cut, mute, nak (0: none); see iso7816.T1
  line              what passed: bytes from the reader and to it, resets, and Fi/Di in hex
"""
import fcntl
import os
import queue
import select
import struct
import sys
import termios
import threading
import time
import tty

import engine
import iso7816

NULL = 0x60
ODD_GAP = 0.12      # behind 00 00 that is not the beginning of a command
ABSENT = b"\0"
TCGETS2, TCSETS2, BOTHER, CBAUD = 0x802C542A, 0x402C542B, 0x1000, 0x100F
IBSHIFT = 16
REVERSED = bytes(int(f"{~b & 0xFF:08b}"[::-1], 2) for b in range(256))


class Interrupted(Exception):
    """A message has no end: the card went, or the reader stopped within it."""


def set_speed(fd, baud):
    """Any speed, where the line has one."""
    settings = bytearray(44)
    try:
        fcntl.ioctl(fd, TCGETS2, settings)
        flags, = struct.unpack_from("=I", settings, 8)
        struct.pack_into("=I", settings, 8, flags & ~(CBAUD | CBAUD << IBSHIFT) | BOTHER | BOTHER << IBSHIFT)
        struct.pack_into("=II", settings, 36, baud, baud)
        fcntl.ioctl(fd, TCSETS2, settings)
    except OSError:
        pass    # a socket or a port of virtio has none


class Line:
    """The card's end of the line: bytes in and out, echoed, coded and written down as wanted."""

    def __init__(self, fd, changed, args):
        self.fd, self.changed = fd, changed
        self.echo, self.gap, self.baud = args.echo, args.gap, args.baud
        self.inverse = False
        self.came, self.went = 0, 0
        self.record = open(args.record, "w", encoding="ascii", buffering=1) if args.record else None
        self.direction, self.row = None, b""
        self.speed(iso7816.INITIAL)

    def speed(self, fidi):
        self.fidi = fidi
        set_speed(self.fd, round(self.baud * 372 / iso7816.divisor(fidi)))

    def note(self, direction, data):
        """The bytes of one direction in a row, as a line of the record."""
        if not self.record:
            return
        if direction != self.direction:
            self.flush_note()
        self.direction, self.row = direction, self.row + data

    def flush_note(self, text=None):
        if self.record and self.row:
            self.record.write(f"{self.direction} {self.row.hex(' ').upper()}\n")
        if self.record and text:
            self.record.write(text + "\n")
        self.row = b""

    def wait(self, seconds=None):
        """Whether a byte is there, after that time at most; Interrupted when the card came or went."""
        ready = select.select([self.fd, self.changed], [], [], seconds)[0]
        if self.changed in ready:
            raise Interrupted
        return bool(ready)

    def take(self, count):
        """So many bytes, with no more than the gap between two."""
        data = b""
        while len(data) < count:
            if not self.wait(self.gap):
                self.flush_note("! timeout")
                raise Interrupted(f"no more than {data.hex()} of {count} bytes")
            data += self.some(count - len(data))
        return data

    def some(self, most):
        """What is there, one byte at least."""
        data = os.read(self.fd, most)
        if not data:
            raise EOFError
        self.came += len(data)
        if self.echo:
            os.write(self.fd, data)
        if self.inverse:
            data = data.translate(REVERSED)
        self.note(">", data)
        return data

    def put(self, data):
        self.note("<", data)
        self.went += len(data)
        if self.inverse:
            data = data.translate(REVERSED)
        while data:
            data = data[os.write(self.fd, data):]


class Uart:
    """The card on the line."""

    def __init__(self, card, fd, args):
        self.engine, self.args = card, args
        self.line = Line(fd, card, args)
        self.atr = None         # of the card that was reset, None before
        self.info = self.t1 = None
        self.protocol = 0
        self.negotiable = False
        self.fresh = True       # nobody has reset what is in
        self.trouble = {}
        self.generation = card.generation
        self.resets = 0
        self.work = queue.Queue()
        self.done = queue.Queue()
        threading.Thread(target=self._worker, daemon=True).start()

    def _worker(self):
        while True:
            self.done.put(self.engine.command(self.work.get()))

    def words(self):
        return {"trouble": self._trouble, "line": lambda: f"in {self.line.came} out {self.line.went} "
                f"resets {self.resets} fidi {self.line.fidi:02X}"}

    def _trouble(self, kind, count):
        every = int(count)
        self.trouble.pop(kind, None)
        if every:
            self.trouble[kind] = every

    def log(self, text):
        if self.args.log:
            print(f"{time.monotonic():.3f} {text}", flush=True)

    # --- resets, cards that come and go -------------------------------------
    def reset(self):
        self.resets += 1
        self.fresh = False
        self.line.flush_note("# reset")
        self.line.inverse = False
        self.line.speed(iso7816.INITIAL)
        self.atr = None
        if not self.engine.present:
            self.line.put(ABSENT)
            return
        atr = self.engine.reset()
        self.log(f"reset {self.resets}: {atr and atr.hex()}")
        if atr:
            self.begin(atr)

    def begin(self, atr):
        if self.args.inverse:
            atr = b"\x3f" + atr[1:]
        self.atr, self.info = atr, iso7816.Atr(atr)
        self.line.inverse = self.info.inverse
        self.line.put(atr)
        self.protocol, self.negotiable = self.info.protocol, not self.info.specific
        if self.info.specific and not self.info.ta2 & 0x10 and self.info.ta1 is not None:
            self.line.speed(self.info.ta1)
        self.t1 = iso7816.T1(self.engine.command, atr)
        self.t1.trouble, self.t1.wtx = self.trouble, self.args.wtx

    def changed(self):
        """A card came or went: it is said once, with nothing of before."""
        self.engine.seen()
        generation, present = self.engine.now()
        if self.generation == generation:
            return
        gone, swapped = not present, present and self.atr is not None
        self.generation = generation
        self.atr, self.line.inverse, self.fresh = None, False, True
        self.line.speed(iso7816.INITIAL)
        self.line.flush_note("# card removed" if gone else "# card inserted")
        self.log("removed" if gone else "inserted")
        if gone or swapped:
            self.line.put(ABSENT)
            if swapped:
                time.sleep(0.1)     # so that the two are not one message
        if present:
            atr = self.engine.reset()
            if atr:
                self.begin(atr)

    # --- T=0 ----------------------------------------------------------------
    def command(self, tpdu):
        """Runs it; a card that takes its time says NULL meanwhile. None for silence."""
        self.work.put(tpdu)
        while True:
            try:
                return self.done.get(timeout=self.args.null)
            except queue.Empty:
                self.line.put(bytes([NULL]))

    def t0(self, header):
        sends = iso7816.to_card(header)
        if self.args.procedure == "null":
            self.line.put(bytes([NULL, NULL]))
        data = self.receive_data(header) if sends and header[4] else b""
        answer = self.command(header + data)
        if not answer or len(answer) < 2:
            return
        self.log(f"{header.hex()} -> {len(answer) - 2} bytes, {answer[-2:].hex()}")
        if len(answer) == 2:
            self.line.put(answer)
        elif len(answer) - 2 == (header[4] or 256):
            self.send_data(header[1], answer)
        else:       # it has another number of bytes than it was asked for
            self.line.put(bytes([0x6C, len(answer) - 2 & 0xFF]))

    def receive_data(self, header):
        if self.args.procedure != "single":
            self.line.put(header[1:2])
            return self.line.take(header[4])
        data = b""
        while len(data) < header[4]:
            self.line.put(bytes([header[1] ^ 0xFF]))
            data += self.line.take(1)
        return data

    def send_data(self, ins, answer):
        if self.args.procedure != "single":
            self.line.put(bytes([ins]) + answer)
            return
        for at in range(len(answer) - 2):
            self.line.put(bytes([ins ^ 0xFF, answer[at]]))
        self.line.put(answer[-2:])

    # --- messages -----------------------------------------------------------
    def message(self):
        """One that the reader begins: a reset, a PPS, a command, a block."""
        first = self.line.take(1)
        if self.fresh and first == b"\0":
            # Sent in the convention of a card that was in before.
            if self.line.take(1) == b"\0":
                self.reset()
            return
        if first == b"\xff":
            second = self.line.take(1)
            if second == b"\xff":
                self.reset()
            elif self.atr and self.negotiable:
                self.pps(first + second)
            else:
                raise Interrupted
            return
        if not self.atr:
            return      # nobody is there to hear it
        head = first + self.line.take(1)
        if head == b"\0\0" and not self.line.wait(ODD_GAP):
            # FF FF in the other convention: who sends it does not know of this card.
            self.reset()
            return
        self.negotiable = False
        if self.protocol == 0:
            self.t0(head + self.line.take(3))
            return
        head += self.line.take(1)
        block = head + self.line.take(head[2] + self.t1.edc_length)
        answer = self.t1.block(block)
        self.log(f"{block.hex()} -> {answer and answer.hex()}")
        if answer:
            self.line.put(answer)

    def pps(self, start):
        request = start + self.line.take(iso7816.pps_length(start) - 2)
        response, protocol, fidi = iso7816.answer_pps(self.atr, request, self.args.pps)
        self.log(f"pps {request.hex()} -> {response and response.hex()}")
        self.negotiable = False
        if response is None:
            return
        self.line.put(response)
        termios.tcdrain(self.line.fd)
        self.protocol = protocol
        self.line.speed(fidi)

    def serve(self):
        while True:
            try:
                self.changed()
                self.line.wait()
                self.message()
            except Interrupted as end:
                if str(end):    # what came of it is nothing
                    self.log(str(end))


def open_line(device):
    """The card's end, and what has to stay open for it."""
    if device == "pty":
        ours, theirs = os.openpty()
        tty.setraw(theirs)
        print(os.ttyname(theirs), flush=True)
        return ours, theirs
    fd = os.open(device, os.O_RDWR | os.O_NOCTTY)
    if os.isatty(fd):
        tty.setraw(fd)
        iflag, oflag, cflag, lflag, *more = termios.tcgetattr(fd)
        # Two stop bits and no parity check: a socket between the ends carries neither.
        cflag = cflag & ~termios.CRTSCTS | termios.CSTOPB | termios.CLOCAL | termios.CREAD
        termios.tcsetattr(fd, termios.TCSANOW, [iflag, oflag, cflag, lflag, *more])
        termios.tcflush(fd, termios.TCIOFLUSH)
    return fd, None


def main():
    parser = engine.options("A card on a serial line, byte by byte.")
    parser.add_argument("--line", required=True, help="the card's end of the line, or pty")
    parser.add_argument("--baud", type=int, default=9600, help="speed at 372/1")
    parser.add_argument("--echo", action="store_true", help="the reader gets back what it sends")
    parser.add_argument("--inverse", action="store_true", help="play the card in the inverse convention")
    parser.add_argument("--procedure", choices=("all", "single", "null"), default="all",
                        help="T=0: all data at once, byte by byte, or NULLs before")
    parser.add_argument("--pps", choices=("take", "drop", "refuse"), default="take")
    parser.add_argument("--wtx", type=int, default=0, help="T=1: ask for so many waiting times before an answer")
    parser.add_argument("--trouble", default=[], action="append", metavar="KIND=N", help="as the control word has it")
    parser.add_argument("--null", type=float, default=0.4, help="T=0: NULL after so many seconds")
    parser.add_argument("--gap", type=float, default=0.3, help="a message ends after so many seconds of silence")
    parser.add_argument("--record", help="write down what passes, as tests/lines has it")
    args = parser.parse_args()
    words = {}
    card = engine.engine_of(args, words)
    fd, _kept = open_line(args.line)
    uart = Uart(card, fd, args)
    words.update(uart.words())
    for trouble in args.trouble:
        words["trouble"](*trouble.split("="))
    uart.serve()


if __name__ == "__main__":
    sys.exit(main())
