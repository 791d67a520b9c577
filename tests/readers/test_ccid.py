# SPDX-License-Identifier: GPL-2.0-or-later
"""ccid.py: messages of a CCID host, and what the reader makes of them."""
import struct

import ccid
from engine import Engine
from harness import ATR_T0, ATR_T1, ICCID, check, profile
from iso7816 import lrc

SELECT = bytes.fromhex("00A4080C022FE2")
READ = bytes.fromhex("00B000000A")


class Host:
    def __init__(self, simcard, level, name="connect", present=True, **kw):
        self.engine = Engine(profile(name), simcard, patience=1, absent=not present)
        self.reader = ccid.Reader(self.engine, level, **kw)
        self.seq = 0

    def ask(self, kind, data=b"", specific=b"\0\0\0", slot=0):
        """(type, bStatus, bError, last byte, data) of the answer."""
        self.seq = self.seq + 1 & 0xFF
        *before, answer = self.reader.bulk(struct.pack("<BIBB", kind, len(data), slot, self.seq) + specific + data)
        check("more time", [m[7] & 0xC0 for m in before], [ccid.MORE_TIME] * len(before))
        kind, length, back, seq, status, error, last = struct.unpack("<BIBBBBB", answer[:10])
        check("header", (length, back, seq), (len(answer) - 10, slot, self.seq))
        return kind, status, error, last, answer[10:]

    def xfr(self, data):
        kind, status, _error, _last, answer = self.ask(ccid.XFR, data)
        check("DataBlock", (kind, status), (ccid.DATA, 0))
        return answer

    def on(self, atr):
        check("ATR", self.ask(ccid.POWER_ON), (ccid.DATA, 0, 0, 0, atr))


def block(pcb, inf=b""):
    head = bytes([0, pcb, len(inf)]) + inf
    return head + lrc(head)


def test_ccid_descriptor(simcard):
    for level, feature, length in (("tpdu", 0x10000, 271), ("short", 0x20000, 271), ("extended", 0x40000, 2058)):
        d = Host(simcard, level).reader.descriptor()
        check(level, (len(d), d[0], d[1], struct.unpack_from("<II", d, 40)), (54, 54, 0x21, (feature | 0xBA, length)))
    check("left to the host", struct.unpack_from("<I", ccid.Reader(None, "tpdu", auto=False).descriptor(), 40)[0], 0x10018)


def test_ccid_states(simcard):
    """Absent, inactive, active; what needs power has none."""
    h = Host(simcard, "short", present=False)
    check("absent", h.ask(ccid.GET_STATUS)[:3], (ccid.STATUS, 2, 0))
    check("power", h.ask(ccid.POWER_ON)[:3], (ccid.DATA, 0x42, 0xFE))
    check("nothing to say", h.reader.notice(), None)
    h.engine.insert()
    check("notice", (h.reader.notice(), h.reader.notice()), (b"\x50\x03", None))
    check("inactive", h.ask(ccid.GET_STATUS)[1], 1)
    check("no power", h.ask(ccid.XFR, READ)[:3], (ccid.DATA, 0x41, 0xFE))
    h.on(ATR_T0)
    check("active", h.ask(ccid.GET_STATUS)[1], 0)
    h.engine.swap(profile("t1"))
    check("another card has no power", h.ask(ccid.XFR, READ)[:2], (ccid.DATA, 0x41))
    check("notice", h.reader.notice(), b"\x50\x03")
    h.engine.remove()
    check("notice", h.reader.notice(), b"\x50\x02")
    h.engine.insert()
    h.engine.mute = True
    check("mute", h.ask(ccid.POWER_ON)[:3], (ccid.DATA, 0x41, 0xFE))
    h.engine.mute = False
    h.on(ATR_T1)
    check("off", h.ask(ccid.POWER_OFF)[:2], (ccid.STATUS, 1))


