# SPDX-License-Identifier: GPL-2.0-or-later
"""The whole path over QEMU's USB card reader: uicc_ccid by TPDUs of T=0, slot changes by interrupt."""
from ways import CCID, QemuUsb, interface
from whole import reader_gone, whole_path


# Rules: CCID-3 CCID-9 TZERO-1
def test_ccid_whole_path(directory):
    """Insertion, bootstrap, consent, session; removal; another card; a swap."""
    whole_path(directory, QemuUsb())


def test_ccid_unbound(directory):
    """The driver is taken off the reader, and put on it again."""
    reader_gone(directory, QemuUsb(), lambda world: (CCID / "unbind").write_text(world.way.location),
                lambda world: (CCID / "bind").write_text(world.way.location))


def test_ccid_unplugged(directory):
    """The USB device goes, by its configuration, and comes again: bound once, it is ours."""
    device = []

    def configure(value):
        (device[0] / "bConfigurationValue").write_text(value)

    def away(_world):
        device.append(interface(QemuUsb.ids).resolve().parent)
        configure("0")

    reader_gone(directory, QemuUsb(), away, lambda world: configure("1"))
