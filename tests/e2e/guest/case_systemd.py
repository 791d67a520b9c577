# SPDX-License-Identifier: GPL-2.0-or-later
"""systemd as PID 1: insertion, swaps, triggers, and what comes before a reboot.

The second boot of the same machine is case_systemd2.
"""
import contextlib
import shutil
import sqlite3
import subprocess
import time
from pathlib import Path

import case_pending
import case_privacy
import case_programs
import issuer
from world import SERVER_ID, STORE, SYSFS, Control, World, check, child, processes, run, stays, udev_settle, wait_for
from case_network import attempts
from case_path import SCRIPT, account_is_there, one_session

HELPER = "dmsc-helper@"
PENDING = "dmsc-pending.service"
KEPT = "kept.example.net"   # its session is wanted before the reboot, and had after it
KEPT_PORT = 8445


def units(pattern=HELPER + "*", states="active,activating,deactivating,failed"):
    """Names of units in these states; a dead one stays loaded as long as its device wants it."""
    out = run("systemctl", "list-units", "--all", "--state=" + states, "--plain", "--no-legend", "--no-pager", pattern)
    return [line.split()[0] for line in out.stdout.splitlines() if line.strip()]


def journal(*words):
    return run("journalctl", "--no-pager", "-o", "short-monotonic", *words).stdout


def helpers():
    """Helpers of an insertion; not those that set up or reconcile, and end at once."""
    return child("--instance", "dmsc-helper")


def nothing_failed():
    failed = run("systemctl", "list-units", "--state=failed", "--no-legend", "--plain", "--no-pager").stdout
    # A failed instance is forgotten at once (CollectMode=), the journal knows.
    failed += "".join(line + "\n" for line in journal("-b", "-u", "dmsc-*").splitlines()
                      if "Failed with result" in line or "Failed to start" in line)
    check(not failed, f"failed units:\n{failed}")


def server_wrote(world):
    """Is there what the server wrote in its session? No card's bootstrap makes that."""
    return "blue" in world.tree("./Vendor/Colour")


def stored_origins():
    """Rows of what came from cards: a row that was deleted and made anew has another id."""
    with contextlib.closing(sqlite3.connect(f"file:{STORE}/store.db?mode=ro", uri=True)) as db:
        return db.execute("SELECT id, slot, created FROM origin").fetchall()


def cgroup_of(pid):
    return Path(f"/proc/{pid}/cgroup").read_text()


def test_iccid_is_not_in_the_journal(directory):
    """The planted ICCID is in no field of the journal, nor where case_privacy looks."""
    case_privacy.test_iccid_stays_inside(directory)
    everything = subprocess.run(["journalctl", "--no-pager", "-b", "-o", "export"], capture_output=True, check=True)
    check(b"EF(DM_Bootstrap)" in everything.stdout, "the journal does not hold what the client said")
    found = case_privacy.holds_iccid(everything.stdout)
    check(not found, f"the ICCID is in the journal: {found}")


def test_bridge_unit(directory):
    """A bridge as the unit has it: the device's group is all the right it has, and words that are
    wrong are not tried again."""
    with World(directory) as world:
        device = Path("/dev/uicc-virt")
        check((device.group(), device.stat().st_mode & 0o777) == ("uicc-virt", 0o660),
              f"{device}: {device.group()} {device.stat().st_mode:o}")
        words = Path("/etc/dmsc/bridge")
        words.mkdir(parents=True, exist_ok=True)
        (words / "one").write_text('BRIDGE=pipe --reader unit -- simcard apdu "/usr/share/dmsc/cards/none"\n')
        (words / "wrong").write_text("BRIDGE=pipe --colour blue\n")
        run("systemctl", "start", "uicc-bridge@one.service")
        wait_for("the unit's slot", lambda: any((slot / "location").read_text() == "unit\n" for slot in SYSFS.glob("uicc?")))
        pid = run("systemctl", "show", "--value", "-p", "MainPID", "uicc-bridge@one.service").stdout.strip()
        status = Path(f"/proc/{pid}/status").read_text()
        check(Path(f"/proc/{pid}").owner() == "uicc-bridge" and "CapBnd:\t0000000000000000" in status, status)
        wait_for("the card", world.cards)
        world.nothing_more()
        run("systemctl", "stop", "uicc-bridge@one.service")
        wait_for("the slot to go", lambda: not list(SYSFS.glob("uicc*")))
        run("systemctl", "start", "uicc-bridge@wrong.service", ok=False)
        wait_for("the wrong one to fail", lambda: "uicc-bridge@wrong.service" in units("uicc-bridge@*", "failed"))
        check("uicc-bridge@one.service" not in units("uicc-bridge@*", "failed"), "an orderly end is a failure")
        check(" 2" in run("systemctl", "show", "-p", "ExecMainStatus", "uicc-bridge@wrong.service").stdout.replace("=", " "),
              "not the status of wrong usage")
        run("systemctl", "reset-failed", "uicc-bridge@wrong.service")
        shutil.rmtree(words)
        world.nothing_more()


