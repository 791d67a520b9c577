# SPDX-License-Identifier: GPL-2.0-or-later
"""Tests of `test`: what a card says of connections, on its way to connection-hook."""
import base64
import contextlib
import http.client
import http.server
import os
import sqlite3
import threading

from __main__ import NETWORK, SERVER_ID, test
from cards import ASK_DATA, CONNECT, OK, A, conf
from far_helper import FAILED, NO, YES, Card, cp, dm, indicator, insert, message

HOOK = "connection-hook = /bin/true"
SERVER = "cp.example.net"
AUTH = ("NAPAUTHINFO", [("AUTHTYPE", "CHAP"), ("AUTHNAME", "us;er"), ("AUTHSECRET", "card-secret")])
NAP = [("NAPID", "n1"), ("NAME", "Operator"), ("BEARER", "GSM-GPRS"), ("NAP-ADDRESS", "internet.example"),
       ("NAP-ADDRTYPE", "APN"), ("DNS-ADDR", "192.0.2.53"), ("DNS-ADDR", "2001:db8::53"), AUTH]
TOLD = {"conref": 1, "kind": "apn", "auth": "chap", "name": "Operator", "bearer": "GSM-GPRS", "apn": "internet.example",
        "user": "us;er", "password": "card-secret", "dns": ["192.0.2.53", "2001:db8::53"], "server": SERVER,
        "transport": "virt", "location": "a"}


def card(flags=CONNECT, nap=None, to=(("TO-NAPID", "n1"),), more=(), ui=None):
    return Card(A, provsc=cp(SERVER, more=[("NAPDEF", nap or NAP), *more], to=to), indicator=indicator(flags, ui))


def again_soon(child):
    """A way into the network comes, so that nobody waits for the next try."""
    threading.Timer(1.5, lambda: child.socket.send(message("NETWORK", b""))).start()


def without(items, *names):
    return [item for item in items if item[0] not in names]


# Rules: RD-11 CONN-1 CONN-7
@test
def connection_of_a_card(e):
    """All that a NAPDEF says, once for each session and right before it; nobody to tell it: nothing is said."""
    conf(e)
    assert not insert(e, card(), [YES]).connects
    conf(e, HOOK)
    r = insert(e, card(CONNECT | 2), [YES], seq=2)
    assert r.status == OK and r.connects == [(TOLD, 0)], r.connects
    assert "card-secret" not in r.log and "us;er" not in r.log and "internet.example" not in r.log, r
    # A card without one, and one whose data a person does not want.
    r = insert(e, Card("8949000000000000002F", dm=dm(), indicator=indicator(CONNECT)), [YES], slot="b")
    assert r.sessions() and not r.connects, r
    r = insert(e, card(CONNECT | ASK_DATA, nap=NAP + [("LINGER", "5")]), [NO], seq=3)
    assert not r.connects, r


# Rules: CONN-2
@test
def connection_that_cannot_be_used(e):
    """The session is had all the same, over the device's own connection, and the log says why."""
    conf(e, HOOK)
    bad = [
        ([("NAP-ADDRESS", "no name")], "access point's name is none"),
        ([("NAP-ADDRESS", "a" * 120)], "name is too long"),
        ([("NAP-ADDRTYPE", "E164")], "no access point name"),
        ([("BEARER", "GSM-CSD")], "no packet data"),
        ([("DNS-ADDR", "one.example")], "name server is none"),
        ([("NAPAUTHINFO", [("AUTHTYPE", "PAP"), ("AUTHSECRET", "x" * 128)])], "AuthSecret is too long"),
    ]
    for i, (items, why) in enumerate(bad):
        nap = without(NAP, *[name for name, _ in items]) + items
        r = insert(e, card(nap=nap), [YES], seq=i + 1)
        assert r.sessions() == [SERVER] and not r.connects and why in r.log, (items, r)
    r = insert(e, card(to=[("TO-NAPID", "n9")]), [YES], seq=20)
    assert r.connects[0][0]["kind"] == "profile" and r.connects[0][0]["profile"] == "n9", r.connects
    r = insert(e, card(to=[("TO-NAPID", "INTERNET")]), [YES], seq=21)
    assert r.sessions() == [SERVER] and not r.connects, r


# Rules: CONN-1 CONN-5
@test
def connections_take_turns(e):
    """A try that fails is followed by one over the next of the account's connections."""
    conf(e, HOOK, "patience = 120")
    other = ("NAPDEF", [("NAPID", "n2"), ("NAP-ADDRESS", "second.example"), ("NAP-ADDRTYPE", "APN")])
    r = insert(e, card(to=[("TO-NAPID", "n1"), ("TO-NAPID", "n2")], more=[other]), [(FAILED, True), YES],
               born=again_soon)
    assert [c["apn"] for c, _ in r.connects] == ["internet.example", "second.example"], r.connects
    assert [n for _, n in r.connects] == [0, 1] and [c["conref"] for c, _ in r.connects] == [1, 2], r.connects


