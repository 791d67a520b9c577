# SPDX-License-Identifier: GPL-2.0-or-later
"""`simcard serve`, its control socket, and uicc-bridge, with the test as the kernel."""

import os
import re
import signal
import socket
import subprocess
import sys
import time

from harness import ATR_T0, ATR_T1, SILENCE, Failure, Kernel, Scratch, check, profile

SELECT_ICCID = "00A4000C022FE2"
READ_ICCID = "00B000000A"
ICCID_ANSWER = "989410325476981032749000"


def serve(bin_dir, path, *more):
    return Kernel([os.path.join(bin_dir, "simcard"), "serve", path, "--reader-fd", None, *more])


def ctl(bin_dir, sock, *words):
    done = subprocess.run([os.path.join(bin_dir, "simcard"), "ctl", sock, *words],
                          capture_output=True, text=True, timeout=10, check=False)
    return done.returncode, done.stdout + done.stderr


def test_serve(bin_dir):
    with serve(bin_dir, profile("connect"), "--log") as kernel:
        kernel.register()
        check("SELECT", kernel.command(SELECT_ICCID), "9000")
        check("READ", kernel.command(READ_ICCID), ICCID_ANSWER)
        check("reset", kernel.reset(), ATR_T0)
        check("EF is gone", kernel.command(READ_ICCID), "6986")
        kernel.send(kernel.POWER_OFF)
        kernel.send(99)
        check("still there", kernel.command(SELECT_ICCID), "9000")
        check("PIN", kernel.command("002000010831323334FFFFFFFF"), "9000")
        kernel.sock.close()
        status, err = kernel.end()
        check("end", status, 1)
        check("log", [line.split(": ", 1)[1].split(" ->")[0] for line in err.splitlines()][:3],
              ["00A4000C SELECT         7 bytes", "00B00000 READ-BINARY    5 bytes", "reset"])
        for secret in ("31323334", "9894", "8949"):
            if secret in err:
                raise Failure("content in the log")


def test_serve_control(bin_dir):
    with Scratch() as s:
        sock = os.path.join(s.path, "ctl")
        broken = s.write("broken", "nonsense\n")
        with serve(bin_dir, profile("connect"), "--absent", "--control", sock) as kernel:
            kernel.register(atr=None)
            check("mode", os.stat(sock).st_mode & 0o777, 0o600)
            check("absent", ctl(bin_dir, sock, "remove"),
                  (1, "error no card is in the slot\n"))
            check("insert", ctl(bin_dir, sock, "insert"), (0, "ok inserted\n"))
            check("insertion", kernel.receive(), (kernel.INSERT, 0, ATR_T0))
            check("again", ctl(bin_dir, sock, "insert"),
                  (1, "error a card is in the slot already\n"))
            check("SELECT", kernel.command(SELECT_ICCID), "9000")
            check("READ", kernel.command(READ_ICCID), ICCID_ANSWER)
            code, line = ctl(bin_dir, sock, "stats")
            took = re.search(r" answer_ns=(\d+)", line)
            check("stats", (code, line.replace(took[0] if took else "?", "")),
                  (0, "ok commands=2 in=12 out=14 resets=1 silent=0 SELECT=1 READ-BINARY=1\n"))
            check("time taken", 0 < int(took[1]) < 20 * 10**9, True)
            check("mute", ctl(bin_dir, sock, "mute"), (0, "ok mute\n"))
            check("silence", kernel.command(READ_ICCID, SILENCE), None)
            check("mute reset", kernel.reset(), b"")
            check("unmute", ctl(bin_dir, sock, "unmute"), (0, "ok answering\n"))
            check("reset", kernel.reset(), ATR_T0)
            check("remove", ctl(bin_dir, sock, "remove"), (0, "ok removed\n"))
            check("removal", kernel.receive(), (kernel.REMOVE, 0, b""))
            check("command to no card", kernel.command(SELECT_ICCID, SILENCE), None)
            check("other card", ctl(bin_dir, sock, "insert", profile("t1")), (0, "ok inserted\n"))
            check("insertion", kernel.receive(), (kernel.INSERT, 0, ATR_T1))
            ctl(bin_dir, sock, "remove")
            kernel.receive()
            check("broken profile", ctl(bin_dir, sock, "insert", broken),
                  (1, f'error {broken}:1: unknown word "nonsense"\n'))
            check("no such profile", ctl(bin_dir, sock, "insert", "/nonexistent"),
                  (1, "error /nonexistent: No such file or directory\n"))
            check("the old one is kept", ctl(bin_dir, sock, "insert"), (0, "ok inserted\n"))
            check("insertion", kernel.receive(), (kernel.INSERT, 0, ATR_T1))
            check("unknown", ctl(bin_dir, sock, "eject"), (1, 'error unknown word "eject"\n'))
            check("too much", ctl(bin_dir, sock, "remove", "it"),
                  (1, 'error "remove" takes nothing behind it\n'))
            second = subprocess.run([os.path.join(bin_dir, "simcard"), "serve",
                                     profile("connect"), "--reader-fd", "0", "--control", sock],
                                    stdin=subprocess.DEVNULL, capture_output=True, timeout=5,
                                    check=False)
            check("socket in use", (second.returncode, b"in use" in second.stderr), (1, True))
            check("quit", ctl(bin_dir, sock, "quit"), (0, "ok leaving\n"))
            check("end", kernel.end(), (0, ""))
            check("socket removed", os.path.exists(sock), False)
        check("nobody there", ctl(bin_dir, sock, "stats")[0], 1)


