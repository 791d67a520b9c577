# SPDX-License-Identifier: GPL-2.0-or-later
"""How many questions and sessions: the table of Documentation/card-data.rst, row by row.

After each step of a row the number of questions put since the row began, and of
sessions that began at each server, has to be the one that the table has there.
"""
import contextlib
import os
import re
import signal
import uuid
from pathlib import Path
from typing import NamedTuple

import issuer
from world import AS_DMSC, DEVICE_ID, STORE, SYSFS, Failed, World, check, processes, run, udev_settle, wait_for

TABLE = Path("/root/e2e/card-data.rst")
HEADER = "How many sessions\n==="
RUN = Path("/run/dmsc")
BOOT_ID = Path("/proc/sys/kernel/random/boot_id")
# Plain: what TLS costs an emulated machine is not what is looked at here.
FIRST = issuer.Account("one.example.net", "http://dm.example.net:8081/dm", "user-1", "secret-1", "back-1", "One")
SECOND = issuer.Account("two.example.net", "http://dm.example.net:8082/dm", "user-2", "secret-2", "back-2", "Two")
SERVERS = (FIRST, SECOND)
PAUSE = 0.2     # an emulated machine that looks all the time does little else


class Row(NamedTuple):
    check: str
    card: tuple         # words
    steps: tuple
    questions: tuple    # running totals, one for each step
    sessions: tuple     # the same: (first server, second server)

    def __str__(self):
        return f"{' '.join(self.card)}: {', '.join(self.steps)}"


def working():
    """Is a helper or a child there?"""
    for comm in Path("/proc").glob("[0-9]*/comm"):
        with contextlib.suppress(OSError):
            if comm.read_text().strip() in ("dmsc-helper", "dmsc-client"):
                return True
    return False


def numbers(text):
    return tuple(tuple(int(n) for n in word.split("+")) for word in text.split())


def read_table(text):
    """The rows of the table; its columns are where its rules of "=" are."""
    section = text[text.index(HEADER):]
    lines = section[section.index("\n========  "):].splitlines()[1:]
    columns = [(m.start(), m.end()) for m in re.finditer("=+", lines[0])]
    rows = []
    for line in lines[3:]:
        if line.startswith("==="):
            break
        cells = [line[start:end if n < len(columns) - 1 else None].strip() for n, (start, end) in enumerate(columns)]
        steps = tuple(cells[2].split(", "))
        row = Row(cells[0], tuple(cells[1].split()), steps, tuple(n for n, in numbers(cells[3])),
                  tuple((*n, 0)[:2] for n in numbers(cells[4])))
        check(len(steps) == len(row.questions) == len(row.sessions), f"a total for each step: {line}")
        rows.append(row)
    return rows


FLAGS = {"connect": {}, "confirm": {"ui": 3}, "notice": {"ui": 2}, "every": {"every": True}, "ask": {"ask_data": True},
         "off": {"connect": False}, "list": {"servers": (SECOND.server_id,)}}
CARDS = {"none": None, "malformed": bytes.fromhex("E109C00101C10101C27F03"), "version": bytes.fromhex("E106C00102C10101")}
OTHER = {"broken", "stranger", "two", "init", "policy"}


def make_card(words, number, text):
    """The profile of a row's card; the number makes it a card of its own, the text other content."""
    unknown = set(words) - FLAGS.keys() - CARDS.keys() - OTHER
    check(not unknown, f"no such card: {unknown}")
    options = {key: value for word in words for key, value in FLAGS.get(word, {}).items()}
    # "init" alone is a card that has no indicator.
    flags = issuer.indicator(text=text, **options) if options or not {"init", "none"} & set(words) else None
    for word in CARDS.keys() & set(words):
        flags = CARDS[word]
    accounts = [a._replace(password="nobody") if "stranger" in words else a for a in SERVERS[:1 + ("two" in words)]]
    files = {}
    if "init" in words:
        files["cp"] = issuer.cp_document([a._replace(init=True) for a in accounts])
    else:
        files["dm"] = issuer.dm_message([issuer.dmacc(a, str(n), f"Get={a.server_id}&Replace={a.server_id}")
                                         for n, a in enumerate(accounts, 1)])
    if "broken" in words:
        files["dm"] = files["dm"][:-20]
    return issuer.profile(f"98941032547698{number:06d}", flags=flags, **files)


