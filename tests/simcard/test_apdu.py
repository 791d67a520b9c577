# SPDX-License-Identifier: GPL-2.0-or-later
"""Commands and status words of the card, byte for byte."""

import subprocess

from harness import (ATR_T0, ATR_T1, ICCID, PKCS15, USIM, Card, Failure, Scratch, check,
                     profile, tlv)

FCP_ICCID = "621E82024121 83022FE2 8A0105 AB0A 800101 9000 800102 9700 8002000A 880110"


def test_reset(bin_dir):
    with Card(bin_dir, profile("connect")) as card:
        check("ATR", card.reset(), ATR_T0)
        check("ATR again", card.reset(), ATR_T0)
    with Card(bin_dir, profile("t1")) as card:
        check("ATR", card.reset(), ATR_T1)


def test_t0_case4_waits_for_get_response(bin_dir):
    fcp = bytes.fromhex(FCP_ICCID)
    with Card(bin_dir, profile("connect")) as card:
        check("SELECT", card.raw("00A40004022FE2"), (b"", f"61{len(fcp):02X}"))
        check("too much", card.raw("00C0000040"), (b"", f"6C{len(fcp):02X}"))
        check("a part", card.raw("00C0000005"), (fcp[:5], f"61{len(fcp) - 5:02X}"))
        check("the rest", card.raw(f"00C00000{len(fcp) - 5:02X}"), (fcp[5:], "9000"))
        check("none left", card.raw("00C0000001"), (b"", "6985"))
        check("SELECT", card.sw("00A40004022FE2"), f"61{len(fcp):02X}")
        check("READ", card.raw("00B0000001"), (ICCID[:1], "9000"))
        check("gone with the next command", card.sw("00C0000001"), "6985")
        check("an Le that no TPDU has", card.sw("00A40004022FE200"), "6700")
        check("data cut short", card.sw("00A40004022F"), "6700")


def test_t1_answers_directly(bin_dir):
    fcp = bytes.fromhex(FCP_ICCID)
    with Card(bin_dir, profile("t1")) as card:
        check("SELECT", card.raw("00A40004022FE200"), (fcp, "9000"))
        check("without Le", card.raw("00A40004022FE2"), (b"", f"61{len(fcp):02X}"))
        check("GET RESPONSE", card.raw("00C0000000"), (fcp, "9000"))
        check("all", card.raw("00B0000000"), (ICCID, "9000"))
        check("beyond the end", card.raw("00B0000410"), (ICCID[4:], "6282"))
        check("STATUS", card.raw("80F2000C"), (b"", "9000"))
        check("channel", card.raw("0070000001"), (b"\x01", "9000"))


def test_read_binary(bin_dir):
    with Scratch() as s:
        data = bytes(i & 0xFF for i in range(700))
        path = s.write("card", f"atr {ATR_T0.hex()}\nef 6F01 transparent\nsfi 03\n" +
                       "".join(f"hex {data[i:i + 50].hex()}\n" for i in range(0, 700, 50)))
        with Card(bin_dir, path) as card:
            check("no EF", card.sw("00B0000001"), "6986")
            check("SELECT", card.select("6F01"), "9000")
            check("Le 00 is 256", card.raw("00B0000000"), (data[:256], "9000"))
            check("15-bit offset", card.raw("00B0012305"), (data[0x123:0x128], "9000"))
            check("rest is shorter", card.raw("00B0028000"), (b"", "6C3C"))
            check("the rest", card.raw("00B002803C"), (data[640:], "9000"))
            check("at the end", card.sw("00B002BC01"), "6B00")
            check("behind the end", card.sw("00B07FFF01"), "6B00")
            check("SELECT MF", card.select("3F00"), "9000")
            check("by SFI", card.raw("00B083FA02"), (data[250:252], "9000"))
            check("now current", card.raw("00B0000001"), (data[:1], "9000"))
            check("no such SFI", card.sw("00B0840001"), "6A82")
            check("SFI 0", card.sw("00B0800001"), "6A86")
            check("SFI with b6", card.sw("00B0A30001"), "6A86")
            check("record of a transparent EF", card.sw("00B2010401"), "6981")


RECORDS = """
ef 6F02 linear-fixed
sfi 05
record-length 4
record hex 01010101
record hex 0202
record text "abcd"
ef 6F03 cyclic
update always
record-length 2
record hex AAAA
record hex BBBB
"""


