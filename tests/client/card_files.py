# SPDX-License-Identifier: GPL-2.0-or-later
"""Tests of `test`: which of a card's files are taken, and what happens when they change."""
import errno
import itertools

from __main__ import test
from cards import ASK_DATA, CONNECT, FAILURE, GONE, OK, SERVER, A, conf, content, quiet
from far_helper import (EMPTY, YES, AID, Card, accounts, card_number, cp, dm, entry, indicator, insert, origins,
                        reconcile, tree, OIDS, tlv)

# --- profiles ---

CP = "cp.example.net"


# Rules: OPEN-10 DECISION-8 CPP-1
@test
def card_dm_profile_before_cp(e):
    """DM alone; CP when there is no DM, or none of use; never both, and CP is not even read beside a good DM."""
    conf(e)
    good, broken, erased = dm(), dm()[:300], b"\xff" * 100
    for i, (message, profile, want) in enumerate([
            (good, cp(), SERVER), (broken, cp(), CP), (erased, cp(), CP), (None, cp(), CP), (good, None, SERVER),
            (broken, None, None), (erased, None, ""), (None, None, ""), (good, b"\x03broken", SERVER),
            (broken, b"\x03broken", None), (None, b"\x03broken", None), (erased, b"\0" * 40, ""),
            (b"<SyncML/>", cp(), CP), (cp(), None, CP), (cp(server="c2.example.net"), cp(), ["c2.example.net", CP])]):
        card = Card(card_number(i), dm=message, provsc=profile, indicator=indicator(0))
        r = quiet(e, card, slot="p%d" % i)
        assert accounts(e) == (want if isinstance(want, list) else [want] if want else []), (i, accounts(e), r)
        assert r.status == (FAILURE if want is None else OK), (i, r)
        if message == good:
            assert card.path("provsc") not in [path for path, _, _ in r.reads], r.reads
        if message == broken and profile:
            assert "unusable" in r.log, r
        reconcile(e, ("p%d" % i, EMPTY, 1, None))
        assert not accounts(e)


# Rules: OPEN-10 FIND-8
@test
def card_provsc_files_in_order(e):
    """Bootstrap, Config1, Config2, whatever the directory's order; those that are there and not erased are one content."""
    conf(e)
    names = {"provsc": "p0.example.net", "config1": "p1.example.net", "config2": "p2.example.net"}
    for i, kinds in enumerate(itertools.permutations(names)):
        card = Card(card_number(i))
        for kind in kinds:
            card.add(kind, cp(names[kind], init=True))
        r = insert(e, card, [YES] * 3, seq=i + 1)
        assert r.sessions() == sorted(names.values()), r
    card = Card(card_number(99), config2=cp(names["config2"], init=True), provsc=b"\xff" * 20, indicator=None)
    assert insert(e, card, [YES], seq=50).sessions() == [names["config2"]]
    # All or nothing: one broken file, or the same server twice.
    for bad in cp()[:40], cp(names["provsc"]):
        card = Card(card_number(98), provsc=cp(names["provsc"], nap="Net"), config1=bad)
        r = quiet(e, card, seq=51)
        assert r.status == FAILURE and not accounts(e), (accounts(e), r)


# Rules: DMP-14 FIND-4
@test
def card_several_messages_are_one_content(e):
    conf(e)
    one, two, three = ("m%d.example.net" % i for i in range(3))
    r = insert(e, Card(A, dm=[dm(two), dm(one)], indicator=indicator(CONNECT)), [YES, YES])
    assert r.sessions() == [two, one], "not in the card's order"
    before = tree(e)
    r = quiet(e, Card(A, dm=[dm(two), dm(one), dm(three)[:200]], indicator=indicator(CONNECT)), seq=2)
    assert r.status == FAILURE and tree(e) == before, "half of a content"
    r = quiet(e, Card(A, dm=[dm(two), dm(two)[:-1] + b"\x01", dm(three)], indicator=indicator(0)), seq=3)
    assert accounts(e) == sorted([two, three]), "what fills the file is no other document: %s" % r
    # A file that is listed twice, as oidDO and as opaqueDO, is one file.
    card = Card(A, dm=dm(one), indicator=indicator(CONNECT))
    card.objects.append(entry("dm", "6500", opaque=True))
    card.files[AID + ".6430"] = b"".join(card.objects)
    assert insert(e, card, [YES], seq=4).sessions() == [one]
    r = quiet(e, Card(A, dm=[dm("n%d.example.net" % i) for i in range(9)], indicator=indicator(CONNECT)), seq=5)
    assert r.status == FAILURE and "more than 8" in r.log and accounts(e) == [one], r


# Rules: CPP-12 DECISION-1
@test
def card_init(e):
    """INIT of a w7 is a wish of its server alone, and only when no indicator speaks."""
    conf(e)
    for i, (ind, want) in enumerate([(None, ["i1.example.net"]), (indicator(0), []),
                                     (indicator(CONNECT), ["i1.example.net", "i2.example.net"]),
                                     (indicator(CONNECT, servers=["i2.example.net"]), ["i2.example.net"])]):
        card = Card(card_number(i), provsc=cp("i1.example.net", init=True), config1=cp("i2.example.net"), indicator=ind)
        r = insert(e, card, [YES] * len(want), seq=i + 1)
        assert r.sessions() == want and all(a.ui == "none" for a in r.asked), r
        quiet(e, card, seq=i + 50)


