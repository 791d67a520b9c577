# SPDX-License-Identifier: GPL-2.0-or-later
"""The second boot of case_systemd's machine."""
from pathlib import Path

from world import STORE, World, check, run, stays, wait_for
from case_path import SCRIPT, account_is_there, one_session
from case_systemd import HELPER, journal


class SameMachine(World):
    """A world that keeps the store it finds."""
    keep_store = True


def test_reboot_kept_the_account(directory):
    """It is another boot, and the account of the last one is there."""
    with SameMachine(directory) as world:
        check(Path("/var/lib/e2e-boot").read_text() != Path("/proc/sys/kernel/random/boot_id").read_text(),
              "this is the same boot")
        check((STORE / "store.db").exists(), "the store is gone")
        check(account_is_there(world), f"accounts: {world.accounts()}")


def test_coldplug(directory):
    """A card that was in before udev looked: the trigger at boot starts its unit."""
    out = run("systemctl", "show", "-p", "ExecMainStartTimestampMonotonic", "--value", "e2e-coldplug-card.service").stdout
    check(out.strip() not in ("", "0"), "the card of the test was not started at boot")
    text = wait_for("the helper of the coldplugged card", lambda: journal("-b", "-u", HELPER + "*"))
    check("uicc0" in text, f"journal:\n{text}")
    reconcile = run("systemctl", "show", "-p", "ActiveState", "-p", "Result", "dmsc-reconcile.service").stdout
    check("Result=success" in reconcile, f"reconcile at boot: {reconcile}")


def test_session_once_across_boots(directory):
    """The same content after a reboot: no second session."""
    run("systemctl", "stop", "e2e-coldplug-card.service")
    with SameMachine(directory) as world:
        world.start_server(SCRIPT)
        world.start_card("connect")
        world.insert()
        wait_for("the account", lambda: account_is_there(world))
        world.idle()
        stays("a session for content that is done", world.sessions, 3)
        world.remove()
        wait_for("the card to go", lambda: not world.cards())
        world.insert("confirm")
        wait_for("the question for other content", world.questions)
        agent = world.start_agent()
        agent.expect("dm.example.net")
        agent.type("y\n")
        one_session(world)
