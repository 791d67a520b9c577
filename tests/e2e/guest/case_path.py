# SPDX-License-Identifier: GPL-2.0-or-later
"""The derived checks T1-T10: what a card says is what happens.

Judged by what the DM server received and by captured traffic; our own logs are
shown when a test fails and never asked.
"""
import os
import time

import cold
from world import CARDS, DEVICE_ID, SERVER_ID, SYSFS, World, check, child, stays, wait_for

SCRIPT = """\
server-id dm.example.net
session
package
get ./DevInfo/DevId
expect 200
expect-value "IMEI:493005100592800"
add-node ./Vendor
expect 200 418
acl ./Vendor "Add=dm.example.net&Delete=dm.example.net&Get=*&Replace=dm.example.net"
expect 200
add ./Vendor/Colour chr text/plain "green"
expect 200 418
package
replace ./Vendor/Colour "blue"
expect 200
get ./Vendor/Colour
expect 200
expect-value "blue"
repeat
"""


def one_session(world, number=1):
    """Waits for the number-th ended session; returns the events of all."""
    return wait_for(f"session {number} at the server",
                    lambda: len(world.ended()) >= number and world.ended())


def account_is_there(world):
    return SERVER_ID in world.accounts()


# Rules: GEN-1 CHECK-1 RD-2 RD-3 RD-5 RD-10 RD-12 RD-13 SC-1 SC-3 OPEN-1
def test_T1_connect(directory):
    """connect=1, confirm=0: one session with Alert 1201, and no question."""
    with World(directory) as world:
        world.start_server(SCRIPT)
        agent = world.start_agent()
        quiet = agent.text
        world.start_card("connect")
        world.insert()
        one_session(world)
        world.nothing_more()
        check(len(world.sessions()) == 1, f"{len(world.sessions())} sessions")
        check(world.alert_codes()[0] == [1201], f"alerts of the first session: {world.alert_codes()}")
        check(world.device_ids() == {DEVICE_ID}, f"devices seen: {world.device_ids()}")
        check(not world.violations(), f"the server objects: {world.violations()}")
        check(not world.failed_expectations(), f"not as scripted: {world.failed_expectations()}")
        check(212 in world.header_statuses(), f"our credentials: {world.header_statuses()}")
        check(agent.text == quiet, f"the agent was asked:\n{agent.text}")
        check('blue' in world.tree("./Vendor/Colour"), "the server's change is not in the tree")


def confirm_world(world, script=SCRIPT):
    """A confirm card is in, its question is shown, and a capture runs since before the card."""
    world.start_server(script)
    world.start_capture()
    agent = world.start_agent()
    world.start_card("confirm")
    world.insert()
    agent.expect(SERVER_ID)
    return agent


def outside(packets):
    """Packets that are not of a capture's own making."""
    return [str(p) for p in packets]


# Rules: USE-1 CHECK-2 CHECK-10 DECISION-5
def test_T2_T10_confirm_yes(directory):
    """connect=1, confirm=1: the question first, then one session; no packet
    at all before the yes, the DNS query after it."""
    with World(directory) as world:
        agent = confirm_world(world)
        stays("a session child before the yes", lambda: child("session-child"), 2)
        before = world.packets()
        check(not before, f"traffic before the yes: {outside(before)}")
        check(not world.sessions(), "a session before the yes")
        said_yes = time.time()
        agent.type("y\n")
        one_session(world)
        world.nothing_more()
        packets = world.packets()
        check(packets and min(p.time for p in packets) > said_yes, "a packet is older than the yes")
        queries = [p.dns_query for p in packets if p.dns_query]
        check(queries and set(queries) == {"dm.example.net"}, f"DNS queries: {queries}")
        first = next(p for p in packets if p.kind == "tcp")
        asked = next(p for p in packets if p.dns_query)
        check(asked.time <= first.time and first.dst[1] == 8443, f"first TCP packet: {first}")
        check(len(world.sessions()) == 1 and world.alert_codes()[0] == [1201],
              f"{len(world.sessions())} sessions, alerts {world.alert_codes()}")


def test_T2_answer_at_once(directory):
    """An answer that the kernel has before it has confirmed the question to its asker: it counts
    all the same, and the next insertion's too."""
    with World(directory) as world:
        world.start_server(SCRIPT)
        agent = world.start_agent()
        # Nothing else runs between the question and its answer, which was typed before.
        os.sched_setscheduler(agent.proc.pid, os.SCHED_FIFO, os.sched_param(50))
        world.start_card("confirm-every")
        for number in (1, 2, 3):
            agent.type("y\n")
            world.insert()
            one_session(world, number)
            world.remove()
            wait_for("the card to go", lambda: not world.cards())
            world.nothing_more()


