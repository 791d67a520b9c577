# SPDX-License-Identifier: GPL-2.0-or-later
"""APDUs for T=0 cards, extended length, twenty channels, cards that a modem shares."""

import os
import struct
import subprocess

from harness import (ATR_T0, ATR_T1, PKCS15, Card, Failure, Kernel, Scratch, check, profile,
                     tlv)

# The third byte of the card capabilities is 5B: extended length.
ATR_EXTENDED = bytes.fromhex("3B9E96801FC78031E073FE215B646D7363303100EE")
CONTENT = bytes(i * 13 & 0xFF for i in range(5000))
FILES = f"""
ef 6F02 transparent
update always
hex {CONTENT[:1000].hex()}
hex {CONTENT[1000:2000].hex()}
hex {CONTENT[2000:3000].hex()}
hex {CONTENT[3000:4000].hex()}
hex {CONTENT[4000:].hex()}
ef 6F03 ber-tlv
update always
size 5000
ef 6F04 linear-fixed
record-length 4
record hex 01020304
"""


def long_card(bin_dir, s, more="extended"):
    card = Card(bin_dir, s.small(FILES + more, atr=ATR_EXTENDED))
    check("SELECT", card.select("6F02"), "9000")
    return card


def test_long_apdus_of_a_t0_card(bin_dir):
    with Scratch() as s, Card(bin_dir, s.small("apdu\n" + FILES)) as card:
        check("ATR", card.reset(), ATR_T0)
        data, status = card.raw("00A40004026F0200")
        check("SELECT, case 4", (data[0], status), (0x62, "9000"))
        check("Le 00", card.raw("00B0000000"), (CONTENT[:256], "9000"))
        check("Le", card.raw("00B000FF02"), (CONTENT[255:257], "9000"))
        check("the end", card.raw("00B0138010"), (CONTENT[-8:], "6282"))
        check("not extended", card.sw("00B00000000400"), "6700")
        check("record", card.select("6F04"), "9000")
        check("Le 00", card.raw("00B2010400"), (bytes.fromhex("01020304"), "9000"))


def test_long_reads_and_writes(bin_dir):
    with Scratch() as s, long_card(bin_dir, s) as card:
        check("case 2E", card.raw("00B00000001000"), (CONTENT[:4096], "9000"))
        check("offset", card.raw("00B01000000400"), (CONTENT[4096:], "6282"))
        check("Le 0000", card.raw("00B00000000000"), (CONTENT[:4096], "9000"))
        check("case 2S", card.raw("00B0000000"), (CONTENT[:256], "9000"))
        data = bytes(range(250)) * 16
        check("case 3E", card.sw("00D6000100" + f"{len(data):04X}" + data.hex()), "9000")
        check("read back", card.raw("00B00000001000"),
              (CONTENT[:1] + data + CONTENT[4001:4096], "9000"))
        check("over the end", card.sw("00D6138000" + "0009" + "00" * 9), "6700")
        data, status = card.raw("00A4000400" + "0002" + "6F02" + "0000")
        check("case 4E", (data[0], status), (0x62, "9000"))
        for bad in ("00B000000004", "00D60000000000", "00D600000000020A",
                    "00A40004000002" + "6F02" + "00"):
            check(bad, card.sw(bad), "6700")


def test_long_objects(bin_dir):
    value = b"\x81\x82\x12\x00" + CONTENT[:0x1200]
    with Scratch() as s, long_card(bin_dir, s) as card:
        check("SELECT", card.select("6F03"), "9000")
        check("first", card.sw("80DB008000" + "1000" + value[:4096].hex()), "63F1")
        check("next", card.sw("80DB000000" + f"{len(value) - 4096:04X}" + value[4096:].hex()),
              "9000")
        check("first", card.raw("80CB008000" + "0001" + "81" + "1000"), (value[:4096], "62F1"))
        check("next", card.raw("80CB0000001000"), (value[4096:], "9000"))


