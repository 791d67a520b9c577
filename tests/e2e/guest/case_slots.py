# SPDX-License-Identifier: GPL-2.0-or-later
"""Two readers and two cards, in every order: the tree holds exactly what the cards
that are in say, ACLs included, and each server gets the sessions it is due.

What has to be there says slot_model, from what the issuer put on the cards.
"""
import functools
import io
import json
import os
import re
import signal
import time
from datetime import datetime
from pathlib import Path

import issuer
import slot_model
from slot_model import EMPTY, Model
from world import DEVICE_ID, SYSFS, Control, Failed, World, check, processes, run, udev_settle, wait_for

READERS = ("left", "right")
ICCIDS = {name: f"9894103254769810329{n}" for n, name in enumerate(("A", "B", "Q", "mute", "blind", "twin"))}
A = issuer.Account("a.example.net", "https://dm.example.net:8443/dm", "user-a", "secret-a", "back-a", "Operator A")
B = issuer.Account("b.example.net", "https://dm.example.net:8444/dm", "user-b", "secret-b", "back-b", "Operator B",
                   client_nonce=b"client-nonce-0b", server_nonce=b"server-nonce-0b")
HAND = "hand.example.net"
EVERYONE = (A.server_id, B.server_id, HAND)
# An emulated machine that looks all the time does little else.
PAUSE = 0.3
SESSIONS = 60   # sections of a server's script: more than any test needs


def script(account):
    """Each session looks at the accounts the server can see, and makes a node that all may read."""
    lines = [f"server-id {account.server_id}"]
    for number in range(1, SESSIONS + 1):
        uri = slot_model.node_of(account.server_id, number)
        lines += ["session", "package", "get ./DMAcc?list=StructData", "expect 200",
                  f"add-node {uri}", "expect 200",
                  f'acl {uri} "{slot_model.rights_of(account.server_id, EVERYONE)}"', "expect 200"]
    return "\n".join(lines) + "\n"


def dm_card(world, name, account, flags, connects, extra=""):
    """A card with a DM profile; the ACL is what its TNDS object says."""
    rights = f"Get={account.server_id}&Replace={account.server_id}&Delete={account.server_id}"
    objects = (issuer.dmacc(account, "1", rights),)
    return card(world, name, (account,), ((f"./DMAcc/{{{account.server_id}}}", objects[0]),),
                connects, dm=issuer.dm_message(objects), flags=flags, extra=extra)


def card(world, name, accounts, objects, connects, **files):
    iccid = ICCIDS[name]
    path = world.dir / f"card-{name}"
    path.write_text(issuer.profile(iccid, **files))
    return slot_model.Card(name, iccid, str(path), objects, tuple(a.server_id for a in accounts), connects)


def udev_goes_on():
    run("udevadm", "control", "--start-exec-queue")


def iso_time(text):
    return datetime.fromisoformat(text.replace("Z", "+00:00")).timestamp()


