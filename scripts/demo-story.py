# SPDX-License-Identifier: GPL-2.0-or-later
"""The demo inside the guest: plays card, server and person, and prints what
happens as it happens. story.py CARD yes|no   (yes: a person is at the terminal)

It reuses the far end of the end-to-end tests and exits non-zero when the path
does not do what the card says.
"""
import subprocess
import sys
import threading
import time
from pathlib import Path

from world import (DEVICE_ID, SERVER_ID, STORE, SYSFS, World, check, processes, run, wait_for)

CARD = sys.argv[1]
PERSON = sys.argv[2] == "yes"
SERVER_SCRIPT = """\
server-id dm.example.net
session
package
get ./DevInfo/Man
get ./DevDetail/SwV
expect 200
add-node ./Vendor
acl ./Vendor "Add=dm.example.net&Delete=dm.example.net&Get=*&Replace=dm.example.net"
add ./Vendor/Greeting chr text/plain "Provisioned by dm.example.net"
expect 200
package
replace ./DMAcc/1/Name "Example operator"
get ./Vendor/Greeting
expect-value "Provisioned by dm.example.net"
repeat
"""
lock = threading.Lock()
started = time.monotonic()


def line(text=""):
    with lock:
        print(text, flush=True)


def chapter(title):
    line()
    line(f"== {title}")


def tell(text):
    line(f"   [{time.monotonic() - started:5.1f} s] {text}")


def indent(text):
    for row in text.rstrip().splitlines():
        line("      " + row)


class Follow(threading.Thread):
    """Calls a function with each new line of a growing file."""

    def __init__(self, path, function):
        super().__init__(daemon=True)
        self.path, self.function, self.at, self.done = Path(path), function, 0, False
        self.start()

    def run(self):
        rest = ""
        while not self.done:
            if self.path.exists():
                with open(self.path, errors="replace") as file:
                    file.seek(self.at)
                    rest += file.read()
                    self.at = file.tell()
            *rows, rest = rest.split("\n")
            for row in rows:
                self.function(row)
            time.sleep(0.05)


uevent = []


def on_uevent(row):
    """Blocks of udevadm monitor; those of the class are shown."""
    if row.strip():
        uevent.append(row)
        return
    block = dict(r.split("=", 1) for r in uevent if "=" in r)
    kernel = any(r.startswith("KERNEL[") for r in uevent)
    uevent.clear()
    if kernel and block.get("SUBSYSTEM") == "uicc":
        tell(f"uevent: {block.get('ACTION')} {block.get('DEVPATH')}")
        indent("\n".join(f"{k}={v}" for k, v in block.items() if k.startswith(("DEVTYPE", "UICC_"))))


def on_helper(row):
    # The messages themselves are told from the server's record.
    if row.strip() and not row.startswith(("dmsc-client: ->", "dmsc-client: <-")):
        tell(row)


def summary(message):
    words = [f"Alert {a['code']}" for a in message["alerts"]]
    words += [f"Status {s.get('cmd')} {s.get('code')}" for s in message["statuses"] if s.get("cmd") == "SyncHdr"]
    rest = [s for s in message["statuses"] if s.get("cmd") != "SyncHdr"]
    if rest:
        codes = sorted({str(s.get("code")) for s in rest})
        words.append(f"{len(rest)} more Status ({', '.join(codes)})")
    if message["results"]:
        words.append(f"Results x{len(message['results'])}")
    for command in message["commands"]:
        target = next((i.get("target") or i.get("source") for i in command["items"]), "")
        many = f" and {len(command['items']) - 1} more" if len(command["items"]) > 1 else ""
        words.append(f"{command['cmd']} {target}{many}")
    if message.get("cred"):
        words.append(f"Cred {message['cred']}")
    return ", ".join(words)


shown = set()


def show_messages(world):
    """Each package of the session in one line."""
    for event in world.events():
        key = (event.get("event"), event.get("exchange"))
        if event.get("event") not in ("message-in", "message-out") or key in shown:
            continue
        shown.add(key)
        arrow = "device -> server" if event["event"] == "message-in" else "server -> device"
        tell(f"{arrow}: {event['size']} bytes {event['encoding']}, MsgID {event['msg_id']}: {summary(event)}")


