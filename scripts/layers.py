#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Who may include whom, checked.

The rules are the tables below; Documentation/architecture.rst says why. A file
outside the tables is an error, so a new directory has to be thought about.
"""
import re
import sys
from pathlib import Path

TOP = Path(__file__).resolve().parent.parent

# Library directory -> directories it may include, itself apart.
LIBS = {
    "dmsc": set(),  # what integrators include: nothing of ours
    "util": set(),
    "dm": {"util", "dmsc"},
    "card": {"util"},
    "ipc": {"util"},
    "kernel": {"util"},
    "net": {"util"},
    # What a terminal shows of a question: of the kernel's it knows the types alone, of the
    # engine's the parser of options. dmsc-client, which has no kernel, links no netlink for it.
    "ask": {"util", "kernel", "dm"},
    "codec": {"util", "dm"},
    "store": {"util", "dm"},
    "mo": {"util", "dmsc", "dm"},
}

# Program -> library directories. The helper is root: it must see no parser.
PROGRAMS = {
    "userspace/dmsc-helper": {"util", "ipc", "kernel"},
    "userspace/dmsc-agent": {"util", "kernel", "ask"},
    "userspace/dmsc-client": {"util", "ipc", "card", "dm", "codec", "mo", "store", "net", "ask"},
    "userspace/dmscctl": {"util", "kernel", "dm", "store", "mo", "card"},
    "userspace/uicc-bridge": {"util", "kernel"},
    "tests/simcard": {"util", "kernel", "card", "dm", "codec"},
    "tests/dmserver": {"util", "dm", "codec"},
    "tests/crash": {"util", "dm", "codec", "mo", "store"},
}

# Third-party header (prefix) -> where it may be included. One API, one place.
THIRD_PARTY = {
    "libxml/": r"userspace/codec/xml\w*\.c",
    "curl/": r"userspace/net/(http|curl_load)\.c",
    "sqlite3.h": r"userspace/store/\w+\.[ch]|tests/crash/vfs\.c",
    "netlink/": r"userspace/kernel/nl\w*\.c",
    "nettle/": r"userspace/util/digest\.c",
    "winscard.h": r"userspace/uicc-bridge/pcsc\.c",
    "seccomp.h": r"userspace/dmsc-\w+/(seccomp|sandbox)\.c",
    "microhttpd.h": r"tests/dmserver/http(_int\.h|\.c)",
    "gnutls/": r"tests/dmserver/http_tls\.c",
    "libqmi-glib.h": r"userspace/uicc-bridge/qmi\.c",
    "libmbim-glib.h": r"userspace/uicc-bridge/mbim\.c",
    "gio/": r"userspace/uicc-bridge/glib_wait\.h",
    "zlib.h": r"tests/dmserver/gzip\.c",
}

# Kernel files that KUnit runs under UML: no device, no bus.
KERNEL_PURE = {"atr", "apdu", "apdu_build", "tlv", "fcp", "access", "cache", "path", "consent"}
KERNEL_BUS = re.compile(
    r"linux/(usb|serdev|tty|platform_device|device|sysfs|netlink|miscdevice|pci|acpi|of)\b|net/")
# The protocols of ISO 7816-3, which readers on any bus share.
TRANSPORT_PURE = {"iso7816", "line", "pps", "t0", "t1"}
TRANSPORT_FORBIDDEN = re.compile(r"linux/sysfs|net/(genetlink|netlink)|\"\.\./core/")

INCLUDE = re.compile(r'^\s*#\s*include\s+([<"])([^>"]+)[>"]')


def includes(path):
    for number, line in enumerate(path.read_text(errors="replace").splitlines(), 1):
        match = INCLUDE.match(line)
        if match:
            yield number, match.group(1), match.group(2)


def main():
    errors = []

    def bad(path, number, text):
        errors.append(f"{path.relative_to(TOP)}:{number}: {text}")

    def check_user(path, allowed, own):
        rel = str(path.relative_to(TOP))
        for number, kind, name in includes(path):
            first = name.split("/")[0]
            if kind == '"' and "/" in name and first in LIBS and first != own:
                if first not in allowed:
                    bad(path, number, f"may not include {first}/ (allowed: {', '.join(sorted(allowed)) or 'nothing'})")
            for prefix, where in THIRD_PARTY.items():
                if name.startswith(prefix) and not re.fullmatch(where, rel):
                    bad(path, number, f"<{name}> belongs in {where} only")

    for path in sorted(TOP.glob("userspace/**/*.[ch]")) + sorted(TOP.glob("tests/simcard/**/*.[ch]")) \
            + sorted(TOP.glob("tests/dmserver/**/*.[ch]")) + sorted(TOP.glob("tests/crash/**/*.[ch]")):
        folder = str(path.parent.relative_to(TOP))
        lib = folder.removeprefix("userspace/")
        if folder in PROGRAMS:
            check_user(path, PROGRAMS[folder], None)
        elif lib in LIBS:
            check_user(path, LIBS[lib], lib)
        else:
            bad(path, 1, "in no layer: add its directory to scripts/layers.py")

    for path in sorted(TOP.glob("kernel/core/*.[ch]")):
        if path.stem.removesuffix("_test") in KERNEL_PURE:
            for number, _, name in includes(path):
                if KERNEL_BUS.match(name):
                    bad(path, number, f"a pure file includes <{name}>")
    for path in sorted(TOP.glob("kernel/transport/*.[ch]")):
        for number, kind, name in includes(path):
            if TRANSPORT_FORBIDDEN.match(name if kind == "<" else f'"{name}'):
                bad(path, number, f"a transport moves bytes only and may not include {name}")
            if path.stem.removesuffix("_test") in TRANSPORT_PURE and KERNEL_BUS.match(name):
                bad(path, number, f"a pure file includes <{name}>")

    # A helper that links a parser is a helper that runs one.
    makefile = (TOP / "Makefile").read_text()
    for program in ("dmsc-helper", "dmsc-agent"):
        match = re.search(rf"^pkgs_{program} := (.*)$", makefile, re.M)
        for lib in ("libxml-2.0", "libcurl", "sqlite3"):
            if not match or lib in match.group(1):
                errors.append(f"Makefile: {program} may not link {lib}")

    for line in errors:
        print(line)
    print(f"layers: {len(errors)} errors")
    return 1 if errors else 0


if __name__ == "__main__":
    sys.exit(main())
