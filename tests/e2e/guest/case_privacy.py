# SPDX-License-Identifier: GPL-2.0-or-later
"""Who may see and do what: the unprivileged user, the planted ICCID, the
confinement of the children, the pair of card and device, untrusted slots."""
import contextlib
import os
import pwd
import re
import signal
import subprocess
import threading
import time
from pathlib import Path

from world import (AS_DMSC, CARDS, DEVICE_ID, ICCID_DIGITS, ICCID_RAW, SERVER_ID, STORE, SYSFS, World, check,
                   child, processes, run, stays, wait_for)
from case_path import SCRIPT, account_is_there, confirm_world, one_session

AS_USER = ("setpriv", "--reuid=user", "--regid=user", "--init-groups")


# Rules: RD-15
def test_user_reads_no_file(directory):
    """An unprivileged user reads no EF content, exports nothing and makes no reader."""
    with World(directory) as world:
        world.write_conf(trusted_slots="serial:*")
        world.start_card("connect")
        world.insert()
        wait_for("the card", world.cards)
        card = SYSFS / f"{world.card.slot}.card"
        groups = list(card.glob("ef-*"))
        check(len(groups) >= 4, f"EF groups: {groups}")
        for group in groups:
            for name in ("data", "fcp"):
                done = run(*AS_USER, "cat", group / name, ok=False)
                check(done.returncode != 0 and "ermission denied" in done.stderr, f"{group.name}/{name}: {done}")
        done = run(*AS_USER, "sh", "-c", f"echo 3f00.6f07 > {card}/export", ok=False)
        check(done.returncode != 0, "export as a user")
        done = run(*AS_USER, "sh", "-c", "exec 3<>/dev/uicc-virt", ok=False)
        check(done.returncode != 0, "/dev/uicc-virt as a user")
        done = run(*AS_USER, "sh", "-c", f"echo 1000 > {SYSFS}/agent_gid", ok=False)
        check(done.returncode != 0, "agent_gid as a user")
        done = run(*AS_USER, "ls", STORE, ok=False)
        check(done.returncode != 0 and "ermission denied" in done.stderr, f"the store as a user: {done}")
        check((card / "ef-3f00.2fe2" / "data").read_bytes()[:10] == ICCID_RAW, "root cannot read either")


def test_user_answers_nothing(directory):
    """Only the agent group answers: a plain user's agent is refused, the question stays."""
    with World(directory) as world:
        world.start_server(SCRIPT)
        world.start_card("confirm")
        world.insert()
        wait_for("the question", world.questions)
        done = subprocess.run([*AS_USER, "dmsc-agent", "--once"], input="y\n", text=True,
                              capture_output=True, timeout=30)
        check(done.returncode == 3, f"the user's agent ended with {done.returncode}: {done.stdout}")
        check("not allowed" in done.stderr, f"no clear error: {done.stderr}")
        check(SERVER_ID not in done.stdout, "the user's agent saw the question")
        stays("a session", world.sessions, 1)
        check(world.questions(), "the question is gone")


def status(pid):
    text = Path(f"/proc/{pid}/status").read_text()
    return dict(line.split(":\t", 1) for line in text.splitlines() if ":\t" in line)


def check_confined(pid, what):
    fields = status(pid)
    check(int(fields["CapEff"], 16) == 0, f"{what}: CapEff {fields['CapEff']}")
    check(int(fields["CapPrm"], 16) == 0, f"{what}: CapPrm {fields['CapPrm']}")
    check(fields["NoNewPrivs"].strip() == "1", f"{what}: NoNewPrivs {fields['NoNewPrivs']}")
    check(fields["Seccomp"].strip() == "2", f"{what}: Seccomp {fields['Seccomp']}")
    for name in ("CapInh", "CapBnd", "CapAmb"):
        check(int(fields[name], 16) == 0, f"{what}: {name} {fields[name]}")
    for name in ("Uid", "Gid"):
        check(fields[name].split() == [str(pwd.getpwnam("dmsc").pw_uid)] * 4, f"{what}: {name} {fields[name]}")
    check(fields["Groups"].split() == [], f"{what}: Groups {fields['Groups']}")
    # What it sees of /sys and of other processes, looked at through its own mounts.
    seen = {str(path.relative_to(f"/proc/{pid}/root/sys")) for path in Path(f"/proc/{pid}/root/sys").rglob("*")}
    check(not [path for path in seen if "uicc" in path or not (path + "/").startswith(("class/", "firmware/"))],
          f"{what}: /sys holds {seen}")
    mounts = [line.split() for line in Path(f"/proc/{pid}/mounts").read_text().splitlines()]
    writable = [line[1] for line in mounts if "ro" not in line[3].split(",")]
    check(writable == [str(STORE)], f"{what}: writable are {writable}")
    store = [line[3].split(",") for line in mounts if line[1] == str(STORE)][-1]
    check({"nosuid", "nodev", "noexec"} <= set(store), f"{what}: the store is {store}")
    proc = [line[3] for line in mounts if line[1] == "/proc"][-1]
    check("hidepid=invisible" in proc, f"{what}: /proc is {proc}")


