# SPDX-License-Identifier: GPL-2.0-or-later
"""Tests of `test`: what a card brought goes with it (decision 7), and nothing goes for another reason."""
import errno
import os
import sqlite3
import threading
import time

from __main__ import test
from cards import (ASK_DATA, CARD_USER, CONNECT, FAILURE, GONE, OK, SERVER, A, B, at, by_hand, conf, content,
                   quiet)
from far_helper import (BOOT, EMPTY, NO, PRESENT, UNKNOWN, WITHDRAWN, YES, AID, Card, accounts, card_number, cp, dm,
                        dm_two, entry, indicator, insert, origins, phases, reconcile, rows, tree)

OTHER = "bb.example.net"


def boot_id():
    with open("/proc/sys/kernel/random/boot_id", encoding="ascii") as f:
        return f.read().strip()


def two_slots(e):
    """A card in each of two readers; the second one's account lets the first one's server delete it."""
    quiet(e, Card(A, provsc=cp("a1.example.net", nap="Net"), config1=cp("a2.example.net")), slot="a")
    message = dm(OTHER).replace(b"Delete=" + OTHER.encode(), b"Delete=a1.example.net")
    quiet(e, Card(B, dm=message), slot="b")
    assert accounts(e) == ["a1.example.net", "a2.example.net", OTHER]


def of_origin(e, iccid):
    return rows(e, "SELECT count(*) FROM node WHERE origin IN (SELECT id FROM origin WHERE iccid = ?)",
                bytes.fromhex(Card(iccid).files["3f00.2fe2"].hex()))[0][0]


def unchanged(e, *facts, status=OK, **more):
    before = tree(e), origins(e), phases(e)
    got, log = reconcile(e, *facts, **more)
    assert got == status and (tree(e), origins(e), phases(e)) == before, (got, log)


# --- what goes ---

# Rules: DECISION-7b SC-5
@test
def decision_7_reader_is_empty(e):
    conf(e)
    two_slots(e)
    status, log = reconcile(e, ("a", EMPTY, 1, None), ("b", PRESENT, 1, B))
    assert status == OK and "2 accounts" in log, log
    assert accounts(e) == [OTHER]


# Rules: DECISION-7b SC-4
@test
def decision_7_another_card(e):
    conf(e)
    two_slots(e)
    reconcile(e, ("a", PRESENT, 2, card_number(5)), ("b", PRESENT, 1, B))
    assert accounts(e) == [OTHER]
    # The other card's own helper does the same, when it has data, has none, or has what is of no use.
    for i, card in enumerate([content(0, iccid=card_number(6)), Card(card_number(7)), Card(card_number(8), dm=b"\xff" * 9),
                              content(0, iccid=card_number(9), message=dm()[:99])]):
        quiet(e, Card(card_number(20 + i), dm=dm("cc.example.net")), slot="a", seq=2 * i + 3)
        assert "cc.example.net" in accounts(e)
        quiet(e, card, slot="a", seq=2 * i + 4)
        assert "cc.example.net" not in accounts(e) and OTHER in accounts(e), (i, accounts(e))


# Rules: DECISION-7c SC-6
@test
def decision_7_all_of_the_origin(e):
    """Objects, accounts, and the servers in every ACL; what the other card brought stays but for those names."""
    conf(e)
    two_slots(e)
    assert of_origin(e, A) > 20 and of_origin(e, B) > 10
    acls = [acl for acl, in rows(e, "SELECT acl FROM node WHERE acl IS NOT NULL")]
    assert any(OTHER in acl and "a1.example.net" in acl for acl in acls), acls
    kept = of_origin(e, B)
    reconcile(e, ("a", EMPTY, 1, None))
    assert of_origin(e, A) == 0 and of_origin(e, B) == kept
    assert origins(e) == [("virt:b", Card(B).files["3f00.2fe2"].hex().upper())]
    left = rows(e, "SELECT acl FROM node WHERE acl IS NOT NULL")
    assert not any(name in acl for acl, in left for name in ("a1.example.net", "a2.example.net")), left
    assert any("Get=" + OTHER in acl and "Replace=" + OTHER in acl for acl, in left), left
    assert not rows(e, "SELECT name FROM node WHERE value LIKE '%Net%' OR value = 'a1.example.net'")


