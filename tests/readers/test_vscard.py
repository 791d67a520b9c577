# SPDX-License-Identifier: GPL-2.0-or-later
"""vscard.py and QEMU's side of the protocol, played by hand."""
import contextlib
import socket
import struct
import threading

import vscard
from engine import Engine
from harness import ATR_T0, ATR_T1, ICCID, check, profile


class Qemu:
    """The other end: what it gets, it gets in time or fails."""

    def __init__(self, simcard, **kw):
        self.engine = Engine(profile("connect"), simcard, patience=1, **kw)
        self.socket, theirs = socket.socketpair()
        self.socket.settimeout(3)
        self.card = vscard.Vscard(self.engine, theirs.detach())
        self.thread = threading.Thread(target=self._run, daemon=True)
        self.thread.start()

    def _run(self):
        with contextlib.suppress(EOFError, OSError):
            self.card.serve()

    def send(self, kind, data=b"", reader=0):
        self.socket.sendall(struct.pack(">III", kind, reader, len(data)) + data)

    def get(self):
        head = self.socket.recv(12, socket.MSG_WAITALL)
        kind, _, length = struct.unpack(">III", head)
        return kind, self.socket.recv(length, socket.MSG_WAITALL) if length else b""

    def begin(self):
        check("Init", self.get(), (vscard.INIT, b"VSCD" + struct.pack(">II", 2, 0)))
        self.send(vscard.ERROR, b"\0\0\0\0")     # left over from who was here before
        self.send(vscard.INIT, b"VSCD" + struct.pack(">II", 2, 0))
        check("ReaderAdd", self.get()[0], vscard.READER_ADD)
        self.send(vscard.ERROR, b"\0\0\0\0")

    def close(self):
        self.socket.close()
        self.thread.join(3)
        check("it has ended", self.thread.is_alive(), False)
        self.engine.close()


def test_vscard_session(simcard):
    """ATR, commands, removal, another card, a swap; each told once and in this order."""
    q = Qemu(simcard)
    q.begin()
    check("ATR", q.get(), (vscard.ATR, ATR_T0))
    for command, answer in (("00A4080C022FE2", b"\x90\0"), ("00B000000A", ICCID + b"\x90\0"), ("00F1000000", b"\x6d\0")):
        q.send(vscard.APDU, bytes.fromhex(command))
        check(command, q.get(), (vscard.APDU, answer))
    q.engine.remove()
    check("gone", q.get(), (vscard.CARD_REMOVE, b""))
    q.engine.insert(profile("t1"))
    check("another", q.get(), (vscard.ATR, ATR_T1))
    q.engine.swap(profile("connect"))
    check("swap", (q.get(), q.get()), ((vscard.CARD_REMOVE, b""), (vscard.ATR, ATR_T0)))
    q.send(vscard.FLUSH)
    check("flushed", q.get(), (vscard.FLUSHED, b""))
    q.close()


def test_vscard_in_pieces(simcard):
    """A message that comes byte by byte, two at once, and one that is longer than any."""
    q = Qemu(simcard, absent=True)
    q.begin()
    q.engine.insert()
    check("ATR", q.get()[0], vscard.ATR)
    command = struct.pack(">III", vscard.APDU, 0, 7) + bytes.fromhex("00A4080C022FE2")
    for byte in command:
        q.socket.sendall(bytes([byte]))
    check("answer", q.get(), (vscard.APDU, b"\x90\0"))
    q.socket.sendall(command + command)
    check("two", (q.get(), q.get()), ((vscard.APDU, b"\x90\0"),) * 2)
    wire = vscard.Wire(q.socket.fileno(), None)
    wire.buffer = struct.pack(">III", vscard.APDU, 0, 1 << 20)
    try:
        wire.receive()
        raise AssertionError("taken")
    except ValueError:
        pass
    q.close()
