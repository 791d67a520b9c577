# SPDX-License-Identifier: GPL-2.0-or-later
"""The machine a test runs in: modules, DNS, DM server, card, agent, capture.

Everything here is the far end or the outside of the system under test. Every
wait has a limit and says what it waited for.
"""
import contextlib
import grp
import json
import os
import shutil
import signal
import socket
import subprocess
import time
from pathlib import Path

import pcap
import state

CERTS = Path("/srv/certs")
CARDS = Path("/usr/share/dmsc/cards")
STORE = Path("/var/lib/dmsc")
CONF = Path("/etc/dmsc/dmsc.conf")
SYSFS = Path("/sys/class/uicc")
SERVER_ID = "dm.example.net"
DEVICE_ID = "IMEI:493005100592800"
SYSTEMD = Path("/run/systemd/system").is_dir()
# The planted ICCID, as digits, as EF(ICCID) holds it, and unswapped.
ICCID_DIGITS = "89490123456789012347"
ICCID_RAW = bytes.fromhex("98941032547698103274")
# Emulation is slow and the machine may be shared: waits are for hangs, not for speed.
WAIT = 40


class Failed(Exception):
    pass


def check(condition, text):
    if not condition:
        raise Failed(text)


def wait_for(what, condition, limit=WAIT, pause=0.05):
    """Calls condition until it returns something true; returns that."""
    end = time.monotonic() + limit
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > end:
            raise Failed(f"waited {limit} s for {what}")
        time.sleep(pause)


def stays(what, condition, seconds):
    """Fails when condition becomes true within the time."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if condition():
            raise Failed(f"unexpected: {what}")
        time.sleep(0.05)


def run(*words, ok=True, limit=60, **kw):
    done = subprocess.run([str(w) for w in words], capture_output=True, text=True, timeout=limit, **kw)
    if ok and done.returncode != 0:
        raise Failed(f"{' '.join(map(str, words))}: exit {done.returncode}\n{done.stdout}{done.stderr}")
    return done


def udev_settle(limit=60):
    """Waits until udev has done what is queued. udevd forgets a client that speaks to it between its
    accept() and its asking for credentials, a moment that a busy machine makes long: that one asks again."""
    for attempt in range(1, 6):
        done = run("udevadm", "settle", ok=False, limit=limit)
        if done.returncode == 0:
            return
        check("Broken pipe" in done.stderr and attempt < 5, f"udevadm settle: exit {done.returncode}\n{done.stderr}")


def processes(name):
    """Pids of live processes of this program (zombies too: see zombies())."""
    found = []
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit():
            continue
        with contextlib.suppress(OSError):
            argv = (entry / "cmdline").read_bytes().split(b"\0")
            if os.path.basename(argv[0]).decode("utf-8", "replace") == name:
                found.append(int(entry.name))
    return found


def child(word, program="dmsc-client"):
    """Pids of the program with this argument; of dmsc-client: in this child mode."""
    found = []
    for pid in processes(program):
        with contextlib.suppress(OSError):
            if word.encode() in Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0"):
                found.append(pid)
    return found


def zombies():
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            with contextlib.suppress(OSError):
                stat = (entry / "stat").read_text()
                if stat.rpartition(")")[2].split()[0] == "Z":
                    found.append(stat.split(")")[0] + ")")
    return found


def empty(directory):
    """Deletes what is in the directory; the directory may be a unit's, and stays."""
    for entry in directory.iterdir() if directory.is_dir() else ():
        if entry.is_dir():
            shutil.rmtree(entry)
        else:
            entry.unlink()


class Control:
    """A connection to simcard that does not wait for the answers: swaps as fast as one likes."""

    def __init__(self, card):
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.socket.connect(str(card.control))
        self.sent = 0

    def send(self, *words):
        self.socket.sendall((" ".join(map(str, words)) + "\n").encode())
        self.sent += 1

    def answers(self):
        """All answers, once they are there; the connection ends."""
        lines = []
        with self.socket, self.socket.makefile() as replies:
            self.socket.settimeout(WAIT)
            while len(lines) < self.sent:
                line = replies.readline()
                check(line, f"simcard hung up after {len(lines)} of {self.sent} answers")
                lines.append(line.strip())
        return lines


