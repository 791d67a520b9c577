# SPDX-License-Identifier: GPL-2.0-or-later
"""What the helper's walk costs the card, counted by the card.

The card is started with --log; each line of a command has its header, the bytes
of the command, the bytes of data in the answer and the status word.
"""
import re
from typing import NamedTuple

COMMAND = re.compile(r"\b([0-9A-F]{8}) (\S+) +(\d+) bytes -> +(?:silence|(\d+) bytes ([0-9A-F]{4}))")


class Tpdu(NamedTuple):
    header: str
    name: str
    command: int  # bytes to the card, header included
    data: int     # bytes of data from it
    status: str   # "" when it was silent

    @property
    def bytes(self):
        return self.command + self.data + (2 if self.status else 0)


def tpdus(text):
    """The commands in what simcard said."""
    return [Tpdu(m[1], m[2], int(m[3]), int(m[4] or 0), m[5] or "") for m in COMMAND.finditer(text)]


def until_read(commands, size):
    """The commands up to the one with which a file of this size has been read, or None.

    Commands that only read, with no SELECT between them, read one file.
    """
    got = 0
    for n, t in enumerate(commands):
        if t.name != "READ-BINARY":
            got = 0
        elif got + t.data >= size:
            return commands[:n + 1]
        else:
            got += t.data
    return None


def cost(commands):
    """TPDUs and bytes, both directions, status words included."""
    return len(commands), sum(t.bytes for t in commands)
