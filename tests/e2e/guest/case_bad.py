# SPDX-License-Identifier: GPL-2.0-or-later
"""Bad input on the path: each is one clear line with the reason, the right
state afterwards, and nothing that hangs."""
import signal
import time

from world import SERVER_ID, World, check, child, processes, stays, wait_for, zombies
from case_path import SCRIPT, account_is_there, confirm_world, one_session


def says(world, *words):
    """The log has a line that holds all these words."""
    def found():
        for line in world.helper_log().splitlines():
            if all(word.lower() in line.lower() for word in words):
                return line
        return None
    return wait_for(f"a log line with {words}", found)


def bad_card(directory, profile, *words, account=False, question=False):
    """The card leaves no session; the log says why; the next good card works."""
    with World(directory) as world:
        world.start_server(SCRIPT)
        world.start_card(profile)
        world.insert()
        if question:
            agent = world.start_agent()
            wait_for("the question", lambda: SERVER_ID in agent.text or world.questions())
            agent.type("y\n")
        says(world, *words)
        world.idle()
        check(account_is_there(world) == account, f"accounts: {world.accounts()}")
        check(not world.sessions(), "a session from a bad card")
        check(not zombies(), f"zombies: {zombies()}")
        world.remove()
        wait_for("the card to go", lambda: not world.cards())
        world.idle()
        world.insert("connect")
        one_session(world)


def test_no_pkcs15(directory):
    """A card without PKCS#15."""
    bad_card(directory, "no-pkcs15", "PKCS#15")


def test_empty_bootstrap(directory):
    """EF(DM_Bootstrap) is all FF."""
    bad_card(directory, "empty-bootstrap", "empty")


def test_truncated_bootstrap(directory):
    """EF(DM_Bootstrap) ends in the middle."""
    bad_card(directory, "truncated-bootstrap", "bootstrap")


def test_garbage_bootstrap(directory):
    """EF(DM_Bootstrap) is no WBXML."""
    bad_card(directory, "garbage-bootstrap", "bootstrap")


def test_bad_version(directory):
    """An indicator of an unknown version fails closed; after the person's yes the account is there."""
    bad_card(directory, "bad-version", "version", account=True, question=True)


def test_pin_protected(directory):
    """Files behind a PIN: unreadable is not absent, and no session."""
    bad_card(directory, "pin-protected", "PIN")


def bad_session(directory, *words, script=SCRIPT, server=True, conf=None, account=True, **kw):
    """The session fails for the reason given; the account stays; a second try with a good server works."""
    with World(directory) as world:
        world.write_conf(**(conf or {}))
        if server:
            world.start_server(script, **kw)
        world.start_card("connect")
        world.insert()
        says(world, *words)
        wait_for("the session child to end", lambda: not child("session-child"))
        check(account_is_there(world) == account, f"accounts: {world.accounts()}")
        check(not zombies(), f"zombies: {zombies()}")
        check("blue" not in world.tree("./Vendor"), "a failed session changed the tree")


def test_server_down(directory):
    """Nobody listens."""
    bad_session(directory, "refused", server=False)


def test_wrong_host_certificate(directory):
    """The certificate is another host's."""
    bad_session(directory, "certificate", cert="otherhost")


def test_expired_certificate(directory):
    """The certificate has expired."""
    bad_session(directory, "certificate", cert="expired")


def test_unknown_ca(directory):
    """The certificate is of an unknown CA."""
    bad_session(directory, "certificate", cert="unknown-ca")


def test_wrong_password(directory):
    """The server does not accept our credentials."""
    bad_session(directory, "credentials", users="device another-secret md5\n")


def test_html_instead_of_syncml(directory):
    """A captive portal answers."""
    bad_session(directory, "html", script="server-id dm.example.net\nsession\npackage\nhttp html\n")


def test_http_error(directory):
    """HTTP 500."""
    bad_session(directory, "500", script="server-id dm.example.net\nsession\npackage\nhttp 500\n")


def test_garbage_message(directory):
    """The right content type with bytes that are no message."""
    bad_session(directory, "message", script="server-id dm.example.net\nsession\npackage\ngarbage\n")


def test_connection_dropped(directory):
    """The connection ends without an answer."""
    bad_session(directory, "connection", script="server-id dm.example.net\nsession\npackage\ndrop\n")


def test_agent_dies_with_the_question(directory):
    """The agent dies with the question in hand: the next agent gets it."""
    with World(directory) as world:
        agent = confirm_world(world)
        agent.stop(signal.SIGKILL)
        time.sleep(0.5)
        check(world.questions(), "the question died with its agent")
        second = world.start_agent(name="agent2")
        second.expect(SERVER_ID)
        second.type("y\n")
        one_session(world)


def pulled(directory, profile, moment):
    with World(directory) as world:
        world.start_server(SCRIPT.replace("package\nget", "package\ndelay 2000\nget", 1))
        agent = world.start_agent()
        world.start_card(profile)
        world.insert()
        moment(world, agent)
        world.remove()
        wait_for("the card to go", lambda: not world.cards(), 20)
        world.idle()
        wait_for("the client to end", lambda: not processes("dmsc-client"))
        wait_for("the account to go", lambda: not account_is_there(world))
        check(not world.questions(), "a question is left")
        check(not zombies(), f"zombies: {zombies()}")
        done = len(world.ended())
        asked = agent.text.count(SERVER_ID)
        world.insert("confirm")
        wait_for("the next question", lambda: agent.text.count(SERVER_ID) > asked)
        agent.type("y\n")
        one_session(world, done + 1)


def test_pulled_while_reading(directory):
    """The card goes while its files are read."""
    pulled(directory, "confirm-slow", lambda world, _: wait_for("the card child", lambda: child("card-child")))


def test_pulled_while_asking(directory):
    """The card goes while the question is open."""
    pulled(directory, "confirm", lambda world, agent: agent.expect(SERVER_ID))


def test_pulled_in_session(directory):
    """The card goes while the server is waited for."""
    def moment(world, agent):
        agent.expect(SERVER_ID)
        agent.type("y\n")
        wait_for("the first message", world.messages_in)
    pulled(directory, "confirm", moment)


def test_mute_card(directory):
    """A card that stops answering: no card device is stuck and the reader still works."""
    with World(directory) as world:
        world.start_server(SCRIPT)
        world.start_card("silent-reading")
        world.insert()
        says(world, "answer")
        world.idle()
        stays("a session", world.sessions, 1)
        world.remove()
        wait_for("the card to go", lambda: not world.cards())
        world.insert("connect")
        one_session(world)


def test_bad_config(directory):
    """An unknown key is an error that names file and line, and nothing is applied."""
    with World(directory) as world:
        world.write_conf(colour="green")
        world.start_card("connect")
        world.insert()
        says(world, "dmsc.conf", "colour")
        world.idle()
        check(not account_is_there(world), "applied in spite of a bad configuration")
