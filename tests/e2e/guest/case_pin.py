# SPDX-License-Identifier: GPL-2.0-or-later
"""Files behind a PIN: who is asked, how often, what is applied, and that the PIN is nowhere.

The planted PINs are digits that nothing else here has; a wrong one is planted too,
for it may be the right one with a slip.
"""
import os
import pty
import re
import resource
import select
import signal
import subprocess
import termios
import time
from pathlib import Path

from case_path import SCRIPT, account_is_there, one_session
from case_privacy import Watch
from world import CARDS, SERVER_ID, World, child, check, processes, run, stays, wait_for

RIGHT, WRONG, SECOND = "83520174", "59138206", "6604917"
PLANTED = (RIGHT, WRONG, SECOND)
CONNECT, CONFIRM = "C00101 C10101", "C00101 C10101 C20103"


def card(world, name="pin-card", keys=f'key pin1 "{RIGHT}"', dodf="pin1", bootstrap="pin1", indicator="pin1",
         content=CONNECT, quirk="", kind="uicc"):
    """Writes a profile: what is read under which condition; returns its path."""
    head = ("adf A000000063504B43532D3135 fid 7F50" if kind == "uicc" else "df 7F50")
    text = f"""\
card {kind}
atr 3B 9E 96 80 1F C7 80 31 E0 73 FE 21 1B 64 6D 73 63 30 31 00 AE
{keys}
ef 2FE2 transparent label "EF(ICCID)"
	hex 98 94 10 32 54 76 98 10 32 74
{head} label "PKCS#15"
ef 5031 transparent label "EF(ODF)"
	size 32
	hex A7 06 30 04 04 02 6430
ef 6430 transparent label "EF(DODF)"
	size 128
	read {dodf}
	hex A1 22 3000 300E 0C0C 444D20426F6F747374726170 A10E 300C 0604672B0701 3004 0402 6431
	hex A1 2A 3000 3007 0C05 444D2D5343 A11D 301B 0613 6996DDCF9CE5BDD28CA3A4B7D0F2DDB8BE9820 3004 0402 6433
ef 6431 transparent label "EF(DM_Bootstrap)"
	size 1536
	read {bootstrap}
	file "{CARDS}/bootstrap-dm.wbxml"
ef 6433 transparent label "indicator"
	size 64
	read {indicator}
	hex E1 {len(bytes.fromhex(content)):02X} {content}
end
{quirk}
"""
    path = world.dir / name
    path.write_text(text)
    return path


def pin_world(world, agent=True, script=SCRIPT, **kw):
    world.start_server(script)
    if agent:
        world.start_agent()
    world.start_card(card(world, **kw), options=("--log",))
    world.insert()


def verified(world):
    """How many commands VERIFY brought a PIN; one that asks for the counter is 4 or 5 bytes long."""
    return len(re.findall(r"VERIFY +13 bytes", world.card.text))


def tries(world):
    """What is left by the card's own word; of a PIN that is not verified."""
    answer = world.control("command", "0020000100")
    check(answer.startswith("ok 63C"), f"asked for the counter the card says {answer}")
    return int(answer[-1], 16)


class Terminal:
    """An agent on a terminal of its own."""

    def __init__(self, world):
        self.world = world
        self.master, self.slave = pty.openpty()
        os.set_blocking(self.master, False)
        self.agent = None

    def __enter__(self):
        return self.start()

    def __exit__(self, *_):
        self.agent.stop()
        os.close(self.master)
        os.close(self.slave)

    def start(self):
        self.agent = self.world.spawn(
            "terminal", ["setpriv", "--reuid=agent", "--regid=agent", "--init-groups", "dmsc-agent"], stdin=self.slave,
            preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_CORE, (resource.RLIM_INFINITY,) * 2))
        self.agent.expect("waiting")
        return self

    def type(self, text):
        os.write(self.master, text.encode())

    def echo(self):
        return bool(termios.tcgetattr(self.slave)[3] & termios.ECHO)

    def expect(self, words):
        """Until a question is shown and answers to it are taken."""
        self.agent.expect(words)
        wait_for("the echo to be off", lambda: not self.echo())

    def shown(self):
        """What the terminal showed of what was typed."""
        data = b""
        while True:
            try:
                data += os.read(self.master, 4096)
            except BlockingIOError:
                return data


