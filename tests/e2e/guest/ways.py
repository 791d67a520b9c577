# SPDX-License-Identifier: GPL-2.0-or-later
"""Ways from a card to the kernel beside the virtual reader of world.Way.

Each has a program of tests/readers that plays reader and card; it takes the words insert, remove,
swap and quit at a control socket, as engine.py has them.
"""
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
