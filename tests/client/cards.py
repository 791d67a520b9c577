# SPDX-License-Identifier: GPL-2.0-or-later
"""Tests of `test`: from a card's bytes to questions, sessions and what is stored.

card-child and reconcile-child are the real ones; far_helper plays dmsc-helper. Nobody
needs root, a card or a network here: what a session does is the answer of a list.
"""
import contextlib
import errno
import itertools
import json
import os
import signal
import subprocess
import threading
import time

from __main__ import ONE_GET, test
from far_helper import (BOOT, EMPTY, FAILED, NO, TIMEOUT, WITHDRAWN, YES, Card, accounts, card_number, cp, dm, dm_two,
                        indicator, insert, message, origins, phases, reconcile, tree)

A, B = "8949000000000000001F", "8949000000000000002F"
SERVER = "dm.example.net"
CONNECT, EVERY, ASK_DATA = 1, 2, 4
MALFORMED = b"\xe1\x03\xc0\x01\x02"
OK, FAILURE, GONE = 0, 1, 4


def conf(e, *lines):
    e.write("dmsc.conf", "store = %s\n" % e.store + "".join(
        line + "\n" for line in lines + (() if any("patience" in line for line in lines) else ("patience = 0",))))


def content(flags=None, ui=None, message=None, iccid=A, **more):
    """A card with a DM profile; @flags None: no indicator."""
    words = {k: more.pop(k) for k in ("servers", "words", "seconds", "version") if k in more}
    if flags is not None:
        more["indicator"] = indicator(flags, ui, **words)
    return Card(iccid, dm=message or dm(), **more)


def quiet(e, card, **more):
    """An insertion that asks nobody for anything."""
    return insert(e, card, [], **more)


# --- the statements of the change request ---

# Rules: GEN-1 CHECK-1 RD-3 DECISION-3
@test
def card_check_1_connect(e):
    conf(e)
    r = insert(e, content(CONNECT), [YES])
    assert r.status == OK and r.asked[0].ui == "none" and r.sessions() == [SERVER], r
    assert accounts(e) == [SERVER]
    assert phases(e) == {"": "none", SERVER: "done"}, phases(e)


# Rules: USE-1 CHECK-2 IND-5 IND-6
@test
def card_check_2_confirm_and_yes(e):
    conf(e)
    r = insert(e, content(CONNECT, 3, words="Connect?", seconds=90), [YES])
    assert [(a.kind, a.ui, a.words, a.seconds) for a in r.asked] == [("session", "ask", "Connect?", 90)], r
    assert phases(e)[SERVER] == "done"


# Rules: CHECK-3 OPEN-5 OPEN-9 DECISION-4
@test
def card_check_3_confirm_and_no_yes(e):
    """Every way not to be told yes: nothing more is asked, the account stays."""
    conf(e)
    for i, (answer, phase, again) in enumerate([(NO, "refused", 0), (TIMEOUT, "failed", 1), (WITHDRAWN, "pending", 1),
                                                (None, "pending", 1)]):
        card = content(CONNECT, 3, iccid=card_number(10 + i))
        r = insert(e, card, [answer], seq=2 * i + 1)
        assert r.sessions() == [SERVER] and r.asked[0].ui == "ask", r
        assert accounts(e) == [SERVER], answer
        assert phases(e, card_number(10 + i)) == {"": "none", SERVER: phase}, (answer, phases(e))
        # The question is back at the next insertion, but after a no.
        r = insert(e, card, [YES] * again, seq=2 * i + 2)
        assert len(r.asked) == again, (answer, r)


# Rules: CHECK-4 OPEN-3 DECISION-2 RD-2 RD-8
@test
def card_check_4_not_asked_for(e):
    conf(e)
    for i, card in enumerate([content(), content(0), content(EVERY), content(0, 2), content(0, 1),
                              Card(A, dm=dm(), indicator=b"\xff" * 64), Card(A, dm=dm(), indicator=b"\0" * 8)]):
        r = quiet(e, card, seq=i + 1)
        assert r.status == OK and accounts(e) == [SERVER], r
        assert SERVER not in phases(e), phases(e)
    conf(e, "connect-without-indicator = yes")
    assert insert(e, content(), [YES], seq=50).sessions() == [SERVER]
    assert not quiet(e, content(0), seq=51).asked, "the indicator says no"


