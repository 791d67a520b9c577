# SPDX-License-Identifier: GPL-2.0-or-later
"""Bad input on the path: each is one clear line with the reason, the right
state afterwards, and nothing that hangs."""
import signal
from pathlib import Path

from world import SERVER_ID, USERS, World, check, child, processes, stays, wait_for, zombies
from case_path import SCRIPT, account_is_there, confirm_world, one_session


def says(world, *words):
    """The log has a line that holds all these words."""
    def found():
        for line in world.helper_log().splitlines():
            if all(word.lower() in line.lower() for word in words):
                return line
        return None
    return wait_for(f"a log line with {words}", found)


def bad_card(directory, profile, *words, account=False, question=False, answer="y"):
    """The card leaves no session; the log says why; the next good card works."""
    with World(directory) as world:
        world.start_server(SCRIPT)
        world.start_card(profile)
        world.add_account("other.example.net", "https://other.example.net/dm", "other", "other-secret")
        before = world.tree()
        check("other.example.net" in before, f"the tree cannot be seen:\n{before}")
        world.insert_seen()
        if question:
            agent = world.start_agent()
            agent.expect("--- question")
            agent.type(f"{answer}\n")
        says(world, *words)
        world.nothing_more()
        check(account_is_there(world) == account, f"accounts: {world.accounts()}")
        check(account or world.tree() == before, f"the tree changed:\n{world.tree()}")
        check(not world.sessions() and not world.questions(), "a session from a bad card")
        check(not zombies(), f"zombies: {zombies()}")
        world.replace("connect")
        one_session(world)


def test_no_pkcs15(directory):
    """A card without PKCS#15."""
    bad_card(directory, "no-pkcs15", "no PKCS#15 directory")


def test_empty_bootstrap(directory):
    """EF(DM_Bootstrap) is all FF."""
    bad_card(directory, "empty-bootstrap", "EF(DM_Bootstrap) is empty")


def test_truncated_bootstrap(directory):
    """EF(DM_Bootstrap) ends in the middle."""
    bad_card(directory, "truncated-bootstrap", "bootstrap message is not applied")


def test_garbage_bootstrap(directory):
    """EF(DM_Bootstrap) is no WBXML."""
    bad_card(directory, "garbage-bootstrap", "bootstrap message is not applied")


# Rules: IND-1
def test_bad_version(directory):
    """An indicator of an unknown version fails closed; after the person's yes the account is there."""
    bad_card(directory, "bad-version", "indicator is malformed", "version", account=True, question=True)


def test_pin_protected(directory):
    """Files behind a PIN that nobody gives: unreadable is not absent, and no session."""
    bad_card(directory, "pin-protected", "a PIN is needed", question=True, answer="")


# Rules: DECISION-6
def test_unreadable_indicator(directory):
    """An indicator that may not be read is not an absent one: asked first, and no session."""
    bad_card(directory, "unreadable-indicator", "indicator is unreadable", account=True, question=True)


def bad_session(directory, *words, script=SCRIPT, server=True, **kw):
    """The session fails for the reason given; the account stays; the next try, with a good server, works."""
    with World(directory) as world:
        if server:
            world.start_server(script, **kw)
        world.start_card("connect")
        world.insert()
        says(world, *words)
        wait_for("the session child to end", lambda: not child("session-child"))
        check(account_is_there(world), f"accounts: {world.accounts()}")
        check(not zombies(), f"zombies: {zombies()}")
        check("./Vendor" not in world.tree(), "a failed session changed the tree")
        check(not world.ended(), "a session that ended well")
        if server:
            world.server.stop()
        world.record = world.dir / "record-good"
        world.start_server(SCRIPT)
        world.replace()
        one_session(world)
        check("blue" in world.tree("./Vendor/Colour"), "the good session changed nothing")


# Rules: OPEN-7
def test_server_down(directory):
    """Nobody listens."""
    bad_session(directory, "failed", "connection refused", server=False)


def test_wrong_host_certificate(directory):
    """The certificate is another host's."""
    bad_session(directory, "failed (tls)", "certificate", cert="otherhost")


def test_expired_certificate(directory):
    """The certificate has expired."""
    bad_session(directory, "failed (tls)", "certificate", cert="expired")


def test_unknown_ca(directory):
    """The certificate is of an unknown CA."""
    bad_session(directory, "failed (tls)", "certificate", cert="unknown-ca")


def test_wrong_password(directory):
    """The server does not accept our credentials."""
    bad_session(directory, "refused our credentials", users=USERS.replace("demo-client-secret", "another"))