def test_read_record(bin_dir):
    with Scratch() as s, Card(bin_dir, s.small(RECORDS)) as card:
        second = bytes.fromhex("0202FFFF")
        check("SELECT", card.select("6F02"), "9000")
        check("no current record", card.sw("00B2000404"), "6A83")
        check("absolute", card.raw("00B2020404"), (second, "9000"))
        check("wrong Le", card.raw("00B2020400"), (b"", "6C04"))
        check("too far", card.sw("00B2040404"), "6A83")
        check("next is first", card.raw("00B2000204"), (b"\x01" * 4, "9000"))
        check("next with wrong Le", card.raw("00B2000200"), (b"", "6C04"))
        check("did not move", card.raw("00B2000204"), (second, "9000"))
        check("current", card.raw("00B2000404"), (second, "9000"))
        check("next", card.raw("00B2000204"), (b"abcd", "9000"))
        check("no next", card.sw("00B2000204"), "6A83")
        check("previous", card.raw("00B2000304"), (second, "9000"))
        check("mode", card.sw("00B2010504"), "6A86")
        check("READ BINARY", card.sw("00B0000001"), "6981")
        check("SELECT MF", card.select("3F00"), "9000")
        check("by SFI", card.raw("00B2032C04"), (b"abcd", "9000"))
        check("no such SFI", card.sw("00B2013C04"), "6A82")
        check("cyclic", card.select("6F03"), "9000")
        check("next", card.raw("00B2000202"), (b"\xAA\xAA", "9000"))
        check("next", card.raw("00B2000202"), (b"\xBB\xBB", "9000"))
        check("next comes round", card.raw("00B2000202"), (b"\xAA\xAA", "9000"))
        check("previous goes round", card.raw("00B2000302"), (b"\xBB\xBB", "9000"))


def test_update(bin_dir):
    more = RECORDS + """
ef 6F04 transparent
update always
sfi 08
hex 00112233
ef 6F05 linear-fixed
update always
sfi 09
record-length 2
records 2
"""
    with Scratch() as s, Card(bin_dir, s.small(more)) as card:
        check("SELECT", card.select("6F04"), "9000")
        check("UPDATE", card.sw("00D60001021A2B"), "9000")
        check("read back", card.raw("00B0000004"), (bytes.fromhex("001A2B33"), "9000"))
        check("over the end", card.sw("00D60003021A2B"), "6700")
        check("behind the end", card.sw("00D60004011A"), "6B00")
        check("SELECT MF", card.select("3F00"), "9000")
        check("by SFI", card.sw("00D6880301FF"), "9000")
        check("it is current", card.raw("00B0000004"), (bytes.fromhex("001A2BFF"), "9000"))
        check("again", card.sw("00D600030133"), "9000")
        check("SELECT", card.select("6F03"), "9000")
        check("absolute", card.sw("00DC010402CCDD"), "6A86")
        check("previous with a number", card.sw("00DC010302CCDD"), "6A86")
        check("short record", card.sw("00DC000301CC"), "6700")
        check("UPDATE RECORD", card.sw("00DC000302CCDD"), "9000")
        check("is number 1", card.raw("00B2010402"), (b"\xCC\xDD", "9000"))
        check("was number 1", card.raw("00B2020402"), (b"\xAA\xAA", "9000"))
        check("is current", card.raw("00B2000402"), (b"\xCC\xDD", "9000"))
        check("SELECT", card.select("6F05"), "9000")
        check("UPDATE RECORD", card.sw("00DC02040211"), "6700")
        check("UPDATE RECORD", card.sw("00DC0204021122"), "9000")
        check("by SFI", card.sw("00DC014C023344"), "9000")
        check("too far", card.sw("00DC0304021122"), "6A83")
        check("next", card.sw("00DC0002025566"), "9000")
        check("read back", card.raw("00B2010402"), (b"\x55\x66", "9000"))
        check("read back", card.raw("00B2020402"), (b"\x11\x22", "9000"))
        check("SELECT", card.select("6F01"), "9000")
        check("never", card.sw("00D600000100"), "6982")
        card.reset()
        check("SELECT", card.select("6F04"), "9000")
        check("kept over a reset", card.raw("00B0000004"), (bytes.fromhex("001A2B33"), "9000"))


TREE = """
df 7F10
  ef 6F3A transparent
  hex AA
  df 5F3A
    ef 4F01 transparent
    hex BB
  end
end
df 7F20
  ef 6F07 transparent
  hex CC
end
adf A0000000010101 fid 7FA1
  ef 4F02 transparent
  hex D1
end
adf A0000000010102
  ef 4F02 transparent
  hex D2
end
"""


