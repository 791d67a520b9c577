# SPDX-License-Identifier: GPL-2.0-or-later
"""A SIM in a modem: the whole path by uicc-bridge at, which is no root, over each way a modem has to its
card (+CSIM, +CCHO, +CRSM alone), and cards that come, go and are swapped while it runs."""
import os
import shutil

from case_path import SCRIPT, account_is_there, one_session
from world import SYSFS, Failed, World, check, run, wait_for
from ways import Program, slot_at

USER = "user"
GROUP = 993     # of /dev/uicc-virt, as 60-uicc-virt.rules gives it one
AS_BRIDGE = ("setpriv", f"--reuid={USER}", f"--regid={USER}", f"--groups={GROUP}", "--no-new-privs", "--inh-caps=-all")


class ModemWay(Program):
    """modem.py on a pseudo terminal, and the bridge on that."""

    modules = ("uicc_virt",)
    transport, trusted = "virt", "virt:*"
    program = "modem.py"

    def __init__(self, has, *more, poll="1"):
        super().__init__("sim")
        self.has, self.more, self.poll = has, more, poll
        self.bridge = None

    def prepare(self):
        super().prepare()
        os.chown("/dev/uicc-virt", 0, GROUP)
        os.chmod("/dev/uicc-virt", 0o660)

    def arguments(self):
        return ("--patience", "15", "--has", self.has, *self.more)

    def connect(self, world, card):
        card.expect("device ")
        self.device = card.text.split("device ", 1)[1].split()[0]
        shutil.chown(self.device, USER)
        self.run_bridge(world)

    def words(self):
        """For the bridge, behind the name of its slot."""
        return ("at", "--reader", self.location, "--poll", self.poll)

    def run_bridge(self, world):
        self.bridge = world.spawn("bridge", [*AS_BRIDGE, "uicc-bridge", *self.words(), self.device])
        self.bridge.expect("slot ")


class BinaryWay(ModemWay):
    """A modem with QMI or MBIM."""

    def __init__(self, kind):
        super().__init__(None)
        self.kind, self.program = kind, f"{kind}.py"

    def arguments(self):
        return ("--patience", "15")

    def words(self):
        return (self.kind, "--reader", self.location, "--no-proxy")


def bridge_is_nobody(way):
    """The bridge has neither root nor a capability, and its group is that of the device alone."""
    with open(f"/proc/{way.bridge.proc.pid}/status", encoding="ascii") as f:
        status = dict(line.rstrip("\n").split(":\t", 1) for line in f if ":\t" in line)
    check("0" not in status["Uid"].split(), f"the bridge is {status['Uid']}")
    check(int(status["CapEff"], 16) == 0, f"the bridge has {status['CapEff']}")


def whole_path(directory, way, profile="connect"):
    """Card, account, session, and the server's change in the tree."""
    with World(directory, way) as world:
        world.start_server(SCRIPT)
        card = world.start_card(profile)
        bridge_is_nobody(way)
        world.insert()
        one_session(world)
        world.nothing_more()
        check(account_is_there(world), "no account from the card in the modem")
        check("blue" in world.tree("./Vendor/Colour"), "the server's change is not in the tree")
        check(not world.violations() and not world.failed_expectations(),
              f"{world.violations()} {world.failed_expectations()}")
        # Nothing of the card's content, and no channel, is left behind.
        check("8949" not in way.bridge.text and "9894" not in way.bridge.text, f"the bridge's log:\n{way.bridge.text}")
        world.remove()
        wait_for("the card to go", lambda: not world.cards())
        world.nothing_more()
        check(slot_at("virt", "sim") == card.slot, "the slot went with the card")
        way.bridge.stop()
        check(way.bridge.proc.returncode == 0, f"the bridge ended with {way.bridge.proc.returncode}:\n{way.bridge.text}")
        wait_for("the slot to go", lambda: not list(SYSFS.glob("uicc*")))


# Rules: MODEM-1
def test_csim(directory):
    """AT+CSIM, with a logical channel in the class byte; the modem uses the basic one meanwhile."""
    whole_path(directory, ModemWay("csim,channels", "--busy", "--tell", "--always-echo"))


