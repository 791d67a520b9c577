# SPDX-License-Identifier: GPL-2.0-or-later
"""The whole path over a line that ACPI (x86) or the device tree (arm64) describes as a card's."""
from ways import Serdev
from whole import of_t1, whole_path


def test_serdev_t0(directory):
    """T=0 with PPS."""
    whole_path(directory, Serdev())


def test_serdev_t1(directory):
    """T=1."""
    whole_path(directory, Serdev(), of_t1("confirm", "connect", "every-power-on"), "T=1")