def test_select_by_fid(bin_dir):
    with Scratch() as s, Card(bin_dir, s.small(TREE)) as card:
        def where(steps, wanted):
            card.reset()
            for fid in steps[:-1]:
                check(f"{steps}: {fid}", card.select(fid), "9000")
            check(f"{steps}", card.select(steps[-1]), wanted)

        where(["6F3A"], "6A82")
        where(["7F10", "6F3A"], "9000")
        where(["7F10", "5F3A", "4F01"], "9000")
        where(["7F10", "4F01"], "6A82")
        where(["7F10", "7F20", "6F07"], "9000")     # a DF beside the current one
        where(["7F10", "6F07"], "6A82")
        where(["7F10", "6F01"], "6A82")             # an EF of the parent is out of reach
        where(["7F10", "5F3A", "7F10", "6F3A"], "9000")
        where(["7F10", "5F3A", "7F20"], "6A82")
        where(["7F10", "5F3A", "3F00", "6F01"], "9000")
        where(["7F10", "5F3A", "5F3A"], "9000")
        where(["7F10", "3FFF", "6F3A"], "9000")
        where(["7FFF"], "6A82")
        where(["7FA1", "4F02"], "9000")
        where(["7FA1", "3F00", "7FFF", "4F02"], "9000")
        where(["7F10", "6F3A", "5F3A"], "9000")
        card.reset()
        check("child DF", card.select("7F10", p1=1), "9000")
        check("child DF that is an EF", card.select("6F3A", p1=1), "6A82")
        check("child DF not below", card.select("7F20", p1=1), "6A82")
        check("parent", card.sw("00A4030C00"), "9000")
        check("now in the MF", card.select("6F01"), "9000")
        check("MF has no parent", card.sw("00A4030C00"), "6A82")
        check("FID of 3 bytes", card.sw("00A4000C037F1020"), "6700")
        check("P1", card.sw("00A4020C027F10"), "6A86")
        check("P2", card.sw("00A40008027F10"), "6A86")
        check("a failed SELECT changes nothing", card.select("4F01"), "6A82")
        check("still current", card.raw("00B0000001"), (b"\0", "9000"))


def test_select_by_path(bin_dir):
    with Scratch() as s, Card(bin_dir, s.small(TREE)) as card:
        check("from MF", card.select("7F105F3A4F01", p1=8), "9000")
        check("read", card.raw("00B0000001"), (b"\xBB", "9000"))
        check("from MF again", card.select("7F206F07", p1=8), "9000")
        check("read", card.raw("00B0000001"), (b"\xCC", "9000"))
        check("with MF in it", card.select("3F006F01", p1=8), "6A82")
        check("through an EF", card.select("6F016F01", p1=8), "6A82")
        check("no application yet", card.select("7FFF4F02", p1=8), "6A82")
        check("odd", card.sw("00A4080C037F1020"), "6700")
        check("DF", card.select("7F10", p1=8), "9000")
        check("from current DF", card.select("5F3A4F01", p1=9), "9000")
        check("not below", card.select("7F206F07", p1=9), "6A82")
        check("AID", card.select_aid(bytes.fromhex("A0000000010102")), "9000")
        check("MF", card.select("3F00"), "9000")
        check("in the application", card.select("7FFF4F02", p1=8), "9000")
        check("read", card.raw("00B0000001"), (b"\xD2", "9000"))
        check("the other by its FID", card.select("7FA14F02", p1=8), "9000")
        check("read", card.raw("00B0000001"), (b"\xD1", "9000"))


def test_select_by_aid(bin_dir):
    with Scratch() as s, Card(bin_dir, s.small(TREE)) as card:
        def read(p2, wanted):
            check(f"SELECT P2={p2:02X}", card.sw(f"00A404{p2:02X}06A00000000101"), "9000")
            check("EF", card.select("4F02"), "9000")
            check("content", card.raw("00B0000001"), (wanted, "9000"))

        read(0x0C, b"\xD1")
        read(0x0D, b"\xD2")
        check("no next", card.sw("00A4040E06A00000000101"), "6A82")
        read(0x0F, b"\xD1")
        read(0x0E, b"\xD2")
        check("unknown", card.select_aid(PKCS15), "6A82")
        check("longer than any", card.select_aid(bytes.fromhex("A000000001010101")), "6A82")
        check("none", card.sw("00A4040C00"), "6700")
        # Ending the session leaves the application.
        check("terminate", card.sw("00A4044C07A0000000010101"), "9000")
        check("no application", card.select("7FFF"), "6A82")


