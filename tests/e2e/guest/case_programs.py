# SPDX-License-Identifier: GPL-2.0-or-later
"""The administrator's programs, card-check and lwm2m-hook, and cards that are found
in other places: what they decide and get, judged by the programs themselves and by
the DM server."""
import json
import os
import time
from pathlib import Path

from world import ICCID_RAW, World, check, child, processes, stays, wait_for, zombies
from case_bad import says
from case_path import SCRIPT, account_is_there, one_session

PROGRAM = Path("/etc/dmsc/program")
SEEN = Path("/run/dmsc/program")      # where the unit may write


def program(text, mode=0o700):
    """A program at its place, whose words and input go to files."""
    for old in SEEN.parent.glob(SEEN.name + "*"):
        old.unlink()
    PROGRAM.unlink(missing_ok=True)
    PROGRAM.parent.mkdir(exist_ok=True)
    PROGRAM.write_text(f'#!/bin/sh\nprintf "%s|" "$@" >{SEEN}.words\ncat >{SEEN}.new\nmv {SEEN}.new {SEEN}.input\n{text}\n')
    PROGRAM.chmod(mode)


def told():
    """The input of the program, once it was there."""
    text = wait_for("the program's input", lambda: Path(f"{SEEN}.input").exists() and Path(f"{SEEN}.input").read_text())
    Path(f"{SEEN}.input").unlink()
    return text


# Rules: OPEN-16
def test_card_check_rejects(directory):
    """A rejected card is neither read nor applied, an accepted one is; ICCID on stdin alone."""
    with World(directory) as world:
        world.start_server(SCRIPT)
        program("echo locked; exit 1")
        world.write_conf(card_check=PROGRAM)
        world.start_card("connect")
        world.insert_seen()
        says(world, "card-check rejects the card")
        says(world, "card-check: locked")
        world.nothing_more()
        check(told() == ICCID_RAW.hex() + "\n", "the ICCID is not as it is stored")
        words = Path(f"{SEEN}.words").read_text()
        check(words.startswith(f"{world.card.slot}|virt|demo") and words.endswith("|"), f"words: {words}")
        check(not world.accounts() and not world.sessions(), "something of a rejected card")
        check(ICCID_RAW.hex() not in world.helper_log(), "the ICCID is in the log")
        program("exit 0")
        world.replace()
        one_session(world)
        check(account_is_there(world), f"accounts: {world.accounts()}")


# Rules: OPEN-16
def test_card_check_undecided(directory):
    """Without a decision nothing is applied and nothing is deleted, and it is said loudly."""
    with World(directory) as world:
        world.start_server(SCRIPT)
        world.write_conf(card_check=PROGRAM)
        program("exit 0")
        world.start_card("connect")
        world.insert()
        one_session(world)
        for text, mode, words in (("exit 2", 0o700, "status 2"), ("kill -9 $$", 0o700, "signal 9"),
                                  ("exit 0", 0o722, "not root's alone")):
            program(text, mode)
            world.control("remove")
            wait_for("the card to go", lambda: not world.cards())
            world.nothing_more()
            world.insert_seen("confirm-off")
            says(world, words)
            world.nothing_more()
            # the card before was taken back when it went
            check(len(world.sessions()) == 1, "a session without a decision")
            check(not world.accounts(), f"accounts: {world.accounts()}")


# Rules: OPEN-16
def test_card_check_removed(directory):
    """The card goes while the program thinks: that ends it, at once."""
    with World(directory) as world:
        world.start_server(SCRIPT)
        program("trap '' TERM HUP\nsleep 600 & wait; exit 0")
        world.write_conf(card_check=PROGRAM)
        world.start_card("connect")
        world.insert()
        told()
        stays("a child before the decision", lambda: processes("dmsc-client"), 1)
        start = time.monotonic()
        world.remove()
        world.nothing_more()
        check(time.monotonic() - start < 20, "the helper waited for the program")
        check(not processes("sleep") and not zombies(), f"left: {processes('sleep')} {zombies()}")
        check(not world.accounts(), f"accounts: {world.accounts()}")


# Rules: LWM-1 DECISION-13
def test_lwm2m_hook(directory):
    """The hook gets the card's LwM2M bootstrap as JSON, at each insertion; the DM session is as without."""
    with World(directory) as world:
        world.start_server(SCRIPT)
        program("exit 0")
        world.write_conf(lwm2m_hook=PROGRAM)
        world.start_card("lwm2m")
        for number in (1, 2):
            world.insert()
            found = json.loads(told())
            check(found["format"] == "dmsc-lwm2m-1" and found["slot"] == world.card.slot and found["transport"] == "virt",
                  f"head: {found}")
            values = {r["resource"]: r.get("value", r.get("hex")) for r in found["resources"]}
            check(values == {0: "coap://leshan.eclipseprojects.io:5783", 1: True, 2: 0,
                             5: "000102030405060708090a0b0c0d0e0f", 11: 5}, f"resources: {found}")
            check(len(found["resources"]) == 5 and found["resources"][3]["secret"] is True, f"resources: {found}")
            one_session(world)
            world.nothing_more()
            world.remove()
            wait_for("the card to go", lambda: not world.cards())
            world.nothing_more()
        check(len(world.sessions()) == 1, f"{len(world.sessions())} sessions")
        check("00010203" not in world.helper_log(), "a key is in the log")
        check("resources, goes to lwm2m-hook" in world.helper_log(), "the log does not say it")


def test_lwm2m_from_a_child_that_has_ended(directory):
    """The child's last words count though its end is known as soon as they are."""
    with World(directory) as world:
        world.start_server(SCRIPT)
        program("exit 0")
        world.write_conf(lwm2m_hook=PROGRAM)
        world.start_card("lwm2m")
        world.insert()
        # On one processor nobody else runs from its last read to its end.
        pid = wait_for("the card child", lambda: child("card-child"), pause=0.005)[0]
        os.sched_setscheduler(pid, os.SCHED_FIFO, os.sched_param(50))
        check(len(json.loads(told())["resources"]) == 5, "not all of it")
        world.nothing_more()
        check("broke the protocol" not in world.helper_log(), world.helper_log())


def test_lwm2m_without_hook(directory):
    """Without the configuration word the file is not read."""
    with World(directory) as world:
        world.start_server(SCRIPT)
        world.start_card("lwm2m", options=("--log",))
        world.insert()
        one_session(world)
        world.nothing_more()
        check("LwM2M" not in world.helper_log(), "somebody read it")
        check(not list(Path("/sys/class/uicc").glob("uicc*.card/ef-*6432*")), "the file was exported")


# Rules: FIND-2
def test_2g_card(directory):
    """A card of the 2G class, without applications: the path of EF(DIR)."""
    with World(directory) as world:
        world.start_server(SCRIPT)
        world.start_card("2g")
        world.insert()
        one_session(world)
        world.nothing_more()
        check(account_is_there(world), f"accounts: {world.accounts()}")


# Rules: OPEN-2
def test_two_indicators(directory):
    """Of two indicators the one counts whose OID stands first in the configuration."""
    with World(directory) as world:
        world.start_server(SCRIPT)
        own = "06136996DDCF9CE5BDD28CA3A4B7D0F2DDB8BE9820"
        world.write_conf(indicator_oid=f"0603883701 {own}")
        world.start_card("two-indicators")
        world.insert_seen()
        says(world, "indicator: do not connect")
        world.nothing_more()
        check(account_is_there(world) and not world.sessions(), "the first on the card decided")
        world.write_conf(indicator_oid=f"{own} 0603883701")
        world.replace()
        one_session(world)