def test_long_needs_the_atr(bin_dir):
    with Scratch() as s:
        for atr, wanted in ((ATR_EXTENDED.hex(), 0), (ATR_T0.hex(), 1), ("3B00", 1),
                            ("3B0410739640", 1), ("3B0500739600 40", 0), ("3B0300719640", 1),
                            ("3B0600739600BF 40", 1), ("3B0700118073960040", 0)):
            path = s.small("extended", atr=bytes.fromhex(atr))
            done = subprocess.run([os.path.join(bin_dir, "simcard"), "show", path],
                                  capture_output=True, timeout=10, check=False)
            check(atr, done.returncode, wanted)


def test_twenty_channels(bin_dir):
    with Scratch() as s, Card(bin_dir, s.small(FILES + "channels 20")) as card:
        check("SELECT", card.select("6F02"), "9000")
        for i in range(1, 20):
            check("open", card.raw("0070000001"), (bytes([i]), "9000"))
        check("none left", card.raw("0070000001"), (b"", "6A81"))
        check("by number", card.sw("0070001400"), "6A86")
        for i in range(4, 20):
            check(f"nothing selected on {i}", card.sw(f"{0x40 + i - 4:02X}B0000001"), "6986")
        check("on 19", card.select("6F04", cla=0x4F), "9000")
        check("on 4", card.select("6F01", cla=0x40), "9000")
        check("19", card.raw("4FB2010404"), (bytes.fromhex("01020304"), "9000"))
        check("4", card.raw("40B0000102"), (b"\x01\x02", "9000"))
        check("0", card.raw("00B0000002"), (CONTENT[:2], "9000"))
        check("STATUS", card.sw("CFF2000C"), "9000")
        check("close", card.sw("0070801300"), "9000")
        check("closed", card.sw("4FB2010404"), "6881")
        check("opened from 4: inherits", card.raw("4070000001"), (b"\x13", "9000"))
        check("19", card.raw("4FB0000102"), (b"\x01\x02", "9000"))
        for cla in ("60", "50", "70", "30", "C0"):
            check(f"class {cla}", card.sw(f"{cla}A4000C026F01"), "6E00")


def test_one_channel(bin_dir):
    with Scratch() as s:
        with Card(bin_dir, s.small("channels 1")) as card:
            check("none", card.raw("0070000001"), (b"", "6A81"))
            check("by number", card.sw("0070000100"), "6A81")
            check("channel 1", card.select("6F01", cla=1), "6881")
        with Card(bin_dir, s.small("quirk no-channels 6A81")) as card:
            check("open", card.raw("0070000001"), (b"", "6A81"))


def test_arr_with_security_environment(bin_dir):
    arr = ("\nef 6F06 transparent\narr 2F06 2\nhex 00\nef 6F07 transparent\narr 2F06 2 se 01\nhex 00\n"
           "ef 2F06 linear-fixed\nrecord-length 4\nrecords 2\n")
    with Scratch() as s, Card(bin_dir, s.small(arr)) as card:
        for fid, wanted in (("6F06", "2F0602"), ("6F07", "2F060102")):
            fcp = dict(tlv(tlv(card.command(f"00A4000402{fid}")[0])[0][1]))
            check(fid, fcp[0x8B], bytes.fromhex(wanted))


def serve(bin_dir, path, *more):
    return Kernel([os.path.join(bin_dir, "simcard"), "serve", path, "--reader-fd", None, *more])


def ctl(bin_dir, sock, *words):
    done = subprocess.run([os.path.join(bin_dir, "simcard"), "ctl", sock, *words],
                          capture_output=True, text=True, timeout=10, check=False)
    return done.returncode, done.stdout + done.stderr


