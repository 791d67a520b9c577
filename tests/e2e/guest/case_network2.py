# SPDX-License-Identifier: GPL-2.0-or-later
"""The second boot of case_network's machine: its card is in at boot, there is no network, and then
there is one."""
import time

from case_network import ADDRESS, KEPT, Cut, attempts, listed, pending
from case_path import account_is_there, one_session
from case_systemd import nothing_failed
from world import check, run, stays, wait_for

SOON = 2  # seconds from the default route to the session


class SameMachine(Cut):
    """A world that keeps the store it finds."""
    keep_store = True


# Rules: DECISION-3
def test_session_with_the_default_route(directory):
    """What was pending before the reboot is tried in this boot, and at once when a default route
    appears; the server sees one session, of both boots."""
    with SameMachine(directory) as world:
        wait_for("an attempt of this boot", lambda: len(attempts()) > int(KEPT.read_text()), limit=120)
        check(len(pending()) == 1 and not world.sessions(), f"what is listed: {listed()}")
        run("ip", "route", "add", "local", ADDRESS, "dev", "lo", "table", "local")
        stays("a session before the default route", world.sessions, 1)
        start = time.monotonic()
        run("ip", "route", "add", "default", "dev", "lo")
        wait_for("the session", world.sessions, pause=0.01)
        took = time.monotonic() - start
        print(f"# {took:.2f} s from the default route to the session", flush=True)
        check(took <= SOON, f"{took:.1f} s from the default route to the session")
        one_session(world)
        world.nothing_more()
        stays("a second session", lambda: len(world.sessions()) > 1, 20)
        check(not world.violations() and not world.failed_expectations(), "the server objects")
        check(not pending() and account_is_there(world), f"what is listed: {listed()}")
        check(sum(row["state"] == "completed" for row in listed()) == 1, f"what is listed: {listed()}")
        nothing_failed()
        run("systemctl", "stop", "e2e-coldplug-card.service")
