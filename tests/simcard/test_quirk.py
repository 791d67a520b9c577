# SPDX-License-Identifier: GPL-2.0-or-later
"""Every quirk does what it is named for, and nothing where it does not apply."""

import time

from harness import ATR_T0, PKCS15, SILENCE, Card, Failure, Scratch, check, tlv

EF2 = "\nef 6F02 transparent\nhex 6162636465\n"


def small(bin_dir, s, quirk, more=""):
    return Card(bin_dir, s.small(EF2 + more + "\n" + quirk))


def test_quirk_silent_after(bin_dir):
    with Scratch() as s, small(bin_dir, s, "quirk silent-after 2") as card:
        for _ in range(2):
            check("SELECT", card.select("6F01"), "9000")
            check("READ", card.raw("00B0000001"), (b"\0", "9000"))
            check("third", card.raw("00B0000001", seconds=SILENCE), None)
            check("reset", card.reset(), ATR_T0)


def test_quirk_silent(bin_dir):
    with Scratch() as s, small(bin_dir, s, "quirk silent READ-BINARY on 6F02 after 1 times 1") as c:
        check("SELECT", c.select("6F01"), "9000")
        check("other EF", c.raw("00B0000001"), (b"\0", "9000"))
        check("SELECT", c.select("6F02"), "9000")
        check("first", c.raw("00B0000001"), (b"a", "9000"))
        check("second", c.raw("00B0000001", seconds=SILENCE), None)
        check("third", c.raw("00B0000001"), (b"a", "9000"))


def test_quirk_sw(bin_dir):
    with Scratch() as s, small(bin_dir, s, "quirk sw READ 6F00 on 6F02 times 2") as card:
        check("SELECT", card.select("6F02"), "9000")
        for wanted in ((b"", "6F00"), (b"", "6F00"), (b"a", "9000")):
            check("READ", card.raw("00B0000001"), wanted)


def test_quirk_reply(bin_dir):
    with Scratch() as s, small(bin_dir, s, "quirk reply SELECT 01 02 61 05 times 1") as card:
        check("SELECT", card.raw("00A4000C026F01"), (b"\1\2", "6105"))
        check("SELECT", card.raw("00A4000C026F01"), (b"", "9000"))


def test_quirk_truncate_and_extra(bin_dir):
    with Scratch() as s, small(bin_dir, s, "quirk truncate READ-BINARY 2 on 6F01\n"
                               "quirk extra READ-BINARY 3 on 6F02") as card:
        check("SELECT", card.select("6F01"), "9000")
        check("READ", card.raw("00B0000005"), (bytes(range(3)), "9000"))
        check("READ 1", card.raw("00B0000001"), (b"", "9000"))
        check("SELECT", card.select("6F02"), "9000")
        check("READ", card.raw("00B0000005"), (b"abcde\xA5\xA5\xA5", "9000"))
        check("an error has no data", card.raw("00B0001005"), (b"", "6B00"))


def test_quirk_delay(bin_dir):
    with Scratch() as s, small(bin_dir, s, "quirk delay SELECT 300") as card:
        begin = time.monotonic()
        check("SELECT", card.select("6F01"), "9000")
        if not 0.29 < time.monotonic() - begin < 3:
            raise Failure(f"took {time.monotonic() - begin:.3f} s")


def test_quirk_map(bin_dir):
    with Scratch() as s, small(bin_dir, s, "quirk map 6A82 6A88\nquirk map 9000 9110") as card:
        check("not found", card.select("6F09"), "6A88")
        check("found", card.select("6F01"), "9110")
        check("READ", card.raw("00B0000001"), (b"\0", "9110"))


def test_quirk_no_fcp_and_no_fci(bin_dir):
    with Scratch() as s:
        with small(bin_dir, s, "quirk no-fcp") as card:
            check("P2=04", card.raw("00A40004026F01"), (b"", "9000"))
            check("P2=00", card.sw("00A40000026F01")[:2], "61")
        with small(bin_dir, s, "quirk no-fci 6B00") as card:
            check("P2=00", card.raw("00A40000026F01"), (b"", "6B00"))
            check("P2=04", card.sw("00A40004026F01")[:2], "61")