# Rules: CHECK-5 DMP-14
@test
def card_check_5_no_bootstrap_no_session(e):
    conf(e, "connect-without-indicator = yes")
    bad = [dm()[:400], b"\x02\xff\xff", b"<html></html>", cp(server=None), b"\x03\x0b\x6a\x00\x45\x01"]
    for i, (message, flags) in enumerate(itertools.product(bad, [CONNECT, CONNECT | EVERY, ASK_DATA | CONNECT])):
        r = quiet(e, content(flags, i % 4, message=message), seq=i + 1)
        assert r.status == FAILURE and "not applied" in r.log, r
        assert not accounts(e) and not origins(e)


# Rules: CHECK-6
@test
def card_check_6_confirm_without_connect(e):
    conf(e)
    assert quiet(e, content(0, 3)).status == OK
    assert accounts(e) == [SERVER] and SERVER not in phases(e)


# Rules: CHECK-7 DECISION-7b DECISION-7c
@test
def card_check_7_card_goes_while_asked(e):
    conf(e)
    for answer in WITHDRAWN, None:
        insert(e, content(CONNECT, 3), [answer])
        assert phases(e)[SERVER] == "pending" and accounts(e) == [SERVER]
        assert reconcile(e, ("a", EMPTY, 1, None))[0] == OK
        assert not accounts(e) and not origins(e)


# Rules: CHECK-8 DECISION-6 OPEN-12
@test
def card_check_8_fails_closed(e):
    """Malformed or unreadable: no session, whatever else asks for one, and a question before anything is taken."""
    conf(e, "connect-without-indicator = yes")
    big = b"\xe1\x82\x02\x01" + b"\xc9\x82\x01\xfd" + bytes(0x1fd)
    for i, ind in enumerate([MALFORMED, b"\xe1\x80\xc0\x01\x01\xc1\x01\x01\0\0", indicator(CONNECT, version=2),
                             indicator(CONNECT, 4), big, errno.EACCES, errno.ETIMEDOUT, errno.EPROTO, errno.EIO,
                             errno.ENOENT]):
        for init in False, True:
            before = tree(e)
            profile = dict(provsc=cp(init=True)) if init else dict(dm=dm())
            # no, then nothing more is asked of this content; another person's yes to the other
            card = Card(card_number(100 * init + i), indicator=ind, **profile)
            r = insert(e, card, [TIMEOUT], slot="s%d%d" % (init, i))
            assert [a.kind for a in r.asked] == ["data"], (ind, r)
            assert tree(e) == before, "taken before a yes"
            r = insert(e, card, [YES], slot="s%d%d" % (init, i), seq=2)
            assert [a.kind for a in r.asked] == ["data"] and r.status == OK, r
            assert accounts(e) == (["cp.example.net"] if init else [SERVER]), accounts(e)
            reconcile(e, ("s%d%d" % (init, i), EMPTY, 2, None))
            assert not accounts(e)


# Rules: CHECK-9 OPEN-4 IND-2
@test
def card_check_9_later_power_on(e):
    later = "2c0f6ea8-0000-4000-8000-000000000002"
    conf(e)
    for flags, i in (CONNECT, 1), (CONNECT | EVERY, 2):
        card = content(flags, iccid=card_number(30 + i))
        again = [YES] if flags & EVERY else []
        insert(e, card, [YES], seq=10)
        quiet(e, card, seq=10)				# the same insertion, a second helper
        insert(e, card, again, seq=11)			# taken out and put in
        insert(e, card, again, seq=11, boot=later)	# the next boot, however it counts
        quiet(e, card, seq=11, boot=later)
        insert(e, card, again, slot="b", seq=11, boot=later)
        assert phases(e)[SERVER] == "done"
        reconcile(e, ("b", EMPTY, 11, None))
        reconcile(e, ("b", EMPTY, 11, None))


# --- gate one ---