def watch_session(world):
    def over():
        show_messages(world)
        return world.ended() or not (processes("dmsc-helper") or processes("dmsc-client"))
    wait_for("the session", over, 120)
    time.sleep(0.3)
    show_messages(world)


def answer(world, agent):
    """The question on the console; typed by the person, or yes after a pause."""
    wait_for("the question", lambda: SERVER_ID in agent.text or "settings" in agent.text)
    time.sleep(0.5)
    chapter("The question, as dmsc-agent shows it")
    if PERSON:
        with lock:
            agent.stop()
            subprocess.run(["dmsc-agent", "--once"], check=False)
        return
    indent(agent.text)
    check(not world.sessions(), "a session before the answer")
    tell("nobody is at a terminal: answering yes in 3 seconds; nothing is sent meanwhile")
    time.sleep(3)
    agent.type("y\n")
    tell("answer: y")


def nodes(world):
    return world.tree(".").splitlines()


def main():
    chapter("Modules")
    run("modprobe", "uicc_virt")
    indent("\n".join(r for r in Path("/proc/modules").read_text().splitlines() if r.startswith("uicc")))
    with World("/tmp/demo") as world:
        chapter(f"A DM server for {SERVER_ID} and an empty card reader")
        world.start_server(SERVER_SCRIPT)
        tell(f"dm-server listens; this device is {DEVICE_ID}")
        monitor = world.spawn("udevadm", ["udevadm", "monitor", "--kernel", "--property"])
        monitor.expect("KERNEL")
        Follow(monitor.log, on_uevent)
        Follow("/run/dmsc/log", on_helper)
        world.start_card(CARD)
        wants_answer = CARD in ("confirm", "malformed")
        agent = world.start_agent() if wants_answer else None

        chapter(f"The card '{CARD}' goes in; udev starts the helper")
        world.insert()
        wait_for("the card", world.cards)
        card = world.cards()[0]
        if wants_answer:
            wait_for("the question", world.questions)
        else:
            wait_for("the account", lambda: SERVER_ID in world.accounts())
        chapter("Its files in sysfs (readable by root alone)")
        indent(run("ls", "-l", *sorted(card.glob("ef-*/data")), ok=False).stdout)
        tell("EF(ODF), as root reads it: " + (card / "ef-a000000063504b43532d3135.5031" / "data").read_bytes()[:9].hex(" "))
        if wants_answer:
            answer(world, agent)
        if CARD in ("connect", "confirm"):
            if CARD == "confirm":
                chapter("The session")
            watch_session(world)
            check(world.ended(), "no session ended normally")
            chapter("What the server changed in the tree")
            indent(world.tree("./Vendor"))
            check("Provisioned by" in world.tree("./Vendor/Greeting"), "the server's node is not there")
        world.settle()
        chapter("What there is now")
        indent(run("dmscctl", "cards").stdout)
        indent(run("dmscctl", "accounts").stdout)
        indent(run("dmscctl", "session", "list").stdout)
        check(SERVER_ID in world.accounts(), "no account")
        if CARD not in ("connect", "confirm"):
            check(not world.sessions(), "a session that the card did not ask for")
            tell("no session: the card did not ask for one, or its indicator cannot be trusted")
        chapter("The card comes out")
        before = nodes(world)
        world.remove()
        wait_for("the account to go", lambda: SERVER_ID not in world.accounts())
        world.idle()
        time.sleep(0.3)
        # By URI: a node whose ACL lost the server is still there.
        after = {n.split()[0] for n in nodes(world)}
        gone = [n for n in before if n.split()[0] not in after]
        tell(f"{len(gone)} nodes of the tree went with the card, among them:")
        indent("\n".join(n for n in gone if n.split()[0].count("/") <= 2 or "ServerID" in n or "/Addr =" in n))
        check(not list(SYSFS.glob("*.card")), "a card device is left")
        check(STORE.exists(), "the store is gone")
    line()
    line("== Done")


if __name__ == "__main__":
    try:
        main()
    except Exception as error:
        line(f"demo: {error}")
        sys.exit(1)