class Theatre:
    """The far end for all rows: two servers, a reader, an agent; and the counting."""

    def __init__(self):
        self.world = World("/tmp/e2e/answers").__enter__()
        self.world.write_conf(allow_http=" ".join(a.server_id for a in SERVERS))
        self.records = {a: self.world.dir / f"record-{a.server_id}" for a in SERVERS}
        self.servers, self.agents, self.put = {}, [], set()
        for account in SERVERS:
            self.serve(account)
        # A boot id that a test can change, as only a boot does.
        self.boot_id = self.world.dir / "boot_id"
        self.boot_id.write_text(BOOT_ID.read_text())
        run("mount", "--bind", self.boot_id, BOOT_ID)
        self.world.start_card("none", reader="demo")
        self.cards, self.back, self.tries = 0, False, 0

    def end(self):
        run("umount", BOOT_ID, ok=False)
        self.world.__exit__()

    def serve(self, account):
        port = account.url.split(":")[2].split("/")[0]
        self.servers[account] = self.world.start_server(
            f"server-id {account.server_id}\n", users=account.user_line, name=account.server_id,
            server_id=account.server_id, listen=f"127.0.0.1:{port}", record=self.records[account], plain=True)

    # --- counting

    def questions(self):
        """Numbers of all questions that were put, notices left out."""
        shown = [m for agent in self.agents for m in re.findall(r"^--- question (\d+): (.*)$", agent.text, re.M)]
        self.put.update(number for number, kind in shown if kind != "a notice")
        self.put.update(line.split()[0] for line in self.open() if "display" not in line)
        return self.put

    def open(self):
        return [line for line in self.world.questions() if line.split()[0].isdigit()]

    def sessions(self):
        return tuple(len(self.world.sessions(self.records[account])) for account in SERVERS)

    # --- the steps

    def begun(self):
        """The helper of this insertion has come as far as its lock."""
        seq = (SYSFS / self.world.card.slot / "seq").read_text().strip()
        wait_for("the helper", (RUN / f"{self.world.card.slot}-{seq}.lock").exists, pause=PAUSE)

    def quiet(self):
        """Everybody has done what there was to do: helpers have ended, or wait for a person or a server."""
        udev_settle()

        looked = None

        def waits():
            nonlocal looked
            if not working():
                return True
            log = self.world.helper_log()
            if log == looked:   # asking the kernel costs a process: only when there may be news
                return False
            looked = log
            return log.count("next try in") > self.tries or self.open()
        wait_for("an end, or something that is waited for", waits, pause=PAUSE)

    def out(self):
        self.world.remove()
        wait_for("the card to go", lambda: not self.world.cards(), pause=PAUSE)
        self.world.nothing_more()
        self.come_back()

    def put_in(self, text):
        self.text = text
        (self.world.dir / "card").write_text(make_card(self.row.card, self.cards, text))
        self.world.insert(self.world.dir / "card")
        wait_for("the card", self.world.cards, pause=PAUSE)
        self.begun()

    def answer(self, word):
        questions = self.open()
        check(len(questions) == 1, f"one question to answer: {questions}")
        number = questions[0].split()[0]
        agent = self.agents[-1]
        agent.expect(f"--- question {number}:")
        agent.type(word + "\n")
        wait_for("the answer to be taken", lambda: number not in [q.split()[0] for q in self.open()], pause=PAUSE)

    def step_in(self):
        self.put_in("")

    def step_out(self):
        self.out()

    def step_again(self):
        self.out()
        self.put_in(self.text)

    def step_back(self):
        self.out()
        self.put_in("")

    def step_changed(self):
        self.out()
        self.put_in("Other content")

    def step_yes(self):
        self.answer("y")

    def step_no(self):
        self.answer("n")

    def step_silence(self):
        wait_for("the question to end", lambda: not self.open(), pause=PAUSE)

    def step_agent(self):
        self.agents.append(self.world.start_agent(f"agent{len(self.agents)}"))
        for question in self.open():
            self.agents[-1].expect(f"--- question {question.split()[0]}:")

    def step_no_agent(self):
        if self.open():
            self.agents[-1].expect(f"--- question {self.open()[0].split()[0]}:")
        self.agents[-1].stop(9)

    def step_event(self):
        self.world.trigger(1)

    def step_boot(self):
        """As a power cut and a boot look from here: nobody is left, another boot id, nothing in /run, and the trigger of coldplug."""
        for pid in processes("dmsc-helper") + processes("dmsc-client"):
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        self.world.nothing_more()
        self.come_back()
        self.boot_id.write_text(f"{uuid.uuid4()}\n")
        for lock in RUN.glob("*.lock"):
            lock.unlink()
        self.world.trigger(1)
        self.begun()

    def step_away(self):
        self.servers[FIRST].stop()

    def step_there(self):
        """From the next step on: what waits for it now would else have it at any time."""
        self.back = True

    def come_back(self):
        if self.back:
            self.serve(FIRST)
        self.back = False

    def step_by_hand(self):
        run(*AS_DMSC, "dmsc-client", "--store", STORE, "--device-id", DEVICE_ID, "session", "--server", FIRST.server_id,
            ok=False, limit=120)    # what came of it, the server knows

    # --- a row

    def play(self, row):
        self.row = row
        self.cards += 1
        if not self.agents or self.agents[-1].proc.poll() is not None:
            self.step_agent()
        base, asked = self.sessions(), len(self.questions())
        for number, step in enumerate(row.steps):
            silence = row.steps[number + 1:number + 2] == ("silence",)
            self.world.write_conf(consent_timeout="1" if silence else "600",
                                  connect_without_indicator="yes" if "policy" in row.card else "no")
            self.tries = self.world.helper_log().count("next try in")
            getattr(self, f"step_{step.replace(' ', '_')}")()
            if step not in ("away", "there"):   # these two change nothing by themselves
                self.quiet()
            due = row.questions[number], row.sessions[number]

            def totals():
                return len(self.questions()) - asked, tuple(n - b for n, b in zip(self.sessions(), base))
            with contextlib.suppress(Failed):
                if self.servers[FIRST].proc.poll() is not None:     # its turn is over, not the second's
                    wait_for("the totals", lambda: totals() == due, pause=PAUSE)
            got = totals()
            check(got == due, f"{row}: (questions, sessions) after '{step}': {got}, documented {due}")
        check(self.servers[FIRST].proc.poll() is None, f"{row}: the server is still away")
        if self.world.cards():
            self.out()
        check(not any(a.server_id in self.world.accounts() for a in SERVERS), f"left behind:\n{self.world.accounts()}")
        for record in self.records.values():
            check(not self.world.violations(record), f"the server objects: {self.world.violations(record)}")