# Rules: RD-1 DECISION-4
@test
def req_1_4_1_4_1_ask_before_incorporation(e):
    conf(e)
    card = content(ASK_DATA | CONNECT, 3, words="May I?", seconds=7)
    before = tree(e)
    seen = []

    def look(asked):
        seen.append(tree(e))
        return YES
    r = insert(e, card, [look, YES])
    assert [a.kind for a in r.asked] == ["data", "session"], r
    assert (r.asked[0].words, r.asked[0].seconds) == ("May I?", 7)
    assert seen == [before], "something was taken before the yes"
    # What is in the tree is not taken over again.
    assert not quiet(e, card, seq=2).asked


# Rules: RD-2
@test
def req_1_4_1_4_2_not_asked_before_incorporation(e):
    conf(e)
    for i, (flags, ui) in enumerate(itertools.product([0, CONNECT, EVERY, CONNECT | EVERY], [None, 0, 1, 2, 3])):
        r = insert(e, content(flags, ui), [YES] if flags & CONNECT else [], seq=i + 1, slot="x%d" % i)
        assert "data" not in [a.kind for a in r.asked], r
        reconcile(e, ("x%d" % i, EMPTY, i + 1, None))


# Rules: DECISION-4 OPEN-6
@test
def card_refusal_of_the_data(e):
    """A no to the data: remembered for this card and content, of both gates each its own."""
    conf(e)
    card = content(ASK_DATA | CONNECT)
    r = insert(e, card, [NO])
    assert r.status == OK and not accounts(e) and phases(e) == {"": "refused"}, r
    for seq, boot in (1, BOOT), (2, BOOT), (1, BOOT[:-1] + "9"):
        r = quiet(e, card, seq=seq, boot=boot)
        assert "asked about this content before" in r.log and r.status == OK, r
    # Another card with the same content, and other content of this card: other questions.
    insert(e, content(ASK_DATA | CONNECT, iccid=B), [NO], seq=5)
    insert(e, content(ASK_DATA | CONNECT, words="new"), [YES, YES], seq=6)
    assert accounts(e) == [SERVER]


# Rules: DECISION-4
@test
def card_no_answer_about_the_data(e):
    """Time-out is asked again at the next insertion, not in this one; withdrawal is not noted at all."""
    conf(e)
    card = content(ASK_DATA)
    insert(e, card, [TIMEOUT], seq=1)
    quiet(e, card, seq=1)
    insert(e, card, [WITHDRAWN], seq=2)
    insert(e, card, [(FAILED, True)], seq=2)
    insert(e, card, [None], seq=2)
    insert(e, card, [YES], seq=2)
    assert accounts(e) == [SERVER]


# --- gate two ---

# Rules: IND-3
@test
def card_notice(e):
    conf(e)
    r = insert(e, content(CONNECT, 2, words="Hello"), [YES])
    assert [(a.ui, a.words) for a in r.asked] == [("notice", "Hello")], r


# Rules: OPEN-2 IND-4
@test
def card_indicator_names_servers(e):
    """The list chooses the accounts: those of a message for two, one of the two, none of them."""
    conf(e)
    both = [SERVER, "dm2.example.net"]
    for i, (names, want) in enumerate([((), both), ((both[1],), [both[1]]), ((both[1], both[0]), both),
                                       (("x.example.net",), []), (("DM.example.net",), []),
                                       ((SERVER + ".",), [])]):
        r = insert(e, content(CONNECT, message=dm_two(), servers=names), [YES] * len(want), seq=i + 1)
        assert r.sessions() == want and accounts(e) == sorted(both), (names, r)


# Rules: OPEN-8 DECISION-8
@test
def card_several_servers_one_after_another(e):
    """In the card's order; one that is refused, or fails, does not hold up the others."""
    names = ["%s.example.net" % n for n in ("zz", "aa", "mm")]
    conf(e, "patience = 1000")
    for i, (first, phase) in enumerate([(YES, "done"), (NO, "refused"), (TIMEOUT, "failed"),
                                        ((FAILED, False), "failed"), ((FAILED, True), "pending"),
                                        (WITHDRAWN, "pending")]):
        iccid = card_number(40 + i)
        r = insert(e, content(CONNECT, 3, message=[dm(n) for n in names], iccid=iccid), [first, YES, YES],
                   seq=i + 1, leave=True)
        assert r.sessions() == names, r
        assert phases(e, iccid) == {"": "none", names[0]: phase, names[1]: "done", names[2]: "done"}, r