def nothing_applied(world, words):
    wait_for(f"{words!r} in the log", lambda: words in world.helper_log())
    world.nothing_more()
    check(not account_is_there(world), f"an account: {world.accounts()}")
    check(not world.sessions(), "a session")
    check(not world.questions(), f"questions: {world.questions()}")


# Rules: DECISION-9 FIND-10
def test_right_pin(directory):
    """Directory, bootstrap and indicator behind PIN 1: one question, one PIN, then everything as without."""
    with World(directory) as world:
        pin_world(world)
        world.agent.expect("management settings behind PIN 1")
        world.agent.expect("3 tries left")
        check(not account_is_there(world), "applied before the PIN")
        world.agent.type(f"{RIGHT}\n")
        one_session(world)
        world.nothing_more()
        check(account_is_there(world), f"accounts: {world.accounts()}")
        check(len(world.sessions()) == 1, f"{len(world.sessions())} sessions")
        check(world.agent.text.count("--- question") == 1, f"more than one question:\n{world.agent.text}")
        check(verified(world) == 1, f"{verified(world)} PINs")


# Rules: DECISION-9
def test_wrong_then_right(directory):
    """A wrong PIN, and what cannot be one; the person is asked again, with the new number of tries."""
    with World(directory) as world:
        pin_world(world)
        world.agent.expect("3 tries left")
        world.agent.type("12\nabcd\n123456789\n")
        wait_for("three objections", lambda: world.agent.text.count("a PIN has 4 to 8 digits") == 3)
        check(verified(world) == 0, "what is no PIN reached the card")
        world.agent.type(f"{WRONG}\n")
        world.agent.expect("was not PIN 1")
        world.agent.expect("2 tries left")
        check(verified(world) == 1, f"{verified(world)} PINs")
        stays("another try by itself", lambda: verified(world) > 1, 1)
        world.agent.type(f"{RIGHT}\n")
        one_session(world)
        world.nothing_more()
        check(verified(world) == 2, f"{verified(world)} PINs")


# Rules: DECISION-9
def test_one_try_is_left(directory):
    """After two wrong ones nobody is asked again; the next insertion asks for the last: not a feed of answers,
    and a person twice."""
    with World(directory) as world:
        pin_world(world)
        world.agent.expect("3 tries left")
        world.agent.type(f"{WRONG}\n")
        world.agent.expect("2 tries left")
        world.agent.type(f"{WRONG}\n{WRONG}\n{WRONG}\n")
        world.agent.expect("One try is left")
        nothing_applied(world, "the PIN was wrong")
        check(tries(world) == 1 and verified(world) == 2, f"{tries(world)} tries left")
        world.replace()
        world.agent.expect("This is the LAST try")
        nothing_applied(world, "nobody gave the PIN")
        check("from a terminal alone" in world.agent.text and verified(world) == 2, world.agent.text)
        world.agent.stop()
        with Terminal(world) as person:
            world.replace()
            person.expect("Type it twice")
            person.type(f"{RIGHT}\n{WRONG}\n")
            person.agent.expect("not twice the same")
            check(verified(world) == 2, "a PIN that was typed once reached the card")
            person.type(f"{RIGHT}\n{RIGHT}\n")
            one_session(world)
        check(verified(world) == 3, f"{verified(world)} PINs")


def test_blocked(directory):
    """No try left: nobody is asked, the log says so, nothing is applied."""
    with World(directory) as world:
        pin_world(world, keys=f'key pin1 "{RIGHT}" tries 0')
        nothing_applied(world, "is blocked")
        check("--- question" not in world.agent.text, f"asked:\n{world.agent.text}")
        check(verified(world) == 0, "a PIN was presented")


# Rules: DECISION-9
def test_given_none(directory):
    """An empty line, or the agent's end: nothing is applied, and that is no failure; asked again at the next
    insertion, not again in this one."""
    with World(directory) as world:
        pin_world(world)
        world.agent.expect("3 tries left")
        world.agent.type("\n")
        nothing_applied(world, "no PIN was given")
        check(world.agent.text.count("--- question") == 1, f"more than one question:\n{world.agent.text}")
        world.replace()
        wait_for("the question again", lambda: world.agent.text.count("3 tries left") == 2)
        world.agent.proc.stdin.close()
        nothing_applied(world, "nobody gave the PIN")
        check(verified(world) == 0, f"{verified(world)} PINs")