class Desk:
    """Two readers, two servers, and a model that is told all that is done."""

    def __init__(self, world, cards, scripts=()):
        self.world, self.cards = world, {c.name: c for c in cards}
        self.records, self.users, self.read, self.seen = {}, {}, {}, {}
        for account, port in ((A, 8443), (B, 8444)):
            record = world.dir / f"record-{account.server_id}"
            world.start_server(dict(scripts).get(account, script(account)), users=account.user_line, name=account.server_id,
                               server_id=account.server_id, listen=f"127.0.0.1:{port}", record=record)
            self.records[account.server_id] = record
            self.users[account.server_id] = account.user
            self.read[account.server_id], self.seen[account.server_id] = 0, [0, 0]
        world.add_account(HAND, "https://hand.example.net/dm", "hand", "hand-secret")
        self.readers = [world.start_card(cards[0].file, name=name, reader=name) for name in READERS]
        self.seqs = [0, 0]
        base = slot_model.canonical(slot_model.parse(world.tree()))
        check(any(HAND in uri for uri in base), f"the tree cannot be seen:\n{world.tree()}")
        model = Model(base)
        model.everyone = EVERYONE
        self.worlds = [model]

    @property
    def model(self):
        return self.worlds[0]

    def state(self):
        return tuple(self.model.slots[slot].name if slot in self.model.slots else EMPTY for slot in (0, 1))

    def bring(self, *state):
        """These cards in the slots, however it was before."""
        for slot, name in enumerate(state):
            if self.state()[slot] not in (name, EMPTY):
                self.do(((slot, EMPTY),))
        for slot, name in enumerate(state):
            if self.state()[slot] != name:
                self.do(((slot, name),))
        self.settled(f"cards {state} were put in")

    def put(self, slot, card):
        """In goes the card, and the model is not told."""
        self.seqs[slot] += 1
        self.world.insert(card.file, card=self.readers[slot])

    def unplug(self, slot):
        reader = self.readers[slot]
        reader.stop()
        wait_for("the reader to go", lambda: not (SYSFS / reader.slot).exists(), pause=PAUSE)
        self.readers[slot] = None

    def plug(self, slot):
        self.readers[slot] = self.world.start_card("none", name=READERS[slot], reader=READERS[slot])
        self.seqs[slot] = 0

    def reinsert(self, slot):
        """The card the model knows to be there, into a reader that has just come."""
        card = self.model.slots[slot]
        self.model.remove(slot, kept=True)
        self.model.insert(slot, card)
        self.put(slot, card)

    def replace_unseen(self, slot, name):
        """Another card in place of this one, while udev stands still: between the two it could see an
        empty slot, which is another case. The model is not told."""
        udev_settle()
        run("udevadm", "control", "--stop-exec-queue")
        self.world.remove(card=self.readers[slot])
        self.put(slot, self.cards[name])

    def slot_state(self, slot):
        return (SYSFS / self.readers[slot].slot / "state").read_text().strip()

    @staticmethod
    def reconcile():
        run("dmsc-helper", "--reconcile")

    def do(self, step):
        """The step, as fast as the readers take it. A card that leaves and comes back within it may
        or may not have been missed: both are right, and what is seen says which it was."""
        controls = {slot: Control(self.readers[slot]) for slot, _ in step}
        for slot, name in step:
            back = any(self.model.slots.get(slot) == self.cards.get(n) for _, n in step if n)
            if slot in self.model.slots:
                controls[slot].send("remove")
                for model in self.worlds[:]:
                    if back:
                        twin = model.copy()
                        twin.remove(slot, kept=True)
                        self.worlds.append(twin)
                    model.remove(slot)
            if name is not EMPTY:
                controls[slot].send("insert", self.cards[name].file)
                self.seqs[slot] += 1
                for model in self.worlds:
                    model.insert(slot, self.cards[name])
        for control in controls.values():
            answers = control.answers()
            check(all(a.startswith("ok") for a in answers), f"simcard: {answers}")

    def counts(self):
        """(begun, done) sessions of each server. Looked at often, so only what is new is read."""
        for server, record in self.records.items():
            path = record / "record.jsonl"
            with path.open("rb") if path.exists() else io.BytesIO() as file:
                file.seek(self.read[server])
                for line in file:
                    if not line.endswith(b"\n"):
                        break
                    self.read[server] += len(line)
                    if b'"session-begin"' in line:
                        self.seen[server][0] += 1
                    elif b'"session-end"' in line:
                        event = json.loads(line)
                        self.seen[server][1] += bool(event.get("authenticated") and event["outcome"] == "done")
        return {server: tuple(numbers) for server, numbers in self.seen.items()}

    def look(self):
        """Tree, and the slot of each account that came from a card, as the tools show them."""
        tree = slot_model.canonical(slot_model.parse(self.world.tree()))
        return tree, dict(re.findall(r"^(\S+) +\S+ +card in virt:(\S+)$", self.world.accounts(), re.M))

    def idle(self):
        """Nobody is left who could change anything."""
        udev_settle()
        wait_for("helpers and children to end",
                 lambda: not processes("dmsc-helper") and not processes("dmsc-client"), pause=PAUSE)

    def wrong(self, model, seen):
        """What differs from the model, in words."""
        tree, origins = seen
        text = slot_model.differences(model.tree(), tree)
        due = {server: (model.sessions.get(server, 0),) * 2 for server in self.records}
        if self.counts() != due:
            text += f"\nsessions (begun, done): {self.counts()}, expected {due}"
        expected = {server: READERS[slot] for slot, card in model.slots.items() for server in card.servers}
        if origins != expected:
            text += f"\norigins: {origins}, expected {expected}"
        return text

    def settled(self, what, idle=True):
        """All is as one of the models says, when nobody works any more (or while somebody waits)."""
        due = {server: (self.model.sessions.get(server, 0),) * 2 for server in self.records}
        left = []

        def fits():
            if idle:
                self.idle()
            seen = self.look()
            left[:] = [self.wrong(model, seen) for model in self.worlds]
            return "" in left
        try:
            wait_for(f"sessions (begun, done): {due}", lambda: self.counts() == due, pause=PAUSE)
            wait_for("what is due", fits, pause=PAUSE)
            for slot, reader in enumerate(self.readers):
                if reader is None:
                    continue
                seq = int((SYSFS / reader.slot / "seq").read_text())
                check(seq == self.seqs[slot], f"{seq} insertions into {reader.slot}, {self.seqs[slot]} were made")
        except Failed as error:
            check(False, f"after {what}: {error}\n" + (left[0] if left else str(self.counts())))
        self.worlds = [self.worlds[left.index("")]]

    def judge(self):
        """The servers' records: nothing they object to, and none saw an account of another."""
        for server, record in self.records.items():
            check(not self.world.violations(record), f"{server} objects: {self.world.violations(record)}")
            failed = self.world.failed_expectations(record)
            check(not failed, f"not as {server} has it in its script: {failed}")
            check(self.world.device_ids(record) <= {DEVICE_ID}, f"{server}: {self.world.device_ids(record)}")
            first = [m for m in self.world.messages_in(record) if m["msg_id"] == "1"]
            check(all([1201] in [[a["code"] for a in m["alerts"] if a["code"] != 1226]] for m in first),
                  f"{server}: alerts {self.world.alert_codes(record)}")
            check({m["user"] for m in first} <= {self.users[server]}, f"{server}: users {[m['user'] for m in first]}")
            seen = {item["value"] for m in self.world.messages_in(record) for result in m["results"]
                    for item in result["items"] if item["source"].endswith("/ServerID")}
            check(seen <= {server}, f"{server} saw the accounts of {seen}")