def test_serve_extended(bin_dir):
    with Scratch() as s, serve(bin_dir, s.small(FILES + "extended", atr=ATR_EXTENDED)) as kernel:
        kernel.register(atr=ATR_EXTENDED)
        check("SELECT", kernel.command("00A4000C026F02"), "9000")
        check("READ", kernel.command("00B00000001000"), CONTENT[:4096].hex().upper() + "9000")
        data = bytes(4096)
        check("UPDATE", kernel.command("00D6000000" + "1000" + data.hex()), "9000")
        check("READ", kernel.command("00B00000001000"), data.hex().upper() + "9000")


def test_serve_shared(bin_dir):
    with Scratch() as s:
        sock = os.path.join(s.path, "ctl")
        for path, more in ((profile("connect"), ["--shared"]), (profile("shared"), [])):
            with serve(bin_dir, path, "--control", sock, *more) as kernel:
                kernel.register()
                check("modem", ctl(bin_dir, sock, "command", "00A4000C022FE2"), (0, "ok 9000\n"))
                check("kernel opens a channel", kernel.command("0070000001"), "019000")
                check("kernel", kernel.command("01A4040C0C" + PKCS15.hex()), "9000")
                check("no reset", kernel.reset(), ATR_T0)
                kernel.send(kernel.POWER_OFF)
                check("modem", ctl(bin_dir, sock, "command", "00B0000002"), (0, "ok 98949000\n"))
                check("kernel", kernel.command("01A4000C025031"), "9000")
                check("modem resets", ctl(bin_dir, sock, "reset"), (0, "ok reset\n"))
                check("the channel is gone", kernel.command("01B0000001"), "6881")
                for words in (["command"], ["command", "0"], ["command", "xyz1"],
                              ["command", "00A4000C022FE"], ["reset", "now"]):
                    check(str(words), ctl(bin_dir, sock, *words)[0], 1)
                check("quit", ctl(bin_dir, sock, "quit")[0], 0)


def test_serve_other_flags(bin_dir):
    with Scratch() as s:
        sock = os.path.join(s.path, "ctl")
        apdu = s.small("apdu", name="apdu")
        t1 = s.small(name="t1", atr=ATR_T1)
        for path, bad, good in ((profile("connect"), apdu, t1), (apdu, profile("connect"), t1)):
            with serve(bin_dir, path, "--control", sock) as kernel:
                kernel.register()
                check("remove", ctl(bin_dir, sock, "remove")[0], 0)
                check("refused", ctl(bin_dir, sock, "insert", bad),
                      (1, "error that card needs a reader with other flags\n"))
                check("another", ctl(bin_dir, sock, "insert", good)[0], 0)
                check("quit", ctl(bin_dir, sock, "quit")[0], 0)


def test_bridge_extended(bin_dir):
    with Scratch() as s:
        path = s.small(FILES + "extended", atr=ATR_EXTENDED)
        for option, wanted in (("--extended", CONTENT[:4096].hex().upper() + "9000"),
                               ("--apdu", None)):
            with Kernel([os.path.join(bin_dir, "uicc-bridge"), "pipe", "--reader-fd", None,
                         option, "--", os.path.join(bin_dir, "simcard"), "apdu", path]) as kernel:
                kernel.register(atr=ATR_EXTENDED)
                check("SELECT", kernel.command("00A4000C026F02"), "9000")
                seq = kernel.send(kernel.COMMAND, bytes.fromhex("00B00000001000"))
                answer = kernel.receive()
                if wanted is None:
                    check("an answer too long", answer, (kernel.REMOVE, 0, b""))
                    continue
                check("READ", (answer[:2], answer[2].hex().upper()),
                      ((kernel.RESPONSE, seq), wanted))


def test_frames_of_extended_length(bin_dir):
    with Scratch() as s:
        card = Card(bin_dir, s.small("extended", atr=ATR_EXTENDED), stderr=subprocess.DEVNULL)
        card.process.stdin.write(struct.pack(">H", 4106))
        check("a frame too long", card.process.wait(timeout=5), 1)
        if card.process.stdout.read() != b"":
            raise Failure("an answer to no command")
