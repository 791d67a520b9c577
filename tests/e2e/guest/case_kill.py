# SPDX-License-Identifier: GPL-2.0-or-later
"""SIGKILL to each part at each moment of the path: 5 victims, 7 moments, 35 cases.

After each kill: no zombie, no stuck device, no locked store, no half applied
message, and the next insertion works to the end of its session. A moment is
held, by a slow card or by stopping the part that would end it, until the kill:
a case whose victim is not there, or whose moment is over, fails. A moment that
was over before it could be held is tried for again: a slow machine may need it.
"""
import contextlib
import fcntl
import os
import signal
import time

from world import SERVER_ID, STORE, SYSFS, World, check, child, processes, udev_settle, wait_for, zombies

MOMENTS = ("inserted", "reading", "question", "accepted", "sent", "applied", "removed")
VICTIMS = ("helper", "client", "agent", "server", "simcard")

NODE = "./Kill"
NODES = 200
DELAY = 2.0
ATTEMPTS = 5
QUICK = "session\npackage\nget ./DevInfo/DevId\n"


def script(moment, node):
    """What the server plays. "sent": its answer lets us wait; "applied": it is long; then short ones."""
    if moment not in ("sent", "applied"):
        return QUICK + "repeat\n"
    return ("session\npackage\n" + (f"delay {int(DELAY * 1000)}\n" if moment == "sent" else "")
            + f"add-node {node}\n"
            + f'acl {node} "Add=dm.example.net&Get=*"\n'
            + "".join(f'add {node}/n{i:03} chr text/plain "value {i}"\n' for i in range(NODES))
            + QUICK)


class Missed(Exception):
    """The moment was over before anything was killed."""


def held(condition, what):
    if not condition:
        raise Missed(f"the moment was over: {what}")


def alive(process):
    return process is not None and process.proc.poll() is None


def start_missing(world):
    """The far end, whole again: what a system's supervisor would restart."""
    if not alive(world.server):
        world.start_server(QUICK + "repeat\n")
    if not alive(world.agent):
        world.start_agent()
    if not alive(world.card):
        world.card = None
        wait_for("the dead reader to go", lambda: not list(SYSFS.glob("uicc*")))
        world.start_card("confirm-every")


def helpers():
    """Helpers of an insertion, not those that set up or reconcile."""
    return child("--card", "dmsc-helper")


def victims(world, victim):
    return {
        "helper": helpers,
        "client": lambda: processes("dmsc-client"),
        "agent": lambda: processes("dmsc-agent"),
        "server": lambda: processes("dm-server"),
        "simcard": lambda: [world.card.proc.pid],
    }[victim]()


def send_signal(pids, number):
    for pid in pids:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, number)


@contextlib.contextmanager
def stopped(pids):
    """These processes stand still meanwhile: what they would do next has not happened."""
    check(pids, "what should stand still is not there")
    send_signal(pids, signal.SIGSTOP)
    try:
        yield
    finally:
        send_signal(pids, signal.SIGCONT)


def kill(world, victim):
    pids = victims(world, victim)
    check(pids, f"there is no {victim} to kill at this moment")
    send_signal(pids, signal.SIGKILL)
    for process in (world.agent, world.server, world.card):
        if process.proc.pid in pids:
            process.proc.wait()
    return len(pids)


def asked(world):
    return world.agent.text.count(f'"{SERVER_ID}"')


def put_in(world, profile):
    before = asked(world)
    world.insert(profile)
    return before


def question(world, profile="confirm-every"):
    before = put_in(world, profile)
    wait_for("the question", lambda: asked(world) > before)


def at_inserted(world):
    """The card's device is there and the helper and its child have just begun."""
    before = put_in(world, "confirm-slow")
    wait_for("the helper and its child", lambda: helpers() and child("card-child"))
    yield
    check(asked(world) == before, "the moment was over: the question was asked")


def reads(world):
    """How many READs the card has seen."""
    words = dict(w.split("=") for w in world.control("stats").split() if "=" in w)
    return int(words.get("READ-BINARY", 0)) + int(words.get("READ-RECORD", 0))


def at_reading(world):
    """A READ has gone to the card, and the card takes its time to answer."""
    seen = reads(world)
    before = put_in(world, "confirm-slow")
    wait_for("a READ", lambda: reads(world) > seen)
    yield
    check(asked(world) == before, "the moment was over: the question was asked")


def at_question(world):
    question(world)
    yield


def at_accepted(world):
    """Yes was said, the session child is there, no message has left."""
    question(world)
    received = len(world.messages_in())
    with stopped(processes("dm-server")):
        world.agent.type("y\n")
        wait_for("the session child", lambda: child("session-child"))
        held(len(world.messages_in()) == received, "a message was sent")
        yield


def accepted_messages(world):
    return len([m for m in world.messages_in() if m.get("auth") == "accepted"])