def test_serve_bad_control_clients(bin_dir):
    with Scratch() as s:
        sock = os.path.join(s.path, "ctl")
        with serve(bin_dir, profile("connect"), "--control", sock) as kernel:
            kernel.register()
            flood = socket.socket(socket.AF_UNIX)
            flood.connect(sock)
            flood.sendall(b"x" * 1024)
            check("a line without end is dropped", flood.recv(10), b"")
            flood.close()
            silent = []
            for _ in range(8):
                silent.append(socket.socket(socket.AF_UNIX))
                silent[-1].connect(sock)
            two = silent.pop()
            two.sendall(b"sta")
            time.sleep(0.05)
            two.sendall(b"ts\nmute\nunmute\n")
            answer = b""
            while answer.count(b"\n") < 3:
                answer += two.recv(1000)
            check("three lines", [line.split()[0] for line in answer.splitlines()], [b"ok"] * 3)
            check("the card answers meanwhile", kernel.command(SELECT_ICCID), "9000")
            for one in silent + [two]:
                one.close()
            check("control", ctl(bin_dir, sock, "stats")[0], 0)


def test_serve_after_sigkill(bin_dir):
    with Scratch() as s:
        sock = os.path.join(s.path, "ctl")
        with serve(bin_dir, profile("connect"), "--control", sock) as kernel:
            kernel.register()
            kernel.process.send_signal(signal.SIGKILL)
            kernel.process.wait()
            check("reader is gone", kernel.receive(), False)
        check("socket stays", os.path.exists(sock), True)
        with serve(bin_dir, profile("connect"), "--control", sock) as kernel:
            kernel.register()
            check("control", ctl(bin_dir, sock, "quit")[0], 0)


def test_serve_delay_and_cancel(bin_dir):
    with Scratch() as s:
        path = s.small("quirk delay SELECT 300")
        with serve(bin_dir, path) as kernel:
            kernel.register()
            check("late", kernel.command("00A4000C026F01"), "9000")
            seq = kernel.send(kernel.COMMAND, bytes.fromhex("00A4000C026F01"))
            kernel.send(kernel.CANCEL, seq=seq)
            check("cancelled", kernel.receive(0.6), None)
            check("goes on", kernel.command("00B0000001"), "009000")


def test_serve_without_device(bin_dir):
    if os.path.exists("/dev/uicc-virt"):
        print("   (/dev/uicc-virt is here: not tested)")
        return
    for argv in (["simcard", "serve", profile("connect")], ["uicc-bridge", "pipe", "--", "true"]):
        done = subprocess.run([os.path.join(bin_dir, argv[0]), *argv[1:]], capture_output=True,
                              text=True, timeout=5, check=False)
        check("error", (done.returncode, done.stderr),
              (1, f"{argv[0]}: /dev/uicc-virt is not there: load the module uicc_virt\n"))


def bridge(bin_dir, *command, options=()):
    return Kernel([os.path.join(bin_dir, "uicc-bridge"), "pipe", "--reader-fd", None, *options,
                   "--", *command])