def test_fcp(bin_dir):
    with Card(bin_dir, profile("connect")) as card:
        data, status = card.command("00A40004022F00")
        check("EF(DIR)", (data, status), (bytes.fromhex(
            "6221 8205 4221 0028 02 83022F00 8A0105 AB0A 800101 9000 800102 9700 80020050 8801F0"), "9000"))
        data, status = card.command("00A40404" + f"{len(PKCS15):02X}" + PKCS15.hex())
        check("status", status, "9000")
        check("PKCS#15", dict(tlv(tlv(data)[0][1])), {
            0x82: b"\x78\x21", 0x83: b"\x7F\x50", 0x84: PKCS15, 0xA5: b"\x80\x01\x71",
            0x8A: b"\x05", 0xC6: bytes.fromhex("900180830101")})
        data, status = card.command("00A40004025031")
        check("EF(ODF)", dict(tlv(tlv(data)[0][1])), {
            0x82: b"\x41\x21", 0x83: b"\x50\x31", 0x8A: b"\x05", 0x8B: b"\x2F\x06\x01",
            0x80: b"\x00\x20", 0x88: b""})
        check("USIM", card.select_aid(USIM), "9000")
        data, status = card.command("00A40004026F07")
        check("read with PIN1", dict(tlv(tlv(data)[0][1]))[0xAB],
              bytes.fromhex("800101 A406830101950108 800102 9700"))
        check("P2=00 gives the same", card.command("00A40000026F07"), (data, "9000"))


def test_status(bin_dir):
    with Card(bin_dir, profile("connect")) as card:
        data, status = card.command("80F2000000")
        check("MF", (data[:2] + data[6:10], status),
              (bytes([0x62, len(data) - 2]) + bytes.fromhex("83023F00"), "9000"))
        check("no application", card.sw("80F2000100"), "6A88")
        check("AID", card.select_aid(PKCS15), "9000")
        check("EF", card.select("5031"), "9000")
        check("name", card.command("80F2000100"), (b"\x84\x0C" + PKCS15, "9000"))
        check("no data", card.raw("80F2000C00"), (b"", "9000"))
        check("P1", card.sw("80F2030C00"), "6A86")
        check("class", card.sw("00F2000C00"), "6E00")
        check("the EF is still current", card.raw("00B0000001"), (b"\xA7", "9000"))


def test_channels(bin_dir):
    with Card(bin_dir, profile("connect")) as card:
        check("closed", card.sw("01A4000C022FE2"), "6881")
        check("wrong Le", card.raw("0070000000"), (b"", "6C01"))
        for i in (1, 2, 3):
            check("open", card.raw("0070000001"), (bytes([i]), "9000"))
        check("none left", card.raw("0070000001"), (b"", "6A81"))
        check("AID", card.select_aid(PKCS15, cla=1), "9000")
        check("EF(ODF)", card.select("5031", cla=1), "9000")
        check("channel 0 stays", card.select("2FE2"), "9000")
        check("channel 1", card.raw("01B0000001"), (b"\xA7", "9000"))
        check("channel 0", card.raw("00B0000001"), (b"\x98", "9000"))
        check("SELECT", card.sw("01A40004025031")[:2], "61")
        check("the answer is channel 1's", card.sw("00C0000001"), "6985")
        check("close", card.sw("0070800100"), "9000")
        check("twice", card.sw("0070800100"), "6881")
        check("channel 0", card.sw("0070800000"), "6A86")
        check("by number", card.sw("0070000100"), "9000")
        check("by number, taken", card.sw("0070000200"), "6A81")
        check("open: starts at the MF", card.select("2FE2", cla=1), "9000")
        card.reset()
        check("closed by reset", card.sw("01A4000C022FE2"), "6881")


def test_pin(bin_dir):
    right, wrong = "0020000108" + "31323334FFFFFFFF", "0020000108" + "39393939FFFFFFFF"
    with Card(bin_dir, profile("connect")) as card:
        check("USIM", card.select_aid(USIM), "9000")
        check("EF(IMSI)", card.select("6F07"), "9000")
        check("locked", card.sw("00B0000009"), "6982")
        check("tries", card.sw("0020000100"), "63C3")
        check("wrong", card.sw(wrong), "63C2")
        check("tries", card.sw("0020000100"), "63C2")
        check("right", card.sw(right), "9000")
        check("verified", card.sw("0020000100"), "9000")
        check("open", card.raw("00B0000009"), (bytes.fromhex("080910101032547698"), "9000"))
        card.reset()
        check("counter is full", card.sw("0020000100"), "63C3")
        check("unknown key", card.sw("0020000500"), "6A88")
        check("short", card.sw("00200001043132FFFF"), "6700")
        for left in "210":
            check("wrong", card.sw(wrong), "63C" + left)
        check("blocked", card.sw(right), "6983")
        card.reset()
        check("blocked for good", card.sw(right), "6983")
    with Scratch() as s:
        path = s.small("read pin1\nkey pin1 \"0000\" disabled")
        with Card(bin_dir, path) as card:
            check("SELECT", card.select("6F01"), "9000")
            check("disabled", card.raw("00B0000001"), (b"\0", "9000"))
            check("VERIFY", card.sw("0020000108" + "30303030FFFFFFFF"), "6984")