def test_ccid_levels(simcard):
    h = Host(simcard, "tpdu")
    h.on(ATR_T0)
    check("TPDU", (h.xfr(SELECT), h.xfr(READ)), (b"\x90\0", ICCID + b"\x90\0"))
    h = Host(simcard, "tpdu", "t1")
    h.on(ATR_T1)
    check("blocks", (h.xfr(block(0, SELECT)), h.xfr(block(0x40, READ))),
          (block(0, b"\x90\0"), block(0x40, ICCID + b"\x90\0")))
    for name, atr in (("connect", ATR_T0), ("t1", ATR_T1)):
        h = Host(simcard, "short", name, more_time=3)
        h.on(atr)
        check("APDU", h.xfr(SELECT[:3] + b"\4" + SELECT[4:] + b"\0")[:1], b"\x62")
        check("APDU", h.xfr(READ), ICCID + b"\x90\0")


def test_ccid_parameters(simcard):
    """Left to the host: PPS by a block, then SetParameters says the protocol."""
    h = Host(simcard, "tpdu", "t1", auto=False)
    h.on(ATR_T1)
    check("PPS", h.xfr(bytes.fromhex("FF119678")), bytes.fromhex("FF119678"))
    wanted = bytes.fromhex("9610004D002000")
    check("set", h.ask(ccid.SET_PARAMETERS, wanted, b"\1\0\0"), (ccid.PARAMETERS, 0, 0, 1, wanted))
    check("get", h.ask(ccid.GET_PARAMETERS)[3:], (1, wanted))
    check("block", h.xfr(block(0, SELECT)), block(0, b"\x90\0"))
    for data, protocol, error in ((wanted, b"\2", 7), (wanted[:5], b"\1", 1), (b"\xF6" + wanted[1:], b"\1", 10)):
        answer = h.ask(ccid.SET_PARAMETERS, data, protocol + b"\0\0")
        check(f"wrong {data.hex()}", answer[1:3], (0x40, error))
    check("reset", h.ask(ccid.RESET_PARAMETERS)[4][:1], b"\x11")


def test_ccid_extended(simcard):
    """Chains in both directions, each piece as large as a message may be."""
    h = Host(simcard, "extended", "extended")
    h.ask(ccid.POWER_ON)
    select = bytes.fromhex("00A4000C026F01")
    check("first", h.ask(ccid.XFR, select[:3], b"\0\1\0")[3:], (ccid.CONTINUE, b""))
    check("middle", h.ask(ccid.XFR, select[3:5], b"\0\3\0")[3:], (ccid.CONTINUE, b""))
    check("last", h.ask(ccid.XFR, select[5:], b"\0\2\0")[3:], (0, b"\x90\0"))
    answer = h.ask(ccid.XFR, bytes.fromhex("00B0000000" + "1000"))
    check("begins", (answer[3], len(answer[4])), (ccid.FIRST, 2048))
    data = answer[4]
    answer = h.ask(ccid.XFR, b"", b"\0\x10\0")
    check("goes on", (answer[3], len(answer[4])), (ccid.MIDDLE, 2048))
    data += answer[4]
    answer = h.ask(ccid.XFR, b"", b"\0\x10\0")
    check("ends", (answer[3], data + answer[4]), (ccid.LAST, b"\x5A" * 4096 + b"\x90\0"))
    check("nothing more", h.ask(ccid.XFR, b"", b"\0\x10\0")[1:3], (0x40, 8))


def test_ccid_wrong(simcard):
    """Unknown messages, slots and lengths are answered as such; what is no message is not."""
    h = Host(simcard, "short")
    h.on(ATR_T0)
    check("unknown", h.ask(0x7F)[:3], (ccid.STATUS, 0x40, 0))
    check("escape", h.ask(ccid.ESCAPE)[:3], (ccid.ESCAPED, 0x40, 0))
    check("slot", h.ask(ccid.GET_STATUS, slot=1)[1:3], (0x40, 5))
    check("length", h.reader.bulk(struct.pack("<BIBB", ccid.XFR, 9, 0, 1) + bytes(3) + READ)[0][7:9], b"\x40\1")
    check("too short", h.reader.bulk(b"\x62\0\0"), [])
