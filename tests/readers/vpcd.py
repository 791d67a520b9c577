#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""A card in the virtual reader that vsmartcard's driver gives pcscd, over the driver's TCP port.

    vpcd.py PROFILE [--port N] [--control SOCKET] ...

Connected is inserted, and what is not connected is removed. Frames of a 16-bit big-endian length
go both ways; of one byte are orders (off, on, reset, ATR), all others are commands. The driver
listens at every address: keep it in a network namespace.
"""
import select
import socket
import struct
import sys
import time

from engine import engine_of, options

PORT = 35963        # of the first of the driver's two readers; the other is the next
OFF, ON, RESET, ATR = 0, 1, 2, 4
OUT = 1.5           # seconds: pcscd asks for the card every 0.4 s, and an exchange it does not see is none


def get(sock, count):
    data = b""
    while len(data) < count:
        more = sock.recv(count - len(data))
        if not more:
            raise ConnectionError
        data += more
    return data


class Reader:
    """The card's end of one connection after the other."""

    def __init__(self, engine, port, log=False):
        self.engine, self.port, self.log = engine, port, log
        self.sock = None
        self.closed = 0.0       # when
        self.inserted = 0       # the engine's generation that the driver was told of
        self.atr = None
        self.longest = 0        # answer

    def say(self, text):
        if self.log:
            print(text, flush=True)

    def connect(self):
        """Until the driver listens: pcscd may not run yet, or not any more."""
        try:
            self.sock = socket.create_connection(("127.0.0.1", self.port), 1)
        except OSError:
            time.sleep(0.1)
            return
        self.sock.settimeout(None)
        # A frame is two writes on either side: without this each takes 40 ms.
        self.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.inserted, self.atr = self.engine.generation, None
        self.say("inserted")

    def disconnect(self):
        if self.sock:
            self.sock.close()
            self.closed = time.monotonic()
            self.say("removed")
        self.sock = None

    def order(self, what):
        if what in (ON, RESET):
            self.atr = self.engine.reset()
        elif what == OFF:
            self.atr = None
        elif what == ATR:
            # A card that is mute has none, and the driver waits for some answer.
            answer = self.atr or self.engine.reset() or b""
            self.sock.sendall(struct.pack(">H", len(answer)) + answer)

    def serve_one(self):
        data = get(self.sock, struct.unpack(">H", get(self.sock, 2))[0])
        if len(data) == 1:
            return self.order(data[0])
        answer = self.engine.command(data)
        self.longest = max(self.longest, len(answer or b""))
        self.say(f"{data.hex()} {answer.hex() if answer is not None else 'silent'}")
        if answer is not None:
            self.sock.sendall(struct.pack(">H", len(answer)) + answer)
        return None

    def turn(self):
        """One thing that happens."""
        if self.sock and (not self.engine.present or self.engine.generation != self.inserted):
            self.disconnect()
        if self.engine.present and not self.sock and time.monotonic() - self.closed >= OUT:
            self.connect()
        waits = [self.engine] + ([self.sock] if self.sock else [])
        ready = select.select(waits, [], [], 0.1 if self.engine.present and not self.sock else None)[0]
        if self.engine in ready:
            self.engine.seen()
        elif self.sock in ready:
            try:
                self.serve_one()
            except OSError:
                self.disconnect()


def main():
    parser = options(__doc__.splitlines()[0])
    parser.add_argument("--port", type=int, default=PORT)
    args = parser.parse_args()
    reader = None
    engine = engine_of(args, {"reader": lambda: f"longest {reader.longest}"})
    reader = Reader(engine, args.port, args.log)
    while True:
        reader.turn()


if __name__ == "__main__":
    sys.exit(main())