def script(s, body):
    """A card program in Python: get() is the next frame, put(bytes) answers."""
    return [sys.executable, s.write("card.py", "import sys, time, struct, os\n"
                                    "def get():\n"
                                    "    n = struct.unpack('>H', sys.stdin.buffer.read(2))[0]\n"
                                    "    return sys.stdin.buffer.read(n)\n"
                                    "def put(b):\n"
                                    "    sys.stdout.buffer.write(struct.pack('>H', len(b)) + b)\n"
                                    "    sys.stdout.buffer.flush()\n"
                                    f"ATR = bytes.fromhex('{ATR_T0.hex()}')\n" + body)]


def test_bridge_pipe(bin_dir):
    with bridge(bin_dir, os.path.join(bin_dir, "simcard"), "apdu", profile("connect")) as kernel:
        kernel.register()
        check("SELECT", kernel.command(SELECT_ICCID), "9000")
        check("READ", kernel.command(READ_ICCID), ICCID_ANSWER)
        check("reset", kernel.reset(), ATR_T0)
        check("EF is gone", kernel.command(READ_ICCID), "6986")
        kernel.sock.close()
        status, err = kernel.end()
        check("end", (status, "the reader is gone" in err), (1, True))
        check("child", "ended with status 0" in err, True)


def test_bridge_child_ends(bin_dir):
    with Scratch() as s, bridge(bin_dir, *script(s, "get(); put(ATR); get()\n")) as kernel:
        kernel.register()
        kernel.send(kernel.COMMAND, bytes.fromhex(SELECT_ICCID))
        check("removal", kernel.receive(), (kernel.REMOVE, 0, b""))
        check("end of the reader", kernel.receive(), False)
        check("end", kernel.end()[0], 0)
    with Scratch() as s, bridge(bin_dir, *script(s, "get(); put(ATR); sys.exit(3)\n")) as kernel:
        kernel.register()
        check("removal", kernel.receive(), (kernel.REMOVE, 0, b""))
        status, err = kernel.end()
        check("end", (status, "ended with status 3" in err), (1, True))


def test_bridge_signal(bin_dir):
    """Told to end, it pulls the card out first and lets its program go."""
    for sig in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        body = "get(); put(ATR); sys.stdin.buffer.read()\n"
        with Scratch() as s, bridge(bin_dir, *script(s, body)) as kernel:
            kernel.register()
            kernel.process.send_signal(sig)
            check("removal", kernel.receive(), (kernel.REMOVE, 0, b""))
            check("end of the reader", kernel.receive(), False)
            status, err = kernel.end()
            check("end", (status, "ended with status 0" in err), (0, True))


def test_bridge_child_dies_with_grandchild(bin_dir):
    """A process left behind that holds the pipe does not keep the card in."""
    with Scratch() as s:
        body = ("get(); put(ATR)\nif os.fork() == 0:\n    time.sleep(3)\n    os._exit(0)\n"
                "time.sleep(0.1); os._exit(0)\n")
        with bridge(bin_dir, *script(s, body)) as kernel:
            kernel.register()
            check("removal", kernel.receive(2), (kernel.REMOVE, 0, b""))


def test_bridge_slow_and_mute(bin_dir):
    body = ("get(); put(ATR)\n"
            "get(); time.sleep(2.0); put(b'\\x6F\\x01')\n"      # late
            "get(); put(b'\\x90\\x00')\n"
            "get(); get(); put(ATR)\n"                           # silent, then reset
            "get()\n"                                            # mute at a reset
            "get(); put(ATR); get(); put(b'\\x90\\x00')\n"
            "get()\n")
    with Scratch() as s, bridge(bin_dir, *script(s, body),
                                options=("--answer-time", "800")) as kernel:
        kernel.register()
        check("late", kernel.command(SELECT_ICCID, 1.2), None)
        check("not sent on", kernel.command(SELECT_ICCID, 0.4), None)
        time.sleep(1.6)
        check("the late answer was dropped", kernel.command(SELECT_ICCID), "9000")
        check("silent", kernel.command(SELECT_ICCID, 1.6), None)
        check("reset", kernel.reset(), ATR_T0)
        check("mute", kernel.reset(), b"")
        check("reset", kernel.reset(), ATR_T0)
        check("answers", kernel.command(SELECT_ICCID), "9000")


