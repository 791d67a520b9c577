# SPDX-License-Identifier: GPL-2.0-or-later
"""uicc-bridge at, with the test as the kernel and modem.py as the modem: what the kernel's core sends to a
shared card (MANAGE CHANNEL, SELECT, READ) means the same whatever the modem has, and a bad one harms nobody."""
import os
import socket
import subprocess
import sys
import tempfile
import termios
import time

from harness import ICCID, PKCS15, SILENCE, Failure, Kernel, check, profile

HERE = os.path.dirname(os.path.abspath(__file__))
ATR = bytes.fromhex("3B098031E0656D6F64656D")
OPEN = "0070000001"
DIR_FIRST = "61184F10A0000000871002FFFFFFFF8907090000500455" + "53494D"


class Modem:
    """modem.py and the bridge on its device."""

    def __init__(self, simcard, *options, card="connect", bridge=("--poll", "0"), absent=False, program="modem.py",
                 backend="at", under=()):
        self.dir = tempfile.mkdtemp(prefix="modem-test-")
        self.control = os.path.join(self.dir, "control")
        words = [sys.executable, os.path.join(HERE, program), *options, "--simcard", simcard,
                 "--control", self.control, *(["--absent"] if absent else []), profile(card) if "/" not in card else card]
        self.process = subprocess.Popen(words, stdout=subprocess.PIPE)
        self.device = self.process.stdout.readline().decode().split()[1]
        locks = ("--lock-dir", self.dir) if backend == "at" else ()
        self.kernel = Kernel([*under, os.path.join(os.path.dirname(simcard), "uicc-bridge"), backend, "--reader-fd", None,
                              *locks, *bridge, self.device])

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.kernel.__exit__()
        self.process.terminate()
        self.process.wait()
        self.process.stdout.close()
        subprocess.run(["rm", "-r", self.dir], check=True)

    def ctl(self, *words):
        with socket.socket(socket.AF_UNIX) as s:
            s.connect(self.control)
            s.sendall((" ".join(map(str, words)) + "\n").encode())
            answer = s.makefile().readline().strip()
        if not answer.startswith("ok"):
            raise Failure(f"{words}: {answer}")
        return answer[3:]

    def register(self):
        self.kernel.register(atr=ATR)

    def says(self, what, command, wanted):
        check(what, self.kernel.command(command), wanted)

    def data(self, command):
        """What is before a good status word, GET RESPONSE done as the core does it."""
        answer = self.kernel.command(command)
        data = ""
        for _ in range(8):
            if not answer or answer[-4:-2] not in ("61", "9F"):
                break
            data += answer[:-4]
            answer = self.kernel.command(f"{command[:2]}C00000{answer[-2:]}")
        check(f"status of {command}", (answer or "none")[-4:], "9000")
        return data + answer[:-4]

    def walk(self, channel):
        """What the core reads of a card with a channel of its own."""
        cla = f"{channel:02X}"
        self.says("EF(DIR)", f"{cla}A4080C022F00", "9000")
        check("its first record", self.data(f"{cla}B2010428")[:len(DIR_FIRST)], DIR_FIRST)
        self.says("EF(ICCID)", f"{cla}A4080C022FE2", "9000")
        check("ICCID", self.data(f"{cla}B000000A"), ICCID.hex().upper())
        self.says("no such application", f"{cla}A4040C05A000000099", "6A82")
        self.says("PKCS#15", f"{cla}A4040C0C{PKCS15.hex()}", "9000")
        self.says("EF(ODF)", f"{cla}A4000C025031", "9000")
        check("ODF", self.data(f"{cla}B0000008")[:2], "A7")
        fcp = self.data(f"{cla}A40804047FFF503100")
        check("FCP", (fcp[:2], "83025031" in fcp), ("62", True))

    def end(self):
        """The bridge told to end: its status and what it said."""
        self.kernel.process.terminate()
        return self.kernel.end()


def open_channel(m):
    answer = m.kernel.command(OPEN)
    check("channel", (answer[2:], answer[:2] != "00"), ("9000", True))
    return int(answer[:2], 16)


