# SPDX-License-Identifier: GPL-2.0-or-later
"""A CCID reader with one slot, from its descriptors to its messages, without the USB (ffs.py has it).

Levels: "tpdu", "short" and "extended" APDUs. At the TPDU level with auto=False the host has to set the
parameters and to do the PPS, which it sends as a block like any other."""
import struct
import threading

import iso7816

INTERFACE_CLASS = 0x0B
FEATURES = {"tpdu": 0x10000, "short": 0x20000, "extended": 0x40000}
# Of the features: voltage, clock; and what auto has beside: parameters and speed from the ATR, PPS.
BY_ITSELF, AUTO = 0x08 | 0x10, 0x02 | 0x20 | 0x80
LENGTHS = {"tpdu": 271, "short": 271, "extended": 2058}
(SET_PARAMETERS, POWER_ON, POWER_OFF, GET_STATUS, ESCAPE, GET_PARAMETERS, RESET_PARAMETERS, CLOCK, XFR, ABORT,
 SET_RATE) = 0x61, 0x62, 0x63, 0x65, 0x6B, 0x6C, 0x6D, 0x6E, 0x6F, 0x72, 0x73
DATA, STATUS, PARAMETERS, ESCAPED, RATE = 0x80, 0x81, 0x82, 0x83, 0x84
ACTIVE, INACTIVE, ABSENT = range(3)
FAILED, MORE_TIME = 0x40, 0x80
MUTE, BAD_SLOT, BAD_LENGTH, UNKNOWN = 0xFE, 5, 1, 0
WHOLE, FIRST, LAST, MIDDLE, CONTINUE = 0, 1, 2, 3, 0x10
NOTIFY = 0x50
APDU_MAX = 65544
DEFAULTS = {0: bytes.fromhex("11 00 00 0A 00"), 1: bytes.fromhex("11 10 00 4D 00 20 00")}