def at_sent(world):
    """The server has our package 1 and is silent as yet."""
    question(world)
    received = accepted_messages(world)
    world.agent.type("y\n")
    wait_for("the first message", lambda: accepted_messages(world) > received)
    with stopped(processes("dm-server")):
        # What the server will say is recorded with what it heard; it says it DELAY later.
        age = time.time() - (world.record / "record.jsonl").stat().st_mtime
        held(age < DELAY, f"the server has answered, {age - DELAY} s ago")
        yield


def at_applied(world):
    """The client has read the server's commands; no status for them has left."""
    before = world.helper_log().count(f"Add {NODE}")
    question(world)
    world.agent.type("y\n")
    pids = wait_for("the session child", lambda: child("session-child"))
    # Its own word is good enough to know when; what it did the tree tells.
    wait_for("the server's commands", lambda: world.helper_log().count(f"Add {NODE}") > before, pause=0.001)
    with stopped(pids):
        answers = [s for m in world.messages_in() for s in m["statuses"] if s.get("cmd") == "Add"]
        held(not answers, "the answer was sent")
        yield


def at_removed(world):
    """The card's device is gone; the helper, in a session, has done nothing about it yet."""
    question(world)
    with stopped(processes("dm-server")):
        world.agent.type("y\n")
        wait_for("the session child", lambda: child("session-child"))
        with stopped(helpers()):
            world.remove()
            wait_for("the card to go", lambda: not world.cards())
            yield


REACH = {moment: globals()[f"at_{moment}"] for moment in MOMENTS}


def unlocked():
    """Could a writer have the store?"""
    try:
        with open(STORE / "store.lock", "rb") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except FileNotFoundError:
        return True     # nobody has written yet
    except BlockingIOError:
        return False
    return True


def taken_out(world):
    """The card is gone, and nobody works for it any more."""
    if alive(world.card):
        world.control("remove", ok=False)
    wait_for("the card to go", lambda: not world.cards())
    wait_for("the helpers and their children to end",
             lambda: not processes("dmsc-helper") and not processes("dmsc-client"))


def settled(world, node):
    """Nothing of the killed insertion is left, and nothing waits for it. How many nodes it made."""
    taken_out(world)
    udev_settle()
    taken_out(world)    # what udev began meanwhile
    wait_for("no zombie", lambda: not zombies())
    wait_for("no question", lambda: not world.questions())
    wait_for("the store's lock", unlocked)
    for slot in SYSFS.glob("uicc*"):
        check((slot / "state").read_text() == "empty\n", f"{slot.name}: {(slot / 'state').read_text()}")
    nodes = world.tree(node).count(" = value ")
    check(nodes in (0, NODES), f"half a message was applied: {nodes} of {NODES} nodes")
    return nodes


def one_case(world, victim, moment, attempt):
    node = f"{NODE}-{victim}-{moment}-{attempt}"
    if moment in ("sent", "applied"):
        world.server.stop()
        (world.record / "record.jsonl").unlink()
        world.start_server(script(moment, node))
    start_missing(world)
    reach = REACH[moment](world)
    next(reach)
    count = kill(world, victim)
    for _ in reach:  # the end of the moment: what stood still goes on
        pass
    nodes = settled(world, node)
    check(moment in ("sent", "applied") or not nodes, f"{nodes} nodes before anything was sent")
    gone = moment == "removed" and victim != "simcard"
    check(not (gone and SERVER_ID in world.accounts()), "the removed card's account is still there")
    start_missing(world)
    done = len(world.ended())
    question(world)
    world.agent.type("y\n")
    wait_for("the next insertion's session", lambda: len(world.ended()) > done)
    taken_out(world)
    print(f"# {victim} killed when {moment}: {count} process{'es' if count > 1 else ''}"
          + (f", {nodes} nodes applied" if nodes else ""), flush=True)


_shared = []


def shared_world():
    """One far end for all cases: a killed part is replaced, nothing else is started anew."""
    if not _shared:
        _shared.append(World("/tmp/e2e/kill").__enter__())
        start_missing(_shared[0])
    return _shared[0]


def teardown():
    while _shared:
        _shared.pop().__exit__()


def make(victim, moment):
    def test(_directory):
        world = shared_world()
        try:
            for attempt in range(1, ATTEMPTS + 1):
                try:
                    one_case(world, victim, moment, attempt)
                    break
                except Missed as missed:
                    print(f"# {victim} {moment}, attempt {attempt}: {missed}", flush=True)
                    if attempt == ATTEMPTS:
                        raise
                    taken_out(world)
        except Exception:
            # The next case starts from a clean machine all the same.
            world.show()
            teardown()
            raise
    test.__doc__ = f"{victim} killed when {moment}"
    return test


for _moment in MOMENTS:
    for _victim in VICTIMS:
        globals()[f"test_{_victim}_{_moment}"] = make(_victim, _moment)
