# SPDX-License-Identifier: GPL-2.0-or-later
"""Tests of `test`: what a server asks the person during a session of session-child, and how far long
values have come. The child is the real one, with its filter; the helper is played."""
import contextlib
import os
import pty
import select
import shutil
import signal
import struct
import termios
import time

from __main__ import ABORTED, DEVICE_ID, SERVER_ID, test
from far_helper import NAMES, RESULTS, SIZES, Child, hear, message, text

KINDS = ["display", "confirm", "text", "choice", "choices"]
ANSWERS = ["yes", "no", "cancelled", "timeout", "nobody", "unable"]


class Question:
    """IPC_UI as the helper gets it."""

    def __init__(self, body):
        (kind, self.min, self.max, self.left, self.length, kind_of_text, chosen, self.masked, has_default, accept,
         count) = struct.unpack("=7I4B", body[:32])
        at = 32 + SIZES["INITIAL_MAX"]
        self.kind, self.input = KINDS[kind], chr(kind_of_text)
        self.text = text(body[at:at + SIZES["QUESTION_MAX"]])
        at += SIZES["QUESTION_MAX"]
        size = SIZES["CHOICE_MAX"]
        assert len(body) == at + count * size, (len(body), at, count)
        self.choices = [text(body[at + i * size:at + (i + 1) * size]) for i in range(count)]
        defaults = {"confirm": accept, "text": text(body[32:32 + SIZES["INITIAL_MAX"]]),
                    "choice": bits(chosen), "choices": bits(chosen)}
        self.default = defaults.get(self.kind) if has_default else None

    def __repr__(self):
        return str(vars(self))


def bits(number):
    return [i + 1 for i in range(32) if number & 1 << i]


def answer(what, typed="", chosen=()):
    body = struct.pack("=II", ANSWERS.index(what), sum(1 << (n - 1) for n in chosen))
    return message("UI_ANSWER", body + typed.encode().ljust(SIZES["QUESTION_MAX"], b"\0") + b"\0" * 3)


class Session:
    """A session child from START_SESSION to its outcome; None among @answers: the helper says nothing."""

    def __init__(self, e, answers=()):
        self.questions, self.progress, self.outcome = [], [], None
        self.child = Child(e, "session-child")
        body = struct.pack("=Q32s256s16s32sIIII", 1, b"uicc0", SERVER_ID.encode(), b"", b"card", 0, 0, 0, 0)
        self.child.socket.send(message("START_SESSION", body))
        self.answers = list(answers)

    def run(self):
        while self.outcome is None:
            data = hear(self.child.socket)
            if not data:
                break
            kind, body = NAMES[struct.unpack("=HHI", data[:8])[1]], data[8:]
            if kind == "UI":
                self.questions.append(Question(body))
                assert self.answers, "nobody foresaw %r" % self.questions[-1]
                what = self.answers.pop(0)
                if what is None:
                    return self
                self.child.socket.send(what)
            elif kind == "PROGRESS":
                self.progress.append((*struct.unpack("=QQ", body[:16]), text(body[16:])))
            elif kind == "OUTCOME":
                result, _, self.retry = struct.unpack("=IiI", body[:12])
                self.outcome = RESULTS[result]
            else:
                raise AssertionError("the child sent %s" % kind)
        self.status, self.log = self.child.end()
        assert not self.answers, "the child did not ask for all of it\n%s" % self.log
        return self


def account(e, url):
    """In a store of its own: ports change."""
    shutil.rmtree(e.store, ignore_errors=True)
    e.account(url)


def conf(e):
    e.write("dmsc.conf", "store = %s\nallow-http = %s\ndevice-id = %s\n" % (e.store, SERVER_ID, DEVICE_ID))


def play(e, script, answers=(), head=""):
    """The session that goes with @script, which says what the server has to get."""
    conf(e)
    with e.server("server-id %s\n%spackage\n%s" % (SERVER_ID, head, script)) as s:
        account(e, s.url)
        r = Session(e, answers).run()
    assert r.outcome == "done" and r.status == 0, (r.outcome, r.log)
    return r


# Rules: UI-2 UI-20 UI-21 UI-22 UI-23 UI-24 UI-25 UI-26 UI-27 UI-29
@test
def questions_of_all_kinds_with_their_options(e):
    r = play(e, """\
	alert 1100 "MINDT=10" "To be seen"
		expect 200
	alert 1101 "MAXDT=30&DR=1&X=1" "Shall it?"
		expect 304
	alert 1102 "MAXLEN=8&IT=D&ET=P&DR=01012027" "When?"
		expect 200
		expect-value "24122026"
	alert 1103 "DR=2" "Which one?" "red" "green" "blue"
		expect 200
		expect-value "3"
	alert 1104 "DR=1-3" "Which?" "red" "green" "blue"
		expect 200
		expect-value "1"
		expect-value "2"
	get ./DevInfo/DevId
		expect 200
""", [answer("yes"), answer("no"), answer("yes", "24122026"), answer("yes", chosen=[3]), answer("yes", chosen=[1, 2])])
    display, confirm, typed, choice, choices = r.questions
    assert (display.kind, display.min, display.text) == ("display", 10, "To be seen"), display
    assert (confirm.kind, confirm.max, confirm.default) == ("confirm", 30, 1), confirm
    assert (typed.kind, typed.length, typed.input, typed.masked, typed.default) == ("text", 8, "D", 1, "01012027"), typed
    assert (choice.choices, choice.default) == (["red", "green", "blue"], [2]), choice
    assert (choices.kind, choices.default) == ("choices", [1, 3]), choices
    assert all(3000 < q.left <= 3600 for q in r.questions), r.questions
    assert "24122026" not in r.log and "blue" not in r.log, r.log