def no_session_account_stays(world, seconds=0):
    stays("a session", lambda: world.sessions() or child("session-child"), seconds)
    check(not world.packets(), f"traffic: {outside(world.packets())}")
    check(account_is_there(world), f"the account is gone: {world.accounts()}")


# Rules: CHECK-3 OPEN-6 DECISION-4
def test_T3_confirm_no(directory):
    """A no: no session, the account stays; the no is remembered for this content and no other."""
    with World(directory) as world:
        agent = confirm_world(world)
        agent.type("n\n")
        world.nothing_more()
        no_session_account_stays(world)
        shown = agent.text.count(SERVER_ID)
        reinsert(world)
        world.nothing_more()
        check(agent.text.count(SERVER_ID) == shown, f"asked again:\n{agent.text}")
        no_session_account_stays(world)
        world.replace("confirm-every")
        wait_for("the question for other content", lambda: agent.text.count(SERVER_ID) > shown)
        agent.type("n\n")
        world.nothing_more()
        no_session_account_stays(world)


# Rules: CHECK-3 OPEN-5
def test_T3_confirm_timeout(directory):
    """Nobody answers in time: no session, the account stays; the question returns with the next insertion."""
    with World(directory) as world:
        world.write_conf(consent_timeout="2")
        agent = confirm_world(world)
        wait_for("the question to end", lambda: not world.questions())
        world.nothing_more()
        no_session_account_stays(world)
        shown = agent.text.count(SERVER_ID)
        world.replace()
        wait_for("the question to return", lambda: agent.text.count(SERVER_ID) > shown)
        agent.type("y\n")
        one_session(world)


# Rules: CHECK-3 OPEN-9 DECISION-5
def test_T3_no_agent(directory):
    """No agent: the question waits, no session meanwhile; an agent that comes later gets it."""
    with World(directory) as world:
        world.start_server(SCRIPT)
        world.start_capture()
        world.start_card("confirm")
        world.insert()
        wait_for("the question", world.questions)
        no_session_account_stays(world, 3)
        check(world.questions(), "the question did not wait")
        agent = world.start_agent()
        agent.expect(SERVER_ID)
        agent.type("y\n")
        one_session(world)


def quiet_card(directory, profile, account=True, conf=None):
    """Inserts the card and asserts: no session, no question, no traffic."""
    with World(directory) as world:
        world.write_conf(**(conf or {}))
        world.start_server(SCRIPT)
        world.start_capture()
        agent = world.start_agent()
        quiet = agent.text
        world.start_card(profile)
        world.insert_seen()
        if account:
            wait_for("the account", lambda: account_is_there(world))
        world.nothing_more()
        check(not world.sessions() and not world.questions(), f"{world.sessions()} {world.questions()}")
        check(agent.text == quiet, f"the agent was asked:\n{agent.text}")
        check(not world.packets(), f"traffic: {outside(world.packets())}")
        check(account_is_there(world) == account, f"accounts: {world.accounts()}")


# Rules: CHECK-4 OPEN-3 DECISION-2 SC-7
def test_T4_no_indicator(directory):
    """No indicator: bootstrapped, no automatic session, no question."""
    quiet_card(directory, "none")


# Rules: CHECK-4 RD-8
def test_T4_connect_off(directory):
    """connect=0: the same."""
    quiet_card(directory, "off")


# Rules: CHECK-5
def test_T5_bootstrap_fails(directory):
    """A bootstrap that cannot be applied: no account and never a session, though the indicator says connect."""
    quiet_card(directory, "garbage-bootstrap", account=False)


# Rules: CHECK-6 RD-8
def test_T6_confirm_without_connect(directory):
    """confirm=1 but connect=0: nothing to confirm, no question."""
    quiet_card(directory, "confirm-off")


# Rules: CHECK-7
def test_T7_removed_while_asked(directory):
    """Card removed while the question is open: withdrawn, no session, account cleaned up."""
    with World(directory) as world:
        agent = confirm_world(world)
        check(account_is_there(world), "no account while the question is open")
        world.remove()
        agent.expect("withdrawn")
        wait_for("the account to go", lambda: not account_is_there(world))
        world.nothing_more()
        check(not world.questions(), f"questions left: {world.questions()}")
        agent.type("y\n")
        stays("a session", lambda: world.sessions() or world.packets() or child("session-child"), 1)
        left = world.tree(".")
        check("./DevInfo/DevId" in left, f"the tree cannot be seen:\n{left}")
        check(SERVER_ID not in left, f"left in the tree:\n{left}")