POINT = issuer.Point("internet", "apn.example.net", "point-user", "point-secret", "proxy-a", "192.0.2.1")


def cp_card(world, name, account, flags, connects):
    """A card with a CP profile: an account, its access point and a proxy."""
    account = account._replace(nap=POINT.napid)
    return card(world, name, (account,), issuer.cp_objects((account,), (POINT,)), connects,
                cp=issuer.cp_document((account,), (POINT,)), flags=flags)


def two_cards(world):
    """A and B, and the ones of single tests."""
    nobody = issuer.Account("c.example.net", "https://dm.example.net:8445/dm", "user-c", "secret-c", "back-c", "Operator C")
    return (cp_card(world, "A", A, issuer.indicator(every=True), "every"),
            dm_card(world, "B", B, issuer.indicator(), "once"),
            dm_card(world, "Q", nobody, issuer.indicator(ui=3), ""),
            dm_card(world, "mute", nobody, None, "", extra="quirk mute"),
            dm_card(world, "blind", nobody, None, "", extra="quirk sw READ-BINARY 6982 on 2FE2"),
            dm_card(world, "twin", A, issuer.indicator(), "once"))


_shared = []


def shared_desk():
    """One far end and one model for all tests: what was done to the cards before is part of both."""
    if not _shared:
        world = World("/tmp/e2e/slots").__enter__()
        _shared.append(world)
        _shared.append(Desk(world, two_cards(world)))
    return _shared[1]


