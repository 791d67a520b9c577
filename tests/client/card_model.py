# SPDX-License-Identifier: GPL-2.0-or-later
"""A test of `test`: cards by chance, in two slots, with any answer, against what card-data.rst says.

The model below is that document and knows nothing of the code; it foresees each
question, each account and each row.
"""
import os
import random

from __main__ import test
from cards import ASK_DATA, CONNECT, EVERY, FAILURE, MALFORMED, OK, conf
from far_helper import (EMPTY, FAILED, NO, TIMEOUT, WITHDRAWN, YES, Card, accounts, card_number, cp, dm, indicator,
                        insert, reconcile, rows)

BOOTS = ["2c0f6ea8-0000-4000-8000-%012d" % n for n in range(3)]
ANSWERS = [YES, YES, YES, NO, TIMEOUT, WITHDRAWN, (FAILED, False)]
SEQUENCES, STEPS = int(os.environ.get("DMSC_CARD_MODEL", "12")), 10


class Content:
    """What a card may hold: which servers, which of them have INIT, and what the indicator says."""

    def __init__(self, rng, n):
        self.n = n
        self.profile = rng.choice(["dm", "dm", "dm", "cp", "broken+cp", "broken", "erased", "none"])
        self.kind = rng.choice(["absent", "erased", "malformed", "valid", "valid", "valid"])
        self.flags = rng.randrange(8) if self.kind == "valid" else 0
        self.ui = rng.choice([None, 0, 1, 2, 3, 3])
        self.servers = ["%s%d.example.net" % (x, n) for x in rng.choice([("s",), ("t", "s")])]
        self.init = [rng.random() < 0.5 for _ in self.servers]
        self.names = rng.choice([[], [], [self.servers[-1]]])
        self.number = rng.randrange(1 << 30)

    def card(self):
        files = {}
        broken = dm(self.servers[0])[:200 + self.number % 7]
        if self.profile == "dm":
            files["dm"] = [dm(s) + bytes([self.number % 251]) for s in self.servers]
        elif self.profile.startswith("broken"):
            files["dm"] = broken
        elif self.profile == "erased":
            files["dm"], files["config1"] = b"\xff" * 77, b"\0" * 5
        if self.profile.endswith("cp"):
            for kind, server, init in zip(("provsc", "config1"), self.servers, self.init):
                files[kind] = cp(server, init=init) + bytes([self.number % 251])
        if self.kind == "valid":
            files["indicator"] = indicator(self.flags, self.ui, self.names)
        elif self.kind == "malformed":
            files["indicator"] = MALFORMED
        elif self.kind == "erased":
            files["indicator"] = b"\xff" * 20
        return Card(card_number(self.n), **files)


