# SPDX-License-Identifier: GPL-2.0-or-later
"""Every committed profile, walked as a reader walks a card, byte for byte."""

import os

from harness import (ATR_T0, ATR_T1, ICCID, PKCS15, PROFILES, USIM, Card, Failure, check,
                     profile, tlv)

OID_BOOTSTRAP = bytes.fromhex("672B0701")
OID_INDICATOR = bytes.fromhex("6996DDCF9CE5BDD28CA3A4B7D0F2DDB8BE9820")
PIN1 = "0020000108" + "31323334FFFFFFFF"
CONNECT = "E106C00101C10101"


def committed(name):
    with open(profile(name), "rb") as f:
        return f.read()


def padded(data, size):
    return data + b"\xFF" * (size - len(data))


DM = committed("bootstrap-dm.wbxml")
FULL = padded(DM, 1536)
NO = None

# name: (content of EF(DM_Bootstrap), beginning of the indicator); NO = no such object.
WALKS = {
    "connect": (FULL, CONNECT),
    "confirm": (FULL, "E12FC00101C10101C20103C30E" + b"dm.example.net".hex() + "C414" +
                b"Connect to operator?".hex()),
    "off": (FULL, "E106C00101C10100"),
    "none": (FULL, NO),
    "malformed": (FULL, "E109C00101C10101C27F03"),
    "bad-version": (FULL, "E109C00102C10101C20103"),
    "every-power-on": (FULL, "E106C00101C10103"),
    "ask-data": (FULL, "E106C00101C10105"),
    "empty-indicator": (FULL, ""),
    "unreadable-indicator": (FULL, "6982"),
    "empty-bootstrap": (b"\xFF" * 256, CONNECT),
    "truncated-bootstrap": (DM[:600], CONNECT),
    "garbage-bootstrap": (padded(bytes.fromhex(
        "02A4016A006D6C71C3FFFFFF7FDEADBEEF00FE010183909090450A172B") +
        b"this is not a message", 256), CONNECT),
    "html-bootstrap": (padded(b"<html><body>not here</body></html>", 256), CONNECT),
    "pin-protected": (FULL, CONNECT),
    "opaque-dodf": (FULL, CONNECT),
    "big": (padded(committed("bootstrap-two.wbxml"), 4096), CONNECT),
    "t1": (FULL, CONNECT),
    "shared": (FULL, CONNECT),
    "shared-6d00": (FULL, CONNECT),
    "shared-6881": (FULL, CONNECT),
    "shared-6a81": (FULL, CONNECT),
    "bench600": (committed("bootstrap-600.wbxml"), CONNECT),
    "bench600-sfi": (committed("bootstrap-600.wbxml"), CONNECT),
}
SFIS = {0x11: "5031", 0x12: "5032", 0x13: "6430", 0x14: "6431", 0x15: "6433"}
# Walked by tests of their own.
OTHERS = {"2g", "no-pkcs15", "extended"}
# Faulty cards: name, the file that is read, what one READ BINARY of 16 bytes answers.
FAULTY = {
    "bad-memory": ("6431", (b"", "6581")),
    "bad-endless-6c": ("6431", (b"", "6C10")),
    "bad-empty-reads": ("6431", (b"", "9000")),
    "bad-endless-61": ("6431", (DM[:16], "9000")),
    "bad-size": ("6431", (DM[:16], "9000")),
    "bad-silent": ("6431", (DM[:16], "9000")),
    "odd-search": ("6431", (DM[:16], "9000")),
    "odd-91xx": ("6431", (DM[:16], "9110")),
    "odd": ("6431", (DM[:16], "9000")),
}


def objects(dodf):
    """EF(DODF) as {OID: FID}, in both forms, an OID wrapped once or twice."""
    found = {}
    for tag, value in tlv(dodf):
        attributes = tlv(value)
        inner = tlv([v for t, v in attributes if t == 0xA1][0])
        if tag == 0xA1:
            oid, path = tlv(inner[0][1])[:2]
        else:
            oid = [o for o in tlv(attributes[1][1]) if o[0] == 0x06]
            oid, path = (oid[0] if oid else (0x06, b"")), inner[0]
        check("OID's tag", oid[0], 0x06)
        value = oid[1][2:] if oid[1][:1] == b"\x06" else oid[1]
        found[value] = tlv(path[1])[0][1].hex()
    return found


