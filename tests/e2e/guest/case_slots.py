# SPDX-License-Identifier: GPL-2.0-or-later
"""Two readers and two cards, in every order: the tree holds exactly what the cards
that are in say, ACLs included, and each server gets the sessions it is due.

What has to be there says slot_model, from what the issuer put on the cards.
"""
import io
import json
import re

import issuer
import slot_model
from slot_model import EMPTY, Model
from world import DEVICE_ID, SYSFS, WAIT, Control, Failed, World, check, processes, run, wait_for

READERS = ("left", "right")
ICCIDS = {"A": "98941032547698103291", "B": "98941032547698103292"}
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


def dm_card(world, name, account, flags, connects):
    """A card with a DM profile; the ACL is what its TNDS object says."""
    rights = f"Get={account.server_id}&Replace={account.server_id}&Delete={account.server_id}"
    objects = (issuer.dmacc(account, "1", rights),)
    return card(world, name, (account,), ((f"./DMAcc/{{{account.server_id}}}", objects[0]),),
                connects, dm=issuer.dm_message(objects), flags=flags)


def card(world, name, accounts, objects, connects, **files):
    iccid = ICCIDS[name]
    path = world.dir / f"card-{name}"
    path.write_text(issuer.profile(iccid, **files))
    return slot_model.Card(name, iccid, str(path), objects, tuple(a.server_id for a in accounts), connects)


class Desk:
    """Two readers, two servers, and a model that is told all that is done."""

    def __init__(self, world, cards):
        self.world, self.cards = world, {c.name: c for c in cards}
        self.records, self.users, self.read, self.seen = {}, {}, {}, {}
        for account, port in ((A, 8443), (B, 8444)):
            record = world.dir / f"record-{account.server_id}"
            world.start_server(script(account), users=account.user_line, name=account.server_id,
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
        run("udevadm", "settle", limit=WAIT + 5)
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

    def settled(self, what):
        """All is as one of the models says, when nobody works any more."""
        due = {server: (self.model.sessions.get(server, 0),) * 2 for server in self.records}
        left = []

        def fits():
            self.idle()
            seen = self.look()
            left[:] = [self.wrong(model, seen) for model in self.worlds]
            return "" in left
        try:
            wait_for(f"sessions (begun, done): {due}", lambda: self.counts() == due, pause=PAUSE)
            wait_for("what is due", fits, pause=PAUSE)
            for slot, reader in enumerate(self.readers):
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


def words(step):
    return ", ".join(f"{READERS[slot]} {'emptied' if name is EMPTY else 'gets ' + name}" for slot, name in step)


POINT = issuer.Point("internet", "apn.example.net", "point-user", "point-secret", "proxy-a", "192.0.2.1")


def cp_card(world, name, account, flags, connects):
    """A card with a CP profile: an account, its access point and a proxy."""
    account = account._replace(nap=POINT.napid)
    return card(world, name, (account,), issuer.cp_objects((account,), (POINT,)), connects,
                cp=issuer.cp_document((account,), (POINT,)), flags=flags)


def two_cards(world):
    return (cp_card(world, "A", A, issuer.indicator(every=True), "every"),
            dm_card(world, "B", B, issuer.indicator(), "once"))


# Rules: DECISION-7b DECISION-7c DECISION-7j
def test_every_order(directory):
    """Insert, remove, swap, move and exchange, in a walk that takes each step from each state."""
    with World(directory) as world:
        desk = Desk(world, two_cards(world))
        steps = slot_model.walk(tuple(desk.cards))
        for number, (step, state) in enumerate(steps, 1):
            what = f"step {number} of {len(steps)}, {words(step)}"
            desk.do(step)
            now = tuple(desk.model.slots[slot].name if slot in desk.model.slots else EMPTY for slot in (0, 1))
            check(now == state, f"{what}: the model is in state {now}, the walk in {state}")
            desk.settled(what)
        desk.judge()
        print(f"# {len(steps)} steps, sessions: {desk.model.sessions}", flush=True)