def teardown():
    world = _shared[0] if _shared else None
    _shared.clear()
    if world:
        world.__exit__()


def on_desk(test):
    """A test of the shared desk; after one that fails the next begins with a new one."""
    @functools.wraps(test)
    def wrapped(_directory):
        try:
            test(shared_desk())
        except Exception:
            if _shared:
                _shared[0].show()
            teardown()
            raise
    return wrapped


def words(step):
    return ", ".join(f"{READERS[slot]} {'emptied' if name is EMPTY else 'gets ' + name}" for slot, name in step)


# Rules: DECISION-7b DECISION-7c DECISION-7j
@on_desk
def test_every_order(desk):
    """Insert, remove, swap, move and exchange, in a walk that takes each step from each state."""
    steps = slot_model.walk(("A", "B"))
    for number, (step, state) in enumerate(steps, 1):
        what = f"step {number} of {len(steps)}, {words(step)}"
        desk.do(step)
        check(desk.state() == state, f"{what}: the model is in state {desk.state()}, the walk in {state}")
        desk.settled(what)
    desk.judge()
    print(f"# {len(steps)} steps, sessions: {desk.model.sessions}", flush=True)


# Rules: DECISION-7d
@on_desk
def test_decision_7_reader_gone(desk):
    """A reader that goes takes nothing along; nor does a reconcile meanwhile."""
    desk.bring(EMPTY, "B")
    desk.unplug(1)
    desk.reconcile()
    desk.settled("the right reader went")
    desk.plug(1)
    desk.reinsert(1)
    desk.settled("the right reader came back with its card")


# Rules: DECISION-7e
@on_desk
def test_decision_7_module_unloaded(desk):
    """Nor does the module, with all readers."""
    desk.bring(EMPTY, "B")
    desk.unplug(0)
    desk.unplug(1)
    for module in ("uicc_virt", "uicc"):
        run("rmmod", module)
    desk.reconcile()
    desk.settled("the modules went")
    run("modprobe", "uicc_virt")
    desk.plug(0)
    desk.plug(1)
    desk.reinsert(1)
    desk.settled("the modules came back")


# Rules: CHECK-9
@on_desk
def test_reader_back_with_its_card(desk):
    """A reader that comes back in the same boot counts from one again; its card is put in anew all the
    same, so a card with flag b2 has a session."""
    desk.bring("A", EMPTY)
    desk.unplug(0)
    desk.settled("the left reader went")
    desk.plug(0)
    desk.reinsert(0)
    desk.settled("the left reader came back with its card")


# Rules: DECISION-7b
@on_desk
def test_reader_back_empty(desk):
    """A reader that comes back without the card: it is there and holds no card, so what came from the
    card goes, though the reader counts from zero again."""
    desk.bring("A", EMPTY)
    desk.unplug(0)
    desk.settled("the left reader went")
    desk.plug(0)
    desk.reconcile()
    desk.worlds[0].remove(0)
    desk.settled("the left reader came back empty")


# Rules: DECISION-7g
@on_desk
def test_decision_7_suspend(desk):
    """A suspend down to the devices, and a wake-up: nothing is deleted, nothing is done twice."""
    desk.bring("A", "B")
    power = Path("/sys/power")
    if not (power / "pm_test").exists():
        print("# skipped: the kernel cannot try to suspend", flush=True)
        return
    Path("/sys/module/suspend/parameters/pm_test_delay").write_text("0")
    (power / "pm_test").write_text("devices")
    try:
        (power / "state").write_text("mem")
    finally:
        (power / "pm_test").write_text("none")
    desk.reconcile()
    desk.settled("a suspend")


