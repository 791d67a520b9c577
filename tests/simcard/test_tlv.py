# SPDX-License-Identifier: GPL-2.0-or-later
"""BER-TLV EFs: RETRIEVE DATA and SET DATA in blocks, over T=0 and as APDUs."""

from harness import ATR_T0, ATR_T1, Card, Failure, Scratch, check, tlv

VALUE = bytes(i & 0xFF for i in range(600))
BIG = b"\x81\x82\x02\x58" + VALUE
FILES = f"""
key pin1 "1234"
key pin2 "5678"
ef 6F02 ber-tlv
sfi 0A
size 1000
update always
object 80 hex 0102
object 81 hex {VALUE.hex()}
object 9F8101 text "three"
object 9F02
ef 6F03 ber-tlv
read pin1
update pin2
size 64
object 80 hex AA
"""
PIN1 = "0020000108" + "31323334FFFFFFFF"
PIN2 = "0020008108" + "35363738FFFFFFFF"


def open_file(bin_dir, s, atr=ATR_T0, more=""):
    card = Card(bin_dir, s.small(FILES + more, atr=atr))
    check("SELECT", card.select("6F02"), "9000")
    return card


def retrieve(card, tag):
    """An object with tag and length, as a T=0 reader fetches it."""
    data, status = card.command(f"80CB0080{len(tag) // 2:02X}{tag}")
    blocks = 1
    while status == "62F1":
        more, status = card.command("80CB0000FF")
        data += more
        blocks += 1
    return data, status, blocks


def store(card, value, block=255):
    for at in range(0, len(value), block):
        part = value[at:at + block]
        status = card.sw(f"80DB00{0 if at else 0x80:02X}{len(part):02X}{part.hex()}")
        if at + block < len(value):
            check(f"block at {at}", status, "63F1")
    return status


def test_tlv_retrieve(bin_dir):
    with Scratch() as s, open_file(bin_dir, s) as card:
        check("short", retrieve(card, "80"), (bytes.fromhex("80020102"), "9000", 1))
        check("three bytes of tag", retrieve(card, "9F8101"),
              (bytes.fromhex("9F8101057468726565"), "9000", 1))
        check("empty", retrieve(card, "9F02"), (bytes.fromhex("9F0200"), "9000", 1))
        check("long", retrieve(card, "81"), (BIG, "9000", 3))
        check("first block", card.raw("80CB00800181"), (b"", "6100"))
        check("its data", card.raw("00C0000000"), (BIG[:256], "62F1"))
        check("next", card.raw("80CB000010"), (BIG[256:272], "62F1"))
        check("again", card.raw("80CB004010"), (BIG[256:272], "62F1"))
        check("next", card.raw("80CB0000FF"), (BIG[272:527], "62F1"))
        check("more than is left", card.raw("80CB0000FF"), (b"", "6C4D"))
        check("the rest", card.raw("80CB00004D"), (BIG[527:], "9000"))
        check("nothing left", card.sw("80CB0000FF"), "6985")
        check("by SFI", (card.select("3F00"), card.sw("80CB008A0180")), ("9000", "6104"))
        check("no such SFI", card.sw("80CB008B0180"), "6A82")


def test_tlv_retrieve_errors(bin_dir):
    with Scratch() as s, open_file(bin_dir, s) as card:
        check("no such object", card.sw("80CB00800182"), "6A88")
        check("two tags", card.sw("80CB0080028081"), "6A80")
        check("no tag", card.sw("80CB008000"), "6A80")
        check("no first block", card.sw("80CB0000FF"), "6985")
        check("P1", card.sw("80CB01800180"), "6A86")
        check("P2", card.sw("80CB00C00180"), "6A86")
        check("next by SFI", card.sw("80CB000AFF"), "6A86")
        check("class", card.sw("00CB00800180"), "6E00")
        check("a block", card.command("80CB00800181")[1], "62F1")
        check("another command", card.sw("80F2000C"), "9000")
        check("ended the transfer", card.sw("80CB0000FF"), "6985")
        for command in ("00B0000001", "00B2010401"):
            check(command, card.sw(command), "6981")
        check("UPDATE BINARY", card.sw("00D6000001FF"), "6981")
        check("other structure", (card.select("6F01"), card.sw("80CB00800180")), ("9000", "6981"))
        check("on no EF", (card.select("3F00"), card.sw("80CB00800180")), ("9000", "6986"))


def test_tlv_set(bin_dir):
    with Scratch() as s, open_file(bin_dir, s) as card:
        check("replace", store(card, bytes.fromhex("800400112233")), "9000")
        check("read back", retrieve(card, "80")[0], bytes.fromhex("800400112233"))
        check("the others stay", retrieve(card, "81")[0], BIG)
        check("new", store(card, b"\x90\x82\x01\x2C" + b"\x5A" * 300), "9000")
        check("read back", retrieve(card, "90")[0], b"\x90\x82\x01\x2C" + b"\x5A" * 300)
        check("no space", store(card, b"\x91\x81\x80" + b"\0" * 128), "6A84")
        check("nothing stored", card.sw("80CB00800191"), "6A88")
        check("delete", card.sw("80DB00800181"), "9000")
        check("gone", card.sw("80CB00800181"), "6A88")
        check("delete again", card.sw("80DB00800181"), "6A88")
        check("now there is space", store(card, b"\x91\x81\x80" + b"\0" * 128), "9000")
        card.reset()
        check("SELECT", card.select("6F02"), "9000")
        check("kept over a reset", retrieve(card, "80")[0], bytes.fromhex("800400112233"))
        check("by SFI", (card.select("3F00"), card.sw("80DB008A03920107")), ("9000", "9000"))
        check("read back", retrieve(card, "92")[0], bytes.fromhex("920107"))


