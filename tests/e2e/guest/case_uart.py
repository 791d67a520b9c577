# SPDX-License-Identifier: GPL-2.0-or-later
"""The whole path over the line discipline on a 16550: `ldattach 29`, with a card of bytes behind it."""
from ways import Ldisc
from whole import of_t1, whole_path
from world import check


def fast(world):
    """PPS made the line faster than 372/1."""
    line = world.control("line").split()
    check(line[-1] != "11", f"still at the initial speed: {line}")


# Rules: PPS-4 TZERO-2
def test_uart_t0(directory):
    """T=0, with PPS."""
    whole_path(directory, Ldisc(), after=fast)


# Rules: TONE-7 TONE-9
def test_uart_t1(directory):
    """T=1, with PPS; each seventh block is damaged on its way, and the card wants more time each time."""
    way = Ldisc("--wtx", "2", "--trouble", "edc=7")
    whole_path(directory, way, of_t1("confirm", "connect", "every-power-on"), "T=1", after=fast)