def walk_root(card, name):
    check("ATR", card.reset(), ATR_T1 if name == "t1" else ATR_T0)
    check("EF(ICCID)", card.read_file("2FE2"), ICCID)
    check("EF(DIR)", card.select("2F00"), "9000")
    records = []
    for i in range(1, 10):
        data, status = card.command(f"00B2{i:02X}0400")
        if status == "6A83":
            break
        check("READ RECORD", (status, len(data)), ("9000", 40))
        records.append(tlv(tlv(data)[0][1]))
    check("AIDs", [dict(r)[0x4F] for r in records], [USIM, PKCS15])
    check("path", dict(records[1])[0x51], bytes.fromhex("3F007F50"))


def walk_pkcs15(card, name):
    bootstrap, indicator = WALKS[name]
    check("by path", card.read_file("7F505031"), padded(bytes.fromhex("A706300404026430"), 32))
    check("AID", card.select_aid(PKCS15), "9000")
    check("EF(ODF)", card.read_file("7FFF5031"), padded(bytes.fromhex("A706300404026430"), 32))
    check("EF(DODF)", card.select("6430"), "9000")
    if name == "pin-protected":
        check("without PIN", card.sw("00B0000001"), "6982")
        check("VERIFY", card.sw(PIN1), "9000")
    dodf = card.read_binary()
    if name == "big":
        check("size of EF(DODF)", len(dodf), 106)
    if name in ("big", "opaque-dodf"):
        check("first object", list(objects(dodf))[0].hex(), "2a864886fc6b8148")
    if name.startswith("bench600"):
        check("EF(DODF)", (len(dodf), dodf[90:]), (106, b"\xFF" * 16))
        check("first object", list(objects(dodf))[0].hex(), "2a864886fc6b")
    found = objects(dodf)
    check("EF(DM_Bootstrap)", found[OID_BOOTSTRAP], "6431")
    check("content", card.read_file("7FFF6431"), bootstrap)
    if indicator is NO:
        check("no indicator", (OID_INDICATOR in found, card.select("6433")), (False, "6A82"))
        return
    check("indicator", found[OID_INDICATOR], "6433")
    check("SELECT", card.select("6433"), "9000")
    if indicator == "6982":
        check("indicator", card.sw("00B0000001"), "6982")
        return
    check("indicator", card.read_binary(), padded(bytes.fromhex(indicator), 64))


def test_walk_every_profile(bin_dir):
    names = {n for n in os.listdir(PROFILES)
             if "." not in n and os.path.isfile(os.path.join(PROFILES, n))}
    check("profiles", names, set(WALKS) | OTHERS | set(FAULTY))
    for name in WALKS:
        try:
            with Card(bin_dir, profile(name)) as card:
                walk_root(card, name)
                walk_pkcs15(card, name)
        except Failure as e:
            raise Failure(f"{name}: {e}") from None


def test_walk_bench(bin_dir):
    check("size", len(committed("bootstrap-600.wbxml")), 600)
    for name, sfis in (("bench600", {}), ("bench600-sfi", SFIS)):
        with Card(bin_dir, profile(name)) as card:
            card.select_aid(PKCS15)
            found = {i for i in range(1, 31) if card.raw(f"00B0{0x80 | i:02X}0001")[1] == "9000"}
            check(f"{name}: SFIs", found, set(sfis))
            for sfi, fid in sfis.items():
                check("SELECT", card.select(fid), "9000")
                by_fid = card.raw("00B0000010")
                check("DF", card.select("3FFF"), "9000")
                check(f"SFI {sfi:02X}", card.raw(f"00B0{0x80 | sfi:02X}0010"), by_fid)