def test_nobody_in_time(directory):
    """The time to answer runs out: nothing is applied."""
    with World(directory) as world:
        world.write_conf(consent_timeout="2")
        pin_world(world)
        world.agent.expect("3 tries left")
        nothing_applied(world, "nobody gave the PIN in time")
        check(verified(world) == 0, "a PIN was presented")


# Rules: DECISION-5
def test_agent_comes_later(directory):
    """Without an agent the question waits, and a card in another slot is not kept waiting."""
    with World(directory) as world:
        pin_world(world, agent=False)
        wait_for("the question", world.questions)
        other = world.start_card("no-pkcs15", name="other", reader="other")
        world.insert(card=other)
        wait_for("the other card to be done",
                 lambda: "nothing to apply" in world.helper_log() and len(processes("dmsc-helper")) == 1)
        stays("something applied", lambda: account_is_there(world) or world.sessions(), 1)
        check(len(world.questions()) == 2, f"questions: {world.questions()}")
        world.start_agent().expect("3 tries left")
        world.agent.type(f"{RIGHT}\n")
        one_session(world)


def test_removed_while_asked(directory):
    """The card goes while its question is open: withdrawn, nothing applied, no PIN presented; the same while
    nobody has taken it, and when the answer comes too late."""
    with World(directory) as world:
        pin_world(world)
        world.agent.expect("3 tries left")
        world.remove()
        world.agent.expect("withdrawn")
        world.nothing_more()
        world.agent.type(f"{RIGHT}\n")
        world.agent.stop()
        world.insert()
        wait_for("the question", world.questions)
        world.remove()
        wait_for("the question to go", lambda: not world.questions())
        world.nothing_more()
        check(not account_is_there(world) and not world.sessions(), "something was applied")
        check(verified(world) == 0, f"{verified(world)} PINs")


# Rules: OPEN-12 DECISION-6
def test_indicator_alone(directory):
    """Only the indicator is behind a PIN. Without it: asked first, applied, no session. With it: read, obeyed."""
    with World(directory) as world:
        pin_world(world, dodf="always", bootstrap="always")
        world.agent.expect("3 tries left")
        world.agent.type("\n")
        world.agent.expect("Take over the management settings")
        check("indicator is unreadable" in world.helper_log(), "the indicator is not called unreadable")
        world.agent.type("y\n")
        world.nothing_more()
        check(account_is_there(world), "the bootstrap is affected")
        check(not world.sessions(), "a session that no indicator asked for")
        world.replace()
        wait_for("the question again", lambda: world.agent.text.count("3 tries left") == 2)
        world.agent.type(f"{RIGHT}\n")
        one_session(world)
        world.nothing_more()
        check(world.agent.text.count("Take over") == 1, "a valid indicator that does not ask first was asked for")


def test_other_pins(directory):
    """A local PIN, the universal one, both at once, and a 2G card's CHV1: each is asked for by its name."""
    universal, second = f'key universal "{RIGHT}"', f'key pin2 "{SECOND}"'
    with World(directory) as world:
        pin_world(world, keys=second, dodf="pin2", bootstrap="pin2", indicator="pin2")
        world.agent.expect("behind PIN 2")
        world.agent.expect("key reference 81")
        world.agent.type(f"{SECOND}\n")
        one_session(world)
        world.replace(card(world, "universal", f"{universal}\n{second}", "universal", "universal", "pin2",
                           content=CONFIRM))
        world.agent.expect("behind the universal PIN")
        world.agent.type(f"{RIGHT}\n")
        wait_for("the second question", lambda: world.agent.text.count("behind PIN 2") == 2)
        world.agent.type(f"{SECOND}\n")
        world.agent.expect(SERVER_ID)
        world.agent.type("y\n")
        one_session(world, 2)
    with World(Path(directory) / "2g") as world:
        pin_world(world, kind="2g")
        world.agent.expect("behind PIN 1")
        world.agent.type(f"{RIGHT}\n")
        one_session(world)