class Reader:
    """bulk(message) gives the messages that answer it; notice() what the interrupt endpoint says."""

    def __init__(self, engine, level, auto=True, more_time=0, log=None):
        self.engine, self.level, self.auto, self.more_time = engine, level, auto, more_time
        self.log = log or (lambda text: None)
        self.lock = threading.Lock()
        self.generation = 0         # of the card that notice() told of last
        self.powered = None         # the generation of the card that has power
        self.atr = None
        self.transfers = self.power_ons = self.longest = 0
        self.at_rest()

    def at_rest(self):
        """As after power on, or the reader's own reset."""
        self.atr = self.powered = self.t1 = None
        self.protocol, self.negotiable = 0, False
        self.parameters = dict(DEFAULTS)
        self.command, self.response = b"", b""

    # --- descriptors ----------------------------------------------------------
    def descriptor(self):
        """The class descriptor."""
        features = FEATURES[self.level] | BY_ITSELF | (AUTO if self.auto else 0)
        length = LENGTHS[self.level]
        return struct.pack("<BBHBBIIIBIIBIIIIIBBHBB", 54, 0x21, 0x0110, 0, 7, 3, 3571, 3571, 0, 9600, 223200, 0, 254,
                           0, 0, features, length, 0xFF, 0xFF, 0, 0, 1)

    def descriptors(self, packet, interval):
        """Interface, class descriptor and endpoints of one speed."""
        return (bytes([9, 4, 0, 0, 3, INTERFACE_CLASS, 0, 0, 0]) + self.descriptor() +
                struct.pack("<BBBBHB", 7, 5, 0x01, 2, packet, 0) + struct.pack("<BBBBHB", 7, 5, 0x82, 2, packet, 0) +
                struct.pack("<BBBBHB", 7, 5, 0x83, 3, 8, interval))

    # --- interrupt endpoint ---------------------------------------------------
    def notice(self):
        """What the interrupt endpoint has to say, or None: a card came, went, or is another one."""
        now, present = self.engine.now()
        if now == self.generation:
            return None
        self.generation = now
        return bytes([NOTIFY, 2 | present])

    # --- bulk endpoints -------------------------------------------------------
    def state(self):
        if not self.engine.present:
            return ABSENT
        return ACTIVE if self.powered == self.engine.generation else INACTIVE

    def reply(self, kind, request, data=b"", error=None, last=0):
        status = self.state() | (FAILED if error is not None else 0)
        return struct.pack("<BIBBBBB", kind, len(data), request[5], request[6], status, error or 0, last) + data

    def bulk(self, message):
        """The answers to one message of the host."""
        with self.lock:
            if len(message) < 10:
                return []
            handler, kind = {
                POWER_ON: (self._power_on, DATA), POWER_OFF: (self._power_off, STATUS),
                GET_STATUS: (lambda m: self.reply(STATUS, m), STATUS), XFR: (self._xfr, DATA),
                GET_PARAMETERS: (self._get_parameters, PARAMETERS), SET_PARAMETERS: (self._set_parameters, PARAMETERS),
                RESET_PARAMETERS: (self._reset_parameters, PARAMETERS),
                CLOCK: (lambda m: self.reply(STATUS, m), STATUS), ABORT: (lambda m: self.reply(STATUS, m), STATUS),
                SET_RATE: (lambda m: self.reply(RATE, m, struct.pack("<II", 3571, 9600)), RATE),
            }.get(message[0], (None, ESCAPED if message[0] == ESCAPE else STATUS))
            if handler is None:
                answer = self.reply(kind, message, error=UNKNOWN)
            elif len(message) != 10 + struct.unpack_from("<I", message, 1)[0]:
                answer = self.reply(kind, message, error=BAD_LENGTH)
            elif message[5]:
                answer = self.reply(kind, message, error=BAD_SLOT)
            else:
                answer = handler(message)
            self.log(f"{message.hex()} -> {answer.hex()}")
            extension = []
            if self.more_time and message[0] == XFR:
                extension = [struct.pack("<BIBBBBB", DATA, 0, 0, message[6], MORE_TIME | self.state(), self.more_time, 0)]
            self.longest = max(self.longest, len(answer) - 10)
            return extension + [answer]

    def _power_on(self, message):
        self.at_rest()
        self.power_ons += 1
        generation = self.engine.generation
        atr = self.engine.reset() if self.engine.present else None
        if not atr:
            return self.reply(DATA, message, error=MUTE)
        self.atr, self.powered = atr, generation
        info = iso7816.Atr(atr)
        self.negotiable = not info.specific
        self.t1 = iso7816.T1(self.engine.command, atr)
        if self.auto or info.specific:
            self.protocol = info.protocol
        if self.level != "tpdu":
            self.t1 = None
        return self.reply(DATA, message, atr)

    def _power_off(self, message):
        self.at_rest()
        return self.reply(STATUS, message)

    def _get_parameters(self, message, error=None):
        return self.reply(PARAMETERS, message, self.parameters[self.protocol], error, self.protocol)

    def _reset_parameters(self, message):
        self.parameters = dict(DEFAULTS)
        return self._get_parameters(message)

    def _set_parameters(self, message):
        protocol, data = message[7], message[10:]
        if protocol not in DEFAULTS:
            return self._get_parameters(message, 7)
        if len(data) != len(DEFAULTS[protocol]):
            return self._get_parameters(message, BAD_LENGTH)
        if iso7816.divisor(data[0]) is None:
            return self._get_parameters(message, 10)
        self.protocol = protocol
        self.parameters[protocol] = data
        return self._get_parameters(message)

    # --- commands -------------------------------------------------------------
    def _xfr(self, message):
        data, position = message[10:], struct.unpack_from("<H", message, 8)[0]
        if self.state() != ACTIVE:
            return self.reply(DATA, message, error=MUTE)
        self.transfers += 1
        if self.level != "extended":
            answer = self._tpdu(data) if self.level == "tpdu" else self.engine.apdu(data, self.atr)
            return self.reply(DATA, message, answer) if answer else self.reply(DATA, message, error=MUTE)
        return self._extended(message, data, position)

    def _tpdu(self, data):
        if self.negotiable and data[:1] == b"\xff" and not self.auto:
            self.negotiable = False
            return iso7816.answer_pps(self.atr, data)[0]
        self.negotiable = False
        return self.t1.block(data) if self.protocol == 1 else self.engine.command(data)

    def _extended(self, message, data, position):
        """An APDU in pieces, and a response in pieces, each as large as a message may be."""
        if position == CONTINUE:
            if not self.response:
                return self.reply(DATA, message, error=8)
            return self._piece(message, WHOLE)
        if position in (WHOLE, FIRST):
            self.command = b""
        self.command += data
        if len(self.command) > APDU_MAX or position > MIDDLE:
            return self.reply(DATA, message, error=8)
        if position in (FIRST, MIDDLE):
            return self.reply(DATA, message, last=CONTINUE)
        command, self.command = self.command, b""
        self.response = self.engine.apdu(command, self.atr) or b""
        if not self.response:
            return self.reply(DATA, message, error=MUTE)
        return self._piece(message, FIRST)

    def _piece(self, message, first):
        size = LENGTHS[self.level] - 10
        piece, self.response = self.response[:size], self.response[size:]
        if first == FIRST:
            return self.reply(DATA, message, piece, last=FIRST if self.response else WHOLE)
        return self.reply(DATA, message, piece, last=MIDDLE if self.response else LAST)