# Rules: DECISION-7h
@on_desk
def test_decision_7_mute(desk):
    """A card in the place of A that does not answer: it may be A."""
    desk.bring("A", "B")
    patience = Path("/sys/module/uicc_virt/parameters/timeout_ms")
    usual = patience.read_text()
    patience.write_text("500")
    try:
        desk.replace_unseen(0, "mute")
        udev_goes_on()
        desk.reconcile()
        desk.settled("A was replaced by a mute card")
    finally:
        patience.write_text(usual)
    desk.do(((0, EMPTY),))
    desk.settled("the mute card was taken out")


# Rules: DECISION-7h
@on_desk
def test_decision_7_unreadable(desk):
    """A card in the place of A whose EF(ICCID) cannot be read: it may be A, too. Nothing of it is
    applied, and nothing of A goes before it is out."""
    desk.bring("A", "B")
    desk.replace_unseen(0, "blind")
    udev_goes_on()
    desk.reconcile()
    desk.settled("A was replaced by a card without a number")
    desk.do(((0, EMPTY),))
    desk.settled("the card without a number was taken out")


# Rules: DECISION-7a
@on_desk
def test_decision_7_helper_stopped(desk):
    """SIGTERM to a helper: its question is withdrawn, nothing is deleted."""
    desk.bring(EMPTY, "B")
    desk.do(((0, "Q"),))
    wait_for("the question", desk.world.questions, pause=PAUSE)
    for pid in processes("dmsc-helper"):
        os.kill(pid, signal.SIGTERM)
    wait_for("the question to be withdrawn", lambda: not desk.world.questions(), pause=PAUSE)
    desk.settled("the helper was stopped")
    desk.do(((0, EMPTY),))
    desk.settled("the card was taken out")


# Rules: RD-9
@on_desk
def test_same_server_on_two_cards(desk):
    """The account of A's server is A's; that of the twin waits until A is out."""
    desk.bring("A", EMPTY)
    twin = desk.cards["twin"]
    desk.put(1, twin)
    wait_for("the helper to wait", lambda: "exists already" in desk.world.helper_log(), pause=PAUSE)
    desk.settled("the twin was put in", idle=False)
    # Out with A: its account goes, and the twin's has room.
    desk.do(((0, EMPTY),))
    desk.worlds[0].insert(1, twin)
    desk.settled("A was taken out", idle=False)
    desk.do(((1, EMPTY),))
    desk.settled("the twin was taken out")


# Rules: DECISION-7a DECISION-7j OPEN-14
def test_decision_7_session_ends_with_1223(directory):
    """A card goes while its session runs: its server is told (1223); the other card's account and
    session are as they were."""
    teardown()      # this far end is its own
    with World(directory) as world:
        slow = script(A).replace("package\n", "package\ndelay 2000\n", 1)
        desk = Desk(world, two_cards(world), {A: slow})
        desk.do(((1, "B"),))
        desk.settled("B was put in")
        before = desk.look()
        desk.put(0, desk.cards["A"])
        record = desk.records[A.server_id]
        wait_for("the first message", lambda: world.messages_in(record), pause=0.05)
        world.remove(card=desk.readers[0])
        start = time.time()
        wait_for("the card to go", lambda: not (SYSFS / f"{desk.readers[0].slot}.card").exists())
        desk.idle()
        check([1223] in world.alert_codes(record), f"the server was told {world.alert_codes(record)}")
        told = next(m for m in world.messages_in(record) if [a["code"] for a in m["alerts"]] == [1223])
        print(f"# told {iso_time(told['time']) - start:.1f} s after the card was taken out", flush=True)
        check(not world.violations(record), f"the server objects: {world.violations(record)}")
        after = desk.look()
        # A's server lost its account, and with it every right; nothing else is another.
        expected = {uri: entry._replace(acl=slot_model.without(entry.acl, A.server_id)) for uri, entry in before[0].items()}
        text = slot_model.differences(expected, after[0])
        check(not text and before[1] == after[1], f"not as before: {text} {before[1]} {after[1]}")
        check(desk.counts()[B.server_id] == (1, 1), f"B's server: {desk.counts()}")