def net_of(pid):
    return os.readlink(f"/proc/{pid}/ns/net")


def test_children_are_confined(directory):
    """Both children: CapEff 0, NoNewPrivs 1, Seccomp 2, user dmsc and no group; nothing writable but the
    store, no card in /sys, no other process in /proc; the card child has no network."""
    with World(directory) as world:
        agent = confirm_world(world, SCRIPT.replace("package\nget", "package\ndelay 3000\nget", 1))
        pid = wait_for("the card child", lambda: child("card-child"))[0]
        check_confined(pid, "card child")
        check(net_of(pid) != net_of(os.getpid()), "the card child shares our network")
        agent.type("y\n")
        pid = wait_for("the session child", lambda: child("session-child"))[0]
        wait_for("its filter", lambda: status(pid)["Seccomp"].strip() == "2")
        check_confined(pid, "session child")
        one_session(world)
        world.idle()


def test_root_becomes_dmsc(directory):
    """A session that root runs by hand is confined as a child, but for the network of its own; what root alone
    may open, its certificates and its trace, it gets all the same."""
    with World(directory) as world:
        world.start_server(SCRIPT.replace("package\nget", "package\ndelay 3000\nget", 1))
        world.write_conf(trusted_slots="serial:*", ca_file=None)
        secret = world.dir / "secret"
        secret.write_text("demo-client-secret")
        secret.chmod(0o600)
        ca = Path("/root/only/ca.pem")
        ca.parent.mkdir(mode=0o700, exist_ok=True)
        ca.write_bytes(Path("/srv/certs/ca.pem").read_bytes())
        STORE.rmdir()
        run("dmsc-client", "account", "add", "--server-id", SERVER_ID, "--url", "https://dm.example.net:8443/dm",
            "--user", "demo-device", "--password-file", secret)
        check(STORE.owner() == "dmsc" and STORE.stat().st_mode & 0o777 == 0o700, f"the store: {STORE.stat()}")
        trace = ca.parent / "trace"
        session = world.spawn("session", ["dmsc-client", "session", "--server", SERVER_ID, "--ca", ca,
                                          "--trace", trace])
        wait_for("a message at the server", world.messages_in)
        check_confined(session.proc.pid, "root's session")
        check(session.proc.wait(60) == 0, f"the session ended with {session.proc.returncode}:\n{session.text}")
        check((trace / "session.trace").owner() == "dmsc", "the trace is not the store owner's")
        check({path.owner() for path in STORE.iterdir()} == {"dmsc"}, "files of others in the store")
        for words in (("tree", "./DMAcc"), ("account", "list")):
            check(SERVER_ID in run("dmsc-client", *words).stdout, f"{words} shows nothing")


PROBE = Path("/usr/local/lib/dmsc-probe")
PROBE_TEXT = """\
#!/bin/sh
while read -r verb uri rest; do
	case $verb in
	describe)
		printf '%s\\n' 'id x:probe' 'root ./Probe' 'acl Get=*' 'node . node get one permanent'
		for name in Who Write Store Sys Fds Caps; do
			printf '%s\\n' "node $name chr get one permanent live" "put ./Probe/$name chr -"
		done
		echo ok
		;;
	get)
		case $uri in
		*/Who) echo "value $(id -u) $(id -G)" ;;
		*/Write) touch /etc/probe /run/probe /tmp/probe /usr/local/lib/probe 2>/dev/null; echo value $? ;;
		*/Store) rm -f /var/lib/dmsc/probe; cp "$0" /var/lib/dmsc/probe && chmod 755 /var/lib/dmsc/probe
			/var/lib/dmsc/probe </dev/null 2>/dev/null; echo value $?; rm -f /var/lib/dmsc/probe ;;
		*/Sys) echo "value $(ls /sys | tr '\\n' ' ')" ;;
		*/Fds) echo "value $(sleep 0.2; ls /proc/$$/fd | tr '\\n' ' ')" ;;
		*/Caps) echo "value $(grep -E '^(CapEff|NoNewPrivs)' /proc/$$/status | tr '\\n\\t' '  ')" ;;
		esac
		;;
	*) exit 1 ;;
	esac
done
"""


