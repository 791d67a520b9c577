#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""A modem with QMI and a SIM, on a pseudo terminal: QMUX frames, the CTL service as far as it gives clients
their ids, and of the UIM service what has to do with cards. Anything else ends it with a message."""
import struct
import sys

from modemcard import BinaryModem, main

CTL, UIM = 0, 11
NO_EFFECT, NO_CARD, INTERNAL = 26, 48, 3


def tlv(kind, data):
    return struct.pack("<BH", kind, len(data)) + bytes(data)


def tlvs(data):
    found = {}
    while data:
        kind, length = struct.unpack_from("<BH", data)
        found[kind] = data[3:3 + length]
        data = data[3 + length:]
    return found


class Refused(Exception):
    pass


class Qmi(BinaryModem):
    client = 7

    def frames(self, data):
        while len(data) >= 3:
            if data[0] != 1:
                sys.exit(f"qmi: no QMUX frame: {data[:20].hex()}")
            size = struct.unpack_from("<H", data, 1)[0] + 1
            if len(data) < size:
                return
            yield data[:size]
            data = data[size:]

    def send(self, service, client, body):
        self.write(struct.pack("<BHBBB", 1, len(body) + 5, 0x80, service, client) + body)

    def frame(self, frame):
        service, client = frame[4], frame[5]
        if service == CTL:
            flags, number, message, _ = struct.unpack_from("<BBHH", frame, 6)
            answer = self.control(message, tlvs(frame[12:]))
            self.send(CTL, 0, struct.pack("<BBHH", 1, number, message, len(answer)) + answer)
            return
        flags, number, message, _ = struct.unpack_from("<BHHH", frame, 6)
        if (service, client, flags) != (UIM, self.client, 0):
            sys.exit(f"qmi: service {service}, client {client}, flags {flags}")
        if not self.asked():
            return
        try:
            answer = tlv(2, bytes(4)) + self.uim(message, tlvs(frame[13:]))
        except Refused as refused:
            answer = tlv(2, struct.pack("<HH", 1, refused.args[0]))
        self.send(UIM, client, struct.pack("<BHHH", 2, number, message, len(answer)) + answer)

    def control(self, message, given):
        if message == 0x22 and given[1] == bytes([UIM]):
            return tlv(2, bytes(4)) + tlv(1, [UIM, self.client])
        if message == 0x23 and given[1] == bytes([UIM, self.client]):
            return tlv(2, bytes(4)) + tlv(1, given[1])
        sys.exit(f"qmi: CTL message {message:04X} {given}")

    def status(self):
        """One slot of two has a card, or none."""
        def card(state):
            return bytes([state, 0, 0, 0, 0, 0])
        return tlv(0x10, b"\xff\xff" * 4 + bytes([2]) + card(int(self.card.ready)) + card(0))

    def uim(self, message, given):
        if message == 0x2E:     # register events
            return tlv(0x10, given[1])
        if message == 0x2F:
            return self.status()
        if message not in (0x3B, 0x3F, 0x41, 0x42) or given.get(1) != b"\x01":
            sys.exit(f"qmi: UIM message {message:04X} {given.keys()}")
        if not self.card.ready:
            raise Refused(NO_CARD)
        if self.refuse:
            self.refuse -= 1
            raise Refused(INTERNAL)
        if message == 0x41:
            return tlv(0x10, bytes([len(self.card.atr)]) + self.card.atr)
        if message == 0x42:
            aid = given[0x10]
            if len(aid) != aid[0] + 1:
                sys.exit(f"qmi: AID {aid.hex()}")
            channel, answer = self.card.open(aid[1:])
            if not channel:
                raise Refused(INTERNAL)
            return tlv(0x10, [channel]) + tlv(0x11, answer[-2:])
        if message == 0x3F:
            if not self.card.close(given[0x11][0]):
                raise Refused(NO_EFFECT)
            return b""
        apdu = given[2]
        if len(apdu) != 2 + struct.unpack_from("<H", apdu)[0]:
            sys.exit("qmi: length of an APDU")
        channel = given.get(0x10, b"\0")[0]
        if apdu[2] & 3 != channel:
            sys.exit("qmi: the class byte is of another channel")
        answer = self.card.transmit(channel, apdu[2:])
        if answer is None:
            raise Refused(NO_EFFECT)
        return tlv(0x10, struct.pack("<H", len(answer)) + answer)

    def changed(self):
        body = self.status()
        self.send(UIM, self.client, struct.pack("<BHHH", 4, 0, 0x32, len(body)) + body)


if __name__ == "__main__":
    main(__doc__.splitlines()[0], Qmi)
