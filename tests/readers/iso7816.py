# SPDX-License-Identifier: GPL-2.0-or-later
"""The card's side of ISO 7816-3, without a line: what an ATR says, the answer to a PPS, which way
the data of a T=0 command goes, and T=1 block by block."""

INITIAL = 0x11          # Fi and Di of 372/1, as TA1 has them
FI = {0: 372, 1: 372, 2: 558, 3: 744, 4: 1116, 5: 1488, 6: 1860, 9: 512, 10: 768, 11: 1024, 12: 1536, 13: 2048}
DI = {1: 1, 2: 2, 3: 4, 4: 8, 5: 16, 6: 32, 7: 64, 8: 12, 9: 20}
# Commands of T=0 whose P3 counts bytes that go to the card; all others take bytes from it.
TO_CARD = {0x04, 0x10, 0x14, 0x20, 0x24, 0x26, 0x28, 0x2C, 0x32, 0x44, 0x76, 0x82, 0x88, 0xA2, 0xA4, 0xAA, 0xC2,
           0xD6, 0xDA, 0xDB, 0xDC, 0xE2}


def to_card(header):
    """Whether P3 of this header counts bytes that the card gets."""
    return header[1] in TO_CARD or header[1] == 0xCB and bool(header[3] & 0x80)


class Atr:
    """What an ATR says; of one that is cut, what is there."""

    def __init__(self, atr):
        self.atr = bytes(atr)
        self.inverse = self.atr[:1] == b"\x3f"
        self.ta1, self.ta2, self.tc1 = None, None, 0
        self.offered = []           # protocols, in their order
        self.ifsc, self.crc = 32, False
        self._walk()
        self.specific = self.ta2 is not None
        self.protocol = self.ta2 & 15 if self.specific else self.offered[0] if self.offered else 0

    def _walk(self):
        present, at, level, t = self.atr[1] >> 4 if len(self.atr) > 1 else 0, 2, 1, None
        first_t1 = None
        while present:
            for bit, name in ((1, "A"), (2, "B"), (4, "C"), (8, "D")):
                if not present & bit:
                    continue
                if at >= len(self.atr):
                    return
                value, at = self.atr[at], at + 1
                if name != "D":
                    self._byte(name, level, value, t == 1 and level == first_t1)
                    continue
                t = value & 15
                if t not in self.offered and t != 15:
                    self.offered.append(t)
                if t == 1 and first_t1 is None and level >= 2:
                    first_t1 = level + 1
                following = value >> 4
            present = following if present & 8 else 0
            level += 1

    def _byte(self, name, level, value, of_t1):
        if (name, level) == ("A", 1):
            self.ta1 = value
        elif (name, level) == ("A", 2):
            self.ta2 = value
        elif (name, level) == ("C", 1):
            self.tc1 = value
        elif of_t1 and name == "A":
            self.ifsc = value
        elif of_t1 and name == "C":
            self.crc = bool(value & 1)


def divisor(fidi):
    """How many clocks an etu has (as a float), of Fi and Di in one byte; None when they are reserved."""
    if fidi >> 4 not in FI or fidi & 15 not in DI:
        return None
    return FI[fidi >> 4] / DI[fidi & 15]


def pps_length(start):
    """How long a PPS is that starts so (FF, PPS0); None before PPS0 is there."""
    return 3 + bin(start[1] & 0x70).count("1") if len(start) > 1 else None


def answer_pps(atr, request, manner="take"):
    """The response, or None for none, the protocol and Fi/Di that hold then. manner: "take" what the
    card offers, "drop" PPS1 (as a card that stays at 372/1), "refuse" by saying nothing."""
    value = 0
    for byte in request:
        value ^= byte
    info = Atr(atr)
    protocol = request[1] & 15
    if manner == "refuse" or value or protocol not in (info.offered or [0]):
        return None, None, INITIAL
    fidi = request[2] if request[1] & 0x10 else INITIAL
    fast = info.ta1 if info.ta1 is not None else INITIAL
    if manner == "drop" or divisor(fidi) is None or fidi not in (INITIAL, fast) and not _between(fidi, fast):
        fidi = INITIAL
        response = bytes([0xFF, request[1] & 0x0F])
    else:
        response = bytes([0xFF, request[1] & 0x1F]) + (request[2:3] if request[1] & 0x10 else b"")
    check = 0
    for byte in response:
        check ^= byte
    return response + bytes([check]), protocol, fidi


def _between(fidi, fast):
    """Whether the speed is none that is faster than the card offers."""
    return divisor(fast) is not None and divisor(fidi) >= divisor(fast)


def lrc(data):
    value = 0
    for byte in data:
        value ^= byte
    return bytes([value])


