# SPDX-License-Identifier: GPL-2.0-or-later
"""The second boot of case_systemd's machine: its card is in the reader before udev starts, another
reader is empty, and a third one is gone."""
import ast
import grp
from pathlib import Path

import case_pending
import case_programs
from world import SERVER_ID, SYSFS, World, check, run, stays, wait_for
from case_path import SCRIPT, account_is_there, one_session
from case_pin import RIGHT, WRONG, holds_pin, pin_world
from case_systemd import HELPER, KEPT, KEPT_PORT, PENDING, journal, nothing_failed, server_wrote, stored_origins, units

CARD_UNIT = "e2e-coldplug-card.service"
EMPTY_UNIT = "e2e-coldplug-empty.service"


class SameMachine(World):
    """A world that keeps the store it finds."""
    keep_store = True


def since_boot(unit, point):
    return int(run("systemctl", "show", "-p", point + "TimestampMonotonic", "--value", unit).stdout)


# Rules: RD-10 SC-3
def test_coldplug(_directory):
    """A card that was in before udev ran: the trigger at boot starts its unit."""
    card, udev = since_boot(CARD_UNIT, "ActiveEnter"), since_boot("systemd-udevd-kernel.socket", "ActiveEnter")
    check(0 < card < udev, f"the card was in at {card} us, udev listened at {udev} us")
    text = wait_for("the helper of the coldplugged card to end", lambda: not units(HELPER + "*")
                    and journal("-b", "-u", HELPER + "uicc0.card-1.service"))
    check("bootstrap unchanged" in text, f"the helper did not get through:\n{text}")
    gid = (SYSFS / "agent_gid").read_text().strip()
    check(gid == str(grp.getgrnam("dmsc-agent").gr_gid), f"agent_gid: {gid}")
    wait_for("reconcile at boot to end", lambda: since_boot("dmsc-reconcile.service", "InactiveEnter"))
    reconcile = run("systemctl", "show", "-p", "Result", "--value", "dmsc-reconcile.service").stdout
    check(reconcile.strip() == "success", f"reconcile at boot: {reconcile}")
    # It may have to wait for the session of a card that was in at boot, and nobody waits for it.
    limits = run("systemctl", "show", "-p", "Type,RuntimeMaxUSec", "--value", "dmsc-reconcile.service").stdout.split("\n")
    check(sorted(filter(None, limits)) == ["1h 15min", "exec"], f"limits of reconcile at boot: {limits}")
    nothing_failed()


# Rules: DECISION-7f
def test_reboot_kept_the_account(_directory):
    """It is another boot; account and tree are the ones of the last."""
    check(Path("/var/lib/e2e-boot").read_text() != Path("/proc/sys/kernel/random/boot_id").read_text(),
          "this is the same boot")
    check(account_is_there(World), f"accounts: {World.accounts()}")
    check(server_wrote(World), f"what the server wrote is gone: {World.tree('.')}")
    before = ast.literal_eval(Path("/var/lib/e2e-origins").read_text())
    check(stored_origins() == [origin for origin in before if origin[1] != "virt:emptied"],
          f"before {before}, now {stored_origins()}")


# Rules: DECISION-7b DECISION-7i
def test_decision_7_card_absent_at_boot(_directory):
    """A reader that is empty at this boot: what came from its card is gone, server and all."""
    check((SYSFS / "uicc1" / "state").read_text() == "empty\n", "the reader is not as it should be")
    check("emptied.example.net" not in World.accounts() + World.tree(), f"{World.accounts()}\n{World.tree()}")


# Rules: DECISION-7d DECISION-7f
def test_decision_7_reader_absent_at_boot(_directory):
    """A reader that is not there at this boot: what came from its card stays."""
    check(sorted(slot.name for slot in SYSFS.glob("uicc?")) == ["uicc0", "uicc1"], "other readers than there should be")
    check("gone.example.net" in World.accounts(), f"accounts: {World.accounts()}")


class SameRun(SameMachine):
    """A world that keeps what runs in it, too."""
    keep_run = True

    def __init__(self, directory):
        super().__init__(directory)
        self.conf["update-hook"] = str(case_programs.PROGRAM)


def readers_go():
    run("systemctl", "stop", EMPTY_UNIT, CARD_UNIT)
    wait_for("the reader to go", lambda: not list(SYSFS.glob("uicc*")))


# Rules: FUMO-9 FUMO-12
def test_pending_across_boots(directory):
    """What was to be done before the reboot is done without a word of anybody: the result of an update is asked for
    and told, and a session that was wanted is had."""
    wait_for("the program", case_pending.calls)
    check(case_pending.calls() == ["result image 2.0 0"], f"the program was told {case_pending.calls()}")
    check(units(PENDING), "nobody waits for a network")
    readers_go()
    with SameRun(directory) as world:
        kept = world.dir / "record-kept"
        world.start_server(f"server-id {SERVER_ID}\n" + case_pending.DONE)
        world.start_server(f"server-id {KEPT}\n", name="kept", server_id=KEPT, listen=f"127.0.0.1:{KEPT_PORT}", record=kept,
                           users=case_pending.USERS.replace(SERVER_ID, KEPT))
        with case_pending.route():
            one_session(world)
            wait_for("the other session", lambda: world.ended(kept))
        wait_for("the unit to end", lambda: not units(PENDING))
        check(len(world.sessions()) == len(world.sessions(kept)) == 1, f"{world.sessions()} {world.sessions(kept)}")
        case_pending.result_told(world)
        check(b"corr-7" in case_pending.sent(world), "the correlator was not sent")
        check(not world.failed_expectations() and not case_pending.wanted(), f"listed: {case_pending.listed()}")
    nothing_failed()


# Rules: DECISION-3
def test_session_once_across_boots(directory):
    """The same content after a reboot: no second session; other content: its question."""
    readers_go()
    with SameMachine(directory) as world:
        world.start_server(SCRIPT)
        world.start_card("connect")
        world.insert()
        wait_for("the helper", lambda: units(HELPER + "*"))
        wait_for("the helper to end", lambda: not units(HELPER + "*"))
        wait_for("the account", lambda: account_is_there(world))
        stays("a session for content that is done", world.sessions, 2)
        world.remove()
        wait_for("the card to go", lambda: not world.cards())
        world.insert("confirm")
        agent = world.start_agent()
        agent.expect("dm.example.net")
        agent.type("y\n")
        one_session(world)
    nothing_failed()


# Rules: DECISION-9
def test_pin_is_in_no_journal(directory):
    """A wrong PIN and the right one: no field of any entry of the journal holds them, and no core was kept."""
    with World(directory) as world:
        pin_world(world)
        world.agent.expect("3 tries left")
        world.agent.type(f"{WRONG}\n")
        world.agent.expect("2 tries left")
        world.agent.type(f"{RIGHT}\n")
        one_session(world)
        wait_for("the helper to end", lambda: not units(HELPER + "*"))
        entries = run("journalctl", "--no-pager", "-a", "-o", "export").stdout.encode()
        check(b"the PIN with key reference 01" in entries, "the journal does not tell of the question")
        check(not holds_pin(entries), f"in the journal: {holds_pin(entries)}")
        check(not list(Path("/var/lib/systemd/coredump").glob("*")), "a core file")
    nothing_failed()