# Rules: MODEM-1
def test_csim_basic(directory):
    """AT+CSIM of a modem that lets no other channel through."""
    whole_path(directory, ModemWay("csim"))


# Rules: MODEM-2
def test_ccho(directory):
    """AT+CCHO and AT+CGLA alone, with ids that are no channel's number."""
    whole_path(directory, ModemWay("ccho", "--busy", "--split", "50", "--session", "70000"))


# Rules: MODEM-3
def test_crsm(directory):
    """AT+CRSM alone: of a UICC, its files by their path."""
    whole_path(directory, ModemWay("crsm,pathid", "--busy", "--unasked", "+CREG: 1"))


# Rules: MODEM-3
def test_crsm_2g(directory):
    """The same of a SIM of the second generation, and a modem that wants lengths of 15 and paths from 3F00."""
    whole_path(directory, ModemWay("crsm,pathid,fullpath,response15"), "2g")


def test_qmi(directory):
    """QMI: the real library, the modem's answers byte for byte."""
    whole_path(directory, BinaryWay("qmi"))


def test_mbim(directory):
    """MBIM: the same."""
    whole_path(directory, BinaryWay("mbim"))


# Rules: MODEM-4
def test_hot_swap(directory):
    """Another card: by what the modem says, and by asking it."""
    for more, poll, swaps in ((("--tell",), "0", (1, 2)), ((), "1", (1,))):
        way = ModemWay("ccho,csim", *more, poll=poll)
        with World(directory, way) as world:
            world.start_server(SCRIPT)
            world.start_card("none")
            world.insert()
            wait_for("the account", lambda: account_is_there(world))
            world.nothing_more()
            check(not world.sessions(), f"{world.sessions()}")
            for count in swaps:
                world.replace("every-power-on")
                one_session(world, count)
            world.nothing_more()
            world.remove()
            wait_for("the card to go", lambda: not world.cards())
            world.nothing_more()


# Rules: MODEM-5
def test_modem_restarts(directory):
    """A modem that restarts: its card is put in anew, and the session of its data ends well."""
    way = ModemWay("ccho", "--tell", poll="0")
    with World(directory, way) as world:
        world.start_server(SCRIPT)
        world.start_card("every-power-on")
        world.insert()
        one_session(world)
        world.nothing_more()
        before = (SYSFS / f"{world.card.slot}.card").exists()
        world.control("restart")
        one_session(world, 2)
        world.nothing_more()
        check(before and account_is_there(world), "no account behind the restart")


# Rules: MODEM-5
def test_modem_goes(directory):
    """The device goes: the bridge ends with 1, the slot goes, the account stays (decision 7)."""
    way = ModemWay("csim,channels")
    with World(directory, way) as world:
        world.start_server(SCRIPT)
        world.start_card("connect")
        world.insert()
        one_session(world)
        world.nothing_more()
        try:
            world.control("hangup", ok=False)
        except Failed:
            pass
        wait_for("the bridge to end", lambda: way.bridge.proc.poll() is not None)
        check(way.bridge.proc.returncode == 1 and "the modem is gone" in way.bridge.text,
              f"{way.bridge.proc.returncode}: {way.bridge.text}")
        wait_for("the slot to go", lambda: not list(SYSFS.glob("uicc*")))
        world.nothing_more()


# Rules: MODEM-5
def test_modem_hangs(directory):
    """A modem that answers no more while the card is read: nothing waits for ever."""
    way = ModemWay("csim,channels", poll="0")
    with World(directory, way) as world:
        world.start_card("connect")
        world.control("hang", 100000)
        world.control("insert", world.profile("connect"))
        world.control("say", "+CPIN: READY")
        wait_for("the bridge to end", lambda: way.bridge.proc.poll() is not None, 60)
        check("does not answer" in way.bridge.text, way.bridge.text)
        wait_for("the slot to go", lambda: not list(SYSFS.glob("uicc*")))
        udev = run("udevadm", "settle", ok=False)
        check(udev.returncode == 0, udev.stderr)