# Rules: OPEN-7 DECISION-3
@test
def card_pending_survives(e):
    """What failed for the network's sake is pending while there is patience, and is wanted after a reboot."""
    conf(e)
    card = content(CONNECT)
    r = insert(e, card, [(FAILED, True)])
    assert phases(e)[SERVER] == "failed", "no patience was left"
    quiet(e, card, seq=1)
    insert(e, card, [(FAILED, False)], seq=2)
    assert phases(e)[SERVER] == "failed"
    insert(e, card, [WITHDRAWN], seq=3)
    assert phases(e)[SERVER] == "pending"
    insert(e, card, [WITHDRAWN], seq=3)
    insert(e, card, [YES], seq=1, boot=BOOT[:-1] + "2")
    assert phases(e)[SERVER] == "done"
    assert r.status == OK


# Rules: OPEN-11
@test
def card_unchanged_account_counts_as_bootstrapped(e):
    conf(e)
    insert(e, content(CONNECT), [(FAILED, False)])
    before = tree(e)
    r = insert(e, content(CONNECT), [YES], seq=2)
    assert "unchanged" in r.log and r.sessions() == [SERVER], r
    assert tree(e) == before


# Rules: DECISION-4
@test
def card_refused_session_and_new_content(e):
    conf(e)
    insert(e, content(CONNECT | EVERY, 3), [NO])
    for seq in 2, 3:
        quiet(e, content(CONNECT | EVERY, 3), seq=seq)
    insert(e, content(CONNECT | EVERY, 3, iccid=B), [YES], seq=4)
    insert(e, content(CONNECT | EVERY, 3, words="again"), [YES], seq=5)
    # The refused content comes back, and so does the refusal.
    quiet(e, content(CONNECT | EVERY, 3), seq=6)


# --- a person starts the session ---

def at(url):
    """The card's message for an account at @url, and the user the server has to know."""
    return dm(url=url + "?" + "x" * (29 - len(url)))


CARD_USER = ("demo-device demo-client-secret md5 server-password=demo-server-secret server-scheme=md5 "
             "server-nonce=c2VydmVyLW5vbmNlLTAx")


def by_hand(e, expect=0):
    return e.run("session", "--server", SERVER, expect=expect)


# Rules: DECISION-4 OPEN-6
@test
def card_session_by_hand_lifts_a_refusal(e):
    conf(e, "allow-http = " + SERVER)
    with e.server(ONE_GET, users=CARD_USER) as s:
        card = content(CONNECT, 3, message=at(s.url))
        insert(e, card, [NO], seq=1)
        quiet(e, card, seq=2)
        r = by_hand(e)
        assert "refusal" in r.err and "authenticated" in r.out, r.err + r.out
        assert phases(e)[SERVER] == "done"
        # Done is done: for this content nobody is asked again.
        quiet(e, card, seq=3)
        quiet(e, card, seq=1, boot=BOOT[:-1] + "3")


# Rules: DECISION-4
@test
def card_session_by_hand_that_fails(e):
    """The refusal is lifted all the same: the question is back at the next insertion."""
    conf(e, "allow-http = " + SERVER)
    card = content(CONNECT, 3, message=at("http://127.0.0.1:00009/dm"))
    insert(e, card, [NO], seq=1)
    by_hand(e, expect=4)
    assert phases(e)[SERVER] == "pending"
    r = insert(e, card, [NO], seq=2)
    assert [a.ui for a in r.asked] == ["ask"], r
    quiet(e, card, seq=3)


# Rules: DECISION-3
@test
def card_session_by_hand_counts(e):
    """Whether the card had asked for it or not, it is done for this content; at every power-on it is wanted again."""
    conf(e, "allow-http = " + SERVER)
    with e.server(ONE_GET, users=CARD_USER) as s:
        for i, (flags, again) in enumerate([(None, 0), (0, 0), (CONNECT | EVERY, 1)]):
            card = content(flags, message=at(s.url), iccid=card_number(i))
            insert(e, card, [WITHDRAWN] * again, seq=10 * i + 1)
            by_hand(e)
            assert phases(e, card_number(i))[SERVER] == "done"
            quiet(e, card, seq=10 * i + 1)
            conf(e, "allow-http = " + SERVER, "connect-without-indicator = yes")
            insert(e, card, [YES] * again, seq=10 * i + 2)
            conf(e, "allow-http = " + SERVER)


