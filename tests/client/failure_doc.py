# SPDX-License-Identifier: GPL-2.0-or-later
"""Documentation/failures.rst, made of what the cells of `failures` saw."""
import collections
import os
import re
import textwrap

NAMES = {0: "completed", 2: "configuration", 4: "network", 5: "TLS", 6: "authentication", 7: "protocol", 8: "aborted"}

HEAD = """\
.. SPDX-License-Identifier: GPL-2.0-or-later

.. Made by `tests/client/failures --write` of what the sessions ended with.

==================
Sessions that fail
==================

What **dmsc-client** says when a server, the network or a clock does not do as it
should, its exit status, and whether **dmsc-helper** tries such a session again by
itself. Each row is played by ``tests/client/failures``, in XML and in WBXML, with
each of these ways for client and server to know each other, all of them over TLS,
those with credentials of messages (basic, md5, MAC) in both directions: %s.
*HOST*, *DATE* and *N* stand for what was there. Where the ways differ, the row
says for which it holds; where only some can fail so, only these are named.

In each of them the session has ended within its time (**--connect-timeout**,
**--timeout**, **--session-timeout**); the tree has in it what the server was told
and nothing else; neither the client's output nor the server's log has a password,
credential or nonce in it; and the next session, with a server that behaves,
completes.

"""


def plain(text):
    text = re.sub(r"\d{4}-\d\d-\d\d", "DATE", text)
    text = re.sub(r"127(\.\d+){3}", "HOST", text)
    text = re.sub(r"\b(?!HTTP )(?<!HTTP )\d+(?= (bytes|ms|milliseconds|out|port|s\b))", "N", text)
    text = re.sub(r"(?<=port )\d+|(?<=after )\d+|(?<=of )\d+|(?<=out of )\d+|(?<=with )\d+(?= bytes)", "N", text)
    return text


def where(cells, of, schemes):
    """In words: for which of all the cells of a failure these are."""
    if len(cells) == len(of) and len({s.name for s, _ in of}) == len(schemes):
        return ""
    names = [s.title for s in schemes if any(c[0] is s for c in cells)]
    formats = {f for _, f in cells}
    text = ", ".join(names) if len(cells) < len(schemes) * len(formats) else "all"
    return text + (" in %s" % formats.pop().upper() if len(formats) == 1 and len({f for _, f in of}) == 2 else "")


def rows(results, schemes):
    """(failure, where, says, exit, again)"""
    by_failure = collections.OrderedDict()
    for (scheme, fmt, failure), r in results.items():
        groups = by_failure.setdefault(failure, collections.OrderedDict())
        groups.setdefault((plain(r.reason), r.code, r.again), []).append((scheme, fmt))
    for failure, groups in by_failure.items():
        of = [c for cells in groups.values() for c in cells]
        for (says, code, again), cells in groups.items():
            yield failure.title, where(cells, of, schemes), says or "(the session completes)", code, again


def text_of(results, schemes):
    titles = [s.title for s in schemes]
    out = [HEAD % (", ".join(titles[:-1]) + " and " + titles[-1]),
           ".. list-table::\n   :header-rows: 1\n   :widths: 26 50 14 10\n\n",
           "   * - What goes wrong\n     - What is said\n     - Exit status\n     - Tried again\n"]
    for title, which, says, code, again in rows(results, schemes):
        cell = title[0].upper() + title[1:] + (" (%s)" % which if which else "")
        out.append("   * - %s\n" % wrap(cell))
        out.append("     - %s\n     - %d, %s\n     - %s\n" % (wrap(says), code, NAMES[code],
                                                          {True: "yes", False: "no", None: "-"}[again]))
    return "".join(out)


def wrap(text):
    text = re.sub(r"([*`|_\\])", r"\\\1", text)
    return textwrap.fill(text, 88, subsequent_indent="       ", break_long_words=False, break_on_hyphens=False)


def check(top, results, schemes, write):
    """"", or what is wrong."""
    path = os.path.join(top, "Documentation/failures.rst")
    want = text_of(results, schemes)
    have = ""
    if os.path.exists(path):
        with open(path, encoding="utf-8") as f:
            have = f.read()
    if have == want:
        return ""
    if write:
        with open(path, "w", encoding="utf-8") as f:
            f.write(want)
        return ""
    new = [line for line in want.splitlines() if line not in have.splitlines()]
    return "differs from the run, see --write: %s" % new[:3]
