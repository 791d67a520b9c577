# SPDX-License-Identifier: GPL-2.0-or-later
"""What the modems of binary protocols (qmi.py, mbim.py) have in common: the card as a modem uses it, a
pseudo terminal in place of the device, and words for the control socket: hang N (the next N commands are
not answered), sessions (how many channels are open), forget (it loses them), refuse N, hangup."""
import os
import select
import sys
import termios
import time
import tty

from engine import engine_of, options


class ModemCard:
    def __init__(self, engine):
        self.engine, self.atr, self.channels = engine, None, set()

    def power_on(self):
        self.channels = set()
        self.atr = self.engine.reset() if self.engine.present else None

    @property
    def ready(self):
        """Whether the modem has seen the card, which is later than it was put in."""
        return self.engine.present and self.atr is not None

    def apdu(self, *parts):
        return self.engine.apdu(b"".join(bytes(p) for p in parts), self.atr or b"") or b"\x6f\x00"

    def open(self, aid):
        """A channel with the application: (its number or 0, what SELECT said)."""
        opened = self.apdu(b"\x00\x70\x00\x00\x01")
        if opened[-2:] != b"\x90\x00":
            return 0, opened
        channel = opened[0]
        answer = self.apdu([channel, 0xA4, 4, 4, len(aid)], aid, b"\0")
        if answer[-2] not in (0x90, 0x91, 0x61, 0x62):
            self.apdu([channel, 0x70, 0x80, channel])
            return 0, answer
        self.channels.add(channel)
        return channel, answer

    def close(self, channel):
        if channel not in self.channels:
            return False
        self.channels.discard(channel)
        self.apdu([channel, 0x70, 0x80, channel])
        return True

    def transmit(self, channel, apdu):
        """A command on the channel, whatever its class byte says of that; None: there is no such channel."""
        if channel and channel not in self.channels:
            return None
        return self.apdu([apdu[0] & 0xBC | channel], apdu[1:])


class BinaryModem:
    """One on a pseudo terminal; its classes have frames(), which takes whole frames from what came, and
    frame(), which answers one, and changed()."""

    def __init__(self, args, engine):
        self.args, self.card = args, ModemCard(engine)
        self.hang = self.refuse = 0
        self.master, slave = os.openpty()
        tty.setraw(slave, termios.TCSANOW)
        self.slave = slave
        self.device = os.ttyname(slave)

    def write(self, data):
        os.write(self.master, data)

    def asked(self):
        """Whether the next command is to be answered."""
        self.hang -= self.hang > 0
        return not self.hang

    def run(self):
        pending = b""
        if self.card.engine.present:
            self.card.engine.seen()
            self.card.power_on()
        while True:
            ready = select.select([self.master, self.card.engine], [], [])[0]
            if self.card.engine in ready and self.card.engine.seen():
                self.card.power_on()
                self.changed()
            if self.master in ready:
                try:
                    pending += os.read(self.master, 4096)
                except OSError:     # nobody has the device open
                    time.sleep(0.05)
                for frame in self.frames(pending):
                    pending = pending[len(frame):]
                    self.frame(frame)


def main(description, kind):
    args = options(description).parse_args()
    modem = None
    words = {
        "hang": lambda n: setattr(modem, "hang", int(n) + 1),
        "refuse": lambda n: setattr(modem, "refuse", int(n)),
        "sessions": lambda: str(len(modem.card.channels)),
        "forget": lambda: modem.card.power_on(),
        "hangup": lambda: os._exit(0),
    }
    engine = engine_of(args, words)
    modem = kind(args, engine)
    print(f"device {modem.device}", flush=True)
    try:
        modem.run()
    finally:
        engine.close()
    sys.exit(0)
