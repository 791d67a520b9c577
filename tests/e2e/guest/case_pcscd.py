# SPDX-License-Identifier: GPL-2.0-or-later
"""pcscd and the driver uicc_ccid on one machine, with one USB reader for the two."""
import os
import re
import subprocess
from pathlib import Path

from case_path import SCRIPT, account_is_there, one_session
from pcsc import Client, Refused, Usb, readers, start_pcscd, stop_pcscd
from ways import slot_at
from world import SYSFS, World, check, run, stays, udev_settle, wait_for

SELECT_MF = "00A4000C023F00"
USB = Path("/sys/bus/usb/drivers")


def reads(reader):
    """Whether a program gets an answer of the card by pcscd."""
    try:
        with Client() as client:
            client.connect(reader)
            return client.transmit(SELECT_MF).endswith("9000")
    except Refused:
        return False


def the_reader():
    found = readers()
    check(len(found) <= 1, f"more than one reader: {found}")
    return found[0] if found else None


def driver(location):
    link = Path("/sys/bus/usb/devices") / location / "driver"
    return os.path.basename(os.readlink(link)) if link.is_symlink() else None


# Rules: BIND-1
def test_untouched(directory):
    """With the module loaded and nothing bound, pcscd has the reader as it would without."""
    with World(directory, way=Usb(bind=False)) as world:
        world.start_card("none")
        start_pcscd(world)
        reader = wait_for("pcscd's reader", the_reader)
        world.insert()
        wait_for("an answer of the card", lambda: reads(reader))
        check(driver(world.way.location) == "usbfs", f"the driver is {driver(world.way.location)}")
        check(not list(SYSFS.glob("uicc*")), "a slot that nobody asked for")
        shown = run("dmscctl", "readers").stdout
        check(world.way.location in shown and "usbfs" in shown, f"dmscctl readers:\n{shown}")


# Rules: BIND-1
def test_there_and_back(directory):
    """bind takes the reader from pcscd, which says that it is gone; ours works, to the end of a
    session; unbind gives it back, and pcscd works: all of it twice."""
    with World(directory, way=Usb(bind=False)) as world:
        world.start_server(SCRIPT)
        world.start_card("connect")
        location = world.way.location
        start_pcscd(world)
        reader = wait_for("pcscd's reader", the_reader)
        world.insert()
        for number in (1, 2):
            wait_for("an answer of the card", lambda: reads(reader))
            with Client() as client:
                client.connect(reader)
                run("dmscctl", "bind", location)
                check(driver(location) == "uicc_ccid", f"bound, but to {driver(location)}")
                check(the_reader() is None, "pcscd still has the reader")
                try:
                    client.transmit(SELECT_MF)
                except Refused:
                    pass
                else:
                    raise AssertionError("who had the card before still reaches it by pcscd")
            slot = wait_for("our slot", lambda: slot_at("ccid", location))
            wait_for("our card", lambda: (SYSFS / f"{slot}.card").exists())
            if number == 1:
                one_session(world)
            world.nothing_more()
            check(account_is_there(world), "no account from the card")
            shown = run("dmscctl", "readers").stdout
            check("uicc_ccid" in shown and slot in shown, f"dmscctl readers:\n{shown}")
            run("dmscctl", "bind", location)    # it is
            # By its device, its slot: whichever.
            run("dmscctl", "unbind", location.split(":")[0] if number == 1 else slot)
            check(not list(SYSFS.glob("uicc*")), "the slot stays")
            reader = wait_for("pcscd to have the reader again", the_reader)
        wait_for("an answer of the card", lambda: reads(reader))
        check(driver(location) == "usbfs", f"the driver is {driver(location)}")