# Rules: DECISION-7i
@test
def decision_7_at_boot(e):
    """Taken out while the device was off: insertions are counted from 1 again, which does not save it."""
    conf(e)
    quiet(e, content(0), seq=7, boot=BOOT)
    reconcile(e, ("a", EMPTY, 0, None))
    assert not accounts(e)
    quiet(e, content(0), seq=7, boot=BOOT)
    reconcile(e, ("a", PRESENT, 1, B))
    assert not accounts(e)


# --- what stays ---

# Rules: DECISION-7d
@test
def decision_7_reader_gone(e):
    conf(e)
    two_slots(e)
    unchanged(e, ("c", EMPTY, 1, None))
    unchanged(e, ("b", PRESENT, 1, B))


# Rules: DECISION-7e
@test
def decision_7_module_unloaded(e):
    """No reader is told at all."""
    conf(e)
    two_slots(e)
    unchanged(e)


# Rules: DECISION-7f DECISION-7a
@test
def decision_7_shutdown(e):
    """Facts that do not come to an end, and a helper that is stopped at any point, delete nothing."""
    conf(e)
    two_slots(e)
    unchanged(e, ("a", EMPTY, 1, None), ("b", EMPTY, 1, None), end=False, status=GONE)
    before = tree(e)
    card = content(CONNECT | ASK_DATA, 3, iccid=A, message=dm("nn.example.net"))
    insert(e, card, [None], slot="a", seq=2)
    assert tree(e) == before
    insert(e, card, [YES, None], slot="a", seq=3)
    assert accounts(e) == [OTHER, "nn.example.net"]
    before = tree(e)
    insert(e, card, [WITHDRAWN], slot="a", seq=4)
    assert tree(e) == before


# Rules: DECISION-7g
@test
def decision_7_suspend(e):
    """After resume the same card is a new insertion, or does not answer yet."""
    conf(e)
    two_slots(e)
    unchanged(e, ("a", UNKNOWN, 1, None), ("b", UNKNOWN, 1, None))
    unchanged(e, ("a", PRESENT, 2, A), ("b", PRESENT, 2, B))


# Rules: DECISION-7h
@test
def decision_7_unreadable(e):
    """Mute, or without an ICCID that can be told from another: not a card that is gone."""
    conf(e)
    two_slots(e)
    unchanged(e, ("a", UNKNOWN, 2, None))
    unchanged(e, ("a", PRESENT, 2, None), ("b", PRESENT, 2, None))
    unchanged(e, ("a", PRESENT, 2, "F" * 20), ("b", PRESENT, 2, "0" * 20))


# Rules: DECISION-7h FIND-11
@test
def decision_7_unreadable_files(e):
    """Any error of any file: nothing of the card's own earlier content is deleted, nor is it read as another content."""
    conf(e)
    errors = [errno.EACCES, errno.EIO, errno.EPROTO, errno.ETIMEDOUT, errno.ENODEV, errno.EBADMSG]
    for profile in dict(dm=[dm(), dm(OTHER)]), dict(provsc=cp("a1.example.net"), config2=cp("a2.example.net")):
        card = Card(A, indicator=indicator(0), **profile)
        quiet(e, card)
        before = tree(e), origins(e)
        for path in list(card.files):
            if path == card.path("indicator"):
                continue
            whole = card.files[path]
            for number in errors + ([errno.ENOENT] if path not in ("3f00.2fe2", AID + ".5031") else []):
                card.files[path] = number
                r = quiet(e, card, seq=2)
                assert r.status in (FAILURE, GONE), (path, errno.errorcode[number], r)
                assert (tree(e), origins(e)) == before, (path, errno.errorcode[number], r)
            card.files[path] = whole
        # The indicator fails closed: a question comes, and without a yes nothing changes.
        whole = card.files[card.path("indicator")]
        for number in errors[:4] + [errno.ENOENT]:
            card.files[card.path("indicator")] = number
            r = insert(e, card, [WITHDRAWN], seq=2)
            assert [a.kind for a in r.asked] == ["data"] and (tree(e), origins(e)) == before, r
        card.files[card.path("indicator")] = whole
        reconcile(e, ("a", EMPTY, 2, None))