def test_quirk_le_6c(bin_dir):
    with Scratch() as s, small(bin_dir, s, "quirk le-6c 16") as card:
        check("SELECT", card.select("6F01"), "9000")
        check("Le 255", card.raw("00B00000FF"), (b"", "6C10"))
        check("Le 4", card.raw("00B0000004"), (b"", "6C10"))
        check("Le 16", card.raw("00B0000010"), (bytes(range(16)), "9000"))
        check("the end", card.raw("00B0002010"), (b"", "6C08"))


def test_quirk_le_00_none(bin_dir):
    with Scratch() as s, small(bin_dir, s, "quirk le-00-none") as card:
        check("SELECT", card.select("6F01"), "9000")
        check("Le 00", card.raw("00B0000000"), (b"", "9000"))
        check("Le 28", card.raw("00B0000028"), (bytes(range(40)), "9000"))


def test_quirk_eof_6c00(bin_dir):
    with Scratch() as s, small(bin_dir, s, "quirk eof-6c00") as card:
        check("SELECT", card.select("6F01"), "9000")
        check("end", card.raw("00B0002808"), (b"", "6C00"))
        check("repeated", card.raw("00B0002800"), (b"", "9000"))


def test_quirk_channels(bin_dir):
    with Scratch() as s:
        with small(bin_dir, s, "quirk no-channels 6D00\nquirk ignore-channel") as card:
            check("open", card.raw("0070000001"), (b"", "6D00"))
            check("channel 1 is channel 0", card.select("6F01", cla=1), "9000")
            check("READ", card.raw("00B0000001"), (b"\0", "9000"))
        with small(bin_dir, s, "quirk no-channels 6881") as card:
            check("open", card.raw("0070000001"), (b"", "6881"))
            check("channel 1", card.select("6F01", cla=1), "6881")


ADF = "adf A000000063504B43532D3135\nef 5031 transparent\nhex A7\nend\n"


def test_quirk_file_search(bin_dir):
    with Scratch() as s:
        with small(bin_dir, s, "quirk global-fid", ADF) as card:
            check("from the MF", card.select("5031"), "9000")
            check("READ", card.raw("00B0000001"), (b"\xA7", "9000"))
        with small(bin_dir, s, "quirk no-path-to-adf", ADF) as card:
            check("AID", card.select_aid(PKCS15), "9000")
            check("path", card.select("7FFF5031", p1=8), "6A82")
            check("FID", card.select("5031"), "9000")


def fcp_of(card, command):
    data, status = card.command(command)
    check("status", status, "9000")
    return tlv(tlv(data)[0][1])


def test_quirk_fcp(bin_dir):
    by_fid = "00A40004026F01"
    by_aid = f"00A404040C{PKCS15.hex()}"
    with Scratch() as s:
        with small(bin_dir, s, "", ADF) as card:
            plain = fcp_of(card, by_fid)
        with small(bin_dir, s, "quirk fcp-reversed") as card:
            check("reversed", fcp_of(card, by_fid), plain[::-1])
        with small(bin_dir, s, "quirk fcp-internal") as card:
            check("internal EF", dict(fcp_of(card, by_fid))[0x82], b"\x49\x21")
        with small(bin_dir, s, "quirk fcp-padded-aid", ADF) as card:
            check("AID", dict(fcp_of(card, by_aid))[0x84], PKCS15 + b"\xFF" * 4)
        with small(bin_dir, s, "quirk fcp-security compact") as card:
            check("compact", dict(fcp_of(card, by_fid))[0x8C], b"\x03\xFF\x00")
        with small(bin_dir, s, "quirk fcp-security none") as card:
            check("none", [t for t, _ in fcp_of(card, by_fid)], [0x82, 0x83, 0x8A, 0x80, 0x88])
        with small(bin_dir, s, "quirk fcp-size 9 on 6F01") as card:
            check("size", dict(fcp_of(card, by_fid))[0x80], b"\0\x09")
            check("other", dict(fcp_of(card, "00A40004026F02"))[0x80], b"\0\x05")


def test_quirk_mute_and_bad_atr(bin_dir):
    with Scratch() as s:
        with small(bin_dir, s, "quirk mute") as card:
            check("reset", card.reset(seconds=SILENCE), None)
            check("command", card.raw("00A4000C026F01", seconds=SILENCE), None)
        with Card(bin_dir, s.small("quirk bad-atr", atr=b"\x3B\xFF\x00")) as card:
            check("ATR", card.reset(), b"\x3B\xFF\x00")