# Rules: DECISION-3
@test
def card_content_is_every_file_used(e):
    """What is done, or refused, is so for one content: any byte of any file that counts makes another."""
    conf(e)
    base = dict(dm=[dm(), dm("d2.example.net")], indicator=indicator(CONNECT))

    count = itertools.count(1)
    insert(e, Card(A, **base), [YES, YES], seq=next(count))
    quiet(e, Card(A, **base), seq=next(count))
    for other in (dict(dm=[dm("d2.example.net"), dm()]), dict(dm=[dm() + b"\xff", dm("d2.example.net")]),
                  dict(dm=[dm(), dm("d2.example.net") + b"\xff"]), dict(indicator=indicator(CONNECT, 2)),
                  dict(indicator=indicator(CONNECT, 1))):
        insert(e, Card(A, **{**base, **other}), [YES, YES], seq=next(count))
    quiet(e, Card(A, **base), seq=next(count))
    # What is not used is not content: a CP file beside a DM profile, what fills the indicator's file.
    quiet(e, Card(A, **base, provsc=cp()), seq=next(count))
    quiet(e, Card(A, dm=base["dm"], indicator=base["indicator"] + b"\xff" * 9), seq=next(count))


# Rules: RD-16
@test
def card_fewest_reads(e):
    """The user waits for ODF, DODF and the message; nothing of a CP profile is among it."""
    conf(e)
    card = content(CONNECT, provsc=cp())
    card.files[card.path("dm")] = dm()
    r = insert(e, card, [YES])
    once = [(AID + ".5031", 0), (AID + ".6430", 0), (card.path("dm"), 0), (card.path("dm"), 1020), (AID + ".6430", 64),
            (AID + ".6430", 90), (card.path("indicator"), 0), ("3f00.2fe2", 0)]
    assert [(path, off) for path, off, _ in r.reads] == 2 * once, r.reads
    assert r.reads[0][2] == 16 and r.reads[1][2] == 64, r.reads


# --- between reading and applying ---

# Rules: FIND-12 DMP-14
@test
def card_pulled_while_it_is_read(e):
    """At whichever read: everything is as it was, that of an earlier content too."""
    conf(e)
    card = content(CONNECT | ASK_DATA, message=[dm(), dm("d2.example.net")])
    for earlier in None, "ol.example.net":
        if earlier:
            quiet(e, content(0, message=dm(earlier)))
        before = tree(e), origins(e)
        asked, n = None, 0
        while asked is None or n < 2 * asked:
            r = insert(e, card, [] if asked is None else [YES], seq=n + 2, gone_after=n, lenient=True)
            if r.asked and asked is None:
                asked = n	# the first pass takes as many reads; before it is applied comes another
            assert r.status == GONE or r.asked, (n, r)
            assert (tree(e), origins(e)) == before, "changed at read %d\n%s" % (n, r)
            n += 1
        assert asked > 5, asked
        insert(e, card, [YES, YES, YES], seq=999, lenient=True)
        assert accounts(e) == ["d2.example.net", SERVER]
        reconcile(e, ("a", EMPTY, 999, None))


# Rules: FIND-12
@test
def card_changed_between_reading_and_applying(e):
    """A file that was updated while the user thought: nothing of what was read before is applied."""
    conf(e)
    card = content(CONNECT | ASK_DATA, message=dm("a1.example.net"))

    def update(asked):
        card.files[card.path("dm")] = dm("b2.example.net")
        return YES
    r = insert(e, card, [update, YES, YES])
    assert [a.kind for a in r.asked] == ["data", "data", "session"], r
    assert accounts(e) == ["b2.example.net"] and "has changed" in r.log, r
    # The same in the indicator: what it asks for now counts.
    def quieter(asked):
        card.files[card.path("indicator")] = indicator(0)
        return YES
    card.files[card.path("dm")] = dm("c3.example.net")
    r = insert(e, card, [quieter], seq=2)
    assert accounts(e) == ["c3.example.net"] and not r.sessions(), r
    # Erased meanwhile: the card holds nothing, and what it brought goes.
    card = content(ASK_DATA, message=dm("d4.example.net"))

    def erase(asked):
        card.files[card.path("dm")] = b"\xff" * 50
        return YES
    insert(e, card, [erase], seq=3)
    assert not accounts(e)
    # Unreadable meanwhile: nothing is changed.
    card = content(ASK_DATA, message=dm("e5.example.net"))
    insert(e, card, [YES], seq=4)
    before = tree(e)
    card.files[card.path("dm")] = dm("f6.example.net")

    def lock(asked):
        card.files[card.path("dm")] = errno.EACCES
        return YES
    r = insert(e, card, [lock], seq=5)
    assert r.status == FAILURE and tree(e) == before, r


