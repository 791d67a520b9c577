# SPDX-License-Identifier: GPL-2.0-or-later
"""The whole path with the card behind pcscd: vpcd's reader, and uicc-bridge as an unprivileged user."""
import signal

from case_path import SCRIPT, account_is_there, one_session
from pcsc import EXCLUSIVE, LEAVE, RESET, Client, Pcscd, Refused, readers, start_pcscd, stop_pcscd
from whole import of_t1, whole_path
from world import CARDS, SYSFS, World, check, run, stays, wait_for

READER = "Virtual PCD 00 00"
SELECT_MF = "00A4000C023F00"
# The second says T=1 in TD1.
ATR_T0_LONG = "3B 9E 96 80 1F C7 80 31 E0 73 FE 21 5B 64 6D 73 63 30 31 00 EE"
ATR_T1_LONG = "3B 9E 96 81 1F C7 80 31 E0 73 FE 21 5B 64 6D 73 63 30 31 00 EF"


def start(world, profile="connect"):
    world.start_server(SCRIPT)
    world.start_card(profile)
    return world.way


def good_session(world, number=1):
    one_session(world, number)
    world.nothing_more()
    check(account_is_there(world), "no account from the card")
    check("blue" in world.tree("./Vendor/Colour"), "the server's change is not in the tree")
    check(not world.violations() and not world.failed_expectations(),
          f"{world.violations()} {world.failed_expectations()}")


# Rules: PCSC-2
def test_whole_path(directory):
    """TPDUs to cards of T=0."""
    whole_path(directory, Pcscd())


def test_bridge_ends(directory):
    """A bridge that is told to end lets the card go in order; the next one finds it."""
    with World(directory, way=Pcscd()) as world:
        way = start(world)
        world.insert()
        good_session(world)
        check((SYSFS / world.card.slot / "shared").read_text() == "0\n", "an exclusive card is shared")
        way.bridge.stop()
        check(way.bridge.proc.returncode == 0, f"the bridge ended with {way.bridge.proc.returncode}")
        wait_for("the slot to go", lambda: not list(SYSFS.glob("uicc*")))
        world.nothing_more()
        way.start_bridge(world)
        wait_for("the card", world.cards)
        world.nothing_more()
        check(account_is_there(world) and len(world.sessions()) == 1, f"{len(world.sessions())} sessions")


# Rules: PCSC-3
def test_t1(directory):
    """APDUs to cards of T=1."""
    whole_path(directory, Pcscd(), of_t1("confirm", "connect", "every-power-on"), "T=1")


def test_extended(directory):
    """APDUs of extended length to a card of T=1 whose ATR says that it takes them."""
    text = (CARDS / "extended").read_text()
    check(text.count(ATR_T0_LONG) == 1, "the profile has another ATR")
    card = CARDS / "extended-t1"
    card.write_text(text.replace(ATR_T0_LONG, ATR_T1_LONG))
    with World(directory, way=Pcscd()) as world:
        start(world, card)
        world.insert()
        good_session(world)
        check((SYSFS / f"{world.card.slot}.card" / "protocol").read_text() == "T=1\n", "not T=1")
        longest = int(world.control("reader").split()[-1])
        check(longest > 512, f"the longest answer had {longest} bytes")


# Rules: PCSC-2
def test_exclusive(directory):
    """While the kernel has the card, others are told so; before and after they have it."""
    with World(directory, way=Pcscd()) as world:
        way = start(world)
        with Client() as client:
            way.bridge.stop()
            wait_for("the slot to go", lambda: not list(SYSFS.glob("uicc*")))
            world.insert()
            wait_for("the reader", lambda: READER in readers())
            wait_for("the card in the reader", lambda: connects(client, EXCLUSIVE))
            check(client.transmit(SELECT_MF).endswith("9000"), "pcscd does not reach the card")
            way.start_bridge(world).expect("somebody else has the card")
            check(not world.cards(), "a card that somebody else has for himself")
            client.disconnect(LEAVE)
            good_session(world)
            try:
                client.connect(READER)
            except Refused as why:
                check(str(why) == "sharing violation", f"refused with {why}")
            else:
                raise AssertionError("somebody else got the card too")


def connects(client, share):
    try:
        client.connect(READER, share)
    except Refused:
        return False
    return True


# Rules: PCSC-6
def test_shared(directory):
    """--shared: another program works on the card at the same time, and resets it; the kernel goes on."""
    with World(directory, way=Pcscd(options=("--shared",))) as world:
        start(world, "shared")
        world.insert()
        good_session(world)
        check((SYSFS / world.card.slot / "shared").read_text() == "1\n", "not shared")
        with Client() as client:
            check(connects(client, 2), "a shared card is refused")
            check(client.transmit(SELECT_MF).endswith("9000"), "the other program does not reach the card")
            seq = (SYSFS / world.card.slot / "seq").read_text()
            client.disconnect(RESET)
        # A read behind the reset: its channel is gone, another is opened.
        shown = run("dmscctl", "card", "decode", world.card.slot, ok=False)
        check(shown.returncode == 0, f"nothing is read behind a reset: {shown.stdout}{shown.stderr}")
        check((SYSFS / world.card.slot / "seq").read_text() == seq, "a reset by another program is a new card")


# Rules: PCSC-7
def test_pcscd_goes(directory):
    """pcscd dies, or is told to end: the slot stays, empty, and has its card again when pcscd is back."""
    with World(directory, way=Pcscd()) as world:
        way = start(world)
        world.insert()
        good_session(world)
        for sig in (signal.SIGKILL, signal.SIGTERM):
            stop_pcscd(world, way.pcscd, sig)
            wait_for("the card to go", lambda: not world.cards())
            check(world.card.slot in [s.name for s in SYSFS.glob("uicc*")], "the slot went with pcscd")
            world.nothing_more()
            way.pcscd = start_pcscd(world, virtual=True)
            wait_for("the card to come back", world.cards)
            world.nothing_more()
        check(way.bridge.proc.poll() is None, "the bridge ended")


def test_before_pcscd(directory):
    """The bridge is there first: no pcscd, then no such reader, then no card."""
    with World(directory, way=Pcscd()) as world:
        way = start(world)
        way.bridge.stop()
        stop_pcscd(world, way.pcscd)
        wait_for("the slot to go", lambda: not list(SYSFS.glob("uicc*")))
        way.start_bridge(world).expect("pcscd is not there")
        way.pcscd = start_pcscd(world)
        way.bridge.expect("knows no reader")
        stays("a card", world.cards, 0.5)
        stop_pcscd(world, way.pcscd)
        way.pcscd = start_pcscd(world, virtual=True)
        way.bridge.expect(f"the reader is '{READER}'")
        world.insert()
        good_session(world)


def test_swaps(directory):
    """Card after card in the reader: what is in at the end is what the kernel has."""
    with World(directory, way=Pcscd()) as world:
        start(world)
        world.insert()
        good_session(world)
        for profile in ("none", "connect", "none"):
            world.remove()
            world.insert(profile)
        wait_for("the last card", world.cards)
        world.nothing_more()
        world.remove()
        wait_for("the card to go", lambda: not world.cards())
