# SPDX-License-Identifier: GPL-2.0-or-later
"""Who may see and do what: the unprivileged user, the planted ICCID, the
confinement of the children, the pair of card and device, untrusted slots."""
import os
import re
import signal
import subprocess
import time
from pathlib import Path

from world import (CARDS, DEVICE_ID, ICCID_DIGITS, ICCID_RAW, SERVER_ID, SYSFS, World, check, child,
                   processes, run, stays, wait_for)
from case_path import SCRIPT, account_is_there, confirm_world, one_session

AS_USER = ("setpriv", "--reuid=user", "--regid=user", "--init-groups")


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


def test_user_answers_nothing(directory):
    """Only the agent group answers: a plain user's agent is refused, the question stays."""
    with World(directory) as world:
        world.start_server(SCRIPT)
        world.start_card("confirm")
        world.insert()
        wait_for("the question", world.questions)
        done = subprocess.run([*AS_USER, "dmsc-agent", "--once"], input="y\n", text=True,
                              capture_output=True, timeout=30)
        check(done.returncode != 0, f"the user's agent ran: {done.stdout}")
        check("ermi" in done.stderr + done.stdout, f"no clear error: {done.stderr}")
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
    check(fields["Uid"].split()[0] == "991", f"{what}: Uid {fields['Uid']}")


def net_of(pid):
    return os.readlink(f"/proc/{pid}/ns/net")


def test_children_are_confined(directory):
    """Both children: CapEff 0, NoNewPrivs 1, Seccomp 2, user dmsc; the card child has no network."""
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


class Watch:
    """Samples every command line and environment-free fact a user can read."""

    def __init__(self):
        self.seen = set()

    def sample(self):
        for entry in Path("/proc").iterdir():
            if entry.name.isdigit():
                try:
                    self.seen.add((entry / "cmdline").read_bytes())
                except OSError:
                    pass


def patterns():
    swapped = "".join(b + a for a, b in zip(ICCID_DIGITS[::2], ICCID_DIGITS[1::2]))
    found = [ICCID_RAW, ICCID_DIGITS.encode(), swapped.encode(), swapped.lower().encode(),
             bytes.fromhex(ICCID_DIGITS)]
    return found


def holds_iccid(data):
    low = data.lower()
    return [p for p in patterns() if p.lower() in low]


def test_iccid_stays_inside(directory):
    """The planted ICCID is in no uevent, udev database, netlink capture, log or command line."""
    with World(directory) as world:
        run("modprobe", "nlmon")
        run("ip", "link", "add", "nlmon0", "type", "nlmon")
        run("ip", "link", "set", "nlmon0", "up")
        netlink = world.start_capture("netlink", "nlmon0")
        monitor = world.spawn("udevadm", ["udevadm", "monitor", "--kernel", "--udev", "--property"])
        time.sleep(1)
        world.start_server(SCRIPT)
        agent = world.start_agent()
        world.start_card("confirm")
        world.insert()
        watch = Watch()

        def shown():
            watch.sample()
            return SERVER_ID in agent.text
        wait_for("the question", shown)
        agent.type("y\n")

        def ended():
            watch.sample()
            return world.ended()
        wait_for("the session", ended)
        database = run("udevadm", "info", "--export-db").stdout.encode()
        world.remove()
        wait_for("the card to go", lambda: not world.cards())
        world.idle()
        monitor.stop(signal.SIGINT)
        netlink.stop(signal.SIGINT)
        run("ip", "link", "del", "nlmon0")
        check(b"UICC_SEQ" in monitor.log.read_bytes(), "the uevent monitor saw no card")
        check(netlink.path.stat().st_size > 1000, "the netlink capture is empty")
        places = {"uevents": monitor.log.read_bytes(), "udev database": database,
                  "netlink capture": netlink.path.read_bytes(), "agent": agent.log.read_bytes(),
                  "command lines": b"\n".join(watch.seen),
                  "kernel log": run("dmesg").stdout.encode(),
                  "our log": world.helper_log().encode()}
        check(b"card-child" in places["command lines"], "no command line of the client was sampled")
        for place, data in places.items():
            check(not holds_iccid(data), f"the ICCID is in the {place}")
        # The search itself works: the server was told, and root can read the file.
        check(ICCID_DIGITS in str(world.events()), "the server was not told the ICCID (decision 12)")