def test_html_instead_of_syncml(directory):
    """A captive portal answers."""
    bad_session(directory, "failed", "html", script="server-id dm.example.net\nsession\npackage\nhttp html\n")


def test_http_error(directory):
    """HTTP 500."""
    bad_session(directory, "failed", "HTTP 500", script="server-id dm.example.net\nsession\npackage\nhttp 500\n")


def test_garbage_message(directory):
    """The right content type with bytes that are no message."""
    bad_session(directory, "server's message, byte", script="server-id dm.example.net\nsession\npackage\ngarbage\n")


def test_connection_dropped(directory):
    """The connection ends without an answer."""
    bad_session(directory, "failed", "the connection failed", script="server-id dm.example.net\nsession\npackage\ndrop\n")


def test_agent_dies_with_the_question(directory):
    """The agent dies with the question in hand: the next agent gets it."""
    with World(directory) as world:
        agent = confirm_world(world)
        agent.stop(signal.SIGKILL)
        stays("the question's end with its agent", lambda: not world.questions(), 1)
        second = world.start_agent(name="agent2")
        second.expect(SERVER_ID)
        second.type("y\n")
        one_session(world)


def pulled(directory, profile, moment, script=SCRIPT, account=True, after=None):
    """The card goes at a moment: all of it ends and goes with it, and the next card works."""
    with World(directory) as world:
        world.start_server(script)
        agent = world.start_agent()
        world.start_card(profile)
        world.insert()
        moment(world, agent)
        check(account_is_there(world) == account, f"accounts at that moment: {world.accounts()}")
        check(processes("dmsc-helper"), "the helper has ended before that moment")
        world.remove()
        wait_for("the card to go", lambda: not world.cards(), 20)
        world.nothing_more()
        check(not account_is_there(world), f"accounts: {world.accounts()}")
        check(not world.questions(), "a question is left")
        check(not zombies(), f"zombies: {zombies()}")
        if after:
            after(world)
        done = len(world.ended())
        asked = agent.text.count(SERVER_ID)
        world.insert("confirm")
        wait_for("the next question", lambda: agent.text.count(SERVER_ID) > asked)
        agent.type("y\n")
        one_session(world, done + 1)


def test_pulled_while_reading(directory):
    """The card goes while its files are read."""
    pulled(directory, "confirm-slow", lambda world, _: wait_for("the card child", lambda: child("card-child")),
           account=False)


def test_pulled_while_asking(directory):
    """The card goes while the question is open."""
    pulled(directory, "confirm", lambda world, agent: agent.expect(SERVER_ID))


# Rules: OPEN-14 DECISION-7a SC-5 SC-6
def test_pulled_in_session(directory):
    """The card goes while the server is waited for: the server is told (1223)."""
    def moment(world, agent):
        agent.expect(SERVER_ID)
        agent.type("y\n")
        wait_for("the first message", world.messages_in)

    def told(world):
        check([1223] in world.alert_codes(), f"the server was told {world.alert_codes()}")
        check(not world.violations(), f"the server objects: {world.violations()}")
    pulled(directory, "confirm", moment, after=told,
           script=SCRIPT.replace("package\nget", "package\ndelay 2000\nget", 1))


def test_pulled_while_asking_for_the_data(directory):
    """The card goes while its own question, may its data be taken over, is open."""
    pulled(directory, "ask-data", lambda world, agent: agent.expect("--- question"), account=False)


def test_pulled_while_waiting_to_retry(directory):
    """The card goes while a failed session waits for its next try."""
    pulled(directory, "connect", lambda world, _: says(world, "next try in"),
           script=SCRIPT.replace("session\n", "session\npackage\nhttp 500\nsession\n", 1))


def test_mute_card(directory):
    """A card that stops answering: no card device is stuck and the reader still works."""
    patience = Path("/sys/module/uicc_virt/parameters/timeout_ms")
    with World(directory) as world:
        world.start_server(SCRIPT)
        world.start_card("silent-reading")
        usual = patience.read_text()
        patience.write_text("5000")
        try:
            world.insert()
            says(world, "does not answer")
            world.nothing_more()
        finally:
            patience.write_text(usual)
        check(not world.sessions() and not account_is_there(world), "something was applied")
        world.replace("connect")
        one_session(world)


def test_bad_config(directory):
    """An unknown key is an error that names file and line, and nothing is applied."""
    with World(directory) as world:
        world.write_conf(colour="green")
        world.start_card("connect")
        world.insert_seen()
        says(world, "dmsc.conf:5", "colour")
        world.nothing_more()
        check(not account_is_there(world), "applied in spite of a bad configuration")