def test_hook_is_confined(directory):
    """A hook runs as dmsc: no rights, nothing writable but the store, which runs nothing; no cards
    in /sys, no descriptor but its own; and it is gone with the session."""
    with World(directory) as world:
        PROBE.parent.mkdir(parents=True, exist_ok=True)
        PROBE.write_text(PROBE_TEXT)
        PROBE.chmod(0o755)
        world.write_conf(mo_hooks=PROBE)
        # 3 is the script; the shell has it as 10 too, and 4 is the pipe it reads ls from,
        # whose other end, 5, it needs a moment to close.
        said = {"Who": "991 991", "Write": "1", "Store": "126", "Sys": "class ", "Fds": "0 1 10 2 3 4 ",
                "Caps": "CapEff: 0000000000000000 NoNewPrivs: 1 "}
        world.start_server(SCRIPT.replace("get ./DevInfo/DevId", "".join(
            f'get ./Probe/{name}\nexpect 200\nexpect-value "{value}"\n' for name, value in said.items())
            + "get ./DevInfo/DevId", 1))
        world.start_card("connect")
        world.insert()
        one_session(world)
        world.nothing_more()
        check(not world.failed_expectations(), f"not as scripted: {world.failed_expectations()}")
        check(not child(str(PROBE), "sh") and not child("/proc/self/fd/3", "sh"), "the hook outlives its session")


class Watch(threading.Thread):
    """Gathers the command line of every process for as long as it runs."""

    def __init__(self):
        super().__init__(daemon=True)
        self.seen, self.over = set(), False
        self.start()

    def run(self):
        while not self.over:
            for pid in os.listdir("/proc"):
                if pid.isdigit():
                    with contextlib.suppress(OSError), open(f"/proc/{pid}/cmdline", "rb") as file:
                        self.seen.add(file.read())
            time.sleep(0.02)

    def stop(self):
        self.over = True
        self.join()
        return b"\n".join(self.seen)


def holds_iccid(data):
    """Which form of the planted ICCID the bytes hold: raw, unswapped, as digits in either
    order, or either of them spelled out in groups of hexadecimal digits."""
    swapped = ICCID_RAW.hex()
    found = [form for form in (ICCID_RAW, bytes.fromhex(ICCID_DIGITS)) if form in data]
    packed = re.sub(rb"[\s:,.-]|0x", b"", data).lower()
    found += [form for form in (ICCID_DIGITS, swapped) if form.encode() in packed]
    return found


def test_iccid_stays_inside(directory):
    """The planted ICCID is in no uevent, udev database, netlink capture, log or command line."""
    with World(directory) as world:
        run("modprobe", "nlmon")
        run("ip", "link", "add", "nlmon0", "type", "nlmon")
        run("ip", "link", "set", "nlmon0", "up")
        netlink = world.start_capture("netlink", "nlmon0")
        monitor = world.spawn("udevadm", ["udevadm", "monitor", "--kernel", "--udev", "--property"])
        monitor.expect("KERNEL")
        world.start_server(SCRIPT)
        agent = world.start_agent()
        world.start_card("confirm")
        watch = Watch()
        world.insert()
        agent.expect(SERVER_ID)
        shown = run("dmscctl", "cards").stdout + run("dmscctl", "questions").stdout
        agent.type("y\n")
        one_session(world)
        database = run("udevadm", "info", "--export-db").stdout
        shown += run("dmscctl", "cards").stdout + run("dmscctl", "session", "list").stdout + world.accounts() + world.tree()
        run("udevadm", "trigger", "--action=change", "--subsystem-match=uicc")
        world.remove()
        wait_for("the card to go", lambda: not world.cards())
        world.nothing_more()
        lines = watch.stop()
        monitor.stop(signal.SIGINT)
        netlink.stop(signal.SIGINT)
        run("ip", "link", "del", "nlmon0")
        check(b"UICC_SEQ" in monitor.log.read_bytes(), "the uevent monitor saw no card")
        captured = netlink.path.read_bytes()
        # nlmon shows generic netlink, not uevents: those are the monitor's.
        check(SERVER_ID.encode() in captured, "the netlink capture does not hold the question")
        places = {"uevents": monitor.log.read_bytes(), "udev database": database.encode(),
                  "netlink capture": captured, "agent": agent.log.read_bytes(), "command lines": lines,
                  "output of dmscctl and dmsc-client": shown.encode(),
                  "kernel log": run("dmesg").stdout.encode(), "our log": world.helper_log().encode()}
        places.update({str(path): path.read_bytes() for path in Path("/run/udev").rglob("*") if path.is_file()})
        for place, word in (("command lines", b"card-child"), ("udev database", b"uicc"),
                            ("our log", b"EF(DM_Bootstrap)"), ("output of dmscctl and dmsc-client", b"/ICCID")):
            check(word in places[place], f"{place}: no {word}: this is not what it should be")
        for place, data in places.items():
            check(not holds_iccid(data), f"the ICCID is in the {place}: {holds_iccid(data)}")
        # The search itself finds each form, and the number was in use: the server was told.
        for planted in (ICCID_RAW, bytes.fromhex(ICCID_DIGITS), ICCID_DIGITS.encode(), ICCID_RAW.hex(" ").encode(),
                        ICCID_RAW.hex().upper().encode()):
            check(holds_iccid(b"x" + planted + b"y"), f"the search does not find {planted}")
        check(ICCID_DIGITS in str(world.events()), "the server was not told the ICCID (decision 12)")


