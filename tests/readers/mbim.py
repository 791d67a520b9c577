#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""A modem with MBIM and a SIM, on a pseudo terminal: open and close, whether a subscriber is there, and
Microsoft's service for low level access to the card. Anything else ends it with a message."""
import struct
import sys
import uuid

from modemcard import BinaryModem, main

BASIC = uuid.UUID("a289cc33-bcbb-8b4f-b6b0-133ec2aae6df").bytes
UICC = uuid.UUID("c2f6588e-f037-4bc9-8665-f4d44bd09367").bytes
OPEN, CLOSE, COMMAND, ERROR = 1, 2, 3, 4
DONE = 0x80000000
READY_STATUS = 2
ATR, OPEN_CHANNEL, CLOSE_CHANNEL, APDU = 1, 2, 3, 4
BUSY, FAILURE, NO_CARD, BAD_CHANNEL = 1, 2, 3, 0x87430004
GROUP = 1


class Refused(Exception):
    pass


def padded(data):
    return data + bytes(-len(data) % 4)


def status_word(sw):
    """SW1 in the lowest byte."""
    return sw[0] | sw[1] << 8


class Mbim(BinaryModem):
    def frames(self, data):
        while len(data) >= 12:
            size = struct.unpack_from("<I", data, 4)[0]
            if size < 12 or size > 4096:
                sys.exit(f"mbim: no message: {data[:20].hex()}")
            if len(data) < size:
                return
            yield data[:size]
            data = data[size:]

    def send(self, kind, number, body):
        self.write(struct.pack("<III", kind, 12 + len(body), number) + body)

    def frame(self, frame):
        kind, _, number = struct.unpack_from("<III", frame)
        if kind in (OPEN, CLOSE):
            self.send(kind | DONE, number, struct.pack("<I", 0))
            return
        if kind == ERROR:
            return
        total, part = struct.unpack_from("<II", frame, 12)
        service, (cid, write, length) = frame[20:36], struct.unpack_from("<III", frame, 36)
        if (kind, total, part) != (COMMAND, 1, 0) or length != len(frame) - 48:
            sys.exit(f"mbim: message {frame.hex()}")
        if not self.asked():
            return
        status, body = 0, b""
        try:
            body = self.command(service, cid, write, frame[48:])
        except Refused as refused:
            status = refused.args[0]
        self.send(COMMAND | DONE, number, struct.pack("<II", 1, 0) + service +
                  struct.pack("<III", cid, status, len(body)) + body)

    def ready_status(self):
        return struct.pack("<IIIIIII", 1 if self.card.ready else 2, 0, 0, 0, 0, 0, 0)

    def command(self, service, cid, write, data):
        if (service, cid, write) == (BASIC, READY_STATUS, 0):
            return self.ready_status()
        if service != UICC or (cid, write) not in ((ATR, 0), (OPEN_CHANNEL, 1), (CLOSE_CHANNEL, 1), (APDU, 1)):
            sys.exit(f"mbim: command {cid} of {service.hex()}")
        if not self.card.ready:
            raise Refused(NO_CARD)
        if self.refuse:
            self.refuse -= 1
            raise Refused(FAILURE)
        return {ATR: self.atr, OPEN_CHANNEL: self.open_channel, CLOSE_CHANNEL: self.close_channel, APDU: self.apdu}[cid](data)

    def atr(self, _):
        return struct.pack("<II", len(self.card.atr), 8) + padded(self.card.atr)

    def open_channel(self, data):
        size, at, _, group = struct.unpack_from("<IIII", data)
        if group != GROUP:
            sys.exit("mbim: group")
        channel, answer = self.card.open(data[at:at + size])
        if not channel:
            return struct.pack("<IIII", status_word(answer[-2:]), 0, 0, 0)
        return struct.pack("<IIII", status_word(answer[-2:]), channel, len(answer) - 2, 16) + padded(answer[:-2])

    def close_channel(self, data):
        channel, group = struct.unpack_from("<II", data)
        if group != GROUP:
            sys.exit("mbim: group")
        if not self.card.close(channel):
            raise Refused(BAD_CHANNEL)
        return struct.pack("<I", 0x90)

    def apdu(self, data):
        channel, secure, extended, size, at = struct.unpack_from("<IIIII", data)
        if secure or extended or not channel:
            sys.exit(f"mbim: APDU with {secure}, {extended} on channel {channel}")
        answer = self.card.transmit(channel, data[at:at + size])
        if answer is None:
            raise Refused(BAD_CHANNEL)
        return struct.pack("<III", status_word(answer[-2:]), len(answer) - 2, 12) + padded(answer[:-2])

    def changed(self):
        body = self.ready_status()
        self.send(7 | DONE, 0, struct.pack("<II", 1, 0) + BASIC + struct.pack("<II", READY_STATUS, len(body)) + body)


if __name__ == "__main__":
    main(__doc__.splitlines()[0], Mbim)