class Process:
    """A program of the far end, its output in a file that is shown when a test fails."""

    def __init__(self, name, argv, directory, stdin=None, **kw):
        self.name = name
        self.log = Path(directory) / f"{name}.log"
        self.out = open(self.log, "ab")
        self.begin = self.out.tell()  # what one before this said is not its word
        self.proc = subprocess.Popen([str(a) for a in argv], stdin=stdin or subprocess.DEVNULL,
                                     stdout=self.out, stderr=subprocess.STDOUT, **kw)

    @property
    def text(self):
        return self.log.read_bytes()[self.begin:].decode(errors="replace")

    def expect(self, words, limit=WAIT):
        def seen():
            check(self.proc.poll() is None or words in self.text,
                  f"{self.name} ended ({self.proc.returncode}) before {words!r}:\n{self.text}")
            return words in self.text
        wait_for(f"{words!r} from {self.name}", seen, limit)

    def type(self, text):
        self.proc.stdin.write(text.encode())
        self.proc.stdin.flush()

    def stop(self, sig=signal.SIGTERM):
        if self.proc.poll() is None:
            self.proc.send_signal(sig)
            try:
                self.proc.wait(10)
            except subprocess.TimeoutExpired:
                self.proc.kill()
                self.proc.wait()
        self.out.close()


class Way:
    """A way from a card to the kernel: this one the virtual reader, `simcard serve`; more are in
    ways.py. World(directory, way=...) takes another one, and insert(), remove(), ... work the same."""

    modules = ("uicc_virt",)
    transport = "virt"
    trusted = "virt:*"  # what trusted-slots has to say; None where the default trusts the slot

    def __init__(self, location="demo"):
        self.location = location    # of the slot; None: whatever it is

    def prepare(self):
        """Before a test: modules, and what makes the slot, if it is not start()."""
        for module in self.modules:
            run("modprobe", module)
        udev_settle()

    def start(self, world, profile, name, options):
        """Starts the reader, without its card: a Process with the path of its control socket, which
        takes the words of simcard(1), and the name of its slot."""
        control = world.dir / f"{name}.sock"
        card = world.spawn(name, ["simcard", "serve", world.profile(profile), "--reader", self.location,
                                  "--control", control, "--absent", *options])
        card.control = control
        card.expect("slot ")
        card.slot = card.text.split("slot ", 1)[1].split()[0]
        if not card.slot.startswith("uicc"):
            card.slot = "uicc" + card.slot
        return card

    def close(self):
        """After a test, its programs stopped: takes the slot away, if it did not go with them."""


