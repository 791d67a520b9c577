#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""A modem with AT commands and a SIM, on a pseudo terminal: the SIM commands of 3GPP TS 27.007.

    modem.py [OPTIONS] PROFILE

The first line on standard output is "device PATH". What it has is said by --has, how it behaves by the
other options and by words of the control socket, besides those of every reader:

    fail N [TEXT]   the next N SIM commands end with TEXT ("ERROR")
    hang N          the next N commands are not answered at all
    late N SECONDS  the next N are answered that much later
    long N          the next N answers are longer than any can be
    say TEXT        an unsolicited code
    restart         it loses its power: channels and settings are gone, "RDY" comes
    hangup          the device goes
    sessions        how many logical channels it has open
"""
import os
import select
import sys
import termios
import threading
import time
import tty

from engine import engine_of, options

WORDS = {"csim", "channels", "ccho", "crsm", "pathid", "fullpath", "response15", "barenumber", "nole", "noname"}
OK, ERROR = "OK", "ERROR"
SUCCESS = (0x90, 0x91, 0x61, 0x62, 0x9F)
GSM = 0xA0


class Refused(Exception):
    """What the command ends with."""


def words_of(line):
    """The parameters behind "=", strings without their quotes."""
    parts, inside, word = [], False, ""
    for c in line:
        if c == '"':
            inside = not inside
        elif c == "," and not inside:
            parts.append(word)
            word = ""
        else:
            word += c
    if inside:
        raise Refused(ERROR)
    return parts + [word]


def number(word):
    if not word.isdigit():
        raise Refused("+CME ERROR: 21")
    return int(word)


def hexed(word, length=None):
    try:
        data = bytes.fromhex(word)
    except ValueError:
        raise Refused("+CME ERROR: 25") from None
    if length is not None and number(length) != 2 * len(data):
        raise Refused("+CME ERROR: 24")
    return data


def fcp_as_2g(fcp, fid):
    """The 15 bytes of TS 51.011 9.2.1 that old modems make of what a UICC says."""
    tags, at = {}, 2
    while at + 2 <= len(fcp):
        tags[fcp[at]] = fcp[at + 2:at + 2 + fcp[at + 1]]
        at += 2 + fcp[at + 1]
    kind = tags.get(0x82, b"\x41\x21")
    structure = {2: 1, 6: 3}.get(kind[0] & 7, 0)
    length = kind[3] if len(kind) > 3 else 0
    return b"\0\0" + tags.get(0x80, b"\0\0")[-2:] + fid.to_bytes(2, "big") + \
        bytes([4, 0, 0, 0, 0, 1, 2, structure, length])


class Modem:
    def __init__(self, args, engine):
        self.args, self.engine = args, engine
        self.has = set(args.has.split(","))
        if self.has - WORDS:
            raise SystemExit(f"modem: no {self.has - WORDS}")
        self.lock = threading.Lock()
        self.fail = (0, ERROR)
        self.hang = self.late = self.long = 0
        self.delay = 0.0
        self.echo = args.echo
        self.cmee = 0
        self.sessions = {}
        self.next_session = args.session
        self.atr = None
        self.gsm = False
        self.master, self.slave = os.openpty()
        tty.setraw(self.slave, termios.TCSANOW)
        self.device = os.ttyname(self.slave)

    # --- its own card ---------------------------------------------------------
    def apdu(self, *parts):
        answer = self.engine.apdu(b"".join(bytes(p) for p in parts), self.atr or b"")
        if answer is None:
            raise Refused(ERROR if not self.cmee else "+CME ERROR: 13")
        return answer

    def power_on(self):
        """As when it finds a card: reset, and which class it speaks."""
        self.sessions = {}
        self.atr = None
        self.atr = self.engine.reset() if self.engine.present else None
        self.gsm = bool(self.atr) and self.apdu(bytes.fromhex("00A40004023F00"))[-2:] in (b"\x6e\x00", b"\x6d\x00")
        return self.atr

    def own_business(self):
        """What a modem does with the card meanwhile, on the basic channel."""
        if self.args.busy and self.engine.present:
            self.engine.apdu(bytes.fromhex("A0A40000023F00" if self.gsm else "00A4000C023F00"), self.atr or b"")

    def need_card(self):
        # It sees the card later than it was put in.
        if not self.engine.present or self.atr is None:
            raise Refused(self.cme(10, "SIM not inserted"))

    def cme(self, code, text):
        return f"+CME ERROR: {text if self.cmee == 2 else code}" if self.cmee else ERROR

    # --- commands ---------------------------------------------------------------
    def csim(self, line):
        length, text = words_of(line)
        apdu = hexed(text, length)
        channel = len(apdu) > 1 and apdu[0] < GSM and apdu[0] & 3 or apdu[1:2] == b"\x70"
        if channel and "channels" not in self.has:
            raise Refused(self.cme(3, "operation not allowed"))
        lc = apdu[4] if len(apdu) > 5 else 0
        if "nole" in self.has and lc and len(apdu) == 6 + lc:
            return self.rapdu("CSIM", b"\x67\x00")
        return self.rapdu("CSIM", self.apdu(apdu))

    def rapdu(self, name, answer):
        return f'+{name}: {2 * len(answer)},"{answer.hex().upper()}"'

    def ccho(self, line):
        aid = hexed(words_of(line)[0])
        opened = self.apdu(b"\x00\x70\x00\x00\x01")
        if opened[-2:] != b"\x90\x00":
            raise Refused(self.cme(20, "memory full"))
        channel = opened[0]
        answer = self.apdu([channel, 0xA4, 0x04, 0x0C, len(aid)], aid)
        if answer[-2] not in SUCCESS:
            self.apdu([channel, 0x70, 0x80, channel])
            raise Refused(self.cme(22, "not found"))
        self.next_session += 1
        self.sessions[self.next_session] = channel
        return str(self.next_session) if "barenumber" in self.has else f"+CCHO: {self.next_session}"

    def cgla(self, line):
        session, length, text = words_of(line)
        apdu = hexed(text, length)
        channel = self.sessions.get(number(session))
        if channel is None:
            raise Refused(self.cme(21, "invalid index"))
        # It minds the channel itself, and lets nobody change what it has selected there.
        if apdu[1] == 0x70 or apdu[1] == 0xA4 and apdu[2] == 4 or apdu[0] & 3:
            raise Refused(self.cme(3, "operation not allowed"))
        return self.rapdu("CGLA", self.apdu([apdu[0] | channel], apdu[1:]))

    def cchc(self, line):
        channel = self.sessions.pop(number(words_of(line)[0]), None)
        if channel is None:
            raise Refused(self.cme(21, "invalid index"))
        self.apdu([channel, 0x70, 0x80, channel])
        return "+CCHC"

    def crsm_select(self, fid, path):
        """The modem's own way to a file; what SELECT says of it."""
        where = bytes.fromhex(path) if path else b""
        if where and "pathid" not in self.has:
            raise Refused(self.cme(50, "incorrect parameters"))
        if where and where[:2] == b"\x3f\x00":
            if "fullpath" not in self.has:
                return b"\x6a\x82"
            where = where[2:]
        elif where and "fullpath" in self.has:
            return b"\x6a\x82"
        where += fid.to_bytes(2, "big")
        if not self.gsm:
            return self.apdu([0, 0xA4, 8, 4, len(where)], where, b"\0")
        answer = b""
        for at in range(-2, len(where), 2):
            answer = self.apdu([GSM, 0xA4, 0, 0, 2], where[at:at + 2] if at >= 0 else b"\x3f\x00")
            if answer[-2] not in SUCCESS:
                return answer
        return self.apdu([GSM, 0xC0, 0, 0, answer[-1]])

    def crsm(self, line):
        p = words_of(line)
        command = number(p[0])
        if command == 242:
            answer = self.apdu([GSM if self.gsm else 0x80, 0xF2, 0, 0 if self.gsm else 0x0C, 22 if self.gsm else 0])
            return f"+CRSM: {answer[-2]},{answer[-1]}"
        if command not in (176, 178, 192, 214, 220) or len(p) < 5:
            raise Refused(self.cme(4, "operation not supported"))
        fid, p1, p2, p3 = (number(w) for w in p[1:5])
        data = hexed(p[5]) if len(p) > 5 else b""
        answer = self.crsm_select(fid, p[6] if len(p) > 6 else "")
        if answer[-2] in SUCCESS:
            if command != 192:
                body = [p3] + list(data) if data else [p3]
                answer = self.apdu([GSM if self.gsm else 0, command, p1, p2], body)
            elif "response15" in self.has:
                if p3 != 15:
                    raise Refused(self.cme(50, "incorrect parameters"))
                if not self.gsm:
                    answer = fcp_as_2g(answer[:-2], fid) + b"\x90\x00"
        text = f',"{answer[:-2].hex().upper()}"' if len(answer) > 2 else ""
        return f"+CRSM: {answer[-2]},{answer[-1]}{text}"

    def sim_command(self, name, line):
        table = {"CSIM": ("csim", self.csim), "CCHO": ("ccho", self.ccho), "CGLA": ("ccho", self.cgla),
                 "CCHC": ("ccho", self.cchc), "CRSM": ("crsm", self.crsm)}
        word, run = table[name]
        if word not in self.has and not (word == "csim" and "noname" in self.has):
            raise Refused(ERROR)
        if line == "?":
            return None
        self.need_card()
        left, text = self.fail
        if left:
            self.fail = (left - 1, text)
            raise Refused(text)
        if word not in self.has:
            raise Refused(ERROR)
        answer = run(line)
        self.own_business()
        return answer

    def command(self, line):
        """The lines that answer it, its end last."""
        upper = line.upper()
        if upper == "ATE0":
            self.echo = self.args.always_echo
            return [OK]
        if upper in ("AT", "ATV1"):
            return [OK]
        if upper in ("AT+CMEE=0", "AT+CMEE=1", "AT+CMEE=2"):
            self.cmee = self.args.cmee if self.args.cmee is not None else int(upper[-1])
            return [OK]
        if upper == "AT+CMEE?":
            return [f"+CMEE: {self.cmee}", OK]
        if upper == "AT+CPIN?":
            self.need_card()
            return ["+CPIN: READY", OK]
        name, _, rest = upper.removeprefix("AT+").partition("=")
        if name not in ("CSIM", "CCHO", "CGLA", "CCHC", "CRSM"):
            raise Refused(ERROR)
        answer = self.sim_command(name, rest)
        return [answer, OK] if answer else [OK]

    # --- the line -----------------------------------------------------------------
    def write(self, data):
        step = self.args.split or len(data)
        for at in range(0, len(data), step):
            os.write(self.master, data[at:at + step])
            if self.args.split:
                time.sleep(0.002)

    def say(self, text):
        with self.lock:
            self.write(f"\r\n{text}\r\n".encode())

    def broken(self, text):
        """Its strings in lines of this many characters."""
        width = self.args.wrap
        head, quote, rest = text.partition('"')
        if not width or not quote:
            return text
        return head + quote + "\r\n".join(rest[i:i + width] for i in range(0, len(rest), width))

    def answer(self, line):
        if self.hang:
            self.hang -= 1
            return
        try:
            lines = self.command(line)
        except Refused as refused:
            lines = [str(refused)]
        except ValueError:
            lines = [ERROR]
        if self.long and len(lines) > 1:
            self.long -= 1
            lines[0] = lines[0].partition(":")[0] + ': 9000,"' + "90" * 4500 + '"'
        if self.late:
            self.late -= 1
            time.sleep(self.delay)
        text = "".join(f"\r\n{self.broken(one)}\r\n" for one in lines)
        if self.args.merge:
            text = "\r\n" + text.replace("\r\n", "") + "\r\n"
        if self.args.unasked:
            text = text.replace("\r\nOK", f"\r\n{self.args.unasked}\r\n\r\nOK")
            text = f"\r\n{self.args.unasked}\r\n{text}"
        with self.lock:
            self.write(text.encode())

    def received(self, line):
        if self.args.log:
            print(f"> {line.partition('=')[0]}", flush=True)
        if self.echo:
            with self.lock:
                self.write(line.encode() + b"\r")
        if self.args.garbage:
            self.write(bytes(range(128, 256)) + b"\0\r\n")
        if line.upper().startswith("AT"):
            self.answer(line)

    def card_changed(self):
        self.power_on()
        if self.args.tell:
            self.say("+CPIN: READY" if self.engine.present else "+CPIN: NOT INSERTED")

    def restart(self):
        self.echo, self.cmee = self.args.echo, 0
        if self.engine.present:
            self.power_on()
        self.say("RDY")

    def run(self):
        pending = b""
        if self.engine.present:
            self.engine.seen()
            self.power_on()
        while True:
            ready = select.select([self.master, self.engine], [], [])[0]
            if self.engine in ready and self.engine.seen():
                self.card_changed()
            if self.master in ready:
                try:
                    pending += os.read(self.master, 4096)
                except OSError:     # nobody has the device open
                    time.sleep(0.05)
                *lines, pending = pending.replace(b"\n", b"\r").split(b"\r")
                for line in lines:
                    if line:
                        self.received(line.decode("latin-1").strip())


