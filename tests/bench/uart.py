# SPDX-License-Identifier: GPL-2.0-or-later
"""What it costs to read a bootstrap of 600 bytes over a card's line: characters and time.

Nothing is measured: the exchanges are those of bootstrap-600.walk, which a real run of the
core with a card that counts wrote (tests/bench/run --record), and which every run of the
card's figures is compared with. What crosses the line for each, and how long that takes at
least, ISO/IEC 7816-3 says: 12 etu a character, 16 etu (T=0) or 22 etu (T=1, BGT) from one
side's last character to the other's first, no time for the card to think, nothing lost. The
reset is left out; answer to reset and PPS are counted, at 372 clocks an etu.
"""
from pathlib import Path

WALK = Path(__file__).resolve().parent / "bootstrap-600.walk"
CLOCK_HZ = 3571200          # 9600 etu a second at F = 372
INITIAL = 372               # clocks an etu, before PPS
FAST = 512 / 32             # by TA1 = 96
CHARACTER, TURN = 12, {0: 16, 1: 22}
PPS = 4                     # FF 10 96 79, and the same back
IFS = 254                   # IFSC of the card, and IFSD
HEAD = """\
# SPDX-License-Identifier: GPL-2.0-or-later
# Written by tests/bench/run --record: what the core asks of a card until 600 bytes of
# bootstrap are read. Card and its ATR; header, bytes of the command, bytes of data in the
# response, status.
"""


def read(path=WALK):
    """{card: (ATR's length, [(header, command, data)])}"""
    cards = {}
    for line in path.read_text().splitlines():
        words = line.split()
        if line.startswith("#") or not words:
            continue
        if words[0] == "card":
            current = cards.setdefault(words[1], (int(words[2]), []))[1]
        else:
            current.append((words[0], int(words[1]), int(words[2]), words[3]))
    return cards


def text(cards):
    out = HEAD
    for name, (atr, exchanges) in cards.items():
        out += f"card {name} {atr}\n" + "".join(f"{h} {c} {d} {s}\n" for h, c, d, s in exchanges)
    return out


def t0(exchanges):
    """Characters, to the card and from it by turns: header, procedure byte, data, status."""
    turns = []
    for _, command, data, _ in exchanges:
        if command > 5:
            turns += [5, 1, command - 5, 2]
        else:
            turns += [5, (1 + data if data else 0) + 2]
    return turns


def chain(size):
    """An APDU in blocks of 254 bytes and four around them, and the R-blocks between."""
    blocks = []
    while size > IFS:
        blocks += [IFS + 4, 4]
        size -= IFS
    return blocks + [size + 4]


def t1(exchanges):
    """The same in blocks; S(IFS) comes first."""
    turns = [5, 5]
    for _, command, data, _ in exchanges:
        turns += chain(command) + chain(data + 2)
    return turns


def etu(turns, protocol):
    """From the first character's beginning to the last one's end; turns alternate."""
    return sum(turns) * CHARACTER + (len(turns) - 1) * (TURN[protocol] - CHARACTER)


def ms(etus, clocks):
    return etus * clocks * 1000 / CLOCK_HZ


def figures(cards=None):
    """[(name, value)]"""
    cards = cards or read()
    out = []
    for name, protocol, at in ("bench600", 0, "uart"), ("bench600-t1", 1, "uart.t1"):
        atr, exchanges = cards[name]
        turns = (t0, t1)[protocol](exchanges)
        negotiation = [atr, PPS, PPS]
        before, pps = (ms(etu(part, protocol), INITIAL) for part in ([atr], negotiation))
        # after the ATR, or the card's PPS response, it is our turn
        turn = TURN[protocol] - CHARACTER
        slow = before + ms(turn + etu(turns, protocol), INITIAL)
        fast = pps + ms(turn, INITIAL) + ms(etu(turns, protocol), FAST)
        out += [(f"{at}.exchanges", len(exchanges)), (f"{at}.bytes", atr + sum(turns)),
                (f"{at}.pps.bytes", 2 * PPS), (f"{at}.ms.372_1", slow), (f"{at}.ms.512_32", fast),
                (f"{at}.pps.ms", pps - before), (f"{at}.pps", slow / fast)]
    return out