def test_modem_csim(simcard):
    """+CSIM with channels in the class byte: as it is, and the channel is closed at the end."""
    with Modem(simcard, "--has", "csim,channels") as m:
        m.register()
        channel = open_channel(m)
        m.walk(channel)
        m.says("no such channel", "03A4000C022FE2", "6881")
        m.says("the basic one", "00A4080C022FE2", "9000")
        check("reset", m.kernel.reset(), ATR)
        m.says("the card was not reset", f"{channel:02X}B0000001", "A79000")
        check("end", m.end()[0], 0)
    with Modem(simcard, "--has", "csim,channels,ccho") as m:
        m.register()
        m.says("close", f"0070800{open_channel(m)}", "9000")
        m.says("closed", "01A4000C022FE2", "6881")


def test_modem_csim_basic(simcard):
    """+CSIM of a modem that refuses every other channel: MANAGE CHANNEL is refused, the basic one has all."""
    for more in ([], ["--always-echo"], ["--cmee", "2"], ["--cmee", "0"]):
        with Modem(simcard, "--has", "csim", *more) as m:
            m.register()
            m.says("MANAGE CHANNEL", OPEN, "6881")
            m.walk(0)


def test_modem_sessions(simcard):
    """+CCHO alone: channels are sessions, the modem's ids are no channels, and commands before the first
    SELECT of an application work too."""
    for more in ([], ["barenumber"], ["csim"], ["crsm"]):
        with Modem(simcard, "--has", ",".join(["ccho", *more]), "--busy", "--session", "4000000000") as m:
            m.register()
            channel = open_channel(m)
            check("the number", channel, 1)
            m.walk(channel)
            check("one session", m.ctl("sessions"), "1")
            m.says("close", f"007080{channel:02X}", "9000")
            check("none", m.ctl("sessions"), "0")
            m.says("closed", "01B0000001", "6881")
            m.walk(open_channel(m))
            check("end", m.end()[0], 0)
            check("none is left", m.ctl("sessions"), "0")


def test_modem_session_lost(simcard):
    """A session that the modem has forgotten is a channel that the card does not know."""
    with Modem(simcard, "--has", "ccho") as m:
        m.register()
        channel = open_channel(m)
        m.says("EF(ICCID)", f"{channel:02X}A4080C022FE2", "9000")
        m.ctl("fail", 1, "+CME ERROR: 21")
        m.says("lost", f"{channel:02X}B000000A", "6881")
        m.walk(open_channel(m))
        check("the old one was closed", m.ctl("sessions"), "1")
        m.ctl("fail", 1, "+CME ERROR: 14")
        m.says("busy", f"{channel:02X}B0000001", "9300")


def crsm(m):
    """What the core and dmsc-helper read where there are files alone."""
    m.says("MANAGE CHANNEL", OPEN, "6881")
    m.says("EF(DIR)", "00A4080C022F00", "9000")
    check("its first record", m.data("00B2010428")[:len(DIR_FIRST)], DIR_FIRST)
    m.says("EF(ICCID)", "00A4080C022FE2", "9000")
    check("ICCID", m.data("00B000000A"), ICCID.hex().upper())
    fcp = m.data("00A40804022FE200")
    check("FCP", (fcp[:2], "83022FE2" in fcp, "8002000A" in fcp), ("62", True, True))
    m.says("PKCS#15 by its name", f"00A4040C0C{PKCS15.hex()}", "6A82")
    m.says("a PIN", "0020000100", "6D00")
    m.says("by short identifier", "00B082000A", "6A86")


