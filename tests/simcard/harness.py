# SPDX-License-Identifier: GPL-2.0-or-later
"""A card reader in Python, to judge simcard from outside: it shares no code with it."""

import os
import select
import shutil
import socket
import struct
import subprocess
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
PROFILES = os.path.join(HERE, "profiles")
ANSWER_TIME = 5.0
SILENCE = 0.3

PKCS15 = bytes.fromhex("A000000063504B43532D3135")
USIM = bytes.fromhex("A0000000871002FFFFFFFF8907090000")
ATR_T0 = bytes.fromhex("3B9E96801FC78031E073FE211B646D7363303100AE")
ATR_T1 = bytes.fromhex("3B9E96811FC78031E073FE211B646D7363303100AF")
ICCID = bytes.fromhex("98941032547698103274")


class Failure(Exception):
    """A check did not hold."""


def check(what, got, wanted):
    if got != wanted:
        def show(value):
            return value.hex() if isinstance(value, bytes) else repr(value)
        raise Failure(f"{what}: got {show(got)}, wanted {show(wanted)}")


def profile(name):
    return os.path.join(PROFILES, name)


def read_exactly(fd, count, seconds):
    """The next count bytes, or None when they do not come in time or never will."""
    data = b""
    end = time.monotonic() + seconds
    while len(data) < count:
        left = end - time.monotonic()
        if left <= 0 or not select.select([fd], [], [], left)[0]:
            return None
        more = os.read(fd, count - len(data))
        if not more:
            return None
        data += more
    return data


class Card:
    """`simcard apdu` behind frames, with the reader's part of the T=0 procedure."""

    def __init__(self, bin_dir, path, stderr=None):
        self.process = subprocess.Popen([os.path.join(bin_dir, "simcard"), "apdu", path],
                                        stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                        stderr=stderr, bufsize=0)
        self.commands = 0

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.stdin.close()
        if self.process.wait(timeout=5) != 0:
            raise Failure(f"simcard apdu ended with {self.process.returncode}")
        self.process.stdout.close()

    def frame(self, data, seconds=ANSWER_TIME):
        """Sends one frame; the answer's bytes, or None for silence."""
        self.process.stdin.write(struct.pack(">H", len(data)) + data)
        head = read_exactly(self.process.stdout.fileno(), 2, seconds)
        if head is None:
            return None
        return read_exactly(self.process.stdout.fileno(), struct.unpack(">H", head)[0], seconds)

    def reset(self, seconds=ANSWER_TIME):
        return self.frame(b"", seconds)

    def raw(self, command, seconds=ANSWER_TIME):
        """One command as it is: (data, status word as hex), or None for silence."""
        self.commands += 1
        answer = self.frame(bytes.fromhex(command) if isinstance(command, str) else command,
                            seconds)
        if answer is None:
            return None
        if len(answer) < 2:
            raise Failure(f"an answer of {len(answer)} bytes")
        return answer[:-2], answer[-2:].hex().upper()

    def sw(self, command):
        """The status word of a command that must return no data."""
        data, status = self.raw(command)
        check(f"data of {command}", data, b"")
        return status

    def command(self, command):
        """A command with 61xx and 6Cxx followed, as ISO 7816-3 asks of a T=0 reader."""
        command = bytes.fromhex(command)
        data, status = self.raw(command)
        for _ in range(4):
            if status[:2] == "6C":
                data, status = self.raw(command[:4] + bytes.fromhex(status[2:]))
            elif status[:2] in ("61", "9F"):
                more, status = self.raw(bytes([command[0], 0xC0, 0, 0]) +
                                        bytes.fromhex(status[2:]))
                data += more
            else:
                break
        return data, status

    def select(self, fid, p1=0, cla=0):
        return self.sw(f"{cla:02X}A4{p1:02X}0C{len(fid) // 2:02X}{fid}")

    def select_aid(self, aid, cla=0):
        return self.sw(f"{cla:02X}A4040C{len(aid):02X}{aid.hex()}")

    def read_binary(self, count=None, cla=0):
        """The current transparent EF, whole or its first count bytes."""
        data = b""
        while count is None or len(data) < count:
            le = 255 if count is None else min(255, count - len(data))
            more, status = self.command(f"{cla:02X}B0{len(data):04X}{le:02X}")
            if status == "6B00" and data:
                break
            # A T=1 card says 6282 when the file ends before Le.
            check(f"READ BINARY at {len(data)}", status, "6282" if len(more) in range(1, le) and
                  status == "6282" else "9000")
            data += more
            if len(more) < le:
                break
        return data

    def read_file(self, path, cla=0):
        """An EF by its path below the MF, or below the current ADF when it starts with 7FFF."""
        check(f"SELECT {path}", self.select(path, p1=8, cla=cla), "9000")
        return self.read_binary(cla=cla)


