# SPDX-License-Identifier: GPL-2.0-or-later
"""Tests of `test`: when card-child reads what a card has for LwM2M clients, and what it says of it."""
import errno

from __main__ import test
from cards import ASK_DATA, CONNECT, FAILURE, OK, SERVER, A, conf, quiet
from far_helper import BOOT, FAILED, NO, YES, Card, accounts, dm, indicator, insert

HOOK = "lwm2m-hook = /bin/true"
KEY = bytes(range(16))
# One instance of Security with an address, two flags and a key; see Documentation/lwm2m.rst.
ELEMENTS = b"\xc8\x00\x14coap://[2001:db8::1]" + b"\xc1\x01\x01\xc1\x02\x03\xc8\x05\x10" + KEY
INSTANCE = b"\x08\x00" + bytes([len(ELEMENTS)]) + ELEMENTS
OBJECT = b"\0\0\0" + len(INSTANCE).to_bytes(2, "big") + INSTANCE
FILE = b"\0\1" + len(OBJECT).to_bytes(2, "big") + OBJECT + b"\xff" * 32
VALUES = [(0, 0, 0, None, "string", False, False, b"coap://[2001:db8::1]"), (0, 0, 1, None, "boolean", False, False, 1),
          (0, 0, 2, None, "integer", False, False, 3), (0, 0, 5, None, "opaque", True, False, KEY)]


def card(flags=CONNECT, ui=None, lwm2m=FILE, message=None, **more):
    return Card(A, lwm2m=lwm2m, dm=message or dm(), indicator=indicator(flags, ui, **more))


def was_read(run, a_card):
    return a_card.path("lwm2m") in [path for path, _, _ in run.reads]


# Rules: LWM-1
@test
def card_lwm2m_is_read_last(e):
    """After the session that asks nobody, before one that asks; all that comes before is as without the word."""
    conf(e)
    c = card()
    without = insert(e, c, [YES])
    assert not was_read(without, c) and not without.lwm2m, without
    conf(e, HOOK)
    r = insert(e, c, [], seq=2)         # done before: no session
    assert r.lwm2m == VALUES and r.lwm2m_end == [0], (r.lwm2m, r)
    c = card(message=dm(url="https://dm.example.net:8443/d2"))
    r = insert(e, c, [YES], seq=3)
    assert r.lwm2m == VALUES and r.lwm2m_end == [1] and r.sessions() == [SERVER], (r.lwm2m_end, r)
    reads = [read for read in r.reads if read[0] != c.path("lwm2m")]
    assert reads == without.reads, "reads on the way to the session:\n%s\n%s" % (reads, without.reads)
    assert "coap" not in r.log and KEY.hex() not in r.log, r
    c = card(ui=3)
    r = insert(e, c, [NO], seq=4)
    assert r.lwm2m_end == [0] and r.sessions() == [SERVER], "a person lets another client wait: %s" % r
    # Bare, and alone on a card.
    r = insert(e, Card(A, lwm2m=ELEMENTS + b"\xff\xff"), [], seq=5)
    assert r.status == OK and r.lwm2m == VALUES and not accounts(e), r


@test
def card_lwm2m_once_for_an_insertion(e):
    conf(e, HOOK)
    c = card(0)
    for seq, boot, given in (1, BOOT, 1), (1, BOOT, 0), (2, BOOT, 1), (2, BOOT, 0), (2, BOOT[:-1] + "2", 1), (3, BOOT, 1):
        r = quiet(e, c, seq=seq, boot=boot)
        assert r.status == OK and len(r.lwm2m_end) == given and bool(r.lwm2m) == bool(given), (seq, boot, r)
        assert given or "in this insertion already" in r.log, r
    # Another content in the same insertion is another one.
    assert quiet(e, card(0, lwm2m=FILE.replace(b"db8", b"db9")), seq=3).lwm2m_end == [0]


@test
def card_lwm2m_and_the_gates(e):
    """A person who says no to the card's data says no to this, too; a message of no use does not."""
    conf(e, HOOK)
    c = card(ASK_DATA)
    for answer in NO, None:
        r = insert(e, c, [answer], seq=1 if answer else 2, lenient=True)
        assert not r.lwm2m and not was_read(r, c), r
    assert not quiet(e, c, seq=3).lwm2m, "asked before, and refused"
    r = insert(e, card(ASK_DATA, words="?"), [YES], seq=4)
    assert r.lwm2m == VALUES, r
    r = quiet(e, card(message=dm()[:200]), seq=5)
    assert r.status == FAILURE and r.lwm2m == VALUES, r
    # A session that fails for good.
    r = insert(e, card(message=dm(url="https://dm.example.net:8443/d3")), [FAILED], seq=6)
    assert r.lwm2m == VALUES, r


@test
def card_lwm2m_that_is_wrong(e):
    """It is said, given to nobody, and nothing else of the card suffers."""
    conf(e, HOOK)
    for i, (bad, words) in enumerate([(FILE[:40], "malformed at byte"), (b"\xff" * 64, "is empty"), (b"", "is empty"),
                                      (errno.EACCES, "lwm2m-hook gets nothing"), (errno.EIO, "lwm2m-hook gets nothing"),
                                      (b"\0\0\0\0\x01", "malformed at byte"), (b"\0\1\0\5\0\1\0\0\0", "no resources"),
                                      (FILE[:-32] + b"\x01", "malformed at byte")]):
        c = card(message=dm(url="https://dm.example.net:8443/%02d" % i), lwm2m=bad)
        r = insert(e, c, [YES], seq=i + 1)
        assert r.status == OK and not r.lwm2m and not r.lwm2m_end and words in r.log, (i, r)
        assert accounts(e) == [SERVER]
    # More than one message holds: in parts, none of them lost.
    value = bytes(i * 7 % 251 for i in range(10000))
    r = quiet(e, card(0, lwm2m=b"\xd0\x05" + len(value).to_bytes(2, "big") + value), seq=50)
    assert [v[6] for v in r.lwm2m] == [True, True, False] and b"".join(v[7] for v in r.lwm2m) == value, r
