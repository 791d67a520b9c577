# SPDX-License-Identifier: GPL-2.0-or-later
"""The whole path over a CCID reader by FunctionFS on dummy_hcd, at each level of exchange."""
from ways import Gadget
from whole import of_t1, reader_gone, whole_path
from world import check


# Rules: CCID-9
def test_ffs_tpdu_t0(directory):
    """TPDUs; parameters and PPS are the reader's."""
    whole_path(directory, Gadget("tpdu"))


# Rules: CCID-11 PPS-4 TONE-2
def test_ffs_tpdu_t1(directory):
    """Blocks of T=1; parameters and PPS are left to us."""
    whole_path(directory, Gadget("tpdu", "--manual"), of_t1("confirm", "connect", "every-power-on"), "T=1")


# Rules: CCID-7
def test_ffs_short(directory):
    """Short APDUs to a card of T=1; the reader asks for more time each time."""
    whole_path(directory, Gadget("short", "--more-time", "2"), of_t1("confirm", "connect", "every-power-on"), "T=1")


def long_answers(world):
    longest = int(world.control("reader").split()[-1])
    check(longest > 512, f"no answer of extended length: {longest} bytes at most")


# Rules: CCID-10
def test_ffs_extended(directory):
    """Cards of T=0: of short APDUs the reader makes TPDUs, and one card takes such of extended length."""
    whole_path(directory, Gadget("extended"), ("confirm", "every-power-on", "extended"), after=long_answers)


def test_ffs_unplugged(directory):
    """The reader leaves the bus, and comes back."""
    reader_gone(directory, Gadget("short"), lambda world: world.control("unplug"), lambda world: world.control("plug"))