def crc(data):
    """ISO/IEC 13239, as T=1 has it: the high byte first."""
    value = 0xFFFF
    for byte in data:
        value ^= byte
        for _ in range(8):
            value = value >> 1 ^ (0x8408 if value & 1 else 0)
    value ^= 0xFFFF
    return bytes([value >> 8, value & 0xFF])


RESYNCH, IFS, ABORT, WTX = 0, 1, 2, 3
CHAIN_MAX = 1 << 17


class T1:
    """The card's side of T=1: block() takes one and gives the one that answers it, or None.

    run(apdu) is the card behind it, and returns its response, or None when it is silent. trouble is
    {kind: n}: each n-th block out is damaged ("edc"), cut short ("cut") or not said ("mute"), each n-th
    that comes is called damaged ("nak"); wtx asks for more time before each response."""

    def __init__(self, run, atr):
        self.run = run
        info = Atr(atr)
        self.edc = crc if info.crc else lrc
        self.edc_length = 2 if info.crc else 1
        self.ifsc = info.ifsc
        self.trouble, self.wtx = {}, 0
        self.blocks_in = self.blocks_out = self.wrong = 0
        self.reset()

    def reset(self):
        self.ifsd = 32
        self.ns = self.nr = 0
        self.command = b""
        self.response, self.part = b"", 0   # what is left of it, and how much of that is out now
        self.last = self.held = None
        self.asked = None       # PCB of the response to our own S-block

    def make(self, pcb, inf=b""):
        head = bytes([0, pcb, len(inf)]) + inf
        return head + self.edc(head)

    def _r(self, error):
        return self.make(0x80 | self.nr << 4 | error)

    def _i(self):
        """The next I-block of the response."""
        part = self.response[:self.ifsd]
        self.part = len(part)
        return self.make(self.ns << 6 | (0x20 if len(self.response) > len(part) else 0), part)

    def _hits(self, kind, count):
        return kind in self.trouble and count % self.trouble[kind] == 0

    def block(self, data):
        self.blocks_in += 1
        answer = self._answer(bytes(data))
        if answer is None:
            return None
        self.last = answer
        self.blocks_out += 1
        if self._hits("mute", self.blocks_out):
            return None
        if self._hits("cut", self.blocks_out):
            return answer[:-1]
        if self._hits("edc", self.blocks_out):
            return answer[:-1] + bytes([answer[-1] ^ 0x40])
        return answer

    def _answer(self, data):
        if (len(data) < 3 + self.edc_length or len(data) != 3 + data[2] + self.edc_length or
                self.edc(data[:-self.edc_length]) != data[-self.edc_length:] or self._hits("nak", self.blocks_in)):
            return self._r(1)
        pcb, inf = data[1], data[3:-self.edc_length]
        if data[0] or data[2] == 0xFF or len(inf) > self.ifsc:
            return self._other()
        if pcb & 0xC0 == 0xC0:
            return self._s_block(pcb, inf)
        if self.asked is not None:      # it owes us the response to our S-block
            return self.last
        return self._r_block(pcb) if pcb & 0x80 else self._i_block(pcb, inf)

    def _other(self):
        self.wrong += 1
        return self._r(2)

    def _s_block(self, pcb, inf):
        kind = pcb & 0x1F
        if pcb & 0x20:                  # a response
            if pcb != self.asked or inf != self.last[3:-self.edc_length]:
                return self._other()
            self.asked = None
            held, self.held = self.held, None
            return held
        if kind == RESYNCH and not inf:
            self.reset()
        elif kind == IFS and len(inf) == 1 and 0 < inf[0] < 0xFF:
            self.ifsd = inf[0]
        elif kind == ABORT and not inf:
            self.command = self.response = b""
        else:
            return self._other()
        return self.make(0xE0 | kind, inf)

    def _r_block(self, pcb):
        if pcb & 0x2C:
            return self._other()
        if self.part and pcb >> 4 & 1 != self.ns:
            # It has the block, and there is more of the response.
            if len(self.response) > self.part and not pcb & 3:
                self.response = self.response[self.part:]
                self.ns ^= 1
                return self._i()
            return self._other()
        return self.last or self._r(0)

    def _i_block(self, pcb, inf):
        if pcb & 0x1F or (pcb >> 6 & 1) != self.nr:
            return self._r(2)
        if self.part:                   # our last block is acknowledged by this one
            self.ns ^= 1
            self.response, self.part = b"", 0
        self.nr ^= 1
        self.command = (self.command + inf)[:CHAIN_MAX]
        if pcb & 0x20:
            return self._r(0)
        command, self.command = self.command, b""
        self.response = self.run(command)
        if self.response is None:
            self.response = b""
            return None
        answer = self._i()
        if not self.wtx:
            return answer
        self.held, self.asked = answer, 0xE0 | WTX
        return self.make(0xC0 | WTX, bytes([self.wtx]))
