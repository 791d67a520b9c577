#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Tests of the virtual card and the pipe bridge, as a reader and as a kernel see them.

    test.py [--bin DIRECTORY] [NAME]...

DIRECTORY holds simcard and uicc-bridge (default: build/rel of this tree). Needs
no kernel module. The last line is "N passed, N failed"; exit status 1 on failure.
"""

import argparse
import os
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
sys.dont_write_bytecode = True

import test_apdu  # noqa: E402
import test_long  # noqa: E402
import test_mkprofile  # noqa: E402
import test_profile  # noqa: E402
import test_quirk  # noqa: E402
import test_serve  # noqa: E402
import test_tlv  # noqa: E402
import test_walk  # noqa: E402


def main():
    here = os.path.dirname(os.path.abspath(__file__))
    parser = argparse.ArgumentParser()
    parser.add_argument("--bin", default=os.path.join(here, "../../build/rel"))
    parser.add_argument("names", nargs="*")
    options = parser.parse_args()
    bin_dir = os.path.abspath(options.bin)
    passed = failed = 0
    for module in (test_profile, test_mkprofile, test_apdu, test_quirk, test_tlv, test_long, test_walk, test_serve):
        for name, run in sorted(vars(module).items()):
            if not name.startswith("test_") or options.names and name not in options.names:
                continue
            try:
                run(bin_dir)
                passed += 1
                print(f"ok {name}")
            except Exception as e:  # pylint: disable=broad-except
                failed += 1
                print(f"FAIL {name}: {type(e).__name__}: {e}")
    print(f"{passed} passed, {failed} failed")
    return 1 if failed or not passed else 0


sys.exit(main())