# Rules: DECISION-7h
@test
def decision_7_directory_cut_short(e):
    """An entry that is malformed hides perhaps the one that counts: nothing is deleted."""
    conf(e)
    card = content(0)
    quiet(e, card)
    before = tree(e), origins(e)
    whole = card.files[AID + ".6430"]
    for broken in b"\xa1\x05" + whole, b"\xa1\x82\xff\xff", b"\xa1\x03\x30\x00\x30", b"\x30\x80" + whole:
        card.files[AID + ".6430"] = broken
        r = insert(e, card, [WITHDRAWN], seq=2, lenient=True)
        assert (tree(e), origins(e)) == before, (broken, r)
    # What is there but is not of use is no reason either: the message that was taken stays.
    card.files[AID + ".6430"] = whole
    for bad in dm()[:200], b"\x02\x01", dm()[:-2] + b"\x00", b"x" * 70000:
        card.files[card.path("dm")] = bad
        r = quiet(e, card, seq=3)
        assert r.status == FAILURE and (tree(e), origins(e)) == before, (len(bad), r)


# Rules: SC-4
@test
def decision_7_nothing_on_the_card_any_more(e):
    """Readable, and it says that there is nothing: what it brought earlier goes."""
    conf(e)
    for i, empty in enumerate([Card(A), Card(A, dm=b"\xff" * 100), Card(A, dm=b"\0" * 10, provsc=b"\xff")]):
        quiet(e, content(0), seq=2 * i + 1)
        assert accounts(e) == [SERVER]
        r = quiet(e, empty, seq=2 * i + 2)
        assert r.status == OK and not accounts(e) and not origins(e), r
    # A server that is not on the card any more.
    quiet(e, content(0, message=dm_two()), seq=10)
    assert len(accounts(e)) == 2
    quiet(e, content(0), seq=11)
    assert accounts(e) == [SERVER]


# Rules: DECISION-7b
@test
def decision_7_fact_older_than_the_insertion(e):
    """A helper that looked before the card came judges what it did not see."""
    conf(e)
    quiet(e, content(0), seq=5, boot=boot_id())
    unchanged(e, ("a", EMPTY, 4, None))
    unchanged(e, ("a", PRESENT, 4, B))
    reconcile(e, ("a", EMPTY, 5, None))
    assert not accounts(e)


# --- two cards ---

# Rules: DECISION-7j
@test
def decision_7_other_slot(e):
    """What happens to one card, and what it holds, does not disturb what came from the other."""
    conf(e)
    two_slots(e)
    kept = of_origin(e, B)
    for seq, card in enumerate([content(0, message=dm("nn.example.net")), Card(A), content(0, message=dm()[:50]),
                                content(0, iccid=card_number(3)), Card(card_number(4)), Card(None, dm=dm())], 2):
        quiet(e, card, slot="a", seq=seq)
        assert of_origin(e, B) == kept, card
    reconcile(e, ("a", EMPTY, 99, None))
    assert accounts(e) == [OTHER] or accounts(e) == [OTHER, SERVER], accounts(e)
    assert of_origin(e, B) == kept


# Rules: DECISION-7j
@test
def decision_7_card_moves_to_another_slot(e):
    conf(e)
    card = content(CONNECT)
    insert(e, card, [YES], slot="a", seq=3, boot=boot_id())
    # Its new place is known before the old one is looked at.
    quiet(e, card, slot="b", seq=1, boot=boot_id())
    assert [slot for slot, _ in origins(e)] == ["virt:b"]
    unchanged(e, ("a", EMPTY, 3, None), ("b", PRESENT, 1, A))
    # The other order: it goes and comes back. Done stays done.
    reconcile(e, ("b", EMPTY, 1, None))
    assert not accounts(e)
    quiet(e, card, slot="a", seq=4, boot=boot_id())
    assert accounts(e) == [SERVER] and phases(e)[SERVER] == "done"