# Rules: UI-6 UI-7 UI-8 UI-30
@test
def what_a_server_hears_of_each_end(e):
    """A default is given when somebody was shown the question, and never when nobody was."""
    for what, plain, default in (("yes", 200, 200), ("no", 304, 304), ("cancelled", 214, 214), ("timeout", 408, 200),
                                 ("nobody", 408, 408), ("unable", 406, 406)):
        r = play(e, "".join('\talert 1101 "%s" "Shall it?"\n\t\texpect %d\npackage\n' % (options, status)
                            for options, status in (("", plain), ("DR=1", default))).removesuffix("package\n"),
                 [answer(what), answer(what)])
        assert len(r.questions) == 2, r.questions
    play(e, '\talert 1102 "DR=old+name" "Name?"\n\t\texpect 200\n\t\texpect-value "old name"\n', [answer("timeout")])
    play(e, '\talert 1100 "" "Seen?"\n\t\texpect 200\n', [answer("timeout")])


# Rules: UI-15
@test
def a_question_cancelled_stops_the_message(e):
    play(e, """\
	add ./Before chr text/plain "1"
		expect 200
	alert 1103 "" "Which?" "a" "b"
		expect 214
	add ./After chr text/plain "1"
		expect 215
package
	get ./Before
		expect 200
	get ./After
		expect 404
""", [answer("cancelled")])


# Rules: UI-31
@test
def what_cannot_be_shown_whole_is_not_asked(e):
    r = play(e, '\talert 1101 "" "%s"\n\t\texpect 406\n\talert 1100 "" "%s"\n\t\texpect 406\n'
             '\talert 1103 "" "Which?" "a" "%s"\n\t\texpect 416\n\talert 1101 "" "%s"\n\t\texpect 304\n' %
             ("x" * 1025, "x" * 1025, "y" * 256, "z" * 1024), [answer("no")])
    assert [q.text for q in r.questions] == ["z" * 1024]


@test
def stopped_while_a_person_thinks(e):
    """By its helper's signal, as when the card goes: the server hears of it, and nothing stays open."""
    conf(e)
    with e.server('server-id %s\npackage\n\talert 1101 "DR=1" "Shall it?"\n\tadd ./After chr text/plain "1"\n' %
                  SERVER_ID, strict=False) as s:
        account(e, s.url)
        r = Session(e, [None]).run()
        start = time.monotonic()
        os.kill(r.child.process.pid, signal.SIGTERM)
        r.child.socket.send(answer("nobody"))
        r.answers = []
        r.run()
    assert r.outcome == "withdrawn" and time.monotonic() - start < 5, (r.outcome, r.log)
    assert "./After" not in e.tree()


@test
def helper_that_goes_while_a_person_thinks(e):
    conf(e)
    with e.server('server-id %s\npackage\n\talert 1101 "DR=1" "Shall it?"\n' % SERVER_ID, strict=False) as s:
        account(e, s.url)
        r = Session(e, [None]).run()
        start = time.monotonic()
        status, log = r.child.end()
    assert status and time.monotonic() - start < 8, (status, log)
    assert "the helper does not answer" in log, log


@test
def answers_that_are_none_end_the_session(e):
    """Nothing that a broken helper says is taken for a person's word."""
    for bad in (message("UI_ANSWER", struct.pack("=II", 99, 0).ljust(SIZES["QUESTION_MAX"] + 11, b"\0")),
                message("UI_ANSWER", b""), message("END", b"")):
        conf(e)
        with e.server('server-id %s\npackage\n\talert 1101 "DR=1" "Shall it?"\n' % SERVER_ID, strict=False) as s:
            account(e, s.url)
            r = Session(e, [bad]).run()
        assert r.status and r.outcome != "done", (r.outcome, r.log)