def tlv(data):
    """The BER-TLV objects of data as (tag, value), one-byte tags, up to FF or 00 padding."""
    out = []
    at = 0
    while at < len(data) and data[at] not in (0x00, 0xFF):
        tag, length, at = data[at], data[at + 1], at + 2
        if length == 0x81:
            length, at = data[at], at + 1
        if at + length > len(data):
            raise Failure(f"object {tag:02X} is longer than what holds it")
        out.append((tag, data[at:at + length]))
        at += length
    return out


class Scratch:
    """A directory for profiles that one test writes."""

    def __init__(self):
        self.path = tempfile.mkdtemp(prefix="simcard-test-")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        shutil.rmtree(self.path)

    def write(self, name, text):
        path = os.path.join(self.path, name)
        with open(path, "wb") as out:
            out.write(text if isinstance(text, bytes) else text.encode())
        return path

    def small(self, more="", name="card", atr=ATR_T0, content="hex " + bytes(range(40)).hex()):
        """A card with one EF 6F01 of 40 bytes and what the test adds."""
        return self.write(name, f"atr {atr.hex()}\nef 6F01 transparent\n{content}\n{more}\n")


class Kernel:
    """Plays the kernel's side of /dev/uicc-virt on a socket pair that keeps messages apart."""

    REGISTERED, RESET, POWER_OFF, COMMAND, CANCEL = 1, 2, 3, 4, 5
    INSERT, REMOVE, ATR, RESPONSE = 16, 17, 18, 19

    def __init__(self, argv):
        self.sock, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self.seq = 0
        argv = [theirs.fileno() if a is None else a for a in argv]
        self.process = subprocess.Popen([str(a) for a in argv], pass_fds=[theirs.fileno()],
                                        stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        theirs.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.sock.close()
        self.process.kill()
        self.process.wait()
        self.process.stdout.close()
        self.process.stderr.close()

    def send(self, kind, payload=b"", seq=None):
        if seq is None:
            self.seq += 1
            seq = self.seq
        self.sock.send(struct.pack("=HHII", kind, 0, seq, len(payload)) + payload)
        return seq

    def receive(self, seconds=ANSWER_TIME):
        """(type, seq, payload); None when nothing comes; False at the end."""
        if not select.select([self.sock], [], [], seconds)[0]:
            return None
        try:
            data = self.sock.recv(8192)
        except ConnectionResetError:
            return False
        if not data:
            return False
        kind, reserved, seq, length = struct.unpack("=HHII", data[:12])
        check("message", (reserved, length), (0, len(data) - 12))
        return kind, seq, data[12:]

    def register(self, slot=3, atr=ATR_T0):
        self.send(self.REGISTERED, struct.pack("=I", slot), seq=0)
        check("line", self.process.stdout.readline(), f"slot {slot} uicc{slot}\n".encode())
        if atr is not None:
            check("insertion", self.receive(), (self.INSERT, 0, atr))

    def command(self, hexes, seconds=ANSWER_TIME):
        """The answer to a command, or None."""
        seq = self.send(self.COMMAND, bytes.fromhex(hexes))
        answer = self.receive(seconds)
        if not answer:
            return answer
        check("answer", answer[:2], (self.RESPONSE, seq))
        return answer[2].hex().upper()

    def reset(self):
        seq = self.send(self.RESET)
        kind, got, atr = self.receive()
        check("reset", (kind, got), (self.ATR, seq))
        return atr

    def end(self, seconds=5):
        """Waits for the program's end: (status, stderr)."""
        status = self.process.wait(timeout=seconds)
        return status, self.process.stderr.read().decode()