def test_bridge_flood(bin_dir):
    """A program that never ends to answer keeps neither the kernel nor a signal waiting, nor fills the log."""
    body = "get(); put(ATR)\nwhile True:\n    os.write(1, b'\\0\\2\\x90\\0' * 16384)\n"
    with Scratch() as s, bridge(bin_dir, *script(s, body)) as kernel:
        kernel.register()
        check("a command", kernel.command(SELECT_ICCID), "9000")
        kernel.process.terminate()
        check("removal", kernel.receive(), (kernel.REMOVE, 0, b""))
        status, err = kernel.end()
        check("end", (status, len(err.splitlines()) < 8), (1, True))
    # A few more frames than are taken at once, and then silence: all of them are seen.
    body = "get(); put(ATR); get(); os.write(1, b'\\0\\2\\x90\\0' * 20 + b'\\0\\0'); time.sleep(9)\n"
    with Scratch() as s, bridge(bin_dir, *script(s, body)) as kernel:
        kernel.register()
        check("a command", kernel.command(SELECT_ICCID), "9000")
        check("removal", kernel.receive(), (kernel.REMOVE, 0, b""))
        check("why", "a frame of 0 bytes" in kernel.end()[1], True)


def test_bridge_bad_answers(bin_dir):
    for body, reason in (("get(); put(b'\\x90\\x00')\ntime.sleep(9)", "no ATR"),
                         ("get(); put(b'')\ntime.sleep(9)", "a frame of 0 bytes"),
                         ("get(); put(ATR * 200)\ntime.sleep(9)", "a frame of 4200 bytes"),
                         ("get(); time.sleep(9)", "no answer to a reset"),
                         ("get(); put(ATR); get(); put(b'x')\ntime.sleep(9)", "by 1 bytes"),
                         ("get(); put(ATR); get(); put(b'x' * 260)\ntime.sleep(9)", "by 260")):
        with Scratch() as s, bridge(bin_dir, *script(s, body),
                                    options=("--answer-time", "2000")) as kernel:
            inserted = "put(ATR); get()" in body
            kernel.register(atr=ATR_T0 if inserted else None)
            if inserted:
                kernel.send(kernel.COMMAND, bytes.fromhex(SELECT_ICCID))
                check("removal", kernel.receive(), (kernel.REMOVE, 0, b""))
            check("end of the reader", kernel.receive(), False)
            status, err = kernel.end()
            check(f"end of {body!r}", status, 1)
            if reason not in err:
                raise Failure(f"{reason!r} is not in {err!r}")


def test_bridge_usage(bin_dir):
    program = os.path.join(bin_dir, "uicc-bridge")
    for words, wanted in ((["--help"], 0), (["--version"], 0), ([], 2), (["pcsc"], 2),
                          (["pipe"], 2), (["pipe", "--answer-time", "0", "--", "x"], 2)):
        done = subprocess.run([program, *words], capture_output=True, timeout=5, check=False)
        check(f"uicc-bridge {words}", done.returncode, wanted)
    # What is wrong is said, and the usage of what was meant.
    for words, wanted in ((["smoke", "x"], "'smoke' is no backend"), (["pipe", "--answer-time", "0", "--", "x"],
                          "--answer-time cannot be '0'"), (["pipe", "--reader-fd", "-1", "--", "x"], "--reader-fd cannot be '-1'"),
                          (["at", "--apdu", "/dev/null"], "--apdu is no option of at"),
                          (["at", "--baud", "115201", "/dev/null"], "--baud cannot be '115201'"),
                          (["at", "--poll", "-1", "/dev/null"], "--poll cannot be '-1'"),
                          (["at", "--way", "qmi", "/dev/null"], "--way cannot be 'qmi'"),
                          (["at", "--atr", "9000", "/dev/null"], "--atr cannot be '9000'")):
        done = subprocess.run([program, *words], capture_output=True, text=True, timeout=5, check=False)
        check(f"uicc-bridge {words}", (done.returncode, done.stderr.splitlines()[0].startswith(f"uicc-bridge: {wanted}")), (2, True))
        check(f"usage behind {words}", [f"uicc-bridge {other} [" in done.stderr for other in ("pipe", "at")],
              [words[0] in ("smoke", other) for other in ("pipe", "at")])
    with bridge(bin_dir, "/nonexistent/card") as kernel:
        status, err = kernel.end()
        check("no such program", (status, err),
              (1, "uicc-bridge: /nonexistent/card: No such file or directory\n"))


def test_bridge_has_no_shell(bin_dir):
    with Scratch() as s:
        mark = os.path.join(s.path, "mark")
        with bridge(bin_dir, f"true; touch {mark}") as kernel:
            check("status", kernel.end()[0], 1)
        check("nothing ran", os.path.exists(mark), False)