# Rules: DECISION-7j
@test
def decision_7_two_cards_of_one_server(e):
    """The second is told that the server is taken, and has its turn once the first is gone."""
    conf(e)
    insert(e, content(CONNECT), [YES], slot="a")
    before = tree(e), origins(e)
    r = quiet(e, content(CONNECT, iccid=B), slot="b")
    assert r.status == FAILURE and SERVER in r.log and "not this card's" in r.log, r
    assert (tree(e), origins(e)) == before
    # Later insertions find it free.
    reconcile(e, ("a", EMPTY, 1, None))
    insert(e, content(CONNECT, iccid=B), [YES], slot="b", seq=2)
    assert accounts(e) == [SERVER]


# Rules: DECISION-7j
@test
def decision_7_second_card_waits_for_the_first(e):
    """While patience lasts the second card's helper tries again: nobody has to take the card out."""
    conf(e, "patience = 100")
    insert(e, content(0), [], slot="a")
    result = []

    def second():
        result.append(insert(e, content(CONNECT, iccid=B), [YES], slot="b"))
    t = threading.Thread(target=second)
    t.start()
    time.sleep(1.5)
    assert not result
    reconcile(e, ("a", EMPTY, 1, None))
    t.join(15)
    assert result and result[0].status == OK and result[0].sessions() == [SERVER], result
    assert result[0].log.count("not this card's") == 1, result
    # However long it waits: at first, before it would have been applied, and before it was.
    assert [path for path, _, _ in result[0].reads].count("3f00.2fe2") == 3, result[0].reads
    assert [slot for slot, _ in origins(e)] == ["virt:b"]


# Rules: DECISION-7j
@test
def decision_7_cp_is_no_way_round_another_card(e):
    """An account that is in the way makes no profile unusable."""
    conf(e)
    insert(e, content(0), [], slot="a")
    r = quiet(e, Card(B, dm=dm(), provsc=cp()), slot="b")
    assert r.status == FAILURE and accounts(e) == [SERVER], r
    assert "unusable" not in r.log


# Rules: DECISION-4
@test
def decision_7_refused_new_content(e):
    """A no to what a card holds now leaves what was taken from it before, until the card goes."""
    conf(e)
    quiet(e, content(0))
    insert(e, content(ASK_DATA, message=dm(OTHER)), [NO], seq=2)
    assert accounts(e) == [SERVER]
    quiet(e, content(ASK_DATA, message=dm(OTHER)), seq=3)
    assert accounts(e) == [SERVER]
    reconcile(e, ("a", EMPTY, 3, None))
    assert not accounts(e)


# Rules: FIND-10
@test
def card_without_iccid(e):
    """Known by its content alone; who it is cannot be told, so nothing of others is deleted for it."""
    conf(e)
    quiet(e, content(0), slot="a")
    for iccid in None, "F" * 20:
        r = quiet(e, Card(iccid, dm=dm(OTHER), indicator=indicator(0)), slot="a", seq=2)
        assert r.status == OK and accounts(e) == [OTHER, SERVER], r
    unchanged(e, ("a", PRESENT, 2, None))
    reconcile(e, ("a", EMPTY, 2, None))
    assert not accounts(e)


# Rules: RD-9
@test
def req_1_4_3_1_5_stale_data_of_another_card(e):
    """A used device: what the card of before left, an account of the same server too, does not stand in the way."""
    conf(e)
    quiet(e, content(0))
    insert(e, content(CONNECT, iccid=B), [YES], seq=2)
    assert accounts(e) == [SERVER] and origins(e) == [("virt:a", Card(B).files["3f00.2fe2"].hex().upper())]
    # The same with a later content of the card itself.
    insert(e, content(CONNECT, iccid=B, words="new"), [YES], seq=3)
    assert accounts(e) == [SERVER] and len(origins(e)) == 1


