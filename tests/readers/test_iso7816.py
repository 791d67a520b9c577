# SPDX-License-Identifier: GPL-2.0-or-later
"""iso7816.py: ATRs, PPS and the card's side of T=1, played by hand from the clauses of ISO 7816-3."""
import random

from harness import ATR_T0, ATR_T1, check
from iso7816 import T1, Atr, answer_pps, crc, divisor, lrc, to_card


def unhex(text):
    return bytes.fromhex(text)


def test_atr(_):
    """The first protocol offered, or that of TA2; a cut ATR is no error here."""
    for atr, protocol in (("3B00", 0), ("3B8001", 1), ("3B80804F", 0), ("3B8081", 1), ("3B", 0), ("", 0),
                          ("3B90118131FE", 1), ("3B901100", 0), ("3BD01100901101", 1), ("3B9011908011", 0)):
        check(atr, Atr(unhex(atr)).protocol, protocol)
    check("T=0", (Atr(ATR_T0).protocol, Atr(ATR_T0).ta1), (0, 0x96))
    check("T=1", (Atr(ATR_T1).protocol, Atr(ATR_T1).ifsc, Atr(ATR_T1).crc), (1, 32, False))
    # TD1 says T=1, TD2 again with its TA3, TB3 and TC3: IFSC, BWI and CWI, CRC.
    info = Atr(unhex("3B8081F1FE4501"))
    check("of T=1", (info.ifsc, info.crc, info.offered), (0xFE, True, [1]))
    info = Atr(unhex("3B808171FE4501"))
    check("of T=1", (info.ifsc, info.crc), (0xFE, True))
    # Those of T=0 or T=15 are not those of T=1.
    info = Atr(unhex("3B80803F07450181"))
    check("not of T=1", (info.ifsc, info.crc), (32, False))
    check("inverse", Atr(unhex("3F00")).inverse, True)


def test_pps(_):
    fast = unhex("3B9096800000")      # TA1 = 96, T=0
    check("taken", answer_pps(fast, unhex("FF109679")), (unhex("FF109679"), 0, 0x96))
    check("slower than offered", answer_pps(fast, unhex("FF1095FA")[:3] + lrc(unhex("FF1095")))[2], 0x95)
    check("faster is not taken", answer_pps(fast, unhex("FF1097") + lrc(unhex("FF1097")))[0], unhex("FF00FF"))
    check("reserved", answer_pps(fast, unhex("FF10F6") + lrc(unhex("FF10F6")))[0], unhex("FF00FF"))
    check("without PPS1", answer_pps(fast, unhex("FF00FF")), (unhex("FF00FF"), 0, 0x11))
    check("dropped", answer_pps(fast, unhex("FF109679"), "drop"), (unhex("FF00FF"), 0, 0x11))
    check("refused", answer_pps(fast, unhex("FF109679"), "refuse")[0], None)
    check("wrong PCK", answer_pps(fast, unhex("FF109678"))[0], None)
    check("a protocol that it has not", answer_pps(fast, unhex("FF119678"))[0], None)
    check("512/32", divisor(0x96), 16.0)


def test_direction(_):
    for header, direction in (("00A40804", True), ("00B00000", False), ("00C00000", False), ("80F20000", False),
                              ("00D60000", True), ("80CB0080", True), ("80CB0000", False), ("00700000", False)):
        check(header, to_card(unhex(header)), direction)


def test_edc(_):
    """The published check value of this CRC, and that of a block by hand."""
    check("CRC", crc(b"123456789"), unhex("906E"))
    check("LRC", lrc(unhex("00400200A4")), unhex("E6"))


class Pair:
    """A reader that says one block, and a card that echoes its commands behind 9000's."""

    def __init__(self, answer=lambda apdu: apdu + b"\x90\0", atr="3B80817120450071", **kw):
        self.commands = []
        self.card = T1(lambda apdu: self.commands.append(apdu) or answer(apdu), unhex(atr))
        for name, value in kw.items():
            setattr(self.card, name, value)

    def say(self, pcb, inf=b"", edc=None, nad=0):
        head = bytes([nad, pcb, len(inf)]) + inf
        answer = self.card.block(head + (edc or self.card.edc(head)))
        if answer is None:
            return None
        check("EDC", self.card.edc(answer[:-self.card.edc_length]), answer[-self.card.edc_length:])
        check("NAD and LEN", (answer[0], answer[2]), (0, len(answer) - 3 - self.card.edc_length))
        return answer[1], answer[3:-self.card.edc_length]


def test_t1_plain(_):
    """N(S) of both sides turns with each I-block."""
    pair = Pair()
    check("first", pair.say(0x00, b"\0\xA4"), (0x00, b"\0\xA4\x90\0"))
    check("second", pair.say(0x40, b"\1"), (0x40, b"\1\x90\0"))
    check("third", pair.say(0x00, b"\2"), (0x00, b"\2\x90\0"))
    check("the number of before", pair.say(0x00, b"\2"), (0x92, b""))
    check("commands", pair.commands, [b"\0\xA4", b"\1", b"\2"])