# Rules: DECISION-12 RD-17
def test_new_pair_is_told(directory):
    """Decision 12: the server's record names DevId and ICCID of the new pair, once;
    another server that asks for the node gets 425."""
    with World(directory) as world:
        world.start_server(SCRIPT)
        world.start_card("every-power-on")
        world.insert()
        one_session(world)
        world.idle()
        told = new_pairs(world)
        check(told == [(DEVICE_ID, ICCID_DIGITS)], f"the server was told {told}")
        node = iccid_node(world)
        # Another server, with an account of its own and no card.
        world.add_account("other.example.net", "https://dm.example.net:8444/dm", "other", "other-secret")
        record = world.dir / "record-other"
        world.start_server(f"server-id other.example.net\nsession\npackage\nget {node}\nexpect 425\n",
                           users="other other-secret md5\n", name="other", server_id="other.example.net",
                           listen="127.0.0.1:8444", record=record)
        run(*AS_DMSC, "dmsc-client", "--store", STORE, "--device-id", DEVICE_ID, "session",
            "--server", "other.example.net", "--ca", "/srv/certs/ca.pem", limit=120)
        check(world.ended(record), "no session with the other server")
        check(not world.failed_expectations(record), f"{world.failed_expectations(record)}")
        answers = [s["code"] for m in world.messages_in(record) for s in m["statuses"] if s["cmd"] == "Get"]
        check(answers == [425], f"answers to the other server: {answers}")
        check(ICCID_DIGITS not in str(world.events(record)), "the other server got the ICCID")
        check(not new_pairs(world, record), "the other server was told of the card")
        # The card's own server may read it; and the alert is for a new pair only.
        world.server.stop()
        record = world.dir / "record-again"
        world.start_server(f'server-id dm.example.net\nsession\npackage\nget {node}\nexpect 200\n'
                           f'expect-value "{ICCID_DIGITS}"\n', record=record)
        world.replace()
        wait_for("the second session", lambda: world.ended(record))
        check(not world.failed_expectations(record), f"{world.failed_expectations(record)}")
        check(not new_pairs(world, record), f"told again: {new_pairs(world, record)}")


def new_pairs(world, record=None):
    """(DevId, ICCID) of each Generic Alert of a new pair, as the server's record names them."""
    found = []
    for message in world.messages_in(record):
        for alert in message["alerts"]:
            if alert.get("code") == 1226:
                item = alert["items"][0]
                check(item["type"] == "Reversed-Domain-Name: org.dmsc.newcard", f"type: {alert}")
                found.append((message["source"], item["value"]))
    return found


def iccid_node(world):
    """URI of the ICCID leaf, from a Get of the tree as root sees it."""
    tree = run(*AS_DMSC, "dmsc-client", "--store", STORE, "tree", "./DevDetail/Ext/dmsc/Card").stdout
    found = re.search(r"(\./DevDetail/Ext/dmsc/Card/[^/\s]+/ICCID)", tree)
    check(found, f"no ICCID node in the tree:\n{tree}")
    check(ICCID_DIGITS not in tree, "the tree listing shows the ICCID unmasked")
    return found.group(1)


# Rules: DECISION-11 SC-2
def test_untrusted_slot(directory):
    """A card in a slot that trusted-slots does not name changes nothing."""
    with World(directory) as world:
        world.write_conf(trusted_slots="serial:*")
        world.start_server(SCRIPT)
        world.start_capture()
        world.start_card("connect")
        world.add_account("other.example.net", "https://other.example.net/dm", "other", "other-secret")
        before = world.tree()
        check("other.example.net" in before, f"the tree cannot be seen:\n{before}")
        world.insert_seen()
        world.nothing_more()
        check(world.tree() == before, f"the tree changed:\n{world.tree()}")
        check(not account_is_there(world) and not world.sessions() and not world.packets(),
              "something was applied")
        check(not processes("dmsc-client"), "a client runs")
        check((SYSFS / f"{world.card.slot}.card" / "ef-3f00.2fe2" / "data").read_bytes()[:10] == ICCID_RAW,
              "root cannot read the file")
        check(CARDS.is_dir(), "no profiles")
