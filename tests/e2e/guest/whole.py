# SPDX-License-Identifier: GPL-2.0-or-later
"""The whole path over any way: a card is put in, its data become an account, the person says yes, a
session, the server; it is pulled, and the account goes; another one comes, and then again another,
without anybody having seen the slot empty.

Judged as in case_path: by what the server received and by the tree.
"""
from case_path import account_is_there, one_session
from world import CARDS, DEVICE_ID, SERVER_ID, SYSFS, World, check, wait_for

# What a server makes stays when its account goes, and is not its any more.
SCRIPT = """\
server-id dm.example.net
session
package
get ./DevInfo/DevId
expect 200
expect-value "IMEI:493005100592800"
add ./Seen chr text/plain "here"
expect 200 418 425
repeat
"""

ATR_T0 = "3B 9E 96 80 1F C7 80 31 E0 73 FE 21 1B 64 6D 73 63 30 31 00 AE"
ATR_T1 = "3B 9E 96 81 1F C7 80 31 E0 73 FE 21 1B 64 6D 73 63 30 31 00 AF"


def with_atr(profile, name, atr):
    """The card of a profile with another ATR; the path of what was written."""
    text = (CARDS / profile).read_text()
    included = (CARDS / "include/base.inc").read_text()
    check(text.count('include "include/base.inc"') == 1 and included.count(ATR_T0) == 1, f"no ATR of {profile}")
    path = CARDS / f"{profile}-{name}"
    path.write_text(text.replace('include "include/base.inc"', included.replace(ATR_T0, atr)))
    return path


def of_t1(*profiles):
    return [with_atr(profile, "t1", ATR_T1) for profile in profiles]


def card_attribute(slot, name):
    return (SYSFS / f"{slot}.card" / name).read_text().strip()


def slot_is(world, protocol):
    """The slot says where it is, and its card how it is spoken to."""
    slot, way = world.card.slot, world.way
    for name, wanted in (("transport", way.transport), ("location", way.location)):
        check((SYSFS / slot / name).read_text().strip() == wanted, f"{slot}/{name} is not {wanted}")
    check(card_attribute(slot, "protocol") == protocol, f"protocol {card_attribute(slot, 'protocol')}, not {protocol}")


def good(world):
    check(world.device_ids() == {DEVICE_ID}, f"devices seen: {world.device_ids()}")
    check(not world.violations(), f"the server objects: {world.violations()}")
    check(not world.failed_expectations(), f"not as scripted: {world.failed_expectations()}")
    check("here" in world.tree("./Seen"), "the server's change is not in the tree")


def gone(world):
    """What a card brought goes with it."""
    wait_for("the card to go", lambda: not world.cards())
    world.nothing_more()
    check(not account_is_there(world), f"an account is left: {world.accounts()}")


def whole_path(directory, way, cards=("confirm", "connect", "every-power-on"), protocol="T=0", after=None):
    """cards: one whose session has to be agreed to, and two that are connected at once. after: what else
    has to hold, while the last one is in."""
    with World(directory, way) as world:
        world.start_server(SCRIPT)
        agent = world.start_agent()
        world.start_card(cards[0])
        world.insert()
        agent.expect(SERVER_ID)
        slot_is(world, protocol)
        check(not world.sessions(), "a session before the yes")
        check(account_is_there(world), "no account while the question is open")
        agent.type("y\n")
        one_session(world)
        world.nothing_more()
        good(world)
        world.remove()
        gone(world)
        world.insert(cards[1])
        one_session(world, 2)
        world.nothing_more()
        good(world)
        check(account_is_there(world), "no account of the second card")
        world.swap(cards[2])
        one_session(world, 3)
        world.nothing_more()
        good(world)
        check(len(world.cards()) == 1 and account_is_there(world), "the third card is not alone")
        if after:
            after(world)
        world.remove()
        gone(world)
        check(len(world.sessions()) == 3 and world.alert_codes()[0] == [1201],
              f"{len(world.sessions())} sessions, alerts {world.alert_codes()}")


def reader_gone(directory, way, take_away, come_back):
    """A reader that goes takes its slot along and leaves the account (decision 7); back with its card
    there is no second session for the same content."""
    with World(directory, way) as world:
        world.start_server(SCRIPT)
        world.start_card("connect")
        world.insert()
        one_session(world)
        world.nothing_more()
        take_away(world)
        wait_for("the slot to go", lambda: not list(SYSFS.glob("uicc*")))
        world.nothing_more()
        check(account_is_there(world), "a reader that goes took the account along")
        come_back(world)
        wait_for("the card", world.cards)
        world.nothing_more()
        check(account_is_there(world) and len(world.sessions()) == 1, f"{len(world.sessions())} sessions")