def test_no_pin_helps(directory):
    """Files that only the issuer reads, that nobody reads, or whose card does not say which PIN: nobody is asked."""
    with World(directory) as world:
        pin_world(world, keys=f'key pin1 "{RIGHT}"\nkey adm1 "{SECOND}"', bootstrap="adm1")
        world.agent.expect("3 tries left")    # EF(DODF) has PIN 1
        world.agent.type(f"{RIGHT}\n")
        nothing_applied(world, "only a key of the issuer")
        world.replace(card(world, "never", bootstrap="never", dodf="always"))
        nothing_applied(world, "no PIN opens the file")
        world.replace(card(world, "unsaid", dodf="always", quirk="quirk fcp-security none"))
        nothing_applied(world, "does not say which PIN")
        check(world.agent.text.count("--- question") == 1, f"asked:\n{world.agent.text}")


# --- where the PIN must not be ---------------------------------------------------


def holds_pin(data):
    """Which planted PIN the bytes hold: as digits, or spelled out in hexadecimal."""
    packed = re.sub(rb"[\s:,.-]|0x", b"", data).lower()
    return [pin for pin in PLANTED if pin.encode() in data or pin.encode().hex().encode() in packed]


def spans(pid):
    """The mappings of a process that hold something."""
    text = Path(f"/proc/{pid}/smaps").read_text(errors="replace")
    for start, end, rights, rest in re.findall(r"(?m)^([0-9a-f]+)-([0-9a-f]+) (\S+) .*\n((?:[A-Z]\w+: .*\n)*)", text):
        if rights.startswith("r") and re.search(r"(?m)^Rss: +[1-9]", rest):
            yield int(start, 16), int(end, 16)


def in_memory(pid, words):
    """Which of the words the memory of a process holds."""
    found = set()
    with open(f"/proc/{pid}/mem", "rb", buffering=0) as mem:
        for start, end in spans(pid):
            before = b""
            for at in range(start, end, 1 << 20):
                try:
                    mem.seek(at)
                    piece = mem.read(min(1 << 20, end - at))
                except (OSError, OverflowError):
                    break
                found |= {word for word in words if word in before + piece}
                before = piece[-64:]
    return found


# Rules: DECISION-9
def test_pin_is_nowhere(directory):
    """Right and wrong PIN are in no log, uevent, udev database, command line, environment, store and question, in
    no memory of helper and children, and of the agent neither; on netlink once each, from agent to kernel."""
    with World(directory) as world:
        run("modprobe", "nlmon")
        run("ip", "link", "add", "nlmon0", "type", "nlmon")
        run("ip", "link", "set", "nlmon0", "up")
        netlink = world.start_capture("netlink", "nlmon0")
        monitor = world.spawn("udevadm", ["udevadm", "monitor", "--kernel", "--udev", "--property"])
        monitor.expect("KERNEL")
        watch = Watch()
        pin_world(world, content=CONFIRM)
        world.agent.expect("3 tries left")
        shown = run("dmscctl", "questions").stdout + run("dmscctl", "cards").stdout
        world.agent.type(f"{WRONG}\n")
        world.agent.expect("2 tries left")
        shown += run("dmscctl", "questions").stdout
        world.agent.type(f"{RIGHT}\n")
        world.agent.expect(SERVER_ID)
        alive = {name: processes(name) for name in ("dmsc-helper", "dmsc-client", "dmsc-agent")}
        check(all(alive.values()), f"not alive: {alive}")
        places = {f"environment of {name}": Path(f"/proc/{pid}/environ").read_bytes()
                  for name, pids in alive.items() for pid in pids}
        words = {form for pin in PLANTED for form in (pin.encode(), pin.encode().hex().encode())}
        for name, pids in alive.items():
            for pid in pids:
                # The name of the server is in each of them; what is not a PIN is thus found.
                found = in_memory(pid, words | {SERVER_ID.encode()})
                check(found == {SERVER_ID.encode()}, f"in the memory of {name}: {found}")
        world.agent.type("y\n")
        one_session(world)
        run("udevadm", "trigger", "--action=change", "--subsystem-match=uicc")
        world.remove()
        world.nothing_more()
        lines = watch.stop()
        monitor.stop(signal.SIGINT)
        netlink.stop(signal.SIGINT)
        run("ip", "link", "del", "nlmon0")
        captured = netlink.path.read_bytes()
        for pin in (RIGHT, WRONG):
            check(captured.count(pin.encode()) == 1, f"{captured.count(pin.encode())} messages hold a PIN that was typed once")
        places.update({
            "uevents": monitor.log.read_bytes(), "command lines": lines, "output of dmscctl": shown.encode(),
            "udev database": run("udevadm", "info", "--export-db").stdout.encode(), "agent": world.agent.log.read_bytes(),
            "card": (world.dir / "simcard.log").read_bytes(), "kernel log": run("dmesg").stdout.encode(),
            "our log": world.helper_log().encode(), "events at the server": str(world.events()).encode(),
            "store": b"".join(p.read_bytes() for p in Path("/var/lib/dmsc").rglob("*") if p.is_file()),
            "run": b"".join(p.read_bytes() for p in Path("/run/dmsc").rglob("*") if p.is_file())})
        for place, word in (("uevents", b"UICC_SEQ"), ("command lines", b"card-child"), ("our log", b"the PIN with key reference 01"),
                            ("output of dmscctl", b"pin"), ("store", b"SQLite")):
            check(word in places[place], f"{place}: no {word}: this is not what it should be")
        for place, data in places.items():
            check(not holds_pin(data), f"a PIN is in the {place}: {holds_pin(data)}")
        for planted in (RIGHT.encode(), WRONG.encode().hex(" ").encode()):
            check(holds_pin(b"x" + planted + b"y"), f"the search does not find {planted}")