def test_insertion_starts_the_unit(directory):
    """Insertion starts an instance named by card and sequence; it runs the session and ends;
    it is a unit's process, not udev's."""
    with World(directory) as world:
        world.start_server(SCRIPT.replace("package\nget", "package\ndelay 2000\nget", 1))
        world.start_card("connect")
        world.insert()
        pid = wait_for("the helper", helpers)[0]
        check(f"{HELPER}{world.card.slot}.card-1.service" in units(HELPER + "*", "active"), f"units: {units()}")
        check(HELPER in cgroup_of(pid) and "udevd" not in cgroup_of(pid), f"cgroup: {cgroup_of(pid)}")
        one_session(world)
        wait_for("the unit to end", lambda: not processes("dmsc-helper"))
        check(account_is_there(world), "no account")
        nothing_failed()


def test_udev_runs_nothing_long(directory):
    """With a question open nothing of ours is in udevd's control group."""
    with World(directory) as world:
        world.start_card("confirm")
        world.insert()
        wait_for("the question", world.questions)
        udev_settle()
        ours = helpers() + processes("dmsc-client")
        check(len(ours) == 2, f"helper and card child: {ours}")
        for pid in ours:
            check(HELPER in cgroup_of(pid), f"cgroup: {cgroup_of(pid)}")
        udevd = list(Path("/sys/fs/cgroup/system.slice/systemd-udevd.service").rglob("cgroup.procs"))
        names = {Path(f"/proc/{pid}/comm").read_text().strip() for file in udevd for pid in file.read_text().split()}
        check(udevd and all("udev" in name for name in names), f"in udevd's control group: {names}")


def test_ten_triggers_one_session(directory):
    """Ten `udevadm trigger` make no second session."""
    with World(directory) as world:
        world.start_server(SCRIPT)
        world.start_card("every-power-on")
        world.insert()
        one_session(world)
        world.trigger(10)
        world.idle()
        stays("a second session", lambda: len(world.sessions()) > 1, 2)


def test_reload(directory):
    """`dmscctl reload` starts the unit of a card in a slot that has become trusted; `systemctl reload` has a helper
    read its configuration again, a bad one is refused with its line; a slot that is not trusted any more loses its
    helper."""
    with World(directory) as world:
        world.write_conf(trusted_slots="serial:*")
        world.start_card("confirm")
        world.insert_seen()
        wait_for("the helper to end", lambda: not units(HELPER + "*"))
        unit = f"{HELPER}{world.card.slot}.card-1.service"
        world.write_conf(trusted_slots="virt:*")
        run("dmscctl", "reload")
        wait_for("the question", world.questions)
        pids = helpers()
        check(units(HELPER + "*", "active") == [unit] and len(pids) == 1, f"units: {units()}")
        world.write_conf(bogus="1")
        done = run("systemctl", "reload", unit, ok=False)
        check(done.returncode != 0 and "unknown key 'bogus'" in journal("-b", "-u", unit), f"{done}")
        world.write_conf(bogus=None)
        check(world.questions() and helpers() == pids, "the helper did not go on")
        run("systemctl", "reload", unit)
        wait_for("the helper's word", lambda: "configuration read again" in journal("-b", "-u", unit))
        check(world.questions() and helpers() == pids, "the helper did not go on")
        world.write_conf(trusted_slots="serial:*")
        run("systemctl", "reload", unit)
        wait_for("the helper to end", lambda: not units(HELPER + "*"))
        check(not world.questions() and account_is_there(world), "the question stayed, or the account went")
        nothing_failed()


