#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""The card behind QEMU's usb-ccid with ccid-card-passthru: vscard.py [OPTION]... PROFILE [--port DEVICE]

The port is the other side of the card's chardev (scripts/vm --usb-ccid); both speak the VSCard
protocol. QEMU is a reader of T=0 TPDUs and passes them as they are. It keeps the ATR and never tells
of a reset: the card has one when it is put in, no other.
"""
import os
import select
import struct
import sys

import engine

PORT = "/dev/virtio-ports/vscard"
INIT, ERROR, READER_ADD, READER_REMOVE, ATR, CARD_REMOVE, APDU, FLUSH, FLUSHED = range(1, 10)
MAGIC = b"VSCD"
VERSION = 2
NO_READER = 0xFFFFFFFF
HEADER = struct.Struct(">III")
LENGTH_MAX = 1 << 17


class Wire:
    """Messages of the protocol on a file descriptor."""

    def __init__(self, fd, changed):
        self.fd, self.changed = fd, changed
        self.buffer = b""

    def send(self, kind, data=b"", reader=0):
        data = HEADER.pack(kind, reader, len(data)) + data
        while data:
            data = data[os.write(self.fd, data):]

    def receive(self):
        """The next message as (type, reader, data); None when the card came or went first."""
        while True:
            if len(self.buffer) >= HEADER.size:
                kind, reader, length = HEADER.unpack_from(self.buffer)
                if length > LENGTH_MAX:
                    raise ValueError(f"a message of {length} bytes")
                end = HEADER.size + length
                if len(self.buffer) >= end:
                    data, self.buffer = self.buffer[HEADER.size:end], self.buffer[end:]
                    return kind, reader, data
            ready = select.select([self.fd, self.changed] if self.changed else [self.fd], [], [])[0]
            if self.changed in ready:
                return None
            more = os.read(self.fd, 65536)
            if not more:
                raise EOFError
            self.buffer += more


class Vscard:
    """Reader and card, as QEMU sees them."""

    def __init__(self, card, fd, log=False):
        self.engine, self.wire, self.log = card, Wire(fd, card), log
        self.generation = 0
        self.shown = False      # whether QEMU has the card

    def begin(self):
        """Says who we are, and that there is a reader; what QEMU said to one before us is passed over."""
        self.wire.send(INIT, MAGIC + struct.pack(">II", VERSION, 0), NO_READER)
        while True:
            message = self.wire.receive()
            if message is None:
                self.engine.seen()  # changed() finds it by its number
            elif message[0] == INIT:
                break
        self.wire.send(READER_ADD, b"dmsc", NO_READER)

    def changed(self):
        """Tells QEMU what it does not know yet."""
        self.engine.seen()
        generation, present = self.engine.now()
        if self.generation == generation:
            return
        self.generation = generation
        if self.shown:
            self.wire.send(CARD_REMOVE)
            self.shown = False
        atr = self.engine.reset() if present else None
        if atr:
            self.wire.send(ATR, atr)
            self.shown = True

    def message(self, kind, data):
        if kind == APDU:
            answer = self.engine.command(data)
            if self.log:
                print(f"{data[:5].hex()} +{len(data)} -> {answer and answer[-2:].hex()} +{len(answer or b'')}", flush=True)
            if answer:
                self.wire.send(APDU, answer)
        elif kind == FLUSH:
            self.wire.send(FLUSHED)
        elif kind == ERROR and int.from_bytes(data[:4], "big"):
            print(f"QEMU objects: {data.hex()}", flush=True)

    def serve(self):
        self.begin()
        while True:
            self.changed()
            message = self.wire.receive()
            if message:
                self.message(message[0], message[2])

    def end(self):
        """The reader stays, and is empty."""
        if self.shown:
            self.wire.send(CARD_REMOVE)


def main():
    parser = engine.options("The card behind QEMU's USB card reader.")
    parser.add_argument("--port", default=PORT, help=f"the other side of its chardev (default {PORT})")
    args = parser.parse_args()
    card = engine.engine_of(args)
    vscard = Vscard(card, os.open(args.port, os.O_RDWR | os.O_NOCTTY), args.log)
    try:
        vscard.serve()
    finally:
        vscard.end()


if __name__ == "__main__":
    sys.exit(main())