def test_t1_crc(_):
    pair = Pair(atr="3B808171204501" + "70")
    check("CRC", (pair.card.edc_length, pair.say(0x00, b"\1")), (2, (0x00, b"\1\x90\0")))


def test_t1_chain(_):
    """A command in three blocks; a response in three of 32 bytes."""
    pair = Pair(lambda apdu: bytes(range(80)) + b"\x90\0")
    check("more", (pair.say(0x20, b"a"), pair.say(0x60, b"b")), ((0x90, b""), (0x80, b"")))
    check("first", pair.say(0x00, b"c"), (0x20, bytes(range(32))))
    check("whole", pair.commands, [b"abc"])
    check("once more", pair.say(0x80), (0x20, bytes(range(32))))
    check("second", pair.say(0x90), (0x60, bytes(range(32, 64))))
    check("third", pair.say(0x80), (0x00, bytes(range(64, 80)) + b"\x90\0"))
    check("next", pair.say(0x40, b"d")[0] & 0x40, 0x40)


def test_t1_s_blocks(_):
    pair = Pair(lambda apdu: bytes(200) + b"\x90\0")
    check("IFS", pair.say(0xC1, b"\xFE"), (0xE1, b"\xFE"))
    check("one block", len(pair.say(0x00, b"x")[1]), 202)
    check("RESYNCH", pair.say(0xC0), (0xE0, b""))
    check("from the beginning", pair.say(0x00, b"x")[0], 0x20)
    check("ABORT", pair.say(0xC2), (0xE2, b""))
    for pcb, inf in ((0xC1, b""), (0xC1, b"\0"), (0xC1, b"\xFF"), (0xC4, b""), (0xE1, b"\x20"), (0xE3, b"\1")):
        check(f"S-block {pcb:02X}", pair.say(pcb, inf)[0] & 0xEF, 0x82)


def test_t1_wtx(_):
    pair = Pair(wtx=3)
    check("asks", pair.say(0x00, b"x"), (0xC3, b"\3"))
    check("again when it is not answered", pair.say(0x90), (0xC3, b"\3"))
    check("wrong answer", pair.say(0xE3, b"\4")[0], 0x92)
    pair.card.last = pair.card.make(0xC3, b"\3")
    check("then", pair.say(0xE3, b"\3"), (0x00, b"x\x90\0"))


def test_t1_errors(_):
    """What is damaged, too long, or not for it; each block that is said again."""
    pair = Pair()
    check("EDC", pair.say(0x00, b"x", b"\0"), (0x81, b""))
    check("again", pair.say(0x00, b"x"), (0x00, b"x\x90\0"))
    check("damaged on its way back", pair.say(0x80), (0x00, b"x\x90\0"))
    check("longer than IFSC", pair.say(0x40, bytes(33)), (0x92, b""))
    check("NAD", pair.say(0x40, b"y", nad=0x12), (0x92, b""))
    check("R-block with INF or RFU bits", pair.say(0xA4), (0x92, b""))
    for cut in (b"", b"\0", b"\0\x40\1", b"\0\x40\5xx\0"):
        check(cut.hex(), pair.card.block(cut)[1], 0x91)
    check("goes on", pair.say(0x40, b"z"), (0x40, b"z\x90\0"))


def test_t1_trouble(_):
    """Each N-th block: what the reader does about it is its own."""
    pair = Pair(trouble={"edc": 2})
    pair.say(0x00, b"x")
    answer = pair.card.block(b"\0\x40\1y" + lrc(b"\0\x40\1y"))
    check("damaged", lrc(answer[:-1]) != answer[-1:], True)
    check("repeated", pair.say(0x90), (0x40, b"y\x90\0"))
    pair = Pair(trouble={"nak": 1})
    check("nak", pair.say(0x00, b"x"), (0x81, b""))
    for kind, length in (("mute", None), ("cut", 6)):
        answer = Pair(trouble={kind: 1}).card.block(b"\0\0\1x" + lrc(b"\0\0\1x"))
        check(kind, answer and len(answer), length)


def test_t1_noise(_):
    """Blocks by chance: it answers each or is silent, and comes back by RESYNCH."""
    chance = random.Random(7816)
    pair = Pair(lambda apdu: apdu[:1] and apdu + bytes(len(apdu)))
    for _ in range(3000):
        head = bytes([chance.choice((0, 0, 0, 1)), chance.randrange(256)])
        inf = chance.randbytes(chance.choice((0, 0, 1, 5, 40)))
        block = head + bytes([len(inf)]) + inf
        answer = pair.card.block(block + (lrc(block) if chance.random() < 0.9 else b"\0"))
        check("form", answer is None or lrc(answer[:-1]) == answer[-1:], True)
    pair.card.asked = None
    check("RESYNCH", pair.say(0xC0), (0xE0, b""))
    check("works", pair.say(0x00, b"x")[0], 0x00)