# Rules: CONN-1
@test
def connection_as_a_server_left_it(e):
    """What the store holds when the session begins counts, not what was on the card."""
    conf(e, HOOK)

    def changed(asked):
        with sqlite3.connect(os.path.join(e.store, "store.db")) as db:
            db.execute("UPDATE node SET value = ? WHERE name = 'Addr' AND value = ?",
                       (b"changed.example", b"internet.example"))
        return (FAILED, True)

    conf(e, HOOK, "patience = 120")
    r = insert(e, card(), [changed, YES], born=again_soon)
    assert [c["apn"] for c, _ in r.connects] == ["internet.example", "changed.example"], r.connects


# Rules: CONN-6
@test
def connection_behind_a_proxy(e):
    conf(e, HOOK)
    proxy = ("PXLOGICAL", [("PROXY-ID", "p1"), ("PXPHYSICAL", [("PHYSICAL-PROXY-ID", "1"), ("PXADDR", "192.0.2.8"),
             ("PXADDRTYPE", "IPV4"), ("TO-NAPID", "n1"), ("PORT", [("PORTNBR", "3128")])])])
    r = insert(e, card(to=[("TO-PROXY", "p1")], more=[proxy]), [YES])
    assert r.connects == [(TOLD, 0)], r.connects
    # A gateway of WAP 1 is none.
    wap = ("PXLOGICAL", [("PROXY-ID", "p1"), ("PXPHYSICAL", [("PHYSICAL-PROXY-ID", "1"), ("PXADDR", "192.0.2.8"),
           ("PXADDRTYPE", "IPV4"), ("TO-NAPID", "n1"), ("PORT", [("PORTNBR", "9201"), ("SERVICE", "CO-WSP")])])])
    r = insert(e, card(to=[("TO-PROXY", "p1"), ("TO-NAPID", "n1")], more=[wap]), [YES], seq=2)
    assert "no HTTP proxy" in r.log and [c["conref"] for c, _ in r.connects] == [2], r


@contextlib.contextmanager
def proxy_for(server, want=None):
    """An HTTP proxy that knows one host, dm.invalid; yields its port and what it was asked for."""
    seen = []

    class Handler(http.server.BaseHTTPRequestHandler):
        def log_message(self, *args):
            pass

        def do_POST(self):
            body = self.rfile.read(int(self.headers["Content-Length"]))
            seen.append((self.path, self.headers.get("Proxy-Authorization")))
            if want and seen[-1][1] != want:
                self.send_response(407)
                self.send_header("Proxy-Authenticate", 'Basic realm="x"')
                self.send_header("Content-Length", "0")
                self.end_headers()
                return
            c = http.client.HTTPConnection(server.url.split("/")[2], timeout=20)
            c.request("POST", "/dm", body, {"Content-Type": self.headers["Content-Type"]})
            r = c.getresponse()
            data = r.read()
            self.send_response(r.status)
            self.send_header("Content-Type", r.headers["Content-Type"])
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

    s = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=s.serve_forever, daemon=True)
    thread.start()
    try:
        yield s.server_address[1], seen
    finally:
        s.shutdown()
        s.server_close()


def proxied(port, auth=(), physical=()):
    """A document whose account is to be reached through that proxy."""
    part = [("PHYSICAL-PROXY-ID", "1"), ("PXADDR", "127.0.0.1"), ("PXADDRTYPE", "IPV4"), *physical,
            ("PORT", [("PORTNBR", str(port))])]
    return cp(SERVER_ID, more=[("PXLOGICAL", [("PROXY-ID", "p1"), *auth, ("PXPHYSICAL", part)])],
              to=[("TO-PROXY", "p1")], addr="http://dm.invalid/dm")


# Rules: CONN-6
@test
def session_through_the_accounts_proxy(e):
    with e.server(users="device card-secret md5") as s, proxy_for(s) as (port, seen):
        e.run("bootstrap", e.write("doc", proxied(port)))
        e.session("--allow-http")
        assert seen and all(path == "http://dm.invalid/dm" for path, _ in seen), seen


# Rules: CONN-6
@test
def session_through_a_proxy_that_wants_to_know(e):
    want = "Basic " + base64.b64encode(b"us er:p;w").decode()
    auth = ("PXAUTHINFO", [("PXAUTH-TYPE", "HTTP-BASIC"), ("PXAUTH-ID", "us er"), ("PXAUTH-PW", "p;w")])
    with e.server(users="device card-secret md5") as s, proxy_for(s, want) as (port, seen):
        e.run("bootstrap", e.write("doc", proxied(port, [auth])))
        r = e.session("--allow-http")
        assert seen[-1][1] == want, seen
        assert "p;w" not in r.out + r.err


# Rules: CONN-6
@test
def session_without_a_proxy_behind_an_access_point(e):
    """Nobody has set the access point up, so that the proxy behind it is of no use."""
    with e.server(users="device card-secret md5", strict=False) as s, proxy_for(s) as (port, seen):
        doc = proxied(port, physical=[("TO-NAPID", "some profile")])
        e.run("bootstrap", e.write("doc", doc))
        e.session("--allow-http", expect=NETWORK)
        assert not seen, seen