def test_units_are_confined(directory):
    """The helper's unit as it runs: few capabilities, a filter, no tunable that it can write to; bounded in memory
    and processes; and systemd's own opinion of it."""
    with World(directory) as world:
        world.start_card("confirm")
        world.insert()
        wait_for("the question", world.questions)
        unit = f"{HELPER}{world.card.slot}.card-1.service"
        pid = helpers()[0]
        status = case_privacy.status(pid)
        kept = {"net_admin": 12, "sys_admin": 21, "setgid": 6, "setuid": 7, "setpcap": 8, "kill": 5}
        check(int(status["CapBnd"], 16) == sum(1 << bit for bit in kept.values()), f"CapBnd {status['CapBnd']}")
        check(status["NoNewPrivs"].strip() == "1" and status["Seccomp"].strip() == "2", f"status: {status}")
        mounts = {line.split()[1]: line.split()[3].split(",")
                  for line in Path(f"/proc/{pid}/mounts").read_text().splitlines()}
        for path in ("/", "/proc/sys", "/sys"):
            check("ro" in mounts[path], f"{path}: {mounts[path]}")
        for path in ("/run/dmsc", "/var/lib/dmsc", "/sys/devices", "/sys/class"):
            check("rw" in mounts[path], f"{path}: {mounts[path]}")
        for what in ("MemoryMax", "TasksMax"):
            value = run("systemctl", "show", "-p", what, "--value", unit).stdout.strip()
            check(value.isdigit(), f"{what}: {value}")
        case_privacy.check_confined(child("card-child")[0], "card child")
        run("systemctl", "stop", unit)


SWAPS = 100


def test_hundred_swaps(directory):
    """100 swaps 10 ms apart: the last card gets its helper, and it alone is left."""
    with World(directory) as world:
        world.start_server(SCRIPT)
        agent = world.start_agent()
        world.start_card("confirm")
        control = Control(world.card)
        start = time.monotonic()
        for number in range(1, SWAPS + 1):
            control.send("insert", world.profile("confirm" if number % 2 else "confirm-every"))
            time.sleep(0.01)
            if number < SWAPS:
                control.send("remove")
                time.sleep(0.01)
        took = time.monotonic() - start
        answers = control.answers()
        check(all(a.startswith("ok") for a in answers), f"simcard: {answers}")
        last = f"{HELPER}{world.card.slot}.card-{SWAPS}.service"
        wait_for("the last card", lambda: (SYSFS / world.card.slot / "seq").read_text().strip() == str(SWAPS)
                 and world.cards())
        # Active, not only on its way: the unit is of type exec.
        wait_for("the last card's helper, alone", lambda: units("*dmsc-*@*") == [last] and
                 units(HELPER + "*", "active") == [last], 120)
        wait_for("one question, at the agent", lambda: [q.split()[3] for q in world.questions()[-1:]] == ["accepted"], 90)
        check(len([q for q in world.questions() if world.card.slot in q.split()]) == 1,
              f"questions: {world.questions()}")
        agent.type("y\n")
        one_session(world)
        wait_for("all units to end", lambda: not units("*dmsc-*@*"))
        check(len(world.sessions()) == 1, f"{len(world.sessions())} sessions")
        nothing_failed()
        print(f"# {SWAPS} swaps in {took:.1f} s, helpers started for "
              f"{journal('-b').count('Started ' + HELPER)} insertions", flush=True)


# Rules: OPEN-16 LWM-1
def test_programs_in_the_unit(directory):
    """card-check and lwm2m-hook do their work among the limits of the helper's unit."""
    case_programs.test_lwm2m_hook(directory)
    case_programs.test_card_check_rejects(directory)


def since(cursor):
    """What systemd and the unit said of dmsc-pending after that point of the journal."""
    return run("journalctl", "--no-pager", "-o", "cat", "--after-cursor", cursor, "-u", PENDING).stdout


def cursor():
    return run("journalctl", "--no-pager", "-n", "0", "--show-cursor").stdout.split("-- cursor: ")[1].strip()


# Rules: DECISION-13
def test_pending_in_its_unit(directory):
    """The file starts the unit, which holds the session of a notification, or a firmware update, among its limits, and
    ends; nothing of it is somebody else's process."""
    with World(directory / "cgroup") as world:
        start = cursor()
        world.start_server(case_pending.SLOW, users=case_pending.USERS)
        case_pending.account(world)
        check(case_pending.notify(world, case_pending.package0()) == 0, "the notification was not taken")
        wait_for("the session", world.sessions)
        for pid in case_pending.runners() + processes("dmsc-client"):
            check(PENDING in cgroup_of(pid), f"cgroup: {cgroup_of(pid)}")
        check(run("systemctl", "is-active", PENDING).stdout == "active\n", "the unit is not active")
        case_privacy.check_confined(wait_for("the session child", lambda: child("session-child"))[0], "session child")
        case_privacy.check_confined(child("pending-child")[0], "pending child")
        one_session(world)
        wait_for("the unit to end", lambda: not units(PENDING))
        check(since(start).count("Started " + PENDING) == 1, f"the unit:\n{since(start)}")
    for test in (case_pending.test_notification, case_pending.test_alert_now, case_pending.test_firmware):
        start = cursor()
        test(directory / test.__name__)
        wait_for("the unit to end", lambda: not units(PENDING))
        check("Started " + PENDING in since(start), f"the unit:\n{since(start)}")
    nothing_failed()