# Rules: RD-14 RD-5
@test
def req_1_4_3_2_4_server_changes_what_came_from_its_card(e):
    """As far as the ACLs let it: its own account, and not that of another card's server."""
    conf(e, "allow-http = " + SERVER)
    quiet(e, Card(B, dm=dm(OTHER)), slot="b")
    script = """server-id dm.example.net
package
	replace ./DMAcc/%s/Name chr text/plain "Renamed"
		expect 200
	replace ./DMAcc/%s/Name chr text/plain "Taken"
		expect 425
"""
    names = {}
    quiet(e, content(0), slot="a")
    for server in SERVER, OTHER:
        names[server] = rows(e, "SELECT p.name FROM node n JOIN node p ON p.id = n.parent"
                                " WHERE n.name = 'ServerID' AND CAST(n.value AS TEXT) = ?", server)[0][0]
    with e.server(script % (names[SERVER], names[OTHER]), users=CARD_USER) as s:
        quiet(e, content(0, message=at(s.url)), slot="a", seq=2)
        by_hand(e)
    values = [v for v, in rows(e, "SELECT CAST(value AS TEXT) FROM node WHERE name = 'Name'")]
    assert "Renamed" in values and "Taken" not in values, values
    # It is still the card's, and goes with it.
    reconcile(e, ("a", EMPTY, 2, None))
    assert accounts(e) == [OTHER]


# --- what is not new ---

def secrets(e):
    return sorted({bytes(v) if isinstance(v, bytes) else v.encode()
                   for v, in rows(e, "SELECT value FROM node WHERE name = 'AAuthSecret'")})


def rotate(e):
    """A server gives itself and the device other passwords."""
    db = sqlite3.connect(os.path.join(e.store, "store.db"))
    with db:
        db.execute("UPDATE node SET value = ? WHERE name = 'AAuthSecret'", (b"rotated",))
    db.close()


# Rules: OPEN-11 DECISION-3
@test
def card_only_the_indicator_changes(e):
    """The content is another and its sessions are new; the accounts, which it does not speak of, stay."""
    conf(e)
    quiet(e, content(0))
    from_card = secrets(e)
    rotate(e)
    before = tree(e)
    for i, (card, answers) in enumerate([(content(CONNECT), [YES]), (content(CONNECT | ASK_DATA), [YES, YES]),
                                         (content(CONNECT, message=dm() + b"\xff"), [YES]), (content(), [])]):
        insert(e, card, answers, seq=i + 2)
        assert tree(e) == before and secrets(e) == [b"rotated"], i
        assert len(origins(e)) == 1
    # Asked about the data, and refused: what was there stays what it was.
    insert(e, content(ASK_DATA), [NO], seq=8)
    assert tree(e) == before
    assert not quiet(e, content(), seq=9).asked and tree(e) == before
    # Other documents are another matter.
    quiet(e, content(message=dm(url="https://dm.example.net:8444/dm")), seq=10)
    assert secrets(e) == from_card
    reconcile(e, ("a", EMPTY, 11, None))
    assert not accounts(e) and not origins(e)


# Rules: DECISION-7h
@test
def card_part_of_the_directory_is_unreadable(e):
    """What may be there and is not seen is not gone: an earlier content stays."""
    conf(e)
    card = content(0)
    card.files[AID + ".5031"] = bytes.fromhex("A706300404026430" "A706300404026440")
    card.files[AID + ".6440"] = entry("dm", "6E01")
    card.files[AID + ".6e01"] = dm(OTHER)
    quiet(e, card)
    assert accounts(e) == [OTHER, SERVER]
    before = tree(e), origins(e)
    second = card.files[AID + ".6440"]
    for i, err in enumerate([errno.ETIMEDOUT, errno.EPROTO, errno.EACCES]):
        card.files[AID + ".6440"] = err
        r = quiet(e, card, seq=i + 2)
        assert r.status == FAILURE and (tree(e), origins(e)) == before, r
    card.files[AID + ".6440"] = second
    assert quiet(e, card, seq=9).status == OK and (tree(e), origins(e)) == before


# Rules: RD-9 SC-4
@test
def card_of_the_same_operator_takes_the_place_of_another(e):
    """Its account has the name that stale data of another card, or of this one's past, has; nothing of those is left."""
    conf(e)
    for i, (card, url) in enumerate([(A, "8443"), (B, "8444"), (B, "8445"), (card_number(5), "8446")]):
        message = dm(url="https://dm.example.net:%s/dm" % url)
        insert(e, content(CONNECT, iccid=card, message=message), [YES], seq=i + 1)
        assert accounts(e) == [SERVER] and len(origins(e)) == 1
        assert [(bytes(v) if isinstance(v, bytes) else v.encode())[-7:] for v, in
                rows(e, "SELECT value FROM node WHERE name = 'Addr'")] == [url.encode() + b"/dm"]
