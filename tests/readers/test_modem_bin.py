# SPDX-License-Identifier: GPL-2.0-or-later
"""uicc-bridge qmi and mbim: the real libraries against qmi.py and mbim.py, which speak the protocols byte
for byte on a pseudo terminal and end with a message when they are asked anything else."""
import os
import subprocess

from harness import ATR_T0, ATR_T1, SILENCE, Failure, check, profile
from test_modem import Modem, open_channel

PACKAGES = {"qmi": "qmi-glib", "mbim": "mbim-glib"}


def kinds(simcard):
    """The backends that are built in: those whose library is there, and no others."""
    bridge = os.path.join(os.path.dirname(simcard), "uicc-bridge")
    text = subprocess.run([bridge, "--help"], capture_output=True, text=True, check=True).stdout
    for kind, package in PACKAGES.items():
        there = subprocess.run(["pkg-config", "--exists", package], check=False).returncode == 0
        check(f"{kind} is built in", f"uicc-bridge {kind} " in text, there)
        if there:
            yield kind


class BinModem(Modem):
    def __init__(self, simcard, kind, *bridge, proxy=False, **kw):
        super().__init__(simcard, program=f"{kind}.py", bridge=bridge if proxy else ("--no-proxy", *bridge), backend=kind, **kw)


def test_binary_walk(simcard):
    """What the core reads of a shared card, with the card's own ATR; no session is left."""
    for kind in kinds(simcard):
        with BinModem(simcard, kind) as m:
            m.kernel.register(atr=ATR_T0)
            m.walk(open_channel(m))
            check("one session", m.ctl("sessions"), "1")
            m.says("close", "00708001", "9000")
            check("none", m.ctl("sessions"), "0")
            m.says("closed", "01B0000001", "6881")
            m.walk(open_channel(m))
            check("reset", m.kernel.reset(), ATR_T0)
            m.says("the card was not reset", "01B0000001", "A79000")
            m.says("the basic one", "00A4080C022FE2", "9000")
            m.says("a wrong PIN", "002000010831313131FFFFFFFF", "63C2")
            status, text = m.end()
            check("end", (status, "3131" in text), (0, False))
            check("none is left", m.ctl("sessions"), "0")


def test_binary_proxy(simcard):
    """Through the proxy that ModemManager uses too. It lets root in alone, and its socket is one of a network
    namespace: this one's own, with processes of its own, so that nothing is left and no proxy of the machine is met."""
    if os.geteuid() != 0:
        return
    for kind in kinds(simcard):
        with BinModem(simcard, kind, proxy=True, under=("unshare", "--net", "--pid", "--fork", "--kill-child")) as m:
            m.kernel.register(atr=ATR_T0)
            m.walk(open_channel(m))
            m.ctl("remove")
            check("removed", m.kernel.receive(), (m.kernel.REMOVE, 0, b""))


def test_binary_lost(simcard):
    """A channel that the modem does not know any more, and one that it does not give."""
    for kind in kinds(simcard):
        with BinModem(simcard, kind) as m:
            m.kernel.register(atr=ATR_T0)
            m.walk(open_channel(m))
            m.ctl("forget")
            m.says("lost", "01B0000001", "6881")
            m.walk(open_channel(m))
            # The session before is closed, or was: the next one is refused.
            m.ctl("refuse", 2)
            m.says("not given", "01A4040C0CA000000063504B43532D3135", "6A82")
            m.walk(open_channel(m))


def test_binary_swap(simcard):
    """The card goes and another one comes: by an indication, at once."""
    for kind in kinds(simcard):
        with BinModem(simcard, kind, absent=True) as m:
            m.kernel.register(atr=None)
            check("nothing", m.kernel.receive(2 * SILENCE), None)
            check("no ATR", m.kernel.reset(), b"")
            m.ctl("insert")
            check("a card", m.kernel.receive(), (m.kernel.INSERT, 0, ATR_T0))
            m.walk(open_channel(m))
            m.ctl("remove")
            check("removed", m.kernel.receive(), (m.kernel.REMOVE, 0, b""))
            check("silence", m.kernel.command("00A4080C022FE2", SILENCE), None)
            m.ctl("insert", profile("t1"))
            check("another", m.kernel.receive(), (m.kernel.INSERT, 0, ATR_T1))
            m.says("no channel", "01B0000001", "6881")
            m.walk(open_channel(m))


def test_binary_hang(simcard):
    """A modem that does not answer one command: silence, and then it goes on; a session is not lost by it."""
    for kind in kinds(simcard):
        with BinModem(simcard, kind, "--answer-time", "1000") as m:
            m.kernel.register(atr=ATR_T0)
            m.walk(open_channel(m))
            m.ctl("hang", 1)
            check("silence", m.kernel.command("01B0000001", 1.5), None)
            m.says("in step", "01B0000001", "A79000")
            m.ctl("hang", 1000)
            check("silence", m.kernel.command("01B0000001", 1.5), None)
            # Told to end it does so in bounded time.
            m.kernel.process.terminate()
            check("end", m.kernel.process.wait(timeout=10) in (0, 1), True)


def test_binary_gone(simcard):
    """A device that goes, or is none, ends the bridge with 1."""
    for kind in kinds(simcard):
        with BinModem(simcard, kind) as m:
            m.kernel.register(atr=ATR_T0)
            m.walk(open_channel(m))
            try:
                m.ctl("hangup")
            except Failure:
                pass
            check("removed", m.kernel.receive(10), (m.kernel.REMOVE, 0, b""))
            check("end", m.kernel.end()[0], 1)
        bridge = os.path.join(os.path.dirname(simcard), "uicc-bridge")
        # Over before the connection has begun, or as soon: nothing is let go of that was not had.
        done = subprocess.run([bridge, kind, "--answer-time", "500", "--no-proxy", "--reader-fd", "1000", "/nonexistent"],
                              capture_output=True, timeout=30, check=False)
        check(f"{kind} without a reader", (done.returncode, b"CRITICAL" in done.stderr), (1, False))
        for words in (["--slot", "0", "x"], ["--slot", "9", "x"], [], ["a", "b"], ["--apdu", "x"]):
            check(f"{kind} {words}", subprocess.run([bridge, kind, *words], capture_output=True, timeout=5,
                                                    check=False).returncode, 2)