def main():
    parser = options(__doc__.splitlines()[0])
    parser.add_argument("--has", default="csim,channels", help="csim, channels (by +CSIM), ccho, crsm, pathid, fullpath, "
                        "response15, barenumber, nole (refuses an Le behind data), noname (+CSIM by name alone)")
    parser.add_argument("--link", help="a symbolic link to the device")
    parser.add_argument("--echo", action="store_true", help="echo until ATE0")
    parser.add_argument("--always-echo", action="store_true", help="and behind it")
    parser.add_argument("--cmee", type=int, help="the form of errors, whatever is asked for")
    parser.add_argument("--split", type=int, default=0, help="so many bytes at a time")
    parser.add_argument("--wrap", type=int, default=0, help="strings in lines of so many characters")
    parser.add_argument("--merge", action="store_true", help="an answer and its end in one line")
    parser.add_argument("--unasked", help="an unsolicited code in each answer")
    parser.add_argument("--garbage", action="store_true", help="noise before each answer")
    parser.add_argument("--tell", action="store_true", help="+CPIN when the card comes and goes")
    parser.add_argument("--busy", action="store_true", help="select something else on the basic channel all the time")
    parser.add_argument("--session", type=int, default=200, help="before the first session's id")
    args = parser.parse_args()
    modem = None
    words = {
        "fail": lambda n, *text: setattr(modem, "fail", (int(n), " ".join(text) or ERROR)),
        "hang": lambda n: setattr(modem, "hang", int(n)),
        "late": lambda n, seconds: (setattr(modem, "delay", float(seconds)), setattr(modem, "late", int(n)))[2:],
        "long": lambda n: setattr(modem, "long", int(n)),
        "say": lambda *text: modem.say(" ".join(text)),
        "restart": lambda: modem.restart(),
        "hangup": lambda: os._exit(0),
        "sessions": lambda: str(len(modem.sessions)),
    }
    engine = engine_of(args, words)
    modem = Modem(args, engine)
    if args.link:
        if os.path.islink(args.link):
            os.unlink(args.link)
        os.symlink(modem.device, args.link)
    print(f"device {modem.device}", flush=True)
    try:
        modem.run()
    finally:
        engine.close()


if __name__ == "__main__":
    sys.exit(main())
