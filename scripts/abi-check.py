#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Documents against code, both ways.

Whatever a user can see by name (sysfs attribute, uevent key, netlink name, module
parameter, option, exit code, configuration word ...) must stand in the code and
in its document. A check is a set of sides that have to be equal; each side is
read from the files by a small function. --self-test adds something to one side
at a time in a copy of the tree and demands that the check notices.
"""
import re
import shutil
import sys
import tempfile
from pathlib import Path

import yaml

sys.dont_write_bytecode = True

TOP = Path(__file__).resolve().parent.parent
ABI = "Documentation/ABI/testing/sysfs-class-uicc"
MODULE_ABI = "Documentation/ABI/testing/sysfs-module-*"
SPEC = "Documentation/netlink/specs/uicc.yaml"
UAPI = "kernel/include/uapi/linux/uicc.h"
VIRT = "kernel/include/uapi/linux/uicc_virt.h"
VIRT_DOC = "Documentation/uicc-virt.rst"
SCRIPT_DOC = "Documentation/dm-server-script.rst"
PROFILE_DOC = "Documentation/card-profile.rst"
ISSUERS_DOC = "Documentation/for-issuers.rst"

# Program: its directory, the page, the exit code enum's names, and how its
# subcommands look in the code and in the page.
PROGRAMS = {
    "dmsc-helper": ("userspace/dmsc-helper", 8, "HELPER_", None, None),
    "dmsc-client": ("userspace/dmsc-client", 1, "CLIENT_",
                    r'\{ "([\w-]+)", (?:cmd|child)_|strcmp\(word, "(\w+)"\)',
                    r"\*\*dmsc-client\*\*(?: \[\*OPTIONS\*\])? \*\*(\w+)(?: (\w+))?\*\*|\*\*(\w+-child)\*\*"),
    "dmsc-agent": ("userspace/dmsc-agent", 1, "EXIT_", None, None),
    "dmscctl": ("userspace/dmscctl", 1, "CTL_",
                r'\{ "([\w-]+)", (?:ctl_|status)|argv\[(?:0|optind)\], "([\w-]+)"\)',
                r"(?m)^([a-z][\w-]*)(?: (?!decode)([a-z]+))?(?: decode)?(?: \[?[A-Z]+\]?)?$\n        "),
    "simcard": ("tests/simcard", 1, "SIMCARD_",
                r'strcmp\(command, "(\w+)"\)', r"(?m)^\| \*\*simcard (\w+)\*\*"),
    "uicc-bridge": ("userspace/uicc-bridge", 1, "BRIDGE_",
                    r'\.name = "(\w+)"', r"(?m)^\| \*\*uicc-bridge (\w+)\*\*"),
    "dm-server": ("tests/dmserver", 1, "EXIT_", None, None),
}

# Make targets that are steps of others, and `help` itself.
STEPS = {"help", "asan", "clang", "units", "fuzzers"}

# In the spec for others than our own programs: pads, what sysfs says as well, and
# presenting a PIN without a question, which ours never do.
NOT_IN_USERSPACE = re.compile(r"_PAD$|^UICC_A_CARD_(NAME|TRANSPORT)$|^UICC_A_CONSENT_AGENT$|"
                              r"^UICC_CMD_PIN_VERIFY$|^UICC_A_PIN_VALUE$")


class Tree:
    """Reads files of one tree, none of them twice."""

    def __init__(self, top):
        self.top, self.kept = Path(top), {}

    def text(self, *patterns):
        out = []
        for pattern in patterns:
            for path in sorted(self.top.glob(pattern)):
                if path.is_file() and path not in self.kept:
                    self.kept[path] = path.read_text(errors="replace")
                out.append(self.kept.get(path, ""))
        return "\n".join(out)

    def code(self, *patterns):
        """Without comments."""
        return re.sub(r"/\*.*?\*/|//[^\n]*", " ", self.text(*patterns), flags=re.S)

    def find(self, regex, *patterns):
        return found(regex, self.text(*patterns))


def found(regex, text):
    """Every non-empty group of every match."""
    out = set()
    for match in re.findall(regex, text, re.S if regex.startswith("(?s)") else 0):
        out.update(g for g in ([match] if isinstance(match, str) else match) if g)
    return out


# --- kernel -------------------------------------------------------------------

ACCESS = {"RO": "Read", "WO": "Write (root)", "RW": "Read, Write (root)"}


def sysfs_code(t):
    code = t.code("kernel/core/*.c")
    var = {}
    for mode, name in re.findall(r"\bDEVICE_ATTR_(\w\w)\((\w+)\)", code):
        var["dev_attr_" + name] = (name, ACCESS[mode])
    for name, attr, mode in re.findall(r"(dev_attr_\w+) = __ATTR\((\w+), 0(\d+),", code):
        var[name] = (attr, {"444": "Read", "400": "Read (root)"}.get(mode, "mode 0" + mode))
    out = {f"/sys/class/uicc/{name}: {ACCESS[mode]}"
           for mode, name in re.findall(r"\bCLASS_ATTR_(\w\w)\((\w+)\)", code)}
    for device, block in re.findall(r"\buicc_(slot|card)_attrs\[\] = \{(.*?)\}", code, re.S):
        for name in re.findall(r"&(\w+)\.attr", block):
            attr, access = var.pop(name)
            out.add(f"/sys/class/uicc/uicc<N>{'.card' if device == 'card' else ''}/{attr}: {access}")
    out |= {f"in no group: {attr}" for attr, _ in var.values()}
    # The counters are one group, shown by both kinds of device.
    stats = dict(re.findall(r"\bUICC_STAT_ATTR\((\w+), (UICC_STAT_\w+)\)", code))
    listed = found(r"&stat_attr_(\w+)\.attr", code)
    for name in stats.keys() | listed:
        where = "" if name in stats.keys() & listed else "in no group: "
        out |= {f"{where}/sys/class/uicc/uicc<N>{card}/statistics/{name}: Read" for card in ("", ".card")}
    for name, mode in re.findall(r'uicc_sysfs_(?:bin|text)\([^"]*"(\w+)"(?:, 0(\d+))?', code):
        access = {"": "Read (root)", "400": "Read (root)", "600": "Read, Write (root)"}.get(mode, "mode 0" + mode)
        out.add(f"/sys/class/uicc/uicc<N>.card/ef-<path>/{name}: {access}")
    return out


def abi_entries(text):
    for block in re.split(r"(?m)^What:\t+", text)[1:]:
        what, _, rest = block.partition("\n")
        access = re.search(r"\tAccess: (.*)", rest)
        yield what.strip(), access and access.group(1).strip(), rest


def abi_doc(*files):
    return lambda t: {f"{what}: {access}" for f in files for what, access, _ in abi_entries(t.text(f))
                      if access or what.count("/") > 4 and not what.endswith("/")}


def uevent_code(t):
    return {f"{dev}: {key}" for dev, f in (("uicc<N>", "slot"), ("uicc<N>.card", "card"))
            for key in t.find(r'add_uevent_var\(\w+, "(\w+)=', f"kernel/core/{f}.c")} | {
        f"DEVTYPE={n}" for n in t.find(r'\.name = "(uicc_(?:slot|card))"', "kernel/core/*.c")}


def uevent_doc(t):
    out = set()
    for what, _, rest in abi_entries(t.text(ABI)):
        name = what.rsplit("/", 1)[1]
        out |= {f"{name}: {key}" for key in re.findall(r"\bUICC_[A-Z_]+\b", rest)}
        out |= {"DEVTYPE=" + d for d in re.findall(r"DEVTYPE=(\w+)", rest)}
    return out


def parameter_code(t):
    modes = {"0644": "Read, Write (root)", "0444": "Read", "0400": "Read (root)", "0600": "Read, Write (root)"}
    return {f"/sys/module/uicc{module}/parameters/{name}: {modes.get(mode, mode)}"
            # The files of a transport of several begin with its name: ccid.c, ccid_io.c.
            for files, module in [("core/*.c", "")] + [(f"transport/{p.name}", "_" + p.stem.split("_")[0])
                                                       for p in t.top.glob("kernel/transport/*.c")]
            for name, mode in re.findall(r"\bmodule_param\w*\((\w+), .*?(0\d+)\)", t.code("kernel/" + files))}


def alias_code(t):
    return t.find(r'\bMODULE_(?:ALIAS|SOFTDEP)\("([^"]+)', "kernel/*/*.c") | {
        f"tty-ldisc-{n}" for n in t.find(r"\bMODULE_ALIAS_LDISC\((\d+)", "kernel/*/*.c")}


def alias_doc(t):
    return t.find(r"\bMODULE_(?:ALIAS|SOFTDEP): ``([^`]+)``", "Documentation/*.rst")


# --- netlink ------------------------------------------------------------------

def spec_names(t):
    spec = yaml.safe_load(t.text(SPEC))
    out = set()

    def add(*words):
        out.add("_".join(words).upper().replace("-", "_"))

    for d in spec["definitions"]:
        if d["type"] == "const":
            add("uicc", d["name"])
        for e in d.get("entries", []):
            add("uicc", d["name"], e["name"])
    for s in spec["attribute-sets"]:
        for a in s["attributes"]:
            add("uicc-a", s["name"], a["name"])
    for o in spec["operations"]["list"]:
        add("uicc-cmd", o["name"])
    for g in spec["mcast-groups"]["list"]:
        add("uicc-mcgrp", g["name"])
    return out


def uapi_names(t):
    text = t.code(UAPI)
    names = found(r"(?m)^\t(UICC_\w+)(?: = \d+)?,$|^#define\s+(UICC_\w+)", text)
    return names - {"UICC_FAMILY_NAME", "UICC_FAMILY_VERSION"}


def used(*patterns, only="", but=None):
    """Names of the spec that these files use; those let off count as used."""
    def side(t):
        text = set(re.findall(r"\bUICC_\w+\b", t.code(*patterns)))
        return {n for n in spec_names(t) if re.match(only, n) and (n in text or but and but.search(n))}
    return side


def spec_only(only):
    return lambda t: {n for n in spec_names(t) if re.match(only, n)}


def mirrored(t):
    """Kinds and outcomes of userspace/kernel/nl.h, which go over the wire as they are."""
    text = t.code("userspace/kernel/nl.h")
    out = {n.replace("UNL_", "UICC_", 1) for n in found(r"\b(UNL_KIND_\w+)", text)}
    enum = re.search(r"enum unl_outcome \{(.*?)\}", text, re.S)
    return out | {"UICC_OUTCOME_" + n for n in re.findall(r"UNL_(\w+)", enum.group(1))}


# --- programs -----------------------------------------------------------------

def page(program):
    return f"Documentation/man/{program}.{PROGRAMS[program][1]}.rst"


def prose(text):
    """Without literal blocks, whose commands are of any program."""
    return re.sub(r"(?m)^(.*::)\n(?:\n|[ \t]+.*\n)+", r"\1\n", text)


def options_table(program):
    return lambda t: found(r'\{ "([\w-]+)", (?:no|required|optional)_argument|strcmp\(\w+, "--(\w+)"\)',
                           t.code(PROGRAMS[program][0] + "/*.[ch]"))


def options_help(program):
    def side(t):
        # What is compared, and what is handed to another program, is no help.
        code = re.sub(r'strcmp\(\w+, "--\w+"\)|\(char \*\)"--[^"]*"|\bexecl\([^;]*;', "",
                      t.code(PROGRAMS[program][0] + "/*.[ch]"))
        return found(r"--([a-z][\w-]*)", "\n".join(re.findall(r'"(?:[^"\\\n]|\\.)*"', code)))
    return side


def options_page(program):
    others = "|".join(p for p in PROGRAMS if p != program)
    return lambda t: found(r"--([a-z][\w-]*)",
                           re.sub(rf"\*\*(?:{others}) --[\w-]+", "", prose(t.text(page(program)))))


def exit_code(program):
    prefix = PROGRAMS[program][2]

    def side(t):
        for body in re.findall(r"\benum (?:\w*(?:exit|outcome)\w* )?\{([^}]*)\}",
                               t.code(PROGRAMS[program][0] + "/*.[ch]")):
            out, value = set(), 0
            for name, _, given in (i.strip().partition("=") for i in body.split(",") if i.strip()):
                if not name.startswith(prefix):
                    break
                value = int(given, 0) if given else value
                out.add(str(value))
                value += 1
            else:
                # Others may have names that begin alike.
                if re.search(rf"\b{prefix}(OK|FAILED|USAGE)\b", body):
                    return out
        return {"no enum"}
    return side


def exit_page(program):
    def side(t):
        section = t.text(page(program)).partition("\nEXIT STATUS\n")[2].removeprefix("===========\n")
        return found(r"(?m)^(\d+)$", section.split("\n====")[0])
    return side


# --- other documents ----------------------------------------------------------

def regex(pattern, *files):
    return lambda t: t.find(pattern, *files)


# "a X, b Y", "``a X``, ``b``" and "begin X ... end" name more than one word.
TERMS = re.compile(r"``, ``|, (?=[a-z-]+ [A-Z])|\.\.\. (?=end)|(?<=``) \.\.\. ``(?=end)")


def terms(doc, pattern):
    """First words of the definition list terms of a document."""
    return lambda t: {word.split()[0].strip("`") for line in found(pattern, t.text(doc))
                      for word in TERMS.split(line)}


def table(doc, head):
    """First column of the table in a document with this head."""
    return lambda t: found(r"(?m)^``([a-z0-9-]+)", t.text(doc).split(f"\n{head}  ")[1].split("\n\n")[0])


def description_code(t):
    return t.find(r'(?:\{ |TEXT\()"([\w-]+)", (?:KEY_|desc_)', "tests/simcard/desc*.c")


def description_doc(t):
    """What lines of the document begin with, and what is named further on in them."""
    text = t.text(ISSUERS_DOC).partition("\nThe description\n")[2].partition("\nWhat decode says\n")[0]
    return found(r"(?m)^(?:    \| )?``([a-z][\w-]*)", text) | {
        k for k in description_code(t) if f"``{k} " in text or f"``{k}``" in text}


def both(*sides):
    return lambda t: set().union(*(side(t) for side in sides))


def virt_used(t):
    names = found(r"(?m)^\t(UICC_VIRT_\w+) = \d+", t.code(VIRT))
    return names & set(re.findall(r"\bUICC_VIRT_\w+\b", t.code("kernel/transport/virt.c")))


def udev_unknown(t):
    # A name that begins with a dot is the rule file's own.
    return t.find(r"(?<!\.)\b(UICC_[A-Z_]+)\b", "udev/*") - t.find(r"\b(UICC_[A-Z]+)=", "kernel/core/*.c")


def make_phony(t):
    line = t.find(r"(?m)^\.PHONY: (.*)", "Makefile").pop()
    return set(line.split()) - STEPS - {"FORCE"}


def make_rules(t):
    return {r for line in t.find(r"(?m)^([a-z][a-z0-9 -]*):(?!=)", "Makefile") for r in line.split()} - STEPS


# --- the checks ---------------------------------------------------------------

CHECKS = {
    "sysfs": {"kernel/core": sysfs_code, ABI: abi_doc(ABI)},
    "discovery": {"file.c": regex(r'(?m)^\t"((?:3f00|a0)[\w.]+)",', "kernel/core/file.c"),
                  ABI: regex(r"(?m)^\t+ef-([\w.]+) +EF", ABI)},
    "uevents": {"kernel/core": uevent_code, ABI: uevent_doc},
    "parameters": {"kernel": parameter_code, MODULE_ABI: abi_doc(MODULE_ABI)},
    "aliases": {"kernel": alias_code, "Documentation": alias_doc},
    "trace": {"trace.h": regex(r"\b(?:TRACE|DEFINE)_EVENT\((?:\w+_event, *)?(\w+)", "kernel/core/trace.h"),
              "Documentation/tracing.rst": regex(r"(?m)^(uicc_\w+)$", "Documentation/tracing.rst")},
    "netlink": {SPEC: spec_names, UAPI: uapi_names},
    "netlink-kernel": {SPEC: spec_only("UICC_(A|CMD|MCGRP)_"),
                       "kernel/core": used("kernel/core/*.c", only="UICC_(A|CMD|MCGRP)_")},
    "netlink-userspace": {SPEC: spec_only("UICC_(A|CMD)_"),
                          "userspace/kernel": used("userspace/kernel/nl*.c", only="UICC_(A|CMD)_", but=NOT_IN_USERSPACE)},
    "netlink-mirror": {SPEC: spec_only("UICC_(KIND|OUTCOME)_"), "nl.h": mirrored},
    "virt": {"enum": lambda t: found(r"(?m)^\t(UICC_VIRT_\w+) = \d+", t.code(VIRT)),
             "kernel-doc": regex(r"(?m)^ \* @(UICC_VIRT_\w+):", VIRT),
             VIRT_DOC: regex(r"(?m)^(UICC_VIRT_(?!IOC|READER)\w+)$", VIRT_DOC),
             "virt.c": virt_used},
    "virt-ioctl": {VIRT: regex(r"#define\s+(UICC_VIRT_IOC_\w+)", VIRT),
                   VIRT_DOC: regex(r"(?m)^(UICC_VIRT_IOC_\w+)$", VIRT_DOC)},
    "virt-flags": {VIRT: regex(r"#define\s+(UICC_VIRT_READER_\w+)", VIRT),
                   VIRT_DOC: regex(r"(?m)^(UICC_VIRT_READER_\w+)$", VIRT_DOC),
                   "virt.c": lambda t: found(r"\b(UICC_VIRT_READER_\w+)\b", t.code("kernel/transport/virt.c"))},
    "configuration": {"conf.c": regex(r'(?m)^\t\{ "([a-z-]+)", K_', "userspace/util/conf.c"),
                      "dmsc.conf(5)": regex(r"(?m)^([a-z-]+) = \*", "Documentation/man/dmsc.conf.5.rst"),
                      "udev/dmsc.conf": regex(r"(?m)^#?([a-z-]+) =", "udev/dmsc.conf")},
    "udev-keys": {"udev/": both(udev_unknown, lambda t: {"all known"}), "kernel/core": lambda t: {"all known"}},
    "make": {"help": regex(r"(?m)^\t@echo '  make ([\w-]+)", "Makefile"), ".PHONY": make_phony, "rules": make_rules},
    "script": {"script.c": regex(r'(?m)^\t\{ "([\w-]+)", .*, st_', "tests/dmserver/script.c"),
               SCRIPT_DOC: terms(SCRIPT_DOC, r"(?m)^([a-z].*)$\n        \S")},
    "profile": {"profile*.c": both(regex(r'\{ "([\w-]+)", (?:do|builder)_', "tests/simcard/profile.c"),
                                   regex(r'\{ "([\w-]+)", do_', "tests/simcard/profile_ef.c"),
                                   lambda t: {"quirk"}),
                PROFILE_DOC: both(terms(PROFILE_DOC, r"(?m)^``([a-z].*)``$\n    \S"),
                                  regex(r"``(quirk) NAME", PROFILE_DOC))},
    "description": {"desc*.c": description_code, ISSUERS_DOC: description_doc},
    "profiles": {"tests/simcard/profiles": lambda t: {p.name for p in t.top.glob("tests/simcard/profiles/*")
                                                      if p.is_file() and not p.suffix},
                 PROFILE_DOC: table(PROFILE_DOC, "profile")},
    "quirks": {"profile_quirk.c": regex(r'(?m)^\t\{ "([\w-]+)", QUIRK_', "tests/simcard/profile_quirk.c"),
               PROFILE_DOC: table(PROFILE_DOC, "quirk")},
}
for _p, (_dir, _n, _prefix, _code, _doc) in PROGRAMS.items():
    CHECKS["options " + _p] = {"code": options_table(_p), "--help": options_help(_p), page(_p): options_page(_p)}
    CHECKS["exit codes " + _p] = {"code": exit_code(_p), page(_p): exit_page(_p)}
    if _code:
        CHECKS["commands " + _p] = {"code": lambda t, d=_dir, r=_code: found(r, t.code(d + "/*.c")),
                                    page(_p): lambda t, p=page(_p), r=_doc: found(r, t.text(p).split("\nEXIT STATUS\n")[0])}


def run(top, names=CHECKS):
    """{check: [complaints]}"""
    tree, out = Tree(top), {}
    for name in names:
        sides = {label: side(tree) for label, side in CHECKS[name].items()}
        everything = set().union(*sides.values())
        out[name] = [f"{name}: {item}: not in {label}" for label, side in sides.items()
                     for item in sorted(everything - side)]
        if not everything and name != "aliases":
            out[name].append(f"{name}: nothing was found at all")
    return out


# --- self test ----------------------------------------------------------------

def self_test():
    from abi_mutants import MUTANTS
    passed = failed = 0
    with tempfile.TemporaryDirectory() as work:
        for part in ("Documentation", "kernel", "userspace", "tests", "udev", "Makefile"):
            src = TOP / part
            (shutil.copytree if src.is_dir() else shutil.copy)(src, Path(work) / part)
        clean = run(work)
        for name in CHECKS:
            if not MUTANTS.get(name):
                print(f"not ok {name}: no self test")
                failed += 1
            for file, old, new in MUTANTS.get(name, []):
                path = Path(work) / file
                before = path.read_text() if path.exists() else None
                path.write_text(before.replace(old, new, 1) if old else (before or "") + "\n" + new)
                noticed = old in (before or "") and set(run(work, [name])[name]) - set(clean[name])
                path.unlink()
                if before is not None:
                    path.write_text(before)
                passed, failed = passed + bool(noticed), failed + (not noticed)
                if not noticed:
                    print(f"not ok {name}: a change of {file} goes unnoticed")
    print(f"{passed} passed, {failed} failed")
    return failed


def main():
    if sys.argv[1:] == ["--self-test"]:
        return 1 if self_test() else 0
    bad = [c for complaints in run(TOP).values() for c in complaints]
    print("\n".join(bad + [f"abi-check: {len(CHECKS)} checks, {len(bad)} errors"]))
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