class Model:
    def __init__(self, policy):
        self.policy = policy	# connect-without-indicator
        self.rows = {}		# (card, content, server) -> [phase, insertion]
        self.trees = {}		# card -> (content, slot)

    def insertion(self, c, where, draw):
        """One insertion; the questions it leads to, as (kind, server, ui), and the exit status."""
        slot = where[1]
        asked = []
        fails_closed = c.kind == "malformed"
        if c.profile in ("erased", "none"):
            self.trees = {n: t for n, t in self.trees.items() if t[1] != slot and n != c.n}
            return asked, OK
        self.trees = {n: t for n, t in self.trees.items() if t[1] != slot or n == c.n}
        if c.profile.startswith("broken"):
            self.rows[c.n, (c, "dm"), ""] = ["none", where]
            if c.profile == "broken":
                return asked, FAILURE
        key = (c, "cp" if c.profile.endswith("cp") else "dm")
        applied = c.n in self.trees and self.trees[c.n][0] == key
        if (c.flags & ASK_DATA or fails_closed):
            row = self.rows.get((c.n, key, ""), ["", None])
            if row[0] == "refused":
                return asked, OK
            if not applied:
                if row == ["failed", where]:
                    return asked, OK
                asked.append(("data", "", ""))
                answer = draw()
                if answer != YES:
                    phase = {NO: "refused", TIMEOUT: "failed"}.get(answer)
                    if phase:
                        self.rows[c.n, key, ""] = [phase, where]
                    return asked, OK
        self.trees[c.n] = (key, slot)
        self.rows[c.n, key, ""] = ["none", where]
        planned = []
        for server, init in zip(c.servers, c.init):
            row = self.rows.get((c.n, key, server), ["", None])
            if c.kind == "valid":
                want = c.flags & CONNECT and (not c.names or server in c.names)
            else:
                want = not fails_closed and (init and key[1] == "cp" or self.policy)
            again = c.kind == "valid" and c.flags & EVERY and row[1] != where
            if not want or row[0] == "refused" or (row[0] == "done" and not again) or row == ["failed", where]:
                continue
            self.rows[c.n, key, server] = ["pending", where]
            planned.append(server)
        ui = {3: "ask", 2: "notice"}.get(c.ui if c.kind == "valid" else None, "none")
        for server in planned:
            asked.append(("session", server, ui))
            answer = draw()
            phase = {YES: "done", NO: "refused", WITHDRAWN: "pending"}.get(answer, "failed")
            self.rows[c.n, key, server] = [phase, where]
        return asked, OK

    def emptied(self, slot):
        self.trees = {n: t for n, t in self.trees.items() if t[1] != slot}

    def accounts(self):
        return sorted(s for (c, _), _ in self.trees.values() for s in c.servers)

    def phases(self):
        return sorted((n, server, phase) for (n, _, server), (phase, _) in self.rows.items())


def stored(e):
    number = {Card(card_number(n)).files["3f00.2fe2"]: n for n in range(3)}
    return sorted((number[i], s, p) for i, s, p in rows(e, "SELECT iccid, server, phase FROM card"))


def play(e, seed):
    rng = random.Random(seed)
    policy = rng.random() < 0.3
    e.store = e.path("store%d" % seed)
    conf(e, "connect-without-indicator = %s" % ("yes" if policy else "no"))
    model = Model(policy)
    contents = [Content(rng, n) for n in (0, 0, 1, 1)]
    boot, seq = 0, {"a": 0, "b": 0}
    history, questions = [], 0
    for _ in range(STEPS):
        what = rng.random()
        slot = rng.choice("ab")
        if what < 0.1:
            boot, seq = (boot + 1) % 3, {"a": 0, "b": 0}
            history.append("boot")
            continue
        if what < 0.2:
            history.append("empty %s" % slot)
            model.emptied(slot)
            assert reconcile(e, (slot, EMPTY, 1000, None))[0] == OK
        else:
            c = rng.choice(contents)
            if what < 0.8 or not seq[slot]:
                seq[slot] += 1
            given = []

            def draw():
                given.append(rng.choice(ANSWERS))
                return given[-1]
            asked, status = model.insertion(c, (boot, slot, seq[slot]), draw)
            history.append("%s %d: %s" % (slot, seq[slot], {k: v for k, v in vars(c).items() if k != "number"}))
            history.append("    foreseen %s, answered %s" % (asked, given))
            r = insert(e, c.card(), given, slot=slot, seq=seq[slot], boot=BOOTS[boot], lenient=True)
            questions += len(asked)
            got = [(a.kind, a.server, a.ui) for a in r.asked]
            assert (got, r.status) == (asked, status), "seed %d: %s\n%s\n%s" % (seed, got, "\n".join(history), r)
        now = accounts(e), stored(e)
        assert now == (model.accounts(), model.phases()), "seed %d\nfound    %s\nforeseen %s\n%s" % (
            seed, now, (model.accounts(), model.phases()), "\n".join(history))
    return questions


# Rules: CHECK-9 OPEN-4 OPEN-6 DECISION-3 DECISION-4 DECISION-7j
@test
def card_model(e):
    assert sum(play(e, seed) for seed in range(SEQUENCES)) > 2 * SEQUENCES, "hardly anything was asked"
