# SPDX-License-Identifier: GPL-2.0-or-later
"""SIGKILL to each part at each moment of the path: 5 victims, 7 moments, 35 cases.

After each kill: no zombie, no stuck device, no locked store, and the next
insertion works to the end of its session.
"""
import os
import signal
import time

from world import SERVER_ID, STORE, SYSFS, World, check, child, processes, run, wait_for, zombies

# Every insertion of this card asks and then wants a session, so "the next
# insertion works" means: question, yes, session.
MOMENTS = ("inserted", "reading", "question", "accepted", "sent", "applied", "removed")
VICTIMS = ("helper", "client", "agent", "server", "simcard")

# The server takes its time before the first package and then sends many
# commands, so that "sent" and "applied" can be met.
SCRIPT = """\
server-id dm.example.net
session
package
delay 1500
add-node ./Vendor
acl ./Vendor "Add=dm.example.net&Delete=dm.example.net&Get=*&Replace=dm.example.net"
""" + "".join(f'add ./Vendor/n{i:03} chr text/plain "value {i}"\n' for i in range(200)) + """\
package
delete ./Vendor
repeat
"""


def start_missing(world):
    """The far end, whole again: what a system's supervisor would restart."""
    if world.server is None or world.server.proc.poll() is not None:
        world.start_server(SCRIPT)
    if world.agent is None or world.agent.proc.poll() is not None:
        world.start_agent()
    if world.card is None or world.card.proc.poll() is not None:
        world.card = None
        wait_for("the dead reader to go", lambda: not list(SYSFS.glob("uicc*")))
        world.start_card("confirm-every")


def kill(world, victim):
    """SIGKILL; a victim that is not there at this moment is not an error."""
    pids = {
        "helper": lambda: processes("dmsc-helper"),
        "client": lambda: processes("dmsc-client"),
        "agent": lambda: processes("dmsc-agent"),
        "server": lambda: processes("dm-server"),
        "simcard": lambda: [world.card.proc.pid],
    }[victim]()
    for pid in pids:
        try:
            os.kill(pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
    for process in (world.agent, world.server, world.card):
        if process is not None and process.proc.pid in pids:
            process.proc.wait()


def reach(world, moment):
    """Brings the path to the moment, starting with a card going in."""
    asked = world.agent.text.count(SERVER_ID)
    if moment == "reading":
        # The card answers each READ only after a while.
        world.insert("confirm-slow")
        wait_for("the card", world.cards)
        wait_for("the card child", lambda: child("card-child"))
        time.sleep(0.3)
        return
    world.insert("confirm-every")
    wait_for("the card", world.cards)
    if moment == "inserted":
        return
    wait_for("the question", lambda: world.agent.text.count(SERVER_ID) > asked)
    if moment == "question":
        return
    received = len(world.messages_in())
    world.agent.type("y\n")
    if moment == "accepted":
        return
    if moment == "removed":
        world.remove()
        return
    wait_for("the first message", lambda: len(world.messages_in()) > received)
    if moment == "sent":
        return
    sent = len(world.messages_out())
    wait_for("the server's commands", lambda: len(world.messages_out()) > sent)
    time.sleep(0.05)


def settled(world):
    """Nothing of the old insertion is left."""
    if world.card.proc.poll() is None:
        world.control("remove", ok=False)
    wait_for("the card to go", lambda: not world.cards())
    wait_for("the helper and its children to end",
             lambda: not processes("dmsc-helper") and not processes("dmsc-client"))
    wait_for("no zombie", lambda: not zombies())
    wait_for("no question", lambda: not world.questions())


def one_case(world, victim, moment):
    start_missing(world)
    reach(world, moment)
    kill(world, victim)
    settled(world)
    run("setpriv", "--reuid=dmsc", "--regid=dmsc", "--init-groups",
        "flock", "-n", STORE / "store.lock", "true")
    start_missing(world)
    done = len(world.ended())
    asked = world.agent.text.count(SERVER_ID)
    world.insert("confirm-every")
    wait_for("the next insertion's question", lambda: world.agent.text.count(SERVER_ID) > asked)
    world.agent.type("y\n")
    wait_for("the next insertion's session", lambda: len(world.ended()) > done)
    settled(world)


_shared = []


def shared_world():
    """One far end for all cases: a killed part is replaced, nothing else is started anew."""
    if not _shared:
        _shared.append(World("/tmp/e2e/kill").__enter__())
    return _shared[0]


def teardown():
    if _shared:
        _shared[0].__exit__()


def make(victim, moment):
    def test(_directory):
        world = shared_world()
        try:
            one_case(world, victim, moment)
        except Exception:
            # The next case starts from a clean machine all the same.
            teardown()
            _shared.clear()
            raise
    test.__doc__ = f"{victim} killed when {moment}"
    return test


for _moment in MOMENTS:
    for _victim in VICTIMS:
        globals()[f"test_{_victim}_{_moment}"] = make(_victim, _moment)