# Rules: CHECK-8 DECISION-6 RD-1
def test_T8_malformed_indicator(directory):
    """Malformed indicator: incorporation asks first (decision 6); after the yes the
    account is there and there is no session, no other question."""
    with World(directory) as world:
        world.start_server(SCRIPT)
        world.start_capture()
        agent = world.start_agent()
        world.start_card("malformed")
        world.insert()
        agent.expect("--- question")
        stays("incorporation before the yes", lambda: account_is_there(world), 1)
        check(SERVER_ID not in agent.text, f"asked about a session:\n{agent.text}")
        agent.type("y\n")
        wait_for("the account", lambda: account_is_there(world))
        world.nothing_more()
        check(not world.sessions() and not world.questions(), f"{world.sessions()} {world.questions()}")
        check(not world.packets(), f"traffic: {outside(world.packets())}")
        check(agent.text.count("--- question") == 1, f"questions:\n{agent.text}")


def reinsert(world, profile=None):
    world.replace(profile)
    wait_for("the account", lambda: account_is_there(world))


# Rules: CHECK-9 OPEN-4 OPEN-11 DECISION-3
def test_T9_once_per_content(directory):
    """The same card again: no second session for the same content."""
    with World(directory) as world:
        world.start_server(SCRIPT)
        world.start_card("connect")
        world.insert()
        one_session(world)
        world.nothing_more()
        for _ in range(2):
            reinsert(world)
            world.nothing_more()
        check(len(world.sessions()) == 1, f"{len(world.sessions())} sessions")


# Rules: CHECK-9 OPEN-4
def test_T9_content_changes(directory):
    """The same card with other content: the session is due again, and once more only once."""
    with World(directory) as world:
        world.start_server(SCRIPT)
        world.start_card("connect")
        world.insert()
        one_session(world)
        world.nothing_more()
        world.replace("every-power-on")
        one_session(world, 2)
        world.nothing_more()
        reinsert(world, "connect")
        world.nothing_more()
        check(len(world.sessions()) == 2, f"{len(world.sessions())} sessions")


# Rules: CHECK-9 OPEN-4
def test_T9_every_power_on(directory):
    """Flag b2: a session with each insertion, and none for a synthetic uevent."""
    with World(directory) as world:
        world.start_server(SCRIPT)
        world.start_card("every-power-on")
        world.insert()
        one_session(world)
        world.nothing_more()
        world.trigger(10)
        world.nothing_more()
        check(len(world.sessions()) == 1, "a session for a synthetic uevent")
        reinsert(world)
        one_session(world, 2)
        world.nothing_more()
        check(len(world.sessions()) == 2, f"{len(world.sessions())} sessions")


def test_xml_session(directory):
    """The same path with XML messages."""
    with World(directory) as world:
        world.write_conf(encoding="xml")
        world.start_server(SCRIPT)
        world.start_card("connect")
        world.insert()
        one_session(world)
        check(world.encodings() == {"xml"}, f"encodings: {world.encodings()}")
        world.nothing_more()
        check("blue" in world.tree("./Vendor/Colour"), "the server's change is not in the tree")
        check(not world.violations() and not world.failed_expectations(),
              f"{world.violations()} {world.failed_expectations()}")


def test_bridge(directory):
    """uicc-bridge pipe: any program that speaks the frames is the card of a new slot."""
    with World(directory) as world:
        world.start_server(SCRIPT)
        bridge = world.spawn("bridge", ["uicc-bridge", "pipe", "--reader", "bridged", "--",
                                        "simcard", "apdu", CARDS / "connect"])
        one_session(world)
        world.nothing_more()
        check(account_is_there(world), "no account from the bridged card")
        check("blue" in world.tree("./Vendor/Colour"), "the server's change is not in the tree")
        bridge.stop()
        wait_for("the slot to go", lambda: not list(SYSFS.glob("uicc*")))
        world.nothing_more()
        check(account_is_there(world), "a reader that goes took the account along (decision 7)")


# Rules: RD-16
def test_cold_walk(directory):
    """From the reset to a bootstrap message of 600 bytes in memory: at most 11 TPDUs and 811
    bytes, counted by the card; the whole of what is read is bounded too."""
    for profile, tpdus, octets in (("bench600", 11, 811), ("bench600-sfi", 11, 811)):
        with World(directory) as world:
            world.start_server(SCRIPT)
            card = world.start_card(profile, options=["--log"])
            world.insert()
            one_session(world)
            world.nothing_more()
            walk = cold.tpdus(card.text)
            first = cold.until_read(walk, 600)
            check(first, f"600 bytes were never read:\n{card.text}")
            check(cold.cost(first)[0] <= tpdus and cold.cost(first)[1] <= octets,
                  f"{profile}: {cold.cost(first)} TPDUs and bytes:\n{card.text}")
            check(cold.cost(walk)[0] <= 18, f"{profile}: {cold.cost(walk)[0]} TPDUs in all:\n{card.text}")