def test_modem_crsm(simcard):
    """+CRSM alone: files by their path, in either form; of a UICC and of a 2G card."""
    for card in ("connect", "2g"):
        for more in ("pathid", "pathid,fullpath", "pathid,response15"):
            with Modem(simcard, "--has", f"crsm,{more}", "--busy", card=card) as m:
                m.register()
                crsm(m)
                m.says("EF(ODF) by path", "00A4080C047F505031", "9000")
                check("ODF", m.data("00B0000008")[:2], "A7")
                m.says("none such", "00A4080C047F506FFF", "9404" if card == "2g" else "6A82")
                m.says("still that one", "00B0000001", "A79000")
                for fid in ("3F00", "7F50", "5031"):
                    m.says(f"by identifier {fid}", f"00A4000C02{fid}", "9000")
                check("ODF", m.data("00B0000008")[:2], "A7")
                fcp = m.data("00A4080402" + "2F00" + "00")
                check("records of 40", "0028" in fcp or "28" in fcp, True)


def test_modem_crsm_without_path(simcard):
    """+CRSM without <pathid>: what is in the MF can be had, the rest is not found."""
    with Modem(simcard, "--has", "crsm") as m:
        m.register()
        crsm(m)
        m.says("EF(ODF)", "00A4080C047F505031", "6A82")
        m.says("the basic one", "00A4080C022FE2", "9000")


def test_modem_csim_by_name_alone(simcard):
    """+CSIM is listed, and each is an error: the next way is taken."""
    with Modem(simcard, "--has", "noname,crsm,pathid") as m:
        m.register()
        m.says("MANAGE CHANNEL", OPEN, "6881")
        m.says("EF(ICCID)", "00A4080C022FE2", "9000")
        check("ICCID", m.data("00B000000A"), ICCID.hex().upper())
    with Modem(simcard, "--has", "noname,ccho") as m:
        m.register()
        m.walk(open_channel(m))
    with Modem(simcard, "--has", "csim,ccho,crsm", bridge=("--poll", "0", "--way", "crsm")) as m:
        m.register()
        m.says("as it was told", OPEN, "6881")
        m.says("a PIN", "0020000100", "6D00")


def test_modem_le(simcard):
    """A modem that takes no Le behind data is asked without."""
    with Modem(simcard, "--has", "csim,channels,nole") as m:
        m.register()
        m.walk(open_channel(m))
        check("FCP", m.data("00A40804022FE200")[:2], "62")


def test_modem_talks(simcard):
    """Echo, split and merged lines, codes in between and noise change nothing."""
    for more in (["--always-echo"], ["--split", "1"], ["--split", "7", "--always-echo"], ["--wrap", "16"],
                 ["--merge"], ["--merge", "--always-echo", "--split", "3"], ["--unasked", "+CREG: 1"],
                 ["--unasked", "RING", "--wrap", "11"], ["--garbage", "--always-echo"],
                 ["--merge", "--unasked", "^RSSI: 20"]):
        with Modem(simcard, "--has", "csim,channels", *more) as m:
            m.register()
            m.walk(open_channel(m))


def test_modem_errors(simcard):
    """ERROR and +CME ERROR are status words, by the table of modem-readers.rst."""
    with Modem(simcard, "--has", "csim") as m:
        m.register()
        m.says("works", "00A4080C022FE2", "9000")
        for text, sw in (("ERROR", "6F00"), ("+CME ERROR: 3", "6A81"), ("+CME ERROR: 4", "6A81"), ("+CME ERROR: 5", "6982"),
                         ("+CME ERROR: 11", "6982"), ("+CME ERROR: 12", "6982"), ("+CME ERROR: 13", "6F00"),
                         ("+CME ERROR: 14", "9300"), ("+CME ERROR: SIM busy", "9300"), ("+CME ERROR: 17", "6982"),
                         ("+CME ERROR: 22", "6A82"), ("+CME ERROR: 100", "6F00"), ("+CME ERROR: 99999999999", "6F00"),
                         ("+CMS ERROR: 500", "6F00")):
            m.ctl("fail", 1, text)
            m.says(text, "00B000000A", sw)
        m.ctl("long", 1)
        m.says("longer than possible", "00B000000A", "6F00")
        check("ICCID", m.data("00B000000A"), ICCID.hex().upper())
        m.ctl("fail", 1, "+CME ERROR: 10")
        m.kernel.send(m.kernel.COMMAND, bytes.fromhex("00B000000A"))
        check("no card", m.kernel.receive(), (m.kernel.REMOVE, 0, b""))


