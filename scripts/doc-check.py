#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Every document parses without a warning, every manual page renders, and what
documents name (files, make targets, other pages) is there."""
import re
import sys
from pathlib import Path

import docutils.core
import docutils.utils

TOP = Path(__file__).resolve().parent.parent
SETTINGS = {"report_level": 1, "halt_level": 2, "warning_stream": False, "file_insertion_enabled": False,
            "raw_enabled": False, "input_encoding": "utf-8"}
# A path that begins with a directory of ours; "*" and "[...]" as the shell has them.
PATH = re.compile(r"(?<![\w/.~-])((?:Documentation|LICENSES|hooks|kernel|scripts|tests|udev|userspace)/[\w./*-]*[\w*])")
# A case of a test, as ``FILE:CASE``.
CASE = re.compile(r"``((?:kernel|tests)/[\w/-]+\.c):(\w+)``")
LINK = re.compile(r"\]\(([^)#:]+)(?:#[^)]*)?\)")
PAGE = re.compile(r"\*\*([\w.-]+)\*\*\\?\((\d)\)")


def parse(path):
    man = path.parent.name == "man"
    try:
        docutils.core.publish_string(path.read_text(), source_path=str(path), writer_name="manpage" if man else "html4css1",
                                     settings_overrides=SETTINGS)
    except docutils.utils.SystemMessage as err:
        yield str(err).removeprefix(str(TOP) + "/")
    if man and not re.search(r"(?m)^:Manual section: " + path.name.split(".")[-2] + "$", path.read_text()):
        yield "the manual section is not that of the file's name"


def names(path, targets):
    text = path.read_text()
    for name in PATH.findall(text):
        if not any(TOP.glob(name.rstrip("."))):
            yield f"names {name}, which is not there"
    for name, case in CASE.findall(text):
        if not (TOP / name).exists() or not re.search(rf"(?m)^static void {case}\(", (TOP / name).read_text()):
            yield f"names the test {case} of {name}, which is not there"
    for name in LINK.findall(text):
        if not (path.parent / name).exists():
            yield f"links to {name}, which is not there"
    for name, section in PAGE.findall(text):
        if name.startswith(("dm", "simcard", "uicc")) and not (TOP / f"Documentation/man/{name}.{section}.rst").exists():
            yield f"refers to {name}({section}), which is not there"
    if path.suffix == ".md":
        for name in re.findall(r"(?m)(?:`|^    |sudo )make ([a-z][\w-]*)", text):
            if name not in targets:
                yield f"says make {name}, which is no target"


def main():
    makefile = (TOP / "Makefile").read_text()
    targets = {word for line in re.findall(r"(?m)^([a-z][a-z0-9 -]*):(?!=)", makefile) for word in line.split()}
    rst = sorted(TOP.glob("Documentation/**/*.rst"))
    bad = [f"{p.relative_to(TOP)}: {why}" for p in rst for why in parse(p)]
    for path in rst + sorted(TOP.glob("*.md")):
        bad += [f"{path.relative_to(TOP)}: {why}" for why in names(path, targets)]
    print("\n".join(bad + [f"doc-check: {len(rst)} documents, {len(bad)} errors"]))
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