# Rules: DECISION-3 OPEN-7
@test
def card_session_by_hand_while_one_is_tried(e):
    """Nobody answered, or the network failed, and meanwhile a person's session succeeded: it stays done."""
    conf(e, "allow-http = " + SERVER)
    with e.server(ONE_GET, users=CARD_USER) as s:
        for i, (result, phase) in enumerate([(TIMEOUT, "done"), (WITHDRAWN, "done"), ((FAILED, False), "done"),
                                             (NO, "refused"), (YES, "done")]):
            def meanwhile(asked, result=result):
                by_hand(e)
                return result
            card = content(CONNECT, 3, message=at(s.url), iccid=card_number(i))
            insert(e, card, [meanwhile], seq=i + 1)
            assert phases(e, card_number(i))[SERVER] == phase, (result, phases(e))


# --- the network ---

# Rules: OPEN-7 DECISION-3
@test
def card_tries_again_when_the_network_comes(e):
    """Not after its 15 s, but as soon as the helper hears of a default route, also while it waits for an answer."""
    conf(e, "patience = 1000")
    start = time.monotonic()
    for i, early in enumerate([False, True]):
        tell = []

        def fail(asked, tell=tell, early=early):
            if early:	# before its answer
                tell[0].socket.send(message("NETWORK", b""))
            else:
                threading.Timer(0.3, lambda: tell[0].socket.send(message("NETWORK", b""))).start()
            return FAILED, True
        r = insert(e, content(CONNECT, iccid=card_number(i)), [fail, YES], seq=i + 1, born=tell.append)
        assert r.sessions() == [SERVER] * 2 and "way into the network" in r.log, r
    assert time.monotonic() - start < 14, "it waited"


@test
def card_outlasts_a_route_that_flaps(e):
    """A route that comes and goes each second is worth one try at once, and then one per growing pause."""
    conf(e, "patience = 1000")
    tell, over = [], threading.Event()

    def flap():
        while not over.wait(1):
            with contextlib.suppress(OSError):
                tell[0].socket.send(message("NETWORK", b""))
    flapping = threading.Thread(target=flap)

    def fail(asked):
        if not flapping.is_alive():
            flapping.start()
        return FAILED, True
    start = time.monotonic()
    try:
        r = insert(e, content(CONNECT), [fail, fail, YES], born=tell.append)
    finally:
        over.set()
        flapping.join()
    assert r.sessions() == [SERVER] * 3, r
    assert 14 < time.monotonic() - start < 25, "a flapping route is no reason to try each time, nor never"


@test
def helper_outlives_another_ones_hangup(e):
    """--reload takes process numbers from locks that may be old: who has such a number by now goes on."""
    os.mkfifo(e.path("late.conf"))
    p = subprocess.Popen([os.path.join(e.build, "dmsc-helper"), "--config", e.path("late.conf"), "--reconcile"],
                         stderr=subprocess.PIPE)
    with open(e.path("late.conf"), "w") as f:	# it reads now
        p.send_signal(signal.SIGHUP)
        f.write("no-such-key = 1\n")
    log = p.communicate(timeout=20)[1].decode()
    assert p.returncode == 2 and "no-such-key" in log, (p.returncode, log)


# Rules: OPEN-6
@test
def card_state_is_listed(e):
    """dmscctl says what became of the content and of each server, and neither ICCID nor the card's words."""
    conf(e)
    insert(e, content(CONNECT, 3, message=dm_two(), words="Psst"), [NO, YES])
    out = subprocess.run([os.path.join(e.build, "dmscctl"), "--config", e.conf, "--json", "state"], check=True,
                         stdout=subprocess.PIPE).stdout.decode()
    listed = {row["server"]: (row["slot"], row["seq"], row["phase"]) for row in json.loads(out)}
    assert listed == {"-": ("virt:a", "1", "none"), SERVER: ("virt:a", "1", "refused"),
                      "dm2.example.net": ("virt:a", "1", "done")}, listed
    assert "Psst" not in out and "8949" not in out and "9894" not in out, out