@test
def long_values_tell_how_far_they_are(e):
    """Both ways; what fits one message says nothing."""
    r = play(e, '\tadd ./Small chr text/plain "x"\n\t\texpect 200\n')
    assert r.progress == [], r.progress
    value = "v" * 40000
    r = play(e, '\tadd ./Big chr text/plain "%s"\n\t\tchunk 100\n\t\texpect 200\n' % value)
    going, over = r.progress[:-1], r.progress[-1]
    assert going and over == (0, 0, ""), r.progress
    assert all(0 < done < total == 40000 and what == "receiving ./Big" for done, total, what in going), going
    assert [p[0] for p in going] == sorted({p[0] for p in going}), going
    r = play(e, '\tadd ./Large chr text/plain "%s"\n\t\tchunk 30000\n\t\texpect 200\n'
             'package\n\tdelay 700\n\tget ./Large\n\t\texpect 200\n' % ("w" * 150000), head="max-msg-size 40000\n")
    assert any(what == "sending ./Large" and total == 150000 for _, total, what in r.progress), r.progress
    assert r.progress[-1] == (0, 0, ""), r.progress


class Terminal:
    """`dmsc-client session` on a terminal of its own."""

    def __init__(self, e, *options):
        self.seen = self.all = b""
        pid, self.fd = pty.fork()
        if not pid:
            os.execv(e.argv()[0], e.argv("session", "--server", SERVER_ID, "--allow-http", *options))
        self.pid = pid

    def expect(self, words):
        end = time.monotonic() + 20
        while words.encode() not in self.seen:
            assert time.monotonic() < end, "%r does not come; but\n%s" % (words, self.seen.decode(errors="replace"))
            if select.select([self.fd], [], [], 1)[0]:
                try:
                    data = os.read(self.fd, 4096)
                    self.seen += data
                    self.all += data
                except OSError:     # it has ended
                    assert words.encode() in self.seen, self.seen.decode(errors="replace")
        self.seen = self.seen.partition(words.encode())[2]

    def type(self, line):
        os.write(self.fd, line.encode() + b"\n")

    def end(self):
        with contextlib.suppress(OSError):
            while True:
                self.seen += os.read(self.fd, 4096)
        os.close(self.fd)
        return os.waitstatus_to_exitcode(os.waitpid(self.pid, 0)[1])


@test
def session_by_hand_asks_on_its_terminal(e):
    """As the agent does, behind the filter; without a terminal it is 406."""
    script = """\
	alert 1100 "" "A notice"
		expect %d
	alert 1100 "MINDT=1" "A longer notice"
		expect %d
	alert 1101 "DR=1" "Shall it?"
		expect %d
	alert 1102 "IT=N&MAXLEN=3" "How many?"
		expect %d
	alert 1102 "ET=P" "Which password?"
		expect %d
	alert 1101 "MAXDT=1&DR=0" "Nobody?"
		expect %d
	alert 1104 "" "Which?" "red" "green"
		expect %d
	alert 1103 "" "Which one?" "red" "green"
		expect %d
"""
    conf(e)
    with e.server("server-id %s\npackage\n%s" % (SERVER_ID, script % (200, 200, 200, 200, 200, 304, 200, 214))) as s:
        account(e, s.url)
        t = Terminal(e)
        t.expect("A notice")
        t.expect("A longer notice")
        t.expect("Shall it?")
        t.expect("y or n; c cancels: ")
        t.type("")
        t.expect("How many?")
        t.expect("text; Esc cancels: ")
        t.type("1234")
        t.expect("at most 3 characters")
        t.expect("text; Esc cancels: ")
        t.type("123")
        t.expect("Which password?")
        t.expect("not shown; Esc cancels: ")
        t.type("correct horse")
        t.expect("Nobody?")
        t.expect("Which?")
        t.expect("c cancels: ")
        t.type("2 1")
        t.expect("Which one?")
        t.expect("c cancels: ")
        t.type("c")
        t.expect("completed")
        assert t.end() == 0, t.seen
        assert b"Which password?" in t.all and b"horse" not in t.all, t.all
    with e.server("server-id %s\npackage\n%s" % (SERVER_ID, script % ((406,) * 8))) as s:
        account(e, s.url)
        e.session("--allow-http")


@test
def by_hand_stopped_while_a_person_thinks(e):
    """Ctrl-C at a masked question: the terminal shows again what is typed, and the server is told 1223."""
    conf(e)
    with e.server('server-id %s\npackage\n\talert 1102 "ET=P" "Which password?"\n' % SERVER_ID, strict=False) as s:
        account(e, s.url)
        t = Terminal(e)
        t.expect("not shown; Esc cancels: ")
        assert not termios.tcgetattr(t.fd)[3] & termios.ECHO
        os.write(t.fd, b"\x03")
        t.expect("stopped")
        assert termios.tcgetattr(t.fd)[3] & termios.ECHO
        assert t.end() == ABORTED, t.seen


@test
def nobody_is_asked_when_the_session_has_no_time(e):
    """What follows an answer needs a minute: a person's word that comes to nothing is not asked for."""
    conf(e)
    with e.server('server-id %s\npackage\n\talert 1101 "DR=1" "Shall it?"\n\t\texpect 408\n' % SERVER_ID) as s:
        account(e, s.url)
        t = Terminal(e, "--session-timeout", "50")
        t.expect("completed")
        assert t.end() == 0 and b"Shall it?" not in t.all, t.all
