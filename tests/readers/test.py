#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Tests of the readers that the end-to-end tests use, as far as they need no kernel of ours.

    test.py [--bin DIRECTORY] [NAME]...

DIRECTORY holds simcard (default: build/rel of this tree). The last line is "N passed, N failed";
exit status 1 on failure.
"""
import argparse
import os
import sys
import traceback

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [HERE, os.path.join(HERE, "../simcard")]
sys.dont_write_bytecode = True

import test_ccid  # noqa: E402
import test_engine  # noqa: E402
import test_iso7816  # noqa: E402
import test_modem  # noqa: E402
import test_modem_bin  # noqa: E402
import test_uart  # noqa: E402
import test_vscard  # noqa: E402


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--bin", default=os.path.join(HERE, "../../build/rel"))
    parser.add_argument("names", nargs="*")
    options = parser.parse_args()
    simcard = os.path.join(os.path.abspath(options.bin), "simcard")
    passed = failed = 0
    for module in (test_engine, test_iso7816, test_modem, test_modem_bin, test_uart, test_vscard, test_ccid):
        for name, run in sorted(vars(module).items()):
            if not name.startswith("test_") or options.names and name[5:] not in options.names:
                continue
            try:
                run(simcard)
                passed += 1
                print(f"ok {name[5:]}", flush=True)
            except Exception:  # pylint: disable=broad-except
                failed += 1
                print(f"FAIL {name[5:]}\n{traceback.format_exc()}", flush=True)
    print(f"{passed} passed, {failed} failed")
    return 1 if failed or not passed else 0


if __name__ == "__main__":
    sys.exit(main())
