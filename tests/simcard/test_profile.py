# SPDX-License-Identifier: GPL-2.0-or-later
"""The profile's grammar: what it refuses and where, and what `show` and build.sh say."""

import os
import subprocess

import wbxml
from harness import ATR_T0, PROFILES, Failure, Scratch, check, profile

ATR = f"atr {ATR_T0.hex()}\n"


def run(bin_dir, *words):
    done = subprocess.run([os.path.join(bin_dir, "simcard"), *words], capture_output=True,
                          text=True, timeout=10, check=False)
    return done.returncode, done.stdout, done.stderr


def refused(bin_dir, text, line, reason):
    with Scratch() as s:
        path = s.write("card", text)
        status, out, err = run(bin_dir, "show", path)
        check(f"status of {text!r}", (status, out), (1, ""))
        where = f"simcard: {path}:{line}: " if line else "simcard: "
        if not err.startswith(where) or reason not in err or err.count("\n") != 1:
            raise Failure(f"{text!r}: {err!r} lacks {where!r} or {reason!r}")


def test_profile_errors_name_file_and_line(bin_dir):
    for text, line, reason in (
            ("colour blue\n", 1, 'unknown word "colour"'),
            ("# nothing\n\n  sfi 01\n", 3, "outside an EF"),
            ("atr 3B 9\n", 1, "odd number"),
            ("atr 3B ZZ\n", 1, "not hex"),
            ("atr " + "3B" * 34 + "\n", 1, "more than 33"),
            (ATR + ATR, 2, "second atr"),
            ("card 3g\n", 1, "uicc, 2g or both"),
            ("ef 2FE transparent\n", 1, "odd number"),
            ("ef 2F transparent\n", 1, "not 4 hex digits"),
            ("ef 3F00 transparent\n", 1, "reserved"),
            ("ef 2FE2 wide\n", 1, "transparent, linear-fixed, cyclic or ber-tlv"),
            ("ef 2FE2 transparent\nef 2FE2 transparent\n", 2, "already"),
            ("ef 2FE2 transparent\nsfi 1F\n", 2, "01 to 1E"),
            ("ef 2FE2 transparent\nsfi 01\nef 2FE3 transparent\nsfi 01\n", 4, "belongs to 2FE2"),
            ("ef 2FE2 transparent\nsize 0\n", 2, "1 to 65535"),
            ("ef 2FE2 transparent\nrecord hex 00\n", 2, "no records"),
            ("ef 2FE2 linear-fixed\nhex 00\n", 2, 'say "record hex"'),
            ("ef 2FE2 linear-fixed\nrecord hex 00\n", 2, "before the first record"),
            ("ef 2FE2 linear-fixed\nrecord-length 1\nrecord hex 0000\n", 3, "record-length is 1"),
            ("ef 2FE2 transparent\nsize 1\nhex 0000\nend\n", 4, "exceeds its size"),
            ("ef 2FE2 ber-tlv\nhex 00\n", 2, 'say "object TAG hex"'),
            ("ef 2FE2 ber-tlv\nrecord hex 00\n", 2, "no records"),
            ("ef 2FE2 ber-tlv\nobject\n", 2, "hex digits expected"),
            ("ef 2FE2 ber-tlv\nobject 8080 hex 00\n", 2, "1 to 3 bytes"),
            ("ef 2FE2 ber-tlv\nobject 9F hex 00\n", 2, "1 to 3 bytes"),
            ("ef 2FE2 ber-tlv\nobject 80 wood 00\n", 2, "an object is hex"),
            ("ef 2FE2 ber-tlv\nobject 80 hex 00\nobject 80\n", 3, "a second object 80"),
            ("ef 2FE2 ber-tlv\nsize 3\nobject 80 hex 0000\nend\n", 4, "exceeds its size"),
            ("ef 2FE2 transparent\nobject 80\n", 2, "not ber-tlv"),
            ("ef 2FE2 transparent\narr 2F06 1 se\n", 2, "2 hex digits"),
            ("channels 0\n", 1, "1 to 20"),
            ("channels 21\n", 1, "1 to 20"),
            ("apdu yes\n", 1, "one word too many"),
            (ATR + "extended\n", 0, "does not say that extended length is taken"),
            ("ef 2FE2 transparent\nread root\n", 2, "access is"),
            ("ef 2FE2 transparent\ntext unquoted\n", 2, "quoted string"),
            ("ef 2FE2 transparent\ntext \"open\n", 2, "no closing quote"),
            ("ef 2FE2 transparent\ntext \"\\q\"\n", 2, "unknown escape"),
            ("ef 2FE2 transparent\nfile \"absent\"\n", 2, "absent: No such file"),
            ("ef 2FE2 transparent\nhex 00 label \"x\"\n", 2, "not hex"),
            ("ef 2FE2 transparent label \"x\" y\n", 1, "one word too many"),
            ("include \"absent\"\n", 1, "absent: No such file"),
            ("include \"card\"\n", 1, "nested too deep"),
            ("end\n", 1, "without a df or adf"),
            ("adf A000\n", 1, "5 to 16"),
            ("df 7F10\nadf A000000001\n", 2, 'lacks its "end"'),
            ("key pin9 \"1234\"\n", 1, "a key is"),
            ("key pin1 1234\n", 1, "quoted value"),
            ("key pin1 \"1234\" tries 16\n", 1, "0 to 15"),
            ("quirk\n", 1, "unknown quirk"),
            ("quirk slow\n", 1, 'unknown quirk "slow"'),
            ("quirk sw WRITE 6F00\n", 1, "a command expected"),
            ("quirk sw READ 6F\n", 1, "not 4 hex digits"),
            ("quirk truncate READ\n", 1, "a number of 0 to 256"),
            ("quirk reply READ 90\n", 1, "status word"),
            ("quirk no-fcp on 6F01\n", 1, "one word too many"),
            ("quirk silent READ until 3\n", 1, "on, after or times"),
            ("text \"\\x00\n" + "x" * 5000, 1, "no closing quote"),
            ("# " + "x" * 5000, 1, "longer than"),
            ("atr 3B\0\n", 1, "NUL byte"),
            ("", 0, "an atr of 2 to 33 bytes is missing"),
            ("atr 3B9F96\n", 0, "the atr is malformed"),
            (f"atr {ATR_T0.hex()[:-2]}00\n", 0, "the atr is malformed"),
            (ATR + "df 7F10\n", 0, 'lacks its "end"'),
            (ATR + "ef 2FE2 transparent\nread pin1\n", 0, "needs a key"),
            (ATR + "ef 2FE2 linear-fixed\n", 0, "needs a record-length")):
        refused(bin_dir, text, line, reason)