# Rules: BIND-1
def test_pcscd_comes_later(directory):
    """A reader that is bound stays so when pcscd starts, and when udev tells of it again."""
    with World(directory, way=Usb()) as world:
        world.start_card("none")
        world.insert()
        wait_for("our card", world.cards)
        world.nothing_more()
        daemon = start_pcscd(world)
        stays("a reader of pcscd's", the_reader, 1.0)
        run("udevadm", "trigger", "--action=add", "--subsystem-match=usb")
        udev_settle()
        stays("a reader of pcscd's", the_reader, 1.0)
        check(driver(world.way.location) == "uicc_ccid", f"the driver is {driver(world.way.location)}")
        check(world.cards(), "our card went")
        seq = (SYSFS / world.card.slot / "seq").read_text()
        world.remove()
        wait_for("the card to go", lambda: not world.cards())
        world.insert()
        wait_for("our card", world.cards)
        check((SYSFS / world.card.slot / "seq").read_text() != seq, "the same insertion")
        world.nothing_more()
        run("dmscctl", "unbind", world.way.location)
        reader = wait_for("pcscd to have the reader", the_reader)
        wait_for("an answer of the card", lambda: reads(reader))
        stop_pcscd(world, daemon)


RULE = Path("/etc/udev/rules.d/80-uicc-ccid.rules")


def documented_rule(location):
    """The rule of usb-readers.rst for a reader at one place, with this one's."""
    text = Path("/root/e2e/usb-readers.rst").read_text()
    rule = re.search(r'(?m)^    (ACTION=="add".*KERNEL=="1-1\.2:1\.0".*\\\n.*)$', text).group(1)
    return rule.replace("1-1.2:1.0", location) + "\n"


def test_plugged_again(directory):
    """With the rule of the document the reader is the kernel's whenever it is plugged in, and
    pcscd, which hears of it behind udev, never has it."""
    with World(directory, way=Usb()) as world:
        world.start_card("none")
        world.insert()
        wait_for("our card", world.cards)
        world.nothing_more()
        start_pcscd(world)
        location = world.way.location
        authorized = Path("/sys/bus/usb/devices") / location.split(":")[0] / "authorized"
        RULE.write_text(documented_rule(location))
        try:
            run("udevadm", "control", "--reload")
            authorized.write_text("0")      # as if it was pulled out: its interfaces go
            wait_for("the slot to go", lambda: not list(SYSFS.glob("uicc*")))
            authorized.write_text("1")
            wait_for("our slot", lambda: slot_at("ccid", location))
            wait_for("our card", world.cards)
            world.nothing_more()
            stays("a reader of pcscd's", the_reader, 1.0)
        finally:
            RULE.unlink()
            run("udevadm", "control", "--reload")
        # Without it the reader is anybody's again.
        run("rmmod", "uicc_ccid")
        authorized.write_text("0")
        authorized.write_text("1")
        run("modprobe", "uicc_ccid")
        wait_for("pcscd to have the reader", the_reader)
        check(driver(location) == "usbfs", f"the driver is {driver(location)}")


def test_refused(directory):
    """What cannot be done says why, and leaves everything as it was."""
    with World(directory, way=Usb(bind=False)) as world:
        world.start_card("none")
        start_pcscd(world)
        wait_for("pcscd's reader", the_reader)
        location = world.way.location

        def refused(status, text, *words, **kw):
            done = subprocess.run(["dmscctl", *words], capture_output=True, text=True, timeout=60, **kw)
            check(done.returncode == status and text in done.stderr,
                  f"dmscctl {' '.join(words)}: exit {done.returncode}, {done.stderr}")

        refused(1, "no USB card reader", "bind", "9-9:1.0")
        refused(1, "is no card reader", "bind", "1-0:1.0")
        refused(1, "no USB card reader", "bind", "../../x")
        refused(1, "is not bound", "unbind", location)
        refused(1, "only root", "bind", location, user=65534, group=65534)
        refused(2, "usage", "bind")
        run("rmmod", "uicc_ccid")
        refused(4, "modprobe uicc_ccid", "bind", location)
        refused(4, "modprobe uicc_ccid", "unbind", location)
        run("modprobe", "uicc_ccid")
        check(the_reader() and driver(location) == "usbfs", "something of it was done")
        # The id was there for a moment only: a reader that nobody has stays so.
        run("dmscctl", "bind", location)
        run("dmscctl", "unbind", location)
        wait_for("pcscd's reader", the_reader)
