# SPDX-License-Identifier: GPL-2.0-or-later
"""The card behind the readers of this directory: `simcard apdu PROFILE`, which can be put in and
pulled out, and the control socket by which a test does it.

A reader is a program of its own (uart.py, vscard.py, ffs.py, ...) with the options of options();
its card comes from an Engine, and Control listens where the test says. Words, one line each,
answered by "ok" or "error ...": insert [PROFILE], remove, swap PROFILE, mute, unmute, stats, quit.
"""
import argparse
import os
import select
import signal
import socket
import struct
import subprocess
import sys
import threading
import time

from iso7816 import Atr

ANSWER_MAX = 65536
CHAIN_MAX = 64      # GET RESPONSE commands of one APDU
CLASS_2G = 0xA0


class Card:
    """One process that plays one profile. Commands one at a time; None is a card that is silent."""

    def __init__(self, profile, simcard, patience):
        self.profile = str(profile)
        self.patience = patience
        self.lock = threading.Lock()
        self.apdus = takes_apdus(self.profile)
        self.process = subprocess.Popen([simcard, "apdu", self.profile], stdin=subprocess.PIPE,
                                        stdout=subprocess.PIPE, bufsize=0)

    def _read(self, count, seconds):
        data, end, fd = b"", time.monotonic() + seconds, self.process.stdout.fileno()
        while len(data) < count:
            left = end - time.monotonic()
            if left <= 0 or not select.select([fd], [], [], left)[0]:
                return None
            more = os.read(fd, count - len(data))
            if not more:
                return None
            data += more
        return data

    def frame(self, data):
        """One frame to the card and the one that answers it; None when none comes."""
        with self.lock:
            while self._read(1, 0.001):   # what came too late for the command before
                pass
            try:
                self.process.stdin.write(struct.pack(">H", len(data)) + data)
            except OSError:
                return None
            head = self._read(2, self.patience)
            return head and self._read(struct.unpack(">H", head)[0], self.patience)

    def close(self):
        self.process.stdin.close()
        try:
            self.process.wait(3)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.process.stdout.close()


def takes_apdus(profile):
    """Whether the profile wants APDUs though it speaks T=0 ("apdu" or "extended" in it)."""
    with open(profile, encoding="latin-1") as lines:
        return any(line.split()[:1] in (["apdu"], ["extended"]) for line in lines)


class Engine:
    """A card slot: empty, or with the card of a profile. fileno() is readable when that changed."""

    def __init__(self, profile=None, simcard="simcard", patience=3.0, absent=False):
        self.simcard, self.patience = simcard, patience
        self.lock = threading.RLock()
        self.cards = {}         # the process of each profile that was ever in: it keeps its state
        self.profile = profile and str(profile)
        self.card = None
        self.mute = False
        self.generation = 0     # counts insertions and removals
        self.commands = self.resets = self.bytes_in = self.bytes_out = 0
        self.event, self.tell = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
        if self.profile and not absent:
            self.insert()

    def fileno(self):
        return self.event

    def seen(self):
        """Whether something changed since the last call."""
        try:
            return bool(os.read(self.event, 512))
        except BlockingIOError:
            return False

    def _changed(self):
        self.generation += 1
        os.write(self.tell, b"\1")

    @property
    def present(self):
        return self.card is not None

    def now(self):
        """How often cards came and went, and whether one is in; of one moment."""
        with self.lock:
            return self.generation, self.present

    # --- what the test does -------------------------------------------------
    def insert(self, profile=None):
        """Puts the card of the profile in, without one the card of before. It must be out."""
        with self.lock:
            if self.card:
                raise ValueError("a card is in")
            self.profile = str(profile or self.profile or "")
            if not self.profile:
                raise ValueError("no profile")
            if self.profile not in self.cards:
                self.cards[self.profile] = Card(self.profile, self.simcard, self.patience)
            self.card = self.cards[self.profile]
            self._changed()

    def remove(self):
        with self.lock:
            if not self.card:
                raise ValueError("no card is in")
            self.card = None
            self._changed()

    def swap(self, profile):
        """Another card, as fast as can be: nobody need see that none was there in between."""
        with self.lock:
            self.remove()
            self.insert(profile)

    # --- what the reader does -----------------------------------------------
    def _frame(self, data):
        card = self.card
        if not card or self.mute:
            return None
        self.bytes_in += len(data)
        answer = card.frame(data)
        # The card may have gone, or another come, while it was asked.
        if card is not self.card or answer is None or len(answer) > ANSWER_MAX:
            return None
        self.bytes_out += len(answer)
        return answer

    def reset(self):
        """The ATR; None of a card that is absent or silent."""
        self.resets += 1
        return self._frame(b"") or None

    def command(self, data):
        """A command as the card's protocol has it, TPDU or APDU; None for silence."""
        self.commands += 1
        return self._frame(bytes(data))

    def apdu(self, apdu, atr):
        """An APDU to any card: with T=0 in TPDUs, as a reader of the APDU levels does it."""
        card = self.card
        if card is None or Atr(atr).protocol == 1 or card.apdus:
            return self.command(apdu)
        return self._apdu_by_tpdus(bytes(apdu))

    def _apdu_by_tpdus(self, apdu):
        lc = apdu[4] if len(apdu) > 5 else 0
        if len(apdu) < 4 or len(apdu) > 5 and len(apdu) not in (5 + lc, 6 + lc) or len(apdu) > 5 and not lc:
            return b"\x67\x00"
        tpdu = apdu + b"\0" if len(apdu) == 4 else apdu[:5 + lc]
        answer = self.command(tpdu)
        data = b""
        for _ in range(CHAIN_MAX):
            if not answer or len(answer) < 2:
                return answer
            data, status = data + answer[:-2], answer[-2:]
            if status[0] == 0x6C:
                answer = self.command(tpdu[:4] + status[1:])
            elif status[0] == 0x61 or status[0] == 0x9F and apdu[0] == CLASS_2G:
                if len(apdu) == 5 + lc and lc:  # case 3 asked for no data
                    return data + status
                tpdu = bytes([apdu[0], 0xC0, 0, 0]) + status[1:]
                answer = self.command(tpdu)
            else:
                return data + status
        return b"\x6f\x00"

    def stats(self):
        return f"commands {self.commands} in {self.bytes_in} out {self.bytes_out} resets {self.resets}"

    def close(self):
        for card in self.cards.values():
            card.close()
        self.cards, self.card = {}, None
        os.close(self.event)
        os.close(self.tell)


