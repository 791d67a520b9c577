# SPDX-License-Identifier: GPL-2.0-or-later
"""Tests of `test`: a card that keeps files back, and what card-child makes of how its PIN was asked for."""
import errno

from __main__ import test
from cards import CONNECT, FAILURE, GONE, OK, SERVER, conf, content
from far_helper import AID, FAILED, NO, TIMEOUT, WITHDRAWN, YES, accounts, cp, insert, phases, tree

DODF = AID + ".6430"


class Locked:
    """Keeps files of a card back until its PIN was given."""

    def __init__(self, card, *paths):
        self.open = False
        for path in paths:
            card.files[path] = lambda content=card.files[path]: content if self.open else errno.EACCES

    def right(self, path):
        self.open = True
        return YES


# Rules: DECISION-9 FIND-10
@test
def pin_opens_everything_behind_it(e):
    conf(e)
    card = content(CONNECT)
    lock = Locked(card, DODF, card.path("dm"), card.path("indicator"))
    r = insert(e, card, [YES], pin=lock.right)
    assert r.status == OK and r.pins == [DODF] and r.sessions() == [SERVER], (r.pins, r)
    assert accounts(e) == [SERVER] and phases(e)[SERVER] == "done"


# Rules: DECISION-7h DECISION-9
@test
def pin_that_nobody_gives_changes_nothing(e):
    """Refused or not answered is a person's word, and no failure; blocked or unknown is one. Nothing is
    applied, nothing deleted, and each file is asked for once."""
    conf(e)
    for kind in "dm", "provsc":
        card = content(CONNECT) if kind == "dm" else content(CONNECT, message=b"\xff", provsc=cp())
        insert(e, card, [YES], seq=1)
        before = tree(e)
        assert accounts(e)
        for paths in [DODF], [card.path(kind)]:
            lock = Locked(card, *paths)
            for answer, status in (NO, OK), (TIMEOUT, OK), (FAILED, FAILURE), (WITHDRAWN, GONE):
                r = insert(e, card, [], seq=2, pin=lambda path, answer=answer: answer)
                assert r.status == status and r.pins == paths and not r.asked, (kind, answer, r.pins, r)
                assert tree(e) == before, "%s, %s: unreadable was taken for absent" % (kind, answer)
            lock.open = True


# Rules: OPEN-12 DECISION-6
@test
def pin_of_the_indicator_alone(e):
    """Without it: asked before anything is taken, no session. With it, later: read and obeyed."""
    conf(e, "connect-without-indicator = yes")
    card = content(CONNECT)
    lock = Locked(card, card.path("indicator"))
    r = insert(e, card, [YES], pin=lambda path: NO)
    assert r.status == OK and r.pins and set(r.pins) == {card.path("indicator")}, (r.pins, r)
    assert [a.kind for a in r.asked] == ["data"] and accounts(e) == [SERVER], r
    r = insert(e, card, [YES], seq=2, pin=lock.right)
    assert r.status == OK and r.sessions() == [SERVER] and len(r.asked) == 1, r
    assert accounts(e) == [SERVER]


@test
def pin_that_does_not_help(e):
    """The helper says verified, and the file is kept back nevertheless: unreadable, not a loop."""
    conf(e)
    card = content(CONNECT)
    Locked(card, card.path("dm"))
    r = insert(e, card, [], pin=lambda path: YES)
    assert r.status == FAILURE and len(r.pins) == 1, (r.pins, r)
    assert not accounts(e)


@test
def pin_in_the_middle_of_a_file(e):
    """Part of a file was read before the card kept it back: what is missing is asked for and read."""
    conf(e)
    card = content(CONNECT)
    path = card.path("dm")
    whole, reads = card.files[path], []

    def hold(number, wanted):
        reads.append(wanted)
        if reads.count(path) == 2:
            card.files[path] = errno.EACCES

    def give(wanted):
        card.files[path] = whole
        return YES
    r = insert(e, card, [YES], on_read=hold, pin=give)
    assert r.status == OK and r.pins == [path] and accounts(e) == [SERVER], (r.pins, r)
    offsets = [off for wanted, off, length in r.reads if wanted == path]
    assert offsets[0] == 0 < offsets[1] == offsets[2], "read from the beginning again: %s" % offsets


# Rules: FIND-10
@test
def pin_is_not_asked_for_other_files(e):
    """EF(ICCID) behind a PIN is no reason to ask: it is unreadable, and nothing is changed."""
    conf(e)
    card = content(CONNECT)
    card.files["3f00.2fe2"] = errno.EACCES
    r = insert(e, card, [])
    assert r.status == FAILURE and not r.pins and not accounts(e), (r.pins, r)
