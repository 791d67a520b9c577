# SPDX-License-Identifier: GPL-2.0-or-later
"""The whole path over a line that ACPI (x86) or the device tree (arm64) describes as a card's."""
from case_uart import fast
from ways import Serdev
from whole import of_t1, whole_path


# Rules: LINE-7 LINE-11 TZERO-4
def test_serdev_t0(directory):
    """T=0 in the inverse convention, with an echo of what we say; the card has a NULL for each command
    and does not do PPS."""
    whole_path(directory, Serdev("--inverse", "--echo", "--procedure", "null", "--pps", "refuse"))


# Rules: PPS-4 TONE-6
def test_serdev_t1(directory):
    """T=1, with PPS."""
    whole_path(directory, Serdev(), of_t1("confirm", "connect", "every-power-on"), "T=1", after=fast)