class World:
    """One test's far end. Use as a context manager: leaves nothing running."""

    keep_store = keep_run = False
    address = "127.0.0.1"  # of the DM server, as the name server tells it

    def __init__(self, directory, way=None):
        self.way = way or Way()
        self.dir = Path(directory)
        shutil.rmtree(self.dir, ignore_errors=True)
        self.dir.mkdir(parents=True)
        self.running = []
        self.conf = {
            "trusted-slots": self.way.trusted,
            "device-id": DEVICE_ID,
            "ca-file": "/srv/certs/ca.pem",
            "consent-timeout": "60",
        }
        self.server = self.card = self.agent = self.capture = None
        self.record = self.dir / "record"

    def __enter__(self):
        self.way.prepare()
        (SYSFS / "agent_gid").write_text(str(grp.getgrnam("dmsc-agent").gr_gid))
        if not self.keep_store:
            STORE.mkdir(mode=0o700, parents=True, exist_ok=True)
            shutil.chown(STORE, "dmsc", "dmsc")
            empty(STORE)
        if not self.keep_run:
            empty(Path("/run/dmsc"))
        self.write_conf()
        dns = self.spawn("dnsmasq", ["dnsmasq", "-k", "--pid-file=", "--no-resolv", "--no-hosts", "--listen-address=127.0.0.1",
                                     "--bind-interfaces", "--user=root", "--log-facility=-",
                                     f"--address=/dm.example.net/{self.address}"])
        dns.expect("started")
        return self

    def __exit__(self, kind=None, *_):
        if kind is not None:
            self.show()     # while it can be seen
        for process in reversed(self.running):
            process.stop()
        self.way.close()
        wait_for("slots to go", lambda: not list(SYSFS.glob("uicc*")))
        wait_for("helpers to end", lambda: not processes("dmsc-helper") and not processes("dmsc-client"))

    def show(self):
        """All that tells why a test failed: logs, and what every process waits for."""
        events = self.record / "record.jsonl"
        state.show(self.dir, [HELPER_LOG, events])

    def spawn(self, name, argv, **kw):
        process = Process(name, argv, self.dir, **kw)
        self.running.append(process)
        return process

    def write_conf(self, **changes):
        self.conf.update({k.replace("_", "-"): v for k, v in changes.items()})
        CONF.parent.mkdir(parents=True, exist_ok=True)
        CONF.write_text("".join(f"{k} = {v}\n" for k, v in self.conf.items() if v is not None))

    # --- server -----------------------------------------------------------
    def start_server(self, script=None, users=None, name="dm-server", server_id=SERVER_ID,
                     listen="127.0.0.1:8443", cert="server", record=None, plain=False, extra=()):
        record = record or self.record
        record.mkdir(exist_ok=True, parents=True)
        script_file = self.dir / f"{name}.dms"
        script_file.write_text(script if script is not None else DEFAULT_SCRIPT)
        users_file = self.dir / f"{name}.users"
        users_file.write_text(users if users is not None else USERS)
        users_file.chmod(0o600)
        tls = ["--plain-http"] if plain else ["--cert", CERTS / f"{cert}.pem", "--key", CERTS / f"{cert}.key"]
        server = self.spawn(name, ["dm-server", "--listen", listen, *tls, "--server-id", server_id,
                                   "--users", users_file, "--script", script_file,
                                   "--record", record, *extra])
        server.expect("listening on")
        if name == "dm-server":
            self.server = server
        return server

    def events(self, record=None):
        path = (record or self.record) / "record.jsonl"
        if not path.exists():
            return []
        lines = path.read_text(errors="replace").splitlines()
        found = []
        for line in lines:
            with contextlib.suppress(ValueError):  # the last line may be half written
                found.append(json.loads(line))
        return found

    # --- card -------------------------------------------------------------
    def start_card(self, profile="connect", name="simcard", reader="demo", options=()):
        """A reader without a card; insert() puts the profile in. A second one is always virtual."""
        way = self.way if reader == "demo" else Way(reader)
        card = way.start(self, profile, name, options)
        if self.card is None:
            self.card = card
        return card

    @staticmethod
    def profile(profile):
        path = Path(str(profile))
        if path.is_absolute():
            return path
        for candidate in (CARDS / profile, Path("/root/e2e/cards") / profile):
            if candidate.exists():
                return candidate
        raise Failed(f"no card profile {profile}")

    def control(self, *words, card=None, ok=True):
        """A line to simcard's control socket; its answer."""
        try:
            control = Control(card or self.card)
            control.send(*words)
            answer = control.answers()[0]
        except OSError as error:
            answer = f"error {error}"
        check(not ok or answer.startswith("ok"), f"simcard {' '.join(map(str, words))}: {answer}")
        return answer

    def insert(self, profile=None, card=None):
        self.control("insert", *([self.profile(profile)] if profile else []), card=card)

    def insert_seen(self, profile=None):
        """As insert(), and waits until udev has acted upon the card's uevent."""
        number = Path("/sys/kernel/uevent_seqnum")
        before = int(number.read_text())
        self.insert(profile)
        wait_for("the card and its uevent", lambda: self.cards() and int(number.read_text()) > before)
        udev_settle()

    def remove(self, card=None):
        self.control("remove", card=card)

    def swap(self, profile):
        """Another card at once: nobody need have seen the slot empty. (Not the virtual reader.)"""
        self.control("swap", self.profile(profile))

    def replace(self, profile=None):
        """The card out, everything of it over, and it or another one in."""
        self.remove()
        wait_for("the card to go", lambda: not self.cards())
        self.nothing_more()
        self.insert(profile)

    # --- agent ------------------------------------------------------------
    def start_agent(self, name="agent", user="agent"):
        agent = self.spawn(name, ["setpriv", f"--reuid={user}", f"--regid={user}", "--init-groups",
                                  "dmsc-agent"], stdin=subprocess.PIPE)
        agent.expect("waiting")
        if name == "agent":
            self.agent = agent
        return agent

    # --- capture ----------------------------------------------------------
    def start_capture(self, name="capture", interface="any"):
        """Every packet of the machine, on whichever interface, at once in the file."""
        path = self.dir / f"{name}.pcap"
        capture = self.spawn(name, ["tcpdump", "-i", interface, "--immediate-mode", "-U", "-n", "-Z", "root",
                                    "-w", path])
        capture.path = path
        capture.expect("listening on")
        self.capture = capture
        return capture

    def packets(self, capture=None):
        return pcap.read((capture or self.capture).path)

    # --- looking at the result --------------------------------------------
    def of_kind(self, kind, record=None):
        return [e for e in self.events(record) if e.get("event") == kind]

    def sessions(self, record=None):
        """Sessions that began at the server."""
        return self.of_kind("session-begin", record)

    def ended(self, record=None):
        """Sessions that ended normally at the server."""
        return [e for e in self.of_kind("session-end", record) if e.get("authenticated") and e["outcome"] == "done"]

    def messages_in(self, record=None):
        return self.of_kind("message-in", record)

    def messages_out(self, record=None):
        return self.of_kind("message-out", record)

    def alert_codes(self, record=None):
        """Alert codes of each message that came in."""
        return [[a.get("code") for a in m["alerts"] if a.get("code") != 1226] for m in self.messages_in(record)]

    def generic_alerts(self, record=None):
        return [a for m in self.messages_in(record) for a in m["alerts"] if a.get("code") == 1226]

    def header_statuses(self, record=None):
        """What the server said of each of our messages' credentials (Status of SyncHdr)."""
        return [s["code"] for m in self.messages_out(record) for s in m["statuses"] if s.get("cmd") == "SyncHdr"]

    def device_ids(self, record=None):
        return {m["source"] for m in self.messages_in(record)}

    def encodings(self, record=None):
        return {m["encoding"] for m in self.messages_in(record)}

    def violations(self, record=None):
        return self.of_kind("violation", record)

    def failed_expectations(self, record=None):
        return self.of_kind("expect-failed", record)

    @staticmethod
    def cards():
        return list(SYSFS.glob("uicc*.card"))

    def helper_log(self):
        """What helper and client said, wherever this system keeps it."""
        if SYSTEMD:
            return run("journalctl", "--no-pager", "-o", "cat", "-u", "dmsc-*").stdout
        return HELPER_LOG.read_text(errors="replace") if HELPER_LOG.exists() else ""

    def idle(self, limit=WAIT):
        """Waits until no helper works any more."""
        wait_for("the helper to end", lambda: not processes("dmsc-helper"), limit)

    def nothing_more(self):
        """Waits until nobody is left who could start something: no event, no helper, no child."""
        udev_settle()
        self.idle()
        wait_for("the children to end", lambda: not processes("dmsc-client"))

    def settle(self, seconds=1.0, limit=WAIT):
        """Waits until udev is done and no child parses or talks; a helper may still wait with its card."""
        udev_settle(max(limit + 5, 60))
        wait_for("the children to end", lambda: not processes("dmsc-client"), limit)
        time.sleep(seconds)

    @staticmethod
    def trigger(times):
        """Synthetic uevents for all of the class."""
        for _ in range(times):
            run("udevadm", "trigger", "--action=add", "--subsystem-match=uicc")
            udev_settle()

    @staticmethod
    def questions():
        return [line for line in run("dmscctl", "questions").stdout.splitlines() if line.strip()]

    @staticmethod
    def tree(uri="."):
        return run("dmsc-client", "--store", STORE, "tree", uri, ok=False).stdout

    def add_account(self, server_id, url, user, password):
        """An account made by hand, with no card behind it; also what makes the store."""
        secret = self.dir / f"{user}.secret"
        secret.write_text(password)
        shutil.chown(secret, "dmsc", "dmsc")
        run(*AS_DMSC, "dmsc-client", "--store", STORE, "account", "add", "--server-id", server_id, "--url", url,
            "--user", user, "--password-file", secret, "--auth", "md5")

    @staticmethod
    def accounts():
        return run("dmscctl", "accounts", ok=False).stdout


AS_DMSC = ("setpriv", "--reuid=dmsc", "--regid=dmsc", "--init-groups")
# As in the bootstrap data of the card profiles; the nonces are their AAuthData.
USERS = ("demo-device demo-client-secret md5 nonce=Y2xpZW50LW5vbmNlLTAx server-name=dm.example.net "
         "server-password=demo-server-secret server-scheme=md5 server-nonce=c2VydmVyLW5vbmNlLTAx\n")
HELPER_LOG = Path("/run/dmsc/log")
DEFAULT_SCRIPT = """\
server-id dm.example.net
"""
