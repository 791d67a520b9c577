# SPDX-License-Identifier: GPL-2.0-or-later
"""Runs groups of end-to-end tests in the guest: main.py GROUP[,GROUP...] [NAME]...

A group is a module case_GROUP; its tests are the functions test_*, called with
the directory that is theirs. Each docstring says what holds. After each test
the kernel log must have no new warning. The last line is "N passed, N failed".
"""
import importlib
import re
import subprocess
import sys
import time
import traceback
from pathlib import Path

import world

OUT = Path("/tmp/e2e")
SPLAT = re.compile(r"BUG:|WARNING:|Oops|general protection|kernel BUG|Call Trace|INFO: task .* blocked"
                   r"|refcount_t|use-after-free|possible recursive locking|circular locking")
# Taints of out-of-tree modules and slow emulated processors are no defect of ours.
HARMLESS = re.compile(r"rcu|clocksource|soft lockup|hrtimer")


def kernel_log():
    return subprocess.run(["dmesg"], capture_output=True, text=True, errors="replace").stdout.splitlines()


def show(directory, before):
    """What is left after a test that failed; its world has shown what there was in it."""
    for log in sorted(directory.glob("*.log")) + [Path("/run/dmsc/log")]:
        if log.exists() and log.stat().st_size:
            text = log.read_text(errors="replace").splitlines()[-25:]
            print(f"  --- {log.name}\n" + "\n".join("  | " + line for line in text))
    if world.SYSTEMD:
        text = subprocess.run(["journalctl", "-b", "--no-pager", "-o", "short-monotonic", "-n", "40", "-u", "dmsc-*"],
                              capture_output=True, text=True, errors="replace").stdout
        print("  --- journal\n" + "\n".join("  | " + line for line in text.splitlines()))
    print("  --- kernel\n" + "\n".join("  | " + line for line in kernel_log()[before:][-15:]), flush=True)


def attempt(function, *args):
    """Calls it; None, or what was wrong."""
    try:
        function(*args)
    except Exception as error:  # a test may fail in any way
        return str(error) if type(error).__name__ == "Failed" else traceback.format_exc()
    return None


def one(number, name, function):
    """Whether the test passed."""
    start, before = time.monotonic(), len(kernel_log())
    directory = OUT / name
    problem = attempt(function, directory)
    splat = [line for line in kernel_log()[before:] if SPLAT.search(line) and not HARMLESS.search(line)]
    if splat and problem is None:
        problem = "the kernel complained:\n" + "\n".join(splat)
    took = time.monotonic() - start
    if problem is None:
        print(f"ok {number} - {name} # {took:.1f} s", flush=True)
        return True
    print(f"not ok {number} - {name} # {took:.1f} s", flush=True)
    print("\n".join("  " + line for line in problem.splitlines()))
    show(directory, before)
    return False


def main():
    modules = [importlib.import_module(f"case_{group}") for group in sys.argv[1].split(",")]
    wanted = sys.argv[2:]
    tests = [(m, n[5:], f) for m in modules for n, f in vars(m).items()
             if n.startswith("test_") and callable(f) and f.__module__ == m.__name__
             and (not wanted or n[5:] in wanted)]
    passed = failed = 0
    print(f"TAP version 13\n1..{len(tests)}", flush=True)
    for number, (module, name, function) in enumerate(tests, 1):
        if one(number, name, function):
            passed += 1
        else:
            failed += 1
        # What a group's tests share goes with its last one: the next group has a machine to itself.
        if hasattr(module, "teardown") and (number == len(tests) or tests[number][0] is not module):
            problem = attempt(module.teardown)
            if problem:
                failed += 1
                print(f"not ok - teardown of {module.__name__}\n" + "\n".join("  " + line for line in problem.splitlines()),
                      flush=True)
    print(f"{passed} passed, {failed} failed", flush=True)
    return 1 if failed or not passed else 0


if __name__ == "__main__":
    sys.exit(main())
