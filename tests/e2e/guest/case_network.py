# SPDX-License-Identifier: GPL-2.0-or-later
"""A machine without a way to its server, in its first boot: the session its card wants stays pending.

The server is on an address of the machine itself, which no route leads to until there
is a network; so what a router does is done by two lines of ip(8), and nothing else differs.
"""
import json
from pathlib import Path

from case_path import SCRIPT, account_is_there
from world import SERVER_ID, World, check, run, wait_for

ADDRESS = "192.0.2.1"
LISTEN = f"{ADDRESS}:8443"
KEPT = Path("/var/lib/e2e-attempts")


class Cut(World):
    """Its server is there, and cannot be reached."""
    address = ADDRESS

    def __enter__(self):
        super().__enter__()
        run("ip", "address", "replace", f"{ADDRESS}/32", "dev", "lo")
        self.start_server(SCRIPT, listen=LISTEN)
        run("ip", "route", "del", "local", ADDRESS, "table", "local", ok=False)
        check(not run("ip", "route", "show", "default").stdout, "there is a network")
        return self


def listed():
    return json.loads(run("dmscctl", "--json", "session", "list").stdout)


def pending():
    return [row for row in listed() if row["state"] == "pending"]


def attempts():
    """Sessions of the journal: each is one try."""
    return [row for row in listed() if row["state"] == "network"]


def test_pending(directory):
    """No network: it is tried, and tried again; why is to be seen; the server hears nothing."""
    with Cut(directory) as world:
        world.start_card("connect")
        world.insert()
        wait_for("two attempts", lambda: len(attempts()) >= 2, limit=120)
        check(account_is_there(world), "no account")
        row = pending()
        check(len(row) == 1 and row[0]["server"] == SERVER_ID and row[0]["cause"] == "card" and
              int(row[0]["attempts"]) >= 2 and row[0]["next"] != "-" and row[0]["reason"],
              f"what is listed: {listed()}")
        check(all(one["reason"] for one in attempts()), f"attempts without a reason: {attempts()}")
        check(not world.sessions(), f"{len(world.sessions())} sessions at the server")
    KEPT.write_text(str(len(attempts())))
