# SPDX-License-Identifier: GPL-2.0-or-later
"""pcscd in the guest, ways over it, and another program that uses its readers."""
import contextlib
import ctypes
import grp
import os
import pwd
import sys
from pathlib import Path

from ways import READERS, Program, slot_at
from world import run, wait_for

VPCD = "/usr/lib/pcsc/drivers/serial/libifdvpcd.so"
SOCKET = Path("/run/pcscd/pcscd.comm")
SHARED, EXCLUSIVE = 2, 1
LEAVE, RESET = 0, 1
NOT_THERE = {0x8010001D: "no service", 0x8010001E: "service stopped", 0x8010002E: "no readers",
             0x80100009: "unknown reader", 0x8010000B: "sharing violation", 0x8010000C: "no card",
             0x80100068: "reset", 0x80100069: "removed", 0x80100017: "reader unavailable"}


class Refused(Exception):
    """What pcscd said instead."""


class IoRequest(ctypes.Structure):
    _fields_ = [("protocol", ctypes.c_ulong), ("length", ctypes.c_ulong)]


class Client:
    """A program like any other that uses smart cards, by libpcsclite. Use as a context manager."""

    def __init__(self):
        self.lib = ctypes.CDLL("libpcsclite.so.1")
        self.context, self.card = ctypes.c_long(), ctypes.c_long()
        self.protocol = ctypes.c_ulong()

    def call(self, name, *args):
        rv = getattr(self.lib, name)(*args) & 0xFFFFFFFF
        if rv:
            raise Refused(NOT_THERE.get(rv, f"{rv:08X}"))

    def __enter__(self):
        self.call("SCardEstablishContext", ctypes.c_ulong(2), None, None, ctypes.byref(self.context))
        return self

    def __exit__(self, *_):
        with contextlib.suppress(Refused):
            self.disconnect(LEAVE)
        with contextlib.suppress(Refused):
            self.call("SCardReleaseContext", self.context)

    def connect(self, reader, share=SHARED):
        self.call("SCardConnect", self.context, reader.encode(), ctypes.c_ulong(share), ctypes.c_ulong(3),
                  ctypes.byref(self.card), ctypes.byref(self.protocol))

    def disconnect(self, how):
        if self.card.value:
            card, self.card = self.card, ctypes.c_long()
            self.call("SCardDisconnect", card, ctypes.c_ulong(how))

    def transmit(self, hexes):
        command = bytes.fromhex(hexes)
        answer, length = (ctypes.c_ubyte * 4098)(), ctypes.c_ulong(4098)
        pci = IoRequest(self.protocol.value, ctypes.sizeof(IoRequest))
        self.call("SCardTransmit", self.card, ctypes.byref(pci), command, ctypes.c_ulong(len(command)), None,
                  answer, ctypes.byref(length))
        return bytes(answer[:length.value]).hex()


def readers():
    """The names of pcscd's readers, as the bridge shows them."""
    done = run("uicc-bridge", "pcsc", "--list", ok=False)
    return done.stdout.splitlines() if done.returncode == 0 else []


def start_pcscd(world, virtual=False):
    """pcscd with USB readers or, instead of them, vsmartcard's."""
    conf = world.dir / ("virtual.conf.d" if virtual else "usb.conf.d")
    conf.mkdir(exist_ok=True)
    if virtual:
        (conf / "vpcd").write_text(f'FRIENDLYNAME "Virtual PCD"\nDEVICENAME /dev/null:0x8C7B\nLIBPATH {VPCD}\n'
                                   "CHANNELID 0x8C7B\n")
    daemon = world.spawn("pcscd", ["pcscd", "--foreground", "--info", "--config", conf])
    wait_for("pcscd's socket", SOCKET.exists)
    return daemon


def stop_pcscd(world, daemon, sig=None):
    daemon.stop(*([sig] if sig else []))
    world.running.remove(daemon)
    with contextlib.suppress(FileNotFoundError):
        SOCKET.unlink()


class Pcscd(Program):
    """Over pcscd and a reader of it, by uicc-bridge as a user who may do nothing else."""

    modules = ("uicc_virt",)
    transport, trusted = "virt", "virt:*"
    program = "vpcd.py"
    user = "uicc-bridge"

    def __init__(self, location="pcsc", reader="Virtual PCD 00 00", options=()):
        super().__init__(location)
        self.reader, self.options = reader, options
        self.pcscd = self.bridge = None

    def prepare(self):
        super().prepare()
        # As udev/60-uicc-virt.rules has it; the udevd of this machine resolves no names.
        os.chown("/dev/uicc-virt", 0, grp.getgrnam("uicc-virt").gr_gid)
        os.chmod("/dev/uicc-virt", 0o660)

    def start_bridge(self, world):
        # Nothing but the group: no capability, no other group.
        self.bridge = world.spawn("uicc-bridge", [
            "setpriv", f"--reuid={pwd.getpwnam(self.user).pw_uid}", f"--regid={pwd.getpwnam(self.user).pw_gid}",
            f"--groups={grp.getgrnam('uicc-virt').gr_gid}", "--inh-caps=-all", "--bounding-set=-all", "--no-new-privs",
            "uicc-bridge", "pcsc", "--reader", self.location, *self.options, self.reader])
        return self.bridge

    def connect(self, world, card):
        self.pcscd = start_pcscd(world, virtual=True)
        self.start_bridge(world)


def usb_reader():
    """The location of the USB card reader, as dmscctl says it."""
    found = [line.split() for line in run("dmscctl", "readers").stdout.splitlines()]
    return [line for line in found if ":" in line[0]]


class Usb(Program):
    """QEMU's reader at the USB (scripts/vm --usb-ccid), given to the kernel by dmscctl."""

    modules = ("xhci_pci", "virtio_pci", "virtio_console", "uicc_ccid")
    transport, trusted = "ccid", "ccid:*"
    program = "vscard.py"

    def __init__(self, bind=True):
        super().__init__(None)
        self.bind = bind

    def prepare(self):
        super().prepare()
        self.location = wait_for("the USB reader", usb_reader)[0][0]

    def start(self, world, profile, name, options):
        if self.bind:
            return super().start(world, profile, name, options)
        control = world.dir / f"{name}.sock"
        card = world.spawn(name, [sys.executable, "-B", READERS / self.program, world.profile(profile), "--control",
                                  control, "--absent", *options])
        card.control = control
        wait_for(f"{name}'s control socket", lambda: control.exists() or card.expect("", 0))
        return card

    def connect(self, world, card):
        run("dmscctl", "bind", self.location)

    def close(self):
        if slot_at("ccid", self.location):
            run("dmscctl", "unbind", self.location)