# Rules: DECISION-9
def test_terminal(directory):
    """On a terminal the PIN is not shown, the terminal is as before afterwards, and an agent that dies of a
    signal, or while a PIN is half typed, leaves no core file and nothing to the shell."""
    core = Path("/proc/sys/kernel/core_pattern")
    before = core.read_text()
    with World(directory) as world, Terminal(world) as person:
        try:
            core.write_text("/tmp/core.%e")
            pin_world(world, agent=False)
            person.expect("3 tries left")
            person.type(f"{WRONG}\n")
            person.expect("2 tries left")
            person.type(RIGHT[:5])
            time.sleep(0.3)
            person.agent.stop()
            check(person.echo(), "the agent ended and left the terminal without echo")
            os.set_blocking(person.slave, False)
            person.type("\n")
            wait_for("the end of the line", lambda: select.select([person.slave], [], [], 0)[0])
            check(os.read(person.slave, 64) == b"\n", "half a PIN was left to whoever reads the terminal next")
            os.set_blocking(person.slave, True)
            person.start().expect("2 tries left")
            person.agent.stop(signal.SIGABRT)
            check(person.agent.proc.returncode == -signal.SIGABRT, f"the agent: {person.agent.proc.returncode}")
            check(not list(Path("/tmp").glob("core.*")), "a core file of the agent")
            person.start().expect("2 tries left")
            person.type(f"{RIGHT}\n")
            one_session(world)
            shown = person.shown()
            check(b"\n" in shown, "the terminal's own output cannot be read")
            check(not holds_pin(shown) and RIGHT[:5].encode() not in shown, f"the terminal showed the PIN: {shown}")
        finally:
            core.write_text(before)


def test_hurried_answers(directory):
    """A program that answers every question with the same wrong PIN never blocks a card, however often it comes."""
    with World(directory) as world:
        world.start_server(SCRIPT)
        feeder = subprocess.Popen(["sh", "-c", f"while echo {WRONG}; do sleep 0.02; done"], stdout=subprocess.PIPE,
                                  stderr=subprocess.DEVNULL)
        try:
            world.spawn("feeder", ["setpriv", "--reuid=agent", "--regid=agent", "--init-groups", "dmsc-agent"],
                        stdin=feeder.stdout).expect("waiting")
            feeder.stdout.close()
            world.start_card(card(world), options=("--log",))
            world.insert()
            nothing_applied(world, "the PIN was wrong")
            for number in range(3):
                world.replace()
                wait_for("it to be cancelled", lambda: world.helper_log().count("nobody gave the PIN") > number)
                world.nothing_more()
            check(tries(world) == 1 and verified(world) == 2, f"{tries(world)} tries, {verified(world)} PINs")
        finally:
            feeder.kill()
            feeder.wait()
        check(not child("card-child"), "a child is left")