def test_never_and_deactivated(bin_dir):
    with Card(bin_dir, profile("unreadable-indicator")) as card:
        check("AID", card.select_aid(PKCS15), "9000")
        check("EF", card.select("6433"), "9000")
        check("never", card.sw("00B0000001"), "6982")
    with Scratch() as s, Card(bin_dir, s.small("deactivated")) as card:
        check("SELECT", card.select("6F01"), "6283")
        check("READ", card.sw("00B0000001"), "6985")


def test_unknown_commands(bin_dir):
    with Card(bin_dir, profile("connect")) as card:
        for command, wanted in (("0084000008", "6D00"), ("8084000008", "6D00"),
                                ("A0A40000023F00", "6E00"), ("F0A4000C023F00", "6E00"),
                                ("80A4000C023F00", "6E00"), ("0CA4000C023F00", "6E00"),
                                ("10A4000C023F00", "6E00"), ("00B000000100", "6700"),
                                ("00A40004", "6700")):
            check(command, card.sw(command), wanted)
        check("three bytes", card.raw("00A400", seconds=0.3), None)


def test_2g(bin_dir):
    with Card(bin_dir, profile("2g")) as card:
        check("UICC class", card.sw("00A40004023F00"), "6E00")
        check("MF", card.sw("A0A40000023F00"), "9F17")
        data, status = card.raw("A0C0000017")
        check("MF", (data.hex(), status),
              ("000000003f00010000000000" + "0a1301030400" + "8300000000", "9000"))
        check("again, in part", card.raw("A0C0000006"), (data[:6], "9000"))
        check("not found", card.sw("A0A40000026F07"), "9404")
        check("no EF", card.sw("A0B0000001"), "9400")
        check("EF(ICCID)", card.sw("A0A40000022FE2"), "9F0F")
        data, status = card.raw("A0C000000F")
        check("EF(ICCID)", (data.hex(), status), ("0000000a2fe204000f004401020000", "9000"))
        check("READ", card.raw("A0B000000A"), (ICCID, "9000"))
        check("too much", card.sw("A0B0000010"), "670A")
        check("behind the end", card.sw("A0B0001001"), "9402")
        check("record of it", card.sw("A0B2010401"), "9408")
        check("DF", card.sw("A0A40000027F50"), "9F17")
        check("EF(ODF)", card.sw("A0A40000025031"), "9F0F")
        check("READ", card.raw("A0B0000004"), (bytes.fromhex("A7063004"), "9000"))
        check("CHV1 wrong", card.sw("A020000108" + "39393939FFFFFFFF"), "9804")
        check("by AID", card.sw("A0A4040005A000000063"), "6B00")
        check("channel", card.sw("A070000001"), "6D00")
        check("no FCP P2", card.sw("A0A40004023F00"), "6B00")


def test_2g_and_uicc_in_one(bin_dir):
    with Scratch() as s, Card(bin_dir, s.small("card both")) as card:
        check("UICC first", card.select("6F01"), "9000")
        check("then not 2G", card.sw("A0A40000023F00"), "6E00")
        card.reset()
        check("2G first", card.sw("A0A40000023F00"), "9F17")
        check("then not UICC", card.sw("00A4000C023F00"), "6E00")


def test_frames(bin_dir):
    card = Card(bin_dir, profile("connect"), stderr=subprocess.DEVNULL)
    card.process.stdin.write(b"\x00\x05\x00\xB0")
    card.process.stdin.close()
    check("end inside a frame", card.process.wait(timeout=5), 1)
    card = Card(bin_dir, profile("connect"), stderr=subprocess.DEVNULL)
    card.process.stdin.write(b"\xFF\xFF")
    check("a frame too long", card.process.wait(timeout=5), 1)
    if card.process.stdout.read() != b"":
        raise Failure("an answer to no command")
