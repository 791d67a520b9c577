# SPDX-License-Identifier: GPL-2.0-or-later
"""Ways from a card to the kernel beside the virtual reader of world.Way.

Each has a program of tests/readers that plays reader and card; it takes the words insert, remove,
swap and quit at a control socket, as engine.py has them.
"""
import contextlib
import os
import sys
from pathlib import Path

from world import SYSFS, Way, wait_for

READERS = Path("/root/readers")     # tests/readers, in the guest


def slot_at(transport, location=None):
    """The name of the slot there (uicc0), or None."""
    for slot in SYSFS.glob("uicc*"):
        try:
            if ((slot / "transport").read_text().strip() == transport and
                    location in (None, (slot / "location").read_text().strip())):
                return slot.name
        except OSError:
            continue    # a card's device, or a slot that goes just now
    return None


class Program(Way):
    """A way by a program of tests/readers; its classes set what is None here."""

    modules = ()
    transport = trusted = None
    program = None

    def __init__(self, location=None):
        super().__init__(location)

    def arguments(self):
        """For the program, behind those that all have."""
        return ()

    def start(self, world, profile, name, options):
        control = world.dir / f"{name}.sock"
        card = world.spawn(name, [sys.executable, "-B", READERS / self.program, world.profile(profile), "--control",
                                  control, "--absent", *self.arguments(), *options])
        card.control = control
        wait_for(f"{name}'s control socket", lambda: control.exists() or card.expect("", 0))
        self.connect(world, card)
        card.slot = wait_for(f"the slot {self.transport}:{self.location}",
                             lambda: slot_at(self.transport, self.location))
        return card

    def connect(self, world, card):
        """What it takes behind the program's start until the kernel has the slot."""


class QemuUsb(Program):
    """QEMU's usb-ccid (scripts/vm --usb-ccid): TPDUs of T=0."""

    modules = ("xhci_pci", "virtio_pci", "virtio_console", "uicc_ccid")
    transport, trusted = "ccid", "ccid:*"
    program = "vscard.py"
    ids = "08e6 4433"

    def connect(self, world, card):
        self.location = bind(self.ids)

    def close(self):
        unbind()


class Gadget(Program):
    """A reader by FunctionFS on dummy_hcd, of any level."""

    modules = ("dummy_hcd", "usb_f_fs", "uicc_ccid")
    transport, trusted = "ccid", "ccid:*"
    program = "ffs.py"
    ids = "1d6b 0104"

    def __init__(self, level, *options):
        super().__init__()
        self.options = ("--level", level, *options)

    def arguments(self):
        return self.options

    def connect(self, world, card):
        self.location = bind(self.ids)

    def close(self):
        unbind()


CCID = Path("/sys/bus/usb/drivers/uicc_ccid")


def interface(ids):
    """The USB interface of the reader with these identifiers ("vendor product"), or None."""
    for device in Path("/sys/bus/usb/devices").glob("*-*:*"):
        parent = device.resolve().parent
        with contextlib.suppress(OSError):
            if (f"{(parent / 'idVendor').read_text().strip()} {(parent / 'idProduct').read_text().strip()}" == ids and
                    (device / "bInterfaceClass").read_text().strip() == "0b"):
                return device
    return None


def bind(ids):
    """Gives the reader with these identifiers to our driver; the name of its interface."""
    device = wait_for(f"the USB reader {ids}", lambda: interface(ids))
    if ids not in (CCID / "new_id").read_text():
        (CCID / "new_id").write_text(ids)
    elif not (device / "driver").exists():
        (CCID / "bind").write_text(device.name)
    return device.name


def unbind():
    for device in CCID.glob("*-*:*"):
        (CCID / "unbind").write_text(device.name)


# The card's end of the line: the last 16550 of the machine.
FAR = "/dev/ttyS2" if os.uname().machine == "x86_64" else "/dev/ttyS1"
SERDEV = Path("/sys/bus/serial/drivers/uicc_serial")


class Ldisc(Program):
    """The line discipline on COM2, the card at the other end of the line (scripts/vm --line)."""

    modules = ("uicc_serial",)
    transport = "serial"
    program = "uart.py"

    def __init__(self, *options, tty="ttyS1"):
        super().__init__(tty)
        self.options = options

    def prepare(self):
        super().prepare()
        parameters = Path("/sys/module/uicc_serial/parameters")
        (parameters / "reset").write_text("inband")
        (parameters / "slack_ms").write_text("300")     # as in line.asl

    def arguments(self):
        return ("--line", FAR, "--gap", "1", "--log", *self.options)

    def connect(self, world, card):
        world.spawn("ldattach", ["ldattach", "-d", "29", f"/dev/{self.location}"])


class Serdev(Ldisc):
    """The line as the device that ACPI or the device tree describes: serial0-0."""

    def __init__(self, *options):
        super().__init__(*options, tty="serial0-0")

    def prepare(self):
        # udev has loaded the driver, and that has read there how the card is reset.
        Program.prepare(self)

    def connect(self, world, card):
        if not (SERDEV / self.location).exists():
            (SERDEV / "bind").write_text(self.location)

    def close(self):
        if (SERDEV / self.location).exists():
            (SERDEV / "unbind").write_text(self.location)
