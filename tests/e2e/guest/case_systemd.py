# SPDX-License-Identifier: GPL-2.0-or-later
"""systemd as PID 1: insertion, swaps, triggers, and what comes before a reboot.

The second boot of the same machine is case_systemd2.
"""
import subprocess
import time
from pathlib import Path

from world import SERVER_ID, STORE, World, check, processes, run, stays, wait_for
from case_path import SCRIPT, account_is_there, one_session

HELPER = "dmsc-helper@"


def units(pattern=HELPER + "*", *states):
    """Names of helper instances in these states (all loaded ones without)."""
    words = ["systemctl", "list-units", "--all", "--plain", "--no-legend", "--no-pager", pattern]
    if states:
        words.insert(2, "--state=" + ",".join(states))
    return [line.split()[0] for line in run(*words).stdout.splitlines() if line.strip()]


def journal(*words):
    return run("journalctl", "--no-pager", "-o", "short-monotonic", *words).stdout


def cgroup_of(pid):
    return Path(f"/proc/{pid}/cgroup").read_text()


def test_insertion_starts_the_unit(directory):
    """Insertion starts an instance named by card and sequence; it runs the session and ends;
    it is a unit's process, not udev's."""
    with World(directory) as world:
        world.start_server(SCRIPT.replace("package\nget", "package\ndelay 2000\nget", 1))
        world.start_card("connect")
        world.insert()
        pid = wait_for("the helper", lambda: processes("dmsc-helper"))[0]
        check(HELPER in cgroup_of(pid) and "udevd" not in cgroup_of(pid), f"cgroup: {cgroup_of(pid)}")
        one_session(world)
        wait_for("the unit to end", lambda: not processes("dmsc-helper"))
        check(not run("systemctl", "--failed", "--no-legend", "--plain").stdout.strip(),
              run("systemctl", "--failed", "--no-pager").stdout)


def test_udev_runs_nothing_long(directory):
    """With a question open nothing of ours is in udevd's control group."""
    with World(directory) as world:
        world.start_card("confirm")
        world.insert()
        wait_for("the question", world.questions)
        udev = [p for p in processes("dmsc-helper") + processes("dmsc-client") if "udevd" in cgroup_of(p)]
        check(processes("dmsc-helper") and not udev, f"under udev: {udev}")


def test_ten_triggers_one_session(directory):
    """Ten `udevadm trigger` make no second session."""
    with World(directory) as world:
        world.start_server(SCRIPT)
        world.start_card("every-power-on")
        world.insert()
        one_session(world)
        world.trigger(10)
        stays("a second session", lambda: len(world.sessions()) > 1, 5)
        world.idle()


def test_hundred_swaps(directory):
    """100 swaps 10 ms apart: the last card gets its helper."""
    with World(directory) as world:
        world.start_server(SCRIPT)
        agent = world.start_agent()
        world.start_card("confirm")
        for number in range(100):
            world.insert_fast("confirm-every" if number % 2 else "confirm")
            time.sleep(0.01)
            if number < 99:
                world.remove_fast()
                time.sleep(0.01)
        wait_for("the last card", world.cards)
        seq = (world.cards()[0] / "seq").read_text().strip()
        wait_for("the last card's helper", lambda: any(
            f"-{seq}." in u for u in units(HELPER + "*", "active", "activating")), 90)
        wait_for("the last card's question", lambda: SERVER_ID in agent.text, 90)
        agent.type("y\n")
        one_session(world)


def test_shutdown_keeps_the_account(directory):
    """Before the reboot: a card is in and its account is there; the next boot looks."""
    world = World(directory).__enter__()
    world.start_server(SCRIPT)
    world.start_card("connect")
    world.insert()
    one_session(world)
    wait_for("the helper to end", lambda: not processes("dmsc-helper"))
    check(account_is_there(world), "no account")
    check((STORE / "store.db").exists(), "no store")
    Path("/var/lib/e2e-boot").write_text(Path("/proc/sys/kernel/random/boot_id").read_text())
    # Left running on purpose: the machine goes down with the card in.
    subprocess.run(["sync"], check=True)