_shared = []


def teardown():
    while _shared:
        _shared.pop().end()


def rows(name, least):
    """Plays the rows of the table that begin with this word."""
    mine = [row for row in read_table(TABLE.read_text()) if row.check == name]
    check(len(mine) >= least, f"{len(mine)} rows of {name}, there were {least}")
    try:
        if not _shared:
            _shared.append(Theatre())
        for row in mine:
            _shared[0].play(row)
            print(f"# {row}", flush=True)
    except Exception:
        if _shared:
            _shared[0].world.show()
        teardown()
        raise


# Rules: CHECK-1
def test_T1(_directory):
    """connect: a session, and no question."""
    rows("T1", 1)


# Rules: CHECK-2
def test_T2(_directory):
    """confirm: a question, then a session."""
    rows("T2", 1)


# Rules: CHECK-3 OPEN-5 OPEN-6 OPEN-9 DECISION-4 DECISION-5
def test_T3(_directory):
    """A no, silence, nobody to ask, an agent that dies or comes later, a session by hand."""
    rows("T3", 6)


# Rules: CHECK-4 OPEN-3 DECISION-2
def test_T4(_directory):
    """No indicator, or one that says no; and the policy."""
    rows("T4", 4)


# Rules: CHECK-5
def test_T5(_directory):
    """A bootstrap that fails."""
    rows("T5", 1)


# Rules: CHECK-6
def test_T6(_directory):
    """Nothing to confirm."""
    rows("T6", 1)


# Rules: CHECK-7
def test_T7(_directory):
    """Taken out while the question is open."""
    rows("T7", 1)


# Rules: CHECK-8 DECISION-6
def test_T8(_directory):
    """Indicators that fail closed."""
    rows("T8", 3)


# Rules: CHECK-9 OPEN-4 DECISION-3
def test_T9(_directory):
    """Once per content, or at every power-on."""
    rows("T9", 5)


# Rules: CHECK-10
def test_T10(_directory):
    """Nothing of the session on any interface before the yes."""
    if not _shared:
        _shared.append(Theatre())
    theatre = _shared[0]
    capture = theatre.world.start_capture()
    yes = theatre.step_yes

    def quiet_until_now():
        packets = theatre.world.packets(capture)
        check(not packets, f"traffic before the yes: {[str(p) for p in packets]}")
        yes()
    theatre.step_yes = quiet_until_now
    try:
        rows("T10", 1)
        check(any(p.kind == "tcp" for p in theatre.world.packets(capture)), "the capture saw no session at all")
    finally:
        del theatre.step_yes
        capture.stop()


# Rules: RD-1 RD-2 DECISION-4
def test_gate_one(_directory):
    """b3: asked before the data is taken over, apart from the question about the session."""
    rows("gate", 5)


def test_notice(_directory):
    """C2 = 02: nobody's answer is waited for."""
    rows("notice", 1)


# Rules: DECISION-1
def test_init(_directory):
    """INIT of a CP profile counts as connect, and an indicator decides over it."""
    rows("init", 4)


# Rules: OPEN-2 OPEN-8
def test_several_servers(_directory):
    """Each server of the card gets its own, in the card's order; one that is away holds up nobody."""
    rows("servers", 4)


# Rules: DECISION-3
def test_network(_directory):
    """What could not be is pending; what the server refused is tried again with the next insertion."""
    rows("network", 2)
