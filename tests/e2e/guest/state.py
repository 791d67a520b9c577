# SPDX-License-Identifier: GPL-2.0-or-later
"""What a failed test leaves to look at, taken while it is all still there.

A process that waits, and for what; a socket with bytes that nobody reads. Logs
say what was done, and these what was not.
"""
import contextlib
import os
import re
import socket
import struct
from pathlib import Path

LINES = 60
WIDTH = 400
OURS = ("dmsc-", "dm-server", "simcard", "uicc-bridge", "dnsmasq", "tcpdump", "udevadm", "udevd", "systemd-udevd",
        "systemctl")
TCP = ("?", "ESTABLISHED", "SYN-SENT", "SYN-RECV", "FIN-WAIT-1", "FIN-WAIT-2", "TIME-WAIT", "CLOSE", "CLOSE-WAIT",
       "LAST-ACK", "LISTEN", "CLOSING", "NEW-SYN-RECV")
STATUS = re.compile(r"^(State|PPid|Threads|SigQ|SigPnd|ShdPnd|SigBlk|SigIgn):\s*(.*)$", re.MULTILINE)


def block(title, lines):
    """A part of a failed test's report."""
    print(f"  --- {title}\n" + "\n".join("  | " + line for line in lines), flush=True)


def log(path):
    block(path.name, [line[:WIDTH] for line in path.read_text(errors="replace").splitlines()[-LINES:]])


def one(path):
    """A small file of /proc, or why not."""
    try:
        return path.read_text(errors="replace").strip("\0\n")
    except OSError as error:
        return f"({error.strerror})"


def program(pid):
    with contextlib.suppress(OSError):
        words = Path(f"/proc/{pid}/cmdline").read_bytes().rstrip(b"\0").decode("utf-8", "replace").split("\0")
        if not words[0]:        # a zombie has none
            words = [one(Path(f"/proc/{pid}/comm"))]
        return words
    return None


def pids():
    return sorted(int(entry.name) for entry in Path("/proc").iterdir() if entry.name.isdigit())


def processes():
    """Ours and udev's, with what each thread waits in."""
    lines = []
    for pid in pids():
        words = program(pid)
        if not words or not os.path.basename(words[0]).startswith(OURS):
            continue
        lines.append(f"{pid} {' '.join(words)}")
        lines.append("    " + ", ".join(f"{k} {v}" for k, v in STATUS.findall(one(Path(f"/proc/{pid}/status")))))
        for task in sorted(Path(f"/proc/{pid}").glob("task/[0-9]*")):
            lines.append(f"    {task.name}: wchan {one(task / 'wchan')}, syscall {one(task / 'syscall')}")
            lines += ["        " + line for line in one(task / "stack").splitlines()]
    return lines


def owners():
    """Who has which socket open."""
    found = {}
    for pid in pids():
        with contextlib.suppress(OSError):
            for fd in Path(f"/proc/{pid}/fd").iterdir():
                with contextlib.suppress(OSError):
                    target = os.readlink(fd)
                    if target.startswith("socket:["):
                        found.setdefault(target[8:-1], []).append(f"{one(Path(f'/proc/{pid}/comm'))}[{pid}]")
    return found


def address(text):
    ip, port = text.split(":")
    return f"{socket.inet_ntoa(struct.pack('=I', int(ip, 16)))}:{int(port, 16)}"


def sockets():
    """As ss -tuanp has it; bytes in its queues count for more than states."""
    who, lines = owners(), []
    for kind in ("tcp", "udp"):
        for line in one(Path(f"/proc/net/{kind}")).splitlines()[1:]:
            word = line.split()
            state = TCP[int(word[3], 16)] if kind == "tcp" else "-"
            sent, received = (int(n, 16) for n in word[4].split(":"))
            lines.append(f"{kind} {state} {address(word[1])} -> {address(word[2])}, {sent} to send, {received} to read,"
                         f" timer {word[5]}, {int(word[6], 16)} resent, {' '.join(who.get(word[9], ['nobody']))}")
    return lines


def locks():
    """/proc/locks with names."""
    lines = []
    for line in one(Path("/proc/locks")).splitlines():
        word = line.split()
        pid = next((w for w in word if w.isdigit()), "?")
        lines.append(f"{line}  {' '.join(program(pid) or ['?'])}")
    return lines


def show(directory, others=()):
    """All of it."""
    for path in [*sorted(Path(directory).glob("*.log")), *others]:
        if path.exists() and path.stat().st_size:
            log(path)
    block("slots", [f"{slot.name}: {one(slot / 'state')}, seq {one(slot / 'seq')}"
                    for slot in sorted(Path("/sys/class/uicc").glob("uicc*")) if "." not in slot.name])
    block("processes", processes())
    block("sockets", sockets())
    block("locks", locks())