# Rules: FIND-12
@test
def card_damaged_between_reading_and_applying(e):
    """What is malformed only in the second look does not make the CP profile the one that counts."""
    conf(e)
    card = content(CONNECT, message=dm("a1.example.net"), provsc=cp())
    whole = card.files[card.path("dm")]
    passes = []

    def damage(number, path):
        if path == AID + ".5031":
            passes.append(path)
        if len(passes) == 2:
            card.files[AID + ".5031"] = b"\xa7\x7f"
    r = quiet(e, card, on_read=damage)
    assert r.status == FAILURE and not accounts(e) and card.files[card.path("dm")] == whole, r


# Rules: FIND-12
@test
def card_that_never_says_the_same(e):
    conf(e)
    card = content(CONNECT)
    texts = itertools.cycle(["a1.example.net", "b2.example.net"])
    whole = [b""]

    def turn(number, path):
        if path == AID + ".5031":	# a pass begins
            whole[0] = dm(next(texts))
    card.files[card.path("dm")] = lambda: whole[0]
    r = quiet(e, card, on_read=turn)
    assert r.status == FAILURE and "changes whenever" in r.log and not accounts(e), r
    assert len([1 for path, _, _ in r.reads if path == AID + ".5031"]) == 6, "3 passes, each with its check"


# Rules: FIND-12
@test
def card_swapped_between_reading_and_applying(e):
    """Another card under the same name, which the helper would not let happen: its ICCID tells."""
    conf(e)
    card = content(ASK_DATA)

    def swap(asked):
        card.files["3f00.2fe2"] = Card(card_number(77)).files["3f00.2fe2"]
        return YES
    r = insert(e, card, [swap, YES])
    assert origins(e) == [("virt:a", Card(card_number(77)).files["3f00.2fe2"].hex().upper())], (origins(e), r)


# Rules: DECISION-9
@test
def card_wants_its_pin_again_before_it_is_applied(e):
    """It is asked for when nobody waits for the store, which insert() looks at; then all is read anew."""
    conf(e)
    card = content(ASK_DATA)
    message = card.files[card.path("dm")]

    def lock(asked):
        card.files[card.path("dm")] = errno.EACCES
        return YES

    def give(path):
        card.files[card.path("dm")] = message
        return YES
    r = insert(e, card, [lock], pin=give)
    assert r.pins == [card.path("dm")] and r.status == OK and accounts(e) == [SERVER], r


# Rules: FIND-11 FIND-13
@test
def card_entry_of_no_use(e):
    """An entry with a wanted OID whose value is no place hides what has that OID, and nothing else."""
    conf(e)

    def spoilt(a_card, kind):
        path = tlv("30", tlv("04", b"\x64"))      # half a file identifier
        a_card.files[AID + ".6430"] += tlv("A1", tlv("30"), tlv("30"), tlv("A1", tlv(
            "30", tlv("06", bytes.fromhex(OIDS[kind])), path)))
        return a_card

    r = insert(e, spoilt(content(CONNECT), "provsc"), [YES])
    assert r.status == OK and r.sessions() == [SERVER], "an entry of the other profile: %s" % r
    before = tree(e)
    r = quiet(e, spoilt(content(CONNECT, iccid=card_number(2)), "dm"), slot="b", seq=1)
    assert r.status == FAILURE and "of no use" in r.log and tree(e) == before, r
    r = quiet(e, spoilt(Card(card_number(3), provsc=cp(init=True)), "config1"), slot="c")
    assert r.status == FAILURE and tree(e) == before, "half of a content: %s" % r
    r = quiet(e, spoilt(Card(card_number(4)), "dm"), slot="a", seq=2)
    assert r.status == FAILURE and accounts(e) == [SERVER], "not found is not absent: %s" % r
    # The indicator that was found counts; one that cannot be found is unreadable, and asks.
    r = insert(e, spoilt(content(iccid=card_number(5), message=dm("d5.example.net")), "indicator"), [YES], slot="d")
    assert [a.kind for a in r.asked] == ["data"] and "indicator is unreadable" in r.log, r


# Rules: OPEN-1 FIND-11
@test
def card_indicator_by_configuration(e):
    """Of several OIDs the first of the configuration decides; what may hide it makes it unreadable."""
    other = "0603883701"
    own = "0613" + OIDS["indicator"]
    conf(e, "indicator-oid = %s %s" % (other, own))
    r = insert(e, content(CONNECT), [YES])
    assert r.sessions() == [SERVER], r
    hidden = content(CONNECT, iccid=card_number(2))
    hidden.files[AID + ".6430"] += b"\xa1\x04\x30\xff\0\0"
    r = insert(e, hidden, [YES], seq=2)
    assert [a.kind for a in r.asked] == ["data"] and "indicator is unreadable" in r.log, r
    # First there: nothing that counts more can be hidden.
    conf(e, "indicator-oid = %s %s" % (own, other))
    hidden = content(CONNECT, iccid=card_number(3))
    hidden.files[AID + ".6430"] += b"\xa1\x04\x30\xff\0\0"
    assert insert(e, hidden, [YES], seq=3).sessions() == [SERVER]