def test_modem_slow(simcard):
    """An answer that comes too late is not taken for that of another command."""
    with Modem(simcard, "--has", "csim", bridge=("--poll", "0", "--answer-time", "400")) as m:
        m.register()
        m.says("EF(ICCID)", "00A4080C022FE2", "9000")
        m.ctl("late", 1, 1)
        check("silence", m.kernel.command("00B0000001", 0.6), None)
        time.sleep(1.5)
        check("in step", m.kernel.command("00B000000A"), ICCID.hex().upper() + "9000")
        m.ctl("hang", 1)
        check("silence", m.kernel.command("00B000000A", 0.6), None)
        check("reset", m.kernel.reset(), ATR)
        check("in step", m.kernel.command("00B000000A"), ICCID.hex().upper() + "9000")


def test_modem_silent(simcard):
    """A modem that says nothing more, or nothing at all, ends the bridge with a message and 1."""
    with Modem(simcard, bridge=("--poll", "0", "--answer-time", "300")) as m:
        m.register()
        m.ctl("hang", 1000)
        check("silence", m.kernel.command("00A4080C022FE2", 0.5), None)
        status, text = m.kernel.end(20)
        check("end", (status, "does not answer" in text), (1, True))
    with Modem(simcard, bridge=("--poll", "0")) as m:
        m.ctl("hang", 1000)
        m.kernel.send(m.kernel.REGISTERED, bytes(4), seq=0)
        status, text = m.kernel.end(20)
        check("end", (status, "does not answer" in text), (1, True))


def test_modem_nothing(simcard):
    """A modem that reaches no card ends it too."""
    with Modem(simcard, "--has", "barenumber") as m:
        m.kernel.send(m.kernel.REGISTERED, bytes(4), seq=0)
        status, text = m.kernel.end()
        check("end", (status, "none of" in text), (1, True))


def test_modem_swap(simcard):
    """The card goes, another one comes: by what the modem says, by asking, by patterns."""
    for more, bridge in ((["--tell"], ("--poll", "0")), ([], ("--poll", "1")),
                         ([], ("--poll", "0", "--removed-code", "^OUT: [0-9]", "--inserted-code", "^IN*"))):
        with Modem(simcard, *more, bridge=bridge) as m:
            m.register()
            m.walk(open_channel(m))
            m.ctl("remove")
            if "--removed-code" in bridge:
                m.ctl("say", "^OUT: 1")
            check("removed", m.kernel.receive(), (m.kernel.REMOVE, 0, b""))
            check("silence", m.kernel.command("00A4080C022FE2", SILENCE), None)
            check("no ATR", m.kernel.reset(), b"")
            m.ctl("insert", profile("t1"))
            if "--removed-code" in bridge:
                m.ctl("say", "^IN")
            check("another", m.kernel.receive(), (m.kernel.INSERT, 0, ATR))
            m.walk(open_channel(m))


def test_modem_absent(simcard):
    """It begins without a card; a locked one is there."""
    with Modem(simcard, "--tell", absent=True) as m:
        m.kernel.register(atr=None)
        check("nothing", m.kernel.receive(SILENCE), None)
        m.ctl("insert")
        check("a card", m.kernel.receive(), (m.kernel.INSERT, 0, ATR))
        m.ctl("say", "+QSIMSTAT: 1,0")
        check("by another code", m.kernel.receive(), (m.kernel.REMOVE, 0, b""))
        check("which was wrong", m.kernel.receive(), (m.kernel.INSERT, 0, ATR))


def test_modem_restart(simcard):
    """A modem that restarts has a card without power in between, and forgets its sessions."""
    with Modem(simcard, "--has", "ccho", "--echo") as m:
        m.register()
        m.walk(open_channel(m))
        m.ctl("restart")
        check("removed", m.kernel.receive(), (m.kernel.REMOVE, 0, b""))
        check("there again", m.kernel.receive(), (m.kernel.INSERT, 0, ATR))
        m.says("no channel", "01B0000001", "6881")
        m.walk(open_channel(m))