def test_tlv_set_errors(bin_dir):
    with Scratch() as s, open_file(bin_dir, s) as card:
        check("longer than its length", card.sw("80DB00800480010203"), "6A80")
        check("no first block", card.sw("80DB000001FF"), "6985")
        check("first of two", card.sw("80DB008003930401"), "63F1")
        check("too much", card.sw("80DB0000050102030405"), "6A80")
        check("the transfer is over", card.sw("80DB00000102"), "6985")
        check("first of two", card.sw("80DB008003930401"), "63F1")
        check("another command", card.sw("80F2000C"), "9000")
        check("the transfer is over", card.sw("80DB00000102"), "6985")
        check("length of no length", card.sw("80DB00800293 80".replace(" ", "")), "6A80")
        check("length in five bytes", card.sw("80DB0080069384000000FF"), "6A80")
        check("larger than any file", card.sw("80DB00800593 83FFFFFF".replace(" ", "")), "6A84")
        check("no tag", card.sw("80DB0080019F"), "6A80")
        check("nothing", card.sw("80DB008000"), "6700")
        check("not stored", card.sw("80CB00800193"), "6A88")


def test_tlv_channels_apart(bin_dir):
    with Scratch() as s, open_file(bin_dir, s) as card:
        check("channel", card.raw("0070000001"), (b"\x01", "9000"))
        check("SELECT", card.select("6F02", cla=1), "9000")
        check("block on 0", card.command("80CB00800181")[1], "62F1")
        check("block on 1", card.raw("81CB00800180"), (b"", "6104"))
        check("goes on", card.raw("80CB000001"), (BIG[256:257], "62F1"))
        check("the object is replaced", card.sw("81DB008003810155"), "9000")
        check("ended by the change", card.sw("80CB000001"), "6985")
        check("new", retrieve(card, "81")[0], bytes.fromhex("810155"))
        check("first of two", card.sw("81DB008003930401"), "63F1")
        check("not of this channel", card.sw("80DB00000102"), "6985")


def test_tlv_access(bin_dir):
    with Scratch() as s, open_file(bin_dir, s) as card:
        check("SELECT", card.select("6F03"), "9000")
        check("read", card.sw("80CB00800180"), "6982")
        check("write", card.sw("80DB008003800155"), "6982")
        check("PIN1", card.sw(PIN1), "9000")
        check("read", retrieve(card, "80")[0], bytes.fromhex("8001AA"))
        check("write", card.sw("80DB008003800155"), "6982")
        check("local PIN", card.sw("0020008100"), "63C3")
        check("local PIN", card.sw(PIN2), "9000")
        check("write", card.sw("80DB008003800155"), "9000")
        check("read", retrieve(card, "80")[0], bytes.fromhex("800155"))


def test_tlv_fcp(bin_dir):
    with Scratch() as s, open_file(bin_dir, s) as card:
        fcp = dict(tlv(tlv(card.command("00A40004026F02")[0])[0][1]))
        check("descriptor", fcp[0x82], b"\x79\x21")
        check("used", fcp[0x80], bytes.fromhex("026C"))
        check("may grow to", fcp[0xA5], bytes.fromhex("860203E8"))
        check("SFI", fcp[0x88], b"\x50")


def test_tlv_as_apdus(bin_dir):
    with Scratch() as s, open_file(bin_dir, s, atr=ATR_T1) as card:
        check("first block", card.raw("80CB0080018100"), (BIG[:256], "62F1"))
        check("next", card.raw("80CB000000"), (BIG[256:512], "62F1"))
        check("the rest", card.raw("80CB0000FF"), (BIG[512:], "9000"))
        check("without Le", card.raw("80CB00800180"), (b"", "6104"))
        check("SET DATA", card.sw("80DB008003810155"), "9000")
        check("short", card.raw("80CB0080018100"), (bytes.fromhex("810155"), "9000"))


def test_tlv_32k(bin_dir):
    value = bytes(i * 7 & 0xFF for i in range(32700))
    more = "\nef 6F04 ber-tlv\nupdate always\nsize 32768\n"
    with Scratch() as s, open_file(bin_dir, s, more=more) as card:
        check("SELECT", card.select("6F04"), "9000")
        check("SET DATA", store(card, b"\x80\x82\x7F\xBC" + value), "9000")
        data, status, blocks = retrieve(card, "80")
        check("RETRIEVE DATA", (data == b"\x80\x82\x7F\xBC" + value, status), (True, "9000"))
        if blocks < 128:
            raise Failure(f"{blocks} blocks")
