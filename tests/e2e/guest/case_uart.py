# SPDX-License-Identifier: GPL-2.0-or-later
"""The whole path over the line discipline on a 16550: `ldattach 29`, with a card of bytes behind it."""
from ways import Ldisc
from whole import of_t1, whole_path


def test_uart_t0(directory):
    """T=0 with PPS."""
    whole_path(directory, Ldisc())


def test_uart_t1(directory):
    """T=1."""
    whole_path(directory, Ldisc(), of_t1("confirm", "connect", "every-power-on"), "T=1")
