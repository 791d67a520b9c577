#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""A CCID reader on a USB bus without hardware: ffs.py [OPTION]... PROFILE --level tpdu|short|extended

It is a FunctionFS gadget at the first UDC, that of dummy_hcd in a guest, so that the machine is the
USB host too. The modules usb_f_fs and dummy_hcd have to be loaded.

Control words beside those of every reader:
  unplug, plug      the reader leaves the bus, and comes back
  reader            how often it gave power, how many blocks and APDUs it had, its longest answer
"""
import contextlib
import os
import queue
import struct
import subprocess
import select
import sys
import threading
import time
from pathlib import Path

import ccid
import engine

CONFIGFS = Path("/sys/kernel/config")
GADGET = CONFIGFS / "usb_gadget/dmsc"
MOUNT = Path("/run/ffs-ccid")
VENDOR, PRODUCT = 0x1D6B, 0x0104
PACKET = {"full": 64, "high": 512}
EVENT = struct.Struct("<BBHHHBxxx")
BIND, UNBIND, ENABLE, DISABLE, SETUP, SUSPEND, RESUME = range(7)


class Gadget:
    """configfs and FunctionFS: endpoints out of nothing, and nothing left of them."""

    def __init__(self, reader):
        self.reader = reader
        self.files = []

    def __enter__(self):
        if not (CONFIGFS / "usb_gadget").exists():
            subprocess.run(["mount", "-t", "configfs", "none", str(CONFIGFS)], check=True)
        for directory in (GADGET, GADGET / "strings/0x409", GADGET / "configs/c.1", GADGET / "functions/ffs.ccid"):
            directory.mkdir(exist_ok=True)
        (GADGET / "idVendor").write_text(f"{VENDOR:#x}")
        (GADGET / "idProduct").write_text(f"{PRODUCT:#x}")
        (GADGET / "strings/0x409/product").write_text("test reader")
        link = GADGET / "configs/c.1/ffs.ccid"
        if not link.is_symlink():
            link.symlink_to(GADGET / "functions/ffs.ccid")
        MOUNT.mkdir(exist_ok=True)
        subprocess.run(["mount", "-t", "functionfs", "ccid", str(MOUNT)], check=True)
        self.ep0 = self.open("ep0")
        full, high = (self.reader.descriptors(PACKET[speed], interval) for speed, interval in (("full", 8), ("high", 7)))
        both = struct.pack("<II", 5, 5) + full + high
        os.write(self.ep0, struct.pack("<III", 3, 12 + len(both), 3) + both)
        os.write(self.ep0, struct.pack("<IIII", 2, 16, 0, 0))
        self.out, self.bulk_in, self.interrupt = self.open("ep1"), self.open("ep2"), self.open("ep3")
        return self

    def open(self, name):
        fd = os.open(MOUNT / name, os.O_RDWR)
        self.files.append(fd)
        return fd

    def plug(self):
        (GADGET / "UDC").write_text(sorted(os.listdir("/sys/class/udc"))[0])

    def unplug(self):
        (GADGET / "UDC").write_text("\n")

    def __exit__(self, *_):
        with contextlib.suppress(OSError):
            self.unplug()
        for fd in self.files:
            os.close(fd)
        # Threads may read for ever; the file system is gone with this process.
        subprocess.run(["umount", "-l", str(MOUNT)], check=False)
        with contextlib.suppress(OSError):
            (GADGET / "configs/c.1/ffs.ccid").unlink()
            for directory in ("configs/c.1", "functions/ffs.ccid", "strings/0x409", ""):
                (GADGET / directory).rmdir()


class Usb:
    """The threads of the endpoints: those that may block for ever."""

    def __init__(self, gadget, reader, log):
        self.gadget, self.reader, self.log = gadget, reader, log
        self.packet = PACKET["high"]
        self.notices = queue.Queue()
        self.enabled = threading.Event()
        for loop in (self._control, self._bulk, self._interrupt):
            threading.Thread(target=loop, daemon=True).start()

    def words(self):
        reader = self.reader
        return {"plug": self.gadget.plug, "unplug": self.gadget.unplug,
                "reader": lambda: f"power-ons {reader.power_ons} transfers {reader.transfers} longest {reader.longest}"}

    def _control(self):
        while True:
            try:
                data = os.read(self.gadget.ep0, EVENT.size)
            except InterruptedError:
                continue
            except OSError:
                return
            if len(data) < EVENT.size:
                return
            request, what, value, index, length, kind = EVENT.unpack_from(data)
            if kind == ENABLE:
                self.reader.at_rest()
                self.enabled.set()
                self.notices.put(self.present())
            elif kind in (DISABLE, UNBIND):
                self.enabled.clear()
            elif kind == SETUP:
                self.log(f"control {request:02x} {what:02x} {value:04x} {index:04x} {length:04x}")
                self._answer(request, what)

    def present(self):
        """What the interrupt endpoint says first: a card that is there was not before."""
        self.reader.notice()
        return bytes([ccid.NOTIFY, 3]) if self.reader.engine.present else None

    def _answer(self, request, what):
        """ABORT is taken; everything else is stalled, by going the other way."""
        with contextlib.suppress(OSError):
            if request & 0x80 or what != 1:
                (os.read if request & 0x80 else os.write)(self.gadget.ep0, 0 if request & 0x80 else b"")
            else:
                os.read(self.gadget.ep0, 0)

    def _message(self):
        """The next one of the host, packet by packet: none of them need be short."""
        data = os.read(self.gadget.out, self.packet)
        if len(data) < 10:
            return data
        length = 10 + struct.unpack_from("<I", data, 1)[0]
        while len(data) < min(length, 70000) and len(data) % self.packet == 0:
            data += os.read(self.gadget.out, self.packet)
        return data

    def _bulk(self):
        while True:
            try:
                message = self._message()
                for answer in self.reader.bulk(message) if message else ():
                    os.write(self.gadget.bulk_in, answer)
                    if len(answer) % self.packet == 0:
                        os.write(self.gadget.bulk_in, b"")
            except OSError as error:    # unplugged: there is another host later
                self.log(f"bulk: {error}")
                if not self.gadget.files:
                    return
                self.enabled.wait()
                time.sleep(0.05)

    def _interrupt(self):
        while True:
            notice = self.notices.get()
            self.enabled.wait()
            if notice:
                with contextlib.suppress(OSError):
                    os.write(self.gadget.interrupt, notice)
                    self.log(f"interrupt {notice.hex()}")

    def serve(self, card):
        """Tells of cards that come and go, until a signal ends it."""
        while True:
            select.select([card], [], [])
            card.seen()
            notice = self.reader.notice()
            if notice and self.enabled.is_set():
                self.notices.put(notice)


def main():
    parser = engine.options("A CCID reader by FunctionFS.")
    parser.add_argument("--level", choices=tuple(ccid.FEATURES), default="short")
    parser.add_argument("--manual", action="store_true", help="TPDU level: parameters and PPS are the host's")
    parser.add_argument("--more-time", type=int, default=0, help="ask for so many waiting times before each answer")
    args = parser.parse_args()

    def log(text):
        if args.log:
            print(text, flush=True)

    words = {}
    card = engine.engine_of(args, words)
    reader = ccid.Reader(card, args.level, not args.manual, args.more_time, log)
    with Gadget(reader) as gadget:
        usb = Usb(gadget, reader, log)
        words.update(usb.words())
        gadget.plug()
        usb.serve(card)


if __name__ == "__main__":
    sys.exit(main())
