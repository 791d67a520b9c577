# SPDX-License-Identifier: GPL-2.0-or-later
"""What a server asks a person during a session, the whole way: dm-server, session child, helper, kernel, agent
on a terminal, and back; and what a person sees of long values."""
from pathlib import Path

from case_path import account_is_there, one_session
from case_pin import Terminal
from world import SERVER_ID, World, check, child, processes, run, wait_for

PASSWORD = "tr0ub4dor"
SCRIPT = f"""\
server-id {SERVER_ID}
session
package
	alert 1100 "MINDT=2" "This is a notice"
		expect 200
	alert 1101 "MAXDT=50&DR=1" "Is it agreed to?"
		expect 304
	alert 1101 "MAXDT=50&DR=1" "Really not?"
		expect 200
	alert 1102 "MAXLEN=8&IT=D" "Which day?"
		expect 200
		expect-value "24122026"
	alert 1102 "ET=P" "Which password?"
		expect 200
		expect-value "{PASSWORD}"
	alert 1103 "DR=2" "Which colour?" "red" "green" "blue"
		expect 200
		expect-value "3"
	alert 1104 "" "Which colours?" "red" "green" "blue"
		expect 200
		expect-value "1"
		expect-value "3"
	alert 1102 "" "Another word?"
		expect 214
	get ./DevInfo/DevId
		expect 215
"""


def as_scripted(world):
    check(not world.violations(), f"the server objects: {world.violations()}")
    check(not world.failed_expectations(), f"not as scripted: {world.failed_expectations()}")


def begun(world, script):
    world.start_server(script)
    world.start_card("connect")
    world.insert()


# Rules: UI-4 UI-5 UI-6 UI-7 UI-12 UI-13 UI-14 UI-29
def test_a_server_asks(directory):
    """Each kind with options, answered on a terminal; the server gets just that. What was masked is shown nowhere
    and logged nowhere."""
    with World(directory) as world, Terminal(world) as terminal:
        begun(world, SCRIPT)
        agent = terminal.agent
        for words, prompt, typed in (
                ("Is it agreed to?", "y or n", "n"), ("Really not?", "y or n", ""),
                ("Which day?", "text; ", "31022026"), ("a date that there is", "text; ", "24122026"),
                ("Which password?", "text, not shown", PASSWORD), ("Which colour?", "number; ", "3"),
                ("Which colours?", "numbers, ", "1, 3"), ("Another word?", "text; ", "\033")):
            agent.expect(words)
            wait_for(f"the prompt after {words!r}", lambda w=words, p=prompt: p in agent.text.rpartition(w)[2])
            terminal.type(typed + "\n")
        one_session(world)
        world.nothing_more()
        as_scripted(world)
        check(f'server "{SERVER_ID}", over dmsc, for the card in {world.card.slot}' in agent.text,
              f"who asks is not said:\n{agent.text}")
        check(agent.text.index("This is a notice") < agent.text.index("Is it agreed to?"), "not in their order")
        check(not world.questions() or all(not q.split()[0].isdigit() for q in world.questions()),
              f"still open: {world.questions()}")
        for where in terminal.shown().decode(), agent.text, world.helper_log():
            check(PASSWORD not in where, f"the masked text is shown:\n{where}")


def test_a_session_without_a_card_asks(directory):
    """One that a person started, with no insertion that drives it: asked beside the card that is there."""
    script = (f'server-id {SERVER_ID}\nsession\npackage\n\tget ./DevInfo/DevId\n\t\texpect 200\n'
              'session\npackage\n\talert 1101 "" "A second time?"\n\t\texpect 200\n')
    with World(directory) as world:
        agent = world.start_agent()
        begun(world, script)
        one_session(world)
        world.nothing_more()
        run("dmscctl", "session", "start", SERVER_ID)
        agent.expect("A second time?")
        check(f'asked by: server "{SERVER_ID}", over dmsc\n' in agent.text, f"who asks:\n{agent.text}")
        agent.type("y\n")
        one_session(world, 2)
        world.nothing_more()
        as_scripted(world)


# Rules: UI-8 UI-30
def test_nobody_answers(directory):
    """No agent: 408 after MAXDT, no default in nobody's name, and the session goes on. With one that is shown the
    question and says nothing: the default."""
    script = (f'server-id {SERVER_ID}\nsession\npackage\n\talert 1101 "MAXDT=1&DR=1" "Anybody?"\n\t\texpect 408\n'
              'package\n\tget ./DevInfo/DevId\n\t\texpect 200\n')
    with World(directory) as world:
        begun(world, script)
        one_session(world)
        world.nothing_more()
        as_scripted(world)
    with World(Path(directory) / "shown") as world:
        world.start_agent()
        begun(world, script.replace("408", "200"))
        world.agent.expect("the time to answer is over")
        one_session(world)
        as_scripted(world)


def test_card_goes_while_a_server_asks(directory):
    """The question is withdrawn at once, the session ends, and what the card brought goes with it."""
    with World(directory) as world:
        agent = world.start_agent()
        begun(world, f'server-id {SERVER_ID}\nsession\npackage\n\talert 1101 "DR=1" "Still there?"\n')
        agent.expect("Still there?")
        check(child("session-child"), "no session child waits")
        world.remove()
        agent.expect("withdrawn")
        world.nothing_more()
        check(not account_is_there(world), "the account of a card that has gone is there")
        check(not processes("dmsc-client"), "a child is left")


def test_progress(directory):
    """A large object on its way is told of by the agent; afterwards the file has gone."""
    with World(directory) as world:
        agent = world.start_agent()
        begun(world, f'server-id {SERVER_ID}\nsession\npackage\n\tadd ./Big chr text/plain "{"x" * 40000}"\n'
                     '\t\tchunk 400\n\t\texpect 200\n')
        agent.expect("receiving ./Big, ")
        one_session(world)
        world.nothing_more()
        as_scripted(world)
        check(f"    {SERVER_ID}: receiving ./Big, " in agent.text and " of 40000 bytes (" in agent.text, agent.text)
        left = list(Path("/run/dmsc/progress").iterdir())
        check(not left, f"left behind: {left}")
