# SPDX-License-Identifier: GPL-2.0-or-later
"""A configuration that changes while cards are in: what `dmscctl reload` does, and a bad one does not."""
import os
import signal
from pathlib import Path

from world import CONF, SERVER_ID, World, check, child, processes, run, stays, wait_for
from case_path import SCRIPT, account_is_there, confirm_world, no_session_account_stays, one_session

HELPER_LOG = Path("/run/dmsc/log")


def reload(code=0):
    done = run("dmscctl", "reload", ok=False)
    check(done.returncode == code, f"dmscctl reload: {done}")
    return done.stdout + done.stderr


def test_newly_trusted(directory):
    """A slot that has become trusted: its card is taken up as if it had been inserted now, and once."""
    with World(directory) as world:
        world.write_conf(trusted_slots="serial:*")
        world.start_server(SCRIPT)
        world.start_card("connect")
        world.insert_seen()
        world.nothing_more()
        check(not account_is_there(world), "an untrusted slot's card was applied")
        world.write_conf(trusted_slots="virt:*")
        stays("a helper before the reload", lambda: processes("dmsc-helper"), 1)
        said = reload()
        check("0 helpers told, 1 card in trusted slots" in said, said)
        one_session(world)
        world.nothing_more()
        reload()
        world.nothing_more()
        check(len(world.sessions()) == 1 and account_is_there(world), f"{len(world.sessions())} sessions")


def test_no_longer_trusted(directory):
    """A slot that is not trusted any more loses its helper: the question goes, the account stays."""
    with World(directory) as world:
        agent = confirm_world(world)
        world.write_conf(trusted_slots="serial:*")
        check("1 helper told, 0 cards" in reload(), "the helper was not told")
        wait_for("the question to go", lambda: not world.questions())
        world.nothing_more()
        check("not in trusted-slots any more" in world.helper_log(), "nothing was said")
        agent.type("y\n")
        no_session_account_stays(world, 1)


def test_bad_file(directory):
    """A bad file is refused with its line by reload, by check-config and by a helper that is told
    directly; the question stays, and after the yes the session runs by the old configuration."""
    with World(directory) as world:
        agent = confirm_world(world)
        check(": good" in run("dmscctl", "check-config").stdout, "the good file is not good")
        pids = child("--card", "dmsc-helper")
        good = CONF.read_text()
        CONF.write_text(good + "bogus = 1\n")
        where = f"{CONF}:{len(good.splitlines()) + 1}: unknown key 'bogus'"
        check(where in reload(2), "no place of the error")
        done = run("dmsc-helper", "--reload", ok=False)
        check(done.returncode == 2 and f"{where}; nothing is changed" in done.stderr, f"dmsc-helper --reload: {done}")
        done = run("dmscctl", "check-config", ok=False)
        check(done.returncode == 2 and where in done.stderr, f"check-config: {done}")
        check(where not in world.helper_log(), "the helper was told of a bad file")
        os.kill(pids[0], signal.SIGHUP)
        wait_for("the helper's word", lambda: f"{where}; the configuration of before stays" in world.helper_log())
        check(child("--card", "dmsc-helper") == pids, "the helper did not stay")
        agent.type("y\n")
        one_session(world)
        world.nothing_more()
        check(not world.failed_expectations(), f"not as scripted: {world.failed_expectations()}")


def test_what_starts_afterwards(directory):
    """A running helper takes the new configuration for what it starts then: here the certificates its
    session trusts. A change that nobody was told of is not seen."""
    with World(directory) as world:
        agent = confirm_world(world)
        world.write_conf(ca_file="/nonexistent/ca.pem", consent_timeout="5")
        stays("a change", lambda: "read again" in world.helper_log(), 1)
        check("1 helper told, 1 card" in reload(), "the helper was not told")
        wait_for("the helper's word", lambda: "configuration read again" in world.helper_log())
        check(len(child("--card", "dmsc-helper")) == 1, "a second helper for the card")
        check(world.questions(), "the question did not stay")
        agent.type("y\n")
        wait_for("the session to fail", lambda: f"session with {SERVER_ID} failed" in world.helper_log())
        wait_for("the card to be done with", lambda: "; the account stays" in world.helper_log())
        check(not world.ended() and not world.sessions(), "a session with certificates that are not trusted")


def test_users_cannot(directory):
    """Nobody but root has a configuration take effect."""
    with World(directory) as world:
        world.start_card("confirm")
        world.insert()
        wait_for("the question", world.questions)
        done = run("setpriv", "--reuid=user", "--regid=user", "--init-groups", "dmscctl", "reload", ok=False)
        check(done.returncode == 1 and "only root" in done.stderr, f"{done}")
        check("read again" not in world.helper_log() and world.questions(), "something happened")