def test_modem_gone(simcard):
    """A device that goes ends the bridge with 1, the card pulled out."""
    with Modem(simcard) as m:
        m.register()
        m.walk(open_channel(m))
        try:
            m.ctl("hangup")
        except Failure:
            pass
        check("removed", m.kernel.receive(), (m.kernel.REMOVE, 0, b""))
        status, text = m.kernel.end()
        check("end", (status, "the modem is gone" in text), (1, True))
    with Modem(simcard) as m:
        m.register()
        m.kernel.sock.close()
        check("without the reader", m.kernel.end()[0], 1)


def test_modem_locks(simcard):
    """The device is ours alone while we have it, and as it was afterwards."""
    mask = os.umask(0o077)
    try:
        modem_locks(simcard)
    finally:
        os.umask(mask)


def modem_locks(simcard):
    with Modem(simcard) as m:
        fd = os.open(m.device, os.O_RDWR | os.O_NOCTTY)
        before = termios.tcgetattr(fd)
        os.close(fd)
        m.register()
        lock = os.path.join(m.dir, "LCK.." + os.path.basename(m.device))
        with open(lock, encoding="ascii") as f:
            check("lock file", f.read(), f"{m.kernel.process.pid:10}\n")
        check("for all to read", os.stat(lock).st_mode & 0o777, 0o644)
        second = subprocess.run([*m.kernel.process.args[:2], "--reader-fd", "0", "--lock-dir", m.dir, m.device],
                                stdin=subprocess.DEVNULL, capture_output=True, timeout=5, check=False)
        check("a second one", (second.returncode, b"busy" in second.stderr), (1, True))
        check("end", m.end()[0], 0)
        check("lock file", os.path.exists(lock), False)
        fd = os.open(m.device, os.O_RDWR | os.O_NOCTTY)
        check("settings", termios.tcgetattr(fd), before)
        os.close(fd)
        with open(lock, "w", encoding="ascii") as f:
            f.write(f"{m.kernel.process.pid:10}\n")     # of a process that is no more
        kernel = Kernel([*m.kernel.process.args[:2], "--reader-fd", None, "--lock-dir", m.dir, "--poll", "0", m.device])
        kernel.register(atr=ATR)
        kernel.__exit__()
        # A link's name is not the device's, which others look for.
        link = os.path.join(m.dir, "by-path")
        os.symlink(m.device, link)
        with Kernel([*m.kernel.process.args[:2], "--reader-fd", None, "--lock-dir", m.dir, "--poll", "0", link]) as kernel:
            kernel.register(atr=ATR)
            check("locks", [name for name in os.listdir(m.dir) if name.startswith("LCK")], [os.path.basename(lock)])


def test_modem_usage(simcard):
    """What the command line may not say."""
    bridge = os.path.join(os.path.dirname(simcard), "uicc-bridge")
    for words in ([], ["a", "b"], ["--baud", "115201", "x"], ["--poll", "-1", "x"], ["--way", "qmi", "x"], ["--atr", "3B0", "x"],
                  ["--atr", "9000", "x"], ["--apdu", "x"], ["--shared", "x"]):
        done = subprocess.run([bridge, "at", *words], capture_output=True, timeout=5, check=False)
        check(f"at {words}", done.returncode, 2)
    done = subprocess.run([bridge, "at", "--reader-fd", "0", "/dev/null"], stdin=subprocess.DEVNULL, capture_output=True,
                          timeout=5, check=False)
    check("no terminal", (done.returncode, b"/dev/null" in done.stderr), (1, True))


def test_modem_secrets(simcard):
    """Nothing that passes is in the log, even of a modem that echoes and fails."""
    with Modem(simcard, "--has", "csim,channels", "--always-echo") as m:
        m.register()
        m.says("a wrong PIN", "002000010831313131FFFFFFFF", "63C2")
        m.ctl("fail", 1, "+CME ERROR: 16")
        m.says("an error", "002000010831313131FFFFFFFF", "6F00")
        text = m.end()[1]
        check("log", [secret for secret in ("3131", "1111", "9894") if secret in text], [])