def test_new_pair_is_told(directory):
    """Decision 12: the server's record names DevId and ICCID of the new pair, once;
    another server that asks for the node gets 425."""
    with World(directory) as world:
        world.start_server(SCRIPT)
        world.start_card("every-power-on")
        world.insert()
        one_session(world)
        world.idle()
        check(world.generic_alerts(), "no Generic Alert")
        text = str(world.generic_alerts()[0])
        check(ICCID_DIGITS in text and DEVICE_ID in text, f"the alert: {text}")
        node = iccid_node(world)
        # Another server, with an account of its own and no card.
        secret = world.dir / "secret"
        secret.write_text("other-secret")
        secret.chmod(0o644)
        as_dmsc = ("setpriv", "--reuid=dmsc", "--regid=dmsc", "--init-groups")
        run(*as_dmsc, "dmsc-client", "--store", "/var/lib/dmsc", "account", "add", "--server-id", "other.example.net",
            "--url", "https://dm.example.net:8444/dm", "--user", "other", "--password-file", secret, "--auth", "md5")
        record = world.dir / "record-other"
        world.start_server(f"server-id other.example.net\nsession\npackage\nget {node}\nexpect 425\n",
                           users="other other-secret md5\n", name="other", server_id="other.example.net",
                           listen="127.0.0.1:8444", record=record)
        run(*as_dmsc, "dmsc-client", "--store", "/var/lib/dmsc", "--device-id", DEVICE_ID, "session",
            "--server", "other.example.net", "--ca", "/root/certs/ca.pem", limit=120)
        check(world.ended(record), "no session with the other server")
        check(not world.failed_expectations(record), f"{world.failed_expectations(record)}")
        check(ICCID_DIGITS not in str(world.events(record)), "the other server got the ICCID")
        # The alert is for a new pair only.
        world.remove()
        wait_for("the card to go", lambda: not world.cards())
        world.idle()
        world.insert()
        one_session(world, 2)
        check(len(world.generic_alerts()) == 1, f"told again: {world.generic_alerts()}")


def iccid_node(world):
    """URI of the ICCID leaf, from a Get of the tree as root sees it."""
    tree = run("setpriv", "--reuid=dmsc", "--regid=dmsc", "--init-groups",
               "dmsc-client", "--store", "/var/lib/dmsc", "tree", "./DevDetail/Ext/dmsc/Card").stdout
    found = re.search(r"(\./DevDetail/Ext/dmsc/Card/[^/\s]+/ICCID)", tree)
    check(found, f"no ICCID node in the tree:\n{tree}")
    check(ICCID_DIGITS not in tree, "the tree listing shows the ICCID unmasked")
    return found.group(1)


def test_untrusted_slot(directory):
    """A card in a slot that trusted-slots does not name changes nothing."""
    with World(directory) as world:
        world.write_conf(trusted_slots="serial:*")
        world.start_server(SCRIPT)
        world.start_capture()
        world.start_card("connect")
        before = world.tree()
        world.insert()
        wait_for("the card", world.cards)
        world.idle()
        time.sleep(1)
        check(world.tree() == before, f"the tree changed:\n{world.tree()}")
        check(not account_is_there(world) and not world.sessions() and not world.packets(),
              "something was applied")
        check(not processes("dmsc-client"), "a client runs")
        check((SYSFS / f"{world.card.slot}.card" / "ef-3f00.2fe2" / "data").read_bytes()[:10] == ICCID_RAW,
              "root cannot read the file")
        check(CARDS.is_dir(), "no profiles")