def test_profile_error_inside_an_include(bin_dir):
    with Scratch() as s:
        inner = s.write("inner", "\n\nbroken\n")
        outer = s.write("outer", 'include "inner"\n')
        status, _, err = run(bin_dir, "show", outer)
        check("error", (status, err), (1, f'simcard: {inner}:3: unknown word "broken"\n'))


def test_profile_limits(bin_dir):
    files = "".join(f"ef {0x1000 + i:04X} transparent\n" for i in range(127))
    with Scratch() as s:
        check("127 files", run(bin_dir, "show", s.write("a", ATR + files))[0], 0)
    refused(bin_dir, ATR + files + "ef 5000 transparent\n", 129, "more than 128 files")
    refused(bin_dir, "quirk no-fcp\n" * 33, 33, "more than 32 quirks")
    refused(bin_dir, "ef 2FE2 transparent\nfill 65535 00\nfill 1 00\nend\n", 4, "larger than 65535")
    refused(bin_dir, "ef 2FE2 transparent\n" + "a " * 601, 2, "more than 600 words")


def test_show_explains(bin_dir):
    status, out, _ = run(bin_dir, "show", profile("pin-protected"))
    check("status", status, 0)
    for part in ("card uicc, T=0", "key pin1 (reference 01), a value not shown, 3 tries",
                 "ADF 7F50 AID A000000063504B43532D3135: PKCS#15",
                 "EF 6433 transparent, 64 bytes, read pin1, update never: indicator"):
        if part not in out:
            raise Failure(f"{part!r} is not shown")
    if "1234" in out.replace("89490123456789012347", ""):
        raise Failure("the PIN is shown")


def test_usage(bin_dir):
    for words, wanted in ((["--help"], 0), (["--version"], 0), ([], 2), (["apdu"], 2),
                          (["serve"], 2), (["show", "a", "b"], 2), (["serve", "a", "--what"], 2)):
        check(f"simcard {words}", run(bin_dir, *words)[0], wanted)
    check("no such profile", run(bin_dir, "apdu", "/nonexistent/card"),
          (1, "", "simcard: /nonexistent/card: No such file or directory\n"))


def test_bootstrap_is_a_fresh_encoding(bin_dir):
    done = subprocess.run([os.path.join(PROFILES, "build.sh"), "--check"], capture_output=True,
                          timeout=60, check=False)
    if done.returncode == 77:
        print("   (xml2wbxml is missing: the encoding was not repeated)")
    elif done.returncode:
        raise Failure(done.stdout.decode() + done.stderr.decode())


def test_bootstrap_says_what_its_xml_says(bin_dir):
    for name in ("bootstrap-dm", "bootstrap-two", "bootstrap-600"):
        with open(profile(name + ".wbxml"), "rb") as f:
            got = wbxml.from_wbxml(f.read())
        # The TNDS object inside is WBXML there, and its type says so.
        wanted = [("=", b"application/vnd.syncml.dmtnds+wbxml")
                  if event == ("=", b"application/vnd.syncml.dmtnds+xml") else event
                  for event in wbxml.from_xml(profile(name + ".xml"))]
        for i, (a, b) in enumerate(zip(got, wanted)):
            check(f"{name}, event {i}", a, b)
        check(f"{name}: events", len(got), len(wanted))
        if ("=", b"https://dm.example.net:8443/dm") not in got:
            raise Failure("the server is not named")