class Control(threading.Thread):
    """Takes the test's words at a unix stream socket, in a thread of its own.

    words has more of them, of one reader alone: a function for each, called with the words behind;
    what it returns stands behind the "ok"."""

    def __init__(self, engine, path, words=None):
        super().__init__(daemon=True)
        self.engine, self.path = engine, path
        self.words = {"insert": self._insert, "remove": lambda: engine.remove(),
                      "swap": lambda profile: engine.swap(profile), "mute": lambda: self._mute(True),
                      "unmute": lambda: self._mute(False), "stats": engine.stats,
                      "quit": lambda: os.kill(os.getpid(), signal.SIGTERM)}
        self.more = {} if words is None else words  # may be filled later
        if os.path.exists(path):
            os.unlink(path)
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        mask = os.umask(0o177)
        self.socket.bind(path)
        os.umask(mask)
        self.socket.listen(4)
        self.start()

    def _insert(self, profile=None):
        self.engine.insert(profile)

    def _mute(self, mute):
        self.engine.mute = mute

    def answer(self, line):
        word, *rest = line.split() or [""]
        call = self.words.get(word) or self.more.get(word)
        if not call:
            return f"error unknown word '{word}'"
        try:
            more = call(*rest)
        except (ValueError, TypeError, OSError) as error:
            return f"error {error}"
        return f"ok {more}" if more else "ok"

    def _client(self, client):
        with client, client.makefile("rw") as lines:
            for line in lines:
                try:
                    lines.write(self.answer(line) + "\n")
                    lines.flush()
                except OSError:
                    return

    def run(self):
        while True:
            client, _ = self.socket.accept()
            threading.Thread(target=self._client, args=(client,), daemon=True).start()


def options(description):
    """The options that all readers share; each adds its own."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("profile", help="the profile of the card")
    parser.add_argument("--control", metavar="SOCKET", help="take insert, remove, swap, ... here")
    parser.add_argument("--absent", action="store_true", help="begin without the card")
    parser.add_argument("--simcard", default="simcard", help="the program that plays the card")
    parser.add_argument("--patience", type=float, default=3.0, help="seconds after which a card is silent")
    parser.add_argument("--log", action="store_true", help="tell of what passes on standard output")
    return parser


def engine_of(args, words=None):
    """The engine, with its control socket, as the options say; SIGTERM is an end like any other."""
    engine = Engine(args.profile, args.simcard, args.patience, args.absent)
    # Who waits for a change is woken by a signal too, also by one just before.
    signal.set_wakeup_fd(engine.tell, warn_on_full_buffer=False)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    if args.control:
        engine.control = Control(engine, args.control, words)
    return engine