def test_pending_is_stopped(directory):
    """`systemctl stop` in the middle of a session: 1223, the wish stays, and the next start has it."""
    with World(directory) as world:
        world.start_server(case_pending.SLOW, users=case_pending.USERS)
        case_pending.account(world)
        run("dmscctl", "session", "start", SERVER_ID)
        wait_for("the session", lambda: case_pending.accepted(world))
        run("systemctl", "stop", PENDING)
        check(1223 in world.alert_codes()[-1], f"alerts: {world.alert_codes()}")
        check(case_pending.wanted() == [("asked", "pending")] and not world.ended(), f"listed: {case_pending.listed()}")
        run("systemctl", "start", PENDING)
        with case_pending.route_soon():
            one_session(world)
        wait_for("the unit to end", lambda: not units(PENDING))
        check(not case_pending.wanted(), f"listed: {case_pending.listed()}")
        nothing_failed()


# Rules: CONN-8
def test_connection_in_the_unit(directory):
    """connection-hook does its work among the limits of each of the units that run it."""
    case_pending.test_connection(directory)
    nothing_failed()


# Rules: DECISION-13
def test_secrets_are_not_in_the_journal(directory):
    """What case_pending looks for is in no field of the journal, either."""
    secrets = case_pending.secrets_stay_inside(directory)
    everything = subprocess.run(["journalctl", "--no-pager", "-b", "-a", "-o", "export"], capture_output=True, check=True)
    check(b"pending: session with" in everything.stdout, "the journal does not hold what the helper said")
    found = case_pending.holds(everything.stdout, secrets)
    check(not found, f"in the journal: {found}")


def leave_work(world):
    """Before the reboot: firmware whose result is known behind it, and a session that cannot be had before."""
    world.server.stop()
    record = world.dir / "record-firmware"
    case_programs.program(case_pending.UPDATER % 75)
    world.write_conf(update_hook=case_programs.PROGRAM)
    world.start_server(case_pending.ORDER, record=record)
    with case_pending.packages():
        run("dmscctl", "session", "start", SERVER_ID)
        wait_for("the program", case_pending.calls)
        wait_for("the unit to end", lambda: not units(PENDING))
    case_pending.installed()
    check(len(world.ended(record)) == 1 and not world.failed_expectations(record), f"{world.events(record)}")
    world.server.stop()
    case_pending.account(world, KEPT, f"https://dm.example.net:{KEPT_PORT}/dm")
    run("dmscctl", "session", "start", KEPT)
    wait_for("an attempt", attempts)
    check(sorted(case_pending.wanted()) == [("asked", "pending"), ("firmware", "reboot")] and units(PENDING), f"listed: {case_pending.listed()}")


# Rules: FUMO-9
def test_shutdown_keeps_the_account(directory):
    """Before the reboot: cards are in and their accounts are there; the next boot looks. Then the first
    card is in its reader again, the second reader is empty, and the third is gone."""
    world = World(directory).__enter__()
    world.start_server(SCRIPT)
    world.start_card("connect")
    world.insert()
    one_session(world)
    for number, name in enumerate(("emptied", "gone"), 1):
        server = f"{name}.example.net"
        account = issuer.Account(server, f"https://{server}/dm", "user", "secret", "back", name)
        file = world.dir / f"card-{name}"
        file.write_text(issuer.profile(f"9894103254769810328{number}", dm=issuer.dm_message(
            [issuer.dmacc(account, "1", f"Get={server}&Replace={server}")])))
        world.insert(file, card=world.start_card("none", name=name, reader=name))
        wait_for("its account", lambda server=server: server in world.accounts())
    wait_for("the helper to end", lambda: not processes("dmsc-helper"))
    check(account_is_there(world), "no account")
    check(server_wrote(world), f"not what the server wrote: {world.tree()}")
    origins = stored_origins()
    check({slot for _, slot, _ in origins} == {"virt:demo", "virt:emptied", "virt:gone"}, f"origins: {origins}")
    Path("/var/lib/e2e-origins").write_text(repr(origins))
    Path("/var/lib/e2e-boot").write_text(Path("/proc/sys/kernel/random/boot_id").read_text())
    leave_work(world)
    # Left running on purpose: the machine goes down with the card in, and something to do.
    subprocess.run(["sync"], check=True)