def test_walk_faulty_profiles(bin_dir):
    for name, (fid, wanted) in FAULTY.items():
        with Card(bin_dir, profile(name)) as card:
            good = "9110" if name == "odd-91xx" else "9000"
            check(f"{name}: ATR", card.reset()[:1], b"\x3B")
            check(f"{name}: AID", card.select_aid(PKCS15), good)
            check(f"{name}: SELECT", card.select(fid), good)
            check(f"{name}: READ", card.raw("00B0000010"), wanted)
            data, status = card.raw("00A40004026431")
            check(f"{name}: waiting", (data, status[:2]), (b"", "61"))
            data, status = card.raw("00C00000" + status[2:])
            if name == "bad-endless-61":
                check("never ends", (data, status), (b"\0", "6101"))
                check("never ends", card.raw("00C0000001"), (b"\0", "6101"))
                continue
            check(f"{name}: FCP", (data[0], status), (0x62, good))
            if name == "bad-size":
                check("size", dict(tlv(tlv(data)[0][1]))[0x80], b"\xFF\xFF")
            if name == "odd":
                check("two bytes too many", data[-2:], b"\xA5\xA5")
            if name == "bad-silent":
                check("silence", card.raw("00B0000010", seconds=0.2), None)


def test_walk_shared(bin_dir):
    for name, opened, channel_1 in (("shared", (b"\x01", "9000"), "9000"),
                                    ("shared-6d00", (b"", "6D00"), "9000"),
                                    ("shared-6881", (b"", "6881"), "6881"),
                                    ("shared-6a81", (b"", "6A81"), "6881")):
        with Card(bin_dir, profile(name)) as card:
            check(f"{name}: open", card.raw("0070000001"), opened)
            check(f"{name}: use", card.select("2FE2", cla=1), channel_1)


def test_walk_extended(bin_dir):
    with Card(bin_dir, profile("extended")) as card:
        check("SELECT", card.select("6F01"), "9000")
        check("READ", card.raw("00B03800001000"), (b"\x5A" * 2048 + b"\xA5" * 2048, "9000"))
        check("the end", card.raw("00B07FFF0000"[:10]), (b"\xA5", "9000"))
        check("UPDATE", card.sw("00D6000000000255AA"), "6982")
        check("VERIFY", card.sw(PIN1), "9000")
        check("UPDATE", card.sw("00D6000000000255AA"), "9000")
        check("read back", card.raw("00B0000003"), (b"\x55\xAA\x5A", "9000"))
        check("objects", card.select("6F02"), "9000")
        data, status = card.raw("80CB0080000001811000")
        check("first block", (data, status), (b"\x81\x82\x13\x88" + b"\x42" * 4092, "62F1"))
        check("AID", card.select_aid(PKCS15), "9000")
        check("EF(DM_Bootstrap)", card.select("6431"), "9000")
        check("at once", card.raw("00B00000000600"), (FULL, "9000"))


def test_walk_no_pkcs15(bin_dir):
    with Card(bin_dir, profile("no-pkcs15")) as card:
        check("ATR", card.reset(), ATR_T0)
        check("EF(ICCID)", card.read_file("2FE2"), ICCID)
        check("AID", card.select_aid(PKCS15), "6A82")
        check("DF", card.select("7F50"), "6A82")
        check("EF(DIR)", card.select("2F00"), "9000")
        check("one record", card.sw("00B2020428"), "6A83")


def test_walk_2g(bin_dir):
    with Card(bin_dir, profile("2g")) as card:
        check("ATR", card.reset(), ATR_T0)
        for fid in ("3F00", "7F50", "6431"):
            check(f"SELECT {fid}", card.command(f"A0A4000002{fid}")[1], "9000")
        data = b""
        while len(data) < 1536:
            more, status = card.raw(f"A0B0{len(data):04X}80")
            check("READ", (len(more), status), (128, "9000"))
            data += more
        check("content", data, FULL)


def test_walk_frugally(bin_dir):
    """The fewest commands: 16 bytes of EF(ODF), 64 of EF(DODF), then what the lengths say."""
    with Card(bin_dir, profile("connect")) as card:
        card.select_aid(PKCS15)
        card.select("5031")
        check("EF(ODF)", len(card.read_binary(16)), 16)
        card.select("6430")
        check("EF(DODF)", len(card.read_binary(64)), 64)
        check("commands", card.commands, 5)
