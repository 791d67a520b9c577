# SPDX-License-Identifier: GPL-2.0-or-later
"""Tests of `test`: HTTP's own credentials, proxies, addresses in turn, answers that go wrong."""
import base64
import contextlib
import gzip
import hashlib
import http.client
import http.server
import os
import re
import select
import socket
import subprocess
import sys
import threading
import time
import urllib.parse

from __main__ import AUTH, NETWORK, OK, ONE_GET, PROTOCOL, SERVER_ID, make_certs, test
from asks import Session
from far_helper import FAILED
from transport import XML, between, hand_on

ENV = ("https_proxy", "HTTPS_PROXY", "http_proxy", "all_proxy", "ALL_PROXY", "no_proxy", "NO_PROXY")


@contextlib.contextmanager
def environ(**names):
    """The environment of the commands within, without any other proxy."""
    old = {n: os.environ.pop(n, None) for n in ENV}
    os.environ.update(names)
    try:
        yield
    finally:
        for n in ENV:
            os.environ.pop(n, None)
            if old[n] is not None:
                os.environ[n] = old[n]


def http_account(e, kind, level="CLCRED", name="device", secret="secret"):
    """Makes the credentials of the account HTTP's."""
    at = "./DMAcc/%s/AppAuth/1/" % SERVER_ID
    for leaf, value in ("AAuthLevel", level), ("AAuthType", kind), ("AAuthName", name), ("AAuthSecret", secret):
        e.leaf(at + leaf, value)
    e.leaf("./DMAcc/%s/AAuthPref" % SERVER_ID, "HTTP-" + kind.replace("HTTP-", ""))


def digest_of(field, method, uri, secret):
    """What the response of an Authorization: Digest has to be (RFC 7616, MD5)."""
    def h(s):
        return hashlib.md5(s.encode()).hexdigest()
    f = dict(re.findall(r'(\w+)="?([^",]*)"?', field.split(" ", 1)[1]))
    assert f["uri"] == uri
    return f["response"], h(":".join((h(f["username"] + ":dm:" + secret), f["nonce"], f["nc"], f["cnonce"], f["qop"],
                                      h(method + ":" + uri)))), f


class HttpAuth:
    """Wants credentials before it hands a message on."""

    def __init__(self, kind, secret="secret", challenge=None):
        self.kind, self.secret, self.nonces = kind, secret, []
        self.challenge = challenge
        self.log = []

    def good(self, h):
        a = h.headers["Authorization"]
        if not a or not a.startswith(self.kind + " "):
            return False
        if self.kind == "Basic":
            return base64.b64decode(a.split()[1]) == b"device:" + self.secret.encode()
        got, want, f = digest_of(a, "POST", h.path, self.secret)
        return got == want and f["nonce"] in self.nonces and f["username"] == "device"

    def __call__(self, h, n, ask):
        good = self.good(h)
        self.log.append((h.headers["Authorization"], good))
        if good:
            return hand_on(h, n, ask)
        self.nonces.append("n%d" % n)
        mine = 'Basic realm="dm"' if self.kind == "Basic" else \
            'Digest realm="dm", qop="auth", algorithm=MD5, nonce="n%d"' % n
        h.answer(401, WWW_Authenticate=self.challenge or mine)


# Rules: AUTH-11 AUTH-61
@test
def http_credentials(e):
    tls = make_certs(e)
    for kind, level in ("HTTP-BASIC", "CLCRED"), ("HTTP-BASIC", "HTTP"), ("HTTP-DIGEST", "HTTP"), ("DIGEST", "HTTP"):
        play = HttpAuth("Basic" if "BASIC" in kind else "Digest")
        with between(e, play, tls, users=None) as b:
            http_account(e, kind, level)
            e.session("--ca", e.path("ca.pem"), "--xml")
        # Not before it was asked for, and from then on at once.
        assert play.log[0][0] is None, play.log
        assert [good for _, good in play.log].count(False) <= 2, play.log
        assert all(good for _, good in play.log[-2:]), play.log
        assert b.seen[-1][2] and b"<Cred>" not in b.seen[-1][2]
        assert "secret" not in str(e.tree(".")), "a secret is shown"


# Rules: AUTH-11 AUTH-61
@test
def http_credentials_that_fail(e):
    tls = make_certs(e)
    for kind, play, words in (
            ("HTTP-BASIC", HttpAuth("Basic", "other"), "refused the account's HTTP credentials"),
            ("HTTP-DIGEST", HttpAuth("Digest", "other"), "refused the account's HTTP credentials"),
            # No weaker scheme than the account's, whoever asks.
            ("HTTP-DIGEST", HttpAuth("Basic"), "of another kind"),
            ("HTTP-BASIC", HttpAuth("Digest"), "of another kind"),
            (None, HttpAuth("Basic"), "account has none")):
        with between(e, play, tls) as b:
            if kind:
                http_account(e, kind)
            r = e.session("--ca", e.path("ca.pem"), expect=AUTH)
            assert words in r.err and len(b.seen) <= 3, (r.err, len(b.seen))
            assert "secret" not in r.err and "secret" not in r.out


# Rules: AUTH-62
@test
def http_credentials_stay_at_home(e):
    """A redirect to another server, or to another port of it, takes none along."""
    tls = make_certs(e)
    play = HttpAuth("Basic")

    with between(e, hand_on, tls) as other:
        strange = other.url

        def away(h, n, ask):
            h.answer(307, Location=strange)

        def challenge(h, n, ask):
            play.log.append(h.headers["Authorization"])
            h.answer(401, WWW_Authenticate='Basic realm="dm"')
        other.play = challenge
        e.run("account", "remove", "--server-id", SERVER_ID)
        with between(e, away, tls):
            http_account(e, "HTTP-BASIC")
            r = e.session("--ca", e.path("ca.pem"), expect=AUTH)
        assert play.log and not any(play.log), play.log
        assert "a redirect led to a server" in r.err, r.err
        e.account(strange)


# Rules: AUTH-63
@test
def new_credentials_count_at_once(e):
    """A server changes what the account has of HTTP's; the next session uses it."""
    tls = make_certs(e)
    play = HttpAuth("Digest")
    script = ('server-id dm.example.net\npackage\n\treplace ./DMAcc/%s/AppAuth/1/AAuthSecret chr text/plain "second"\n'
              '\t\texpect 200\n' % SERVER_ID)
    with between(e, play, tls, script, users=None) as b:
        http_account(e, "HTTP-DIGEST", "HTTP")
        e.session("--ca", e.path("ca.pem"))
        first = len(b.seen)
        play.secret = "second"
        e.session("--ca", e.path("ca.pem"))
        assert len(b.seen) > first


# --- proxies ---

class Proxy:
    """CONNECT and absolute URLs; wants @credentials when there are some, answers @refuse otherwise."""

    def __init__(self, credentials=None, refuse=None):
        self.seen = []
        proxy = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, *args):
                pass

            def allowed(self):
                proxy.seen.append((self.command, self.path))
                a = self.headers["Proxy-Authorization"]
                if credentials and a != "Basic " + base64.b64encode(credentials.encode()).decode():
                    self.send_response(407)
                    self.send_header("Proxy-Authenticate", 'Basic realm="p"')
                    self.send_header("Content-Length", "0")
                    self.end_headers()
                    return False
                if refuse:
                    self.send_response(refuse)
                    self.send_header("Content-Length", "0")
                    self.end_headers()
                return not refuse

            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                if not self.allowed():
                    return
                u = urllib.parse.urlsplit(self.path)
                c = http.client.HTTPConnection(u.netloc, timeout=20)
                c.request("POST", u.path, body, {"Content-Type": self.headers["Content-Type"]})
                r = c.getresponse()
                data = r.read()
                self.send_response(r.status)
                self.send_header("Content-Type", r.headers["Content-Type"])
                self.send_header("Content-Length", str(len(data)))
                self.end_headers()
                self.wfile.write(data)

            def do_CONNECT(self):
                if not self.allowed():
                    return
                host, port = self.path.rsplit(":", 1)
                far = socket.create_connection((host, int(port)))
                self.send_response(200)
                self.end_headers()
                both = [self.connection, far]
                while True:
                    for s in select.select(both, [], [], 30)[0]:
                        data = s.recv(65536)
                        if not data:
                            far.close()
                            self.close_connection = True
                            return
                        both[s is self.connection].sendall(data)

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.handle_error = lambda *args: None
        self.at = "127.0.0.1:%d" % self.server.server_port
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def __enter__(self):
        return self

    def __exit__(self, *args):
        self.server.shutdown()
        self.server.server_close()


# Rules: HTTP-22
@test
def proxies_of_the_environment(e):
    tls = make_certs(e)
    with between(e, hand_on, tls) as b:
        netloc = b.url.split("/")[2]
        for name in "https_proxy", "HTTPS_PROXY", "all_proxy":
            with Proxy() as p, environ(**{name: "http://" + p.at}):
                e.session("--ca", e.path("ca.pem"))
            # One tunnel for the session.
            assert p.seen == [("CONNECT", netloc)], p.seen
        with Proxy() as p, environ(https_proxy="http://" + p.at, no_proxy="localhost"):
            e.session("--ca", e.path("ca.pem"))
            assert not p.seen
        with Proxy() as p, environ(http_proxy="http://" + p.at):	# not for https
            e.session("--ca", e.path("ca.pem"))
            assert not p.seen
        with Proxy("user:wordpass") as p, environ(https_proxy="http://user:wordpass@" + p.at):
            e.session("--ca", e.path("ca.pem"))
            assert len(p.seen) <= 2
    with e.server() as s, Proxy() as p, environ(http_proxy="http://" + p.at):
        e.account(s.url)
        e.session("--allow-http")
        assert {c for c, _ in p.seen} == {"POST"} and len(p.seen) == 3


# Rules: HTTP-22
@test
def proxies_that_fail(e):
    tls = make_certs(e)
    with between(e, hand_on, tls) as b:
        for credentials, refuse, url, words in (
                ("user:right", None, "http://user:wordpass@%s", "wants a name and a password"),
                ("user:right", None, "http://%s", "wants a name and a password"),
                (None, 403, "http://user:wordpass@%s", "does not connect to the server (HTTP 403)"),
                (None, 502, "http://%s", "does not connect to the server (HTTP 502)"),
                (None, None, "http://user:wordpass@no-such-name.invalid:1", "proxy's name is not found"),
                (None, None, "http://user:wordpass@:nonsense", "proxy"),
                (None, None, "http://user:wordpass@127.0.0.1:1", "or its proxy")):
            with Proxy(credentials, refuse) as p, environ(https_proxy=url % p.at if "%s" in url else url):
                r = e.session("--ca", e.path("ca.pem"), expect=NETWORK)
            assert words in r.err, (url, r.err)
            assert "wordpass" not in r.err + r.out, r.err
        assert not b.seen


# --- addresses in turn ---

def addresses(e, *urls):
    """Gives the account these AppAddr, in this order."""
    rights = "&".join(right + "=" + SERVER_ID for right in ("Add", "Get", "Replace", "Delete"))
    with e.server('server-id dm.example.net\npackage\n\tacl ./DMAcc/%s %s\n\t\texpect 200\n' % (SERVER_ID, rights) + "".join(
            '\tadd-node ./DMAcc/{0}/AppAddr/{1}\n\t\texpect 200\n\tadd ./DMAcc/{0}/AppAddr/{1}/Addr chr text/plain "{2}"\n'
            '\t\texpect 200\n'.format(SERVER_ID, "n%d" % i, u) for i, u in enumerate(urls[1:]))) as s:
        e.account(s.url)
        e.session("--allow-http")
    e.leaf("./DMAcc/%s/AppAddr/1/Addr" % SERVER_ID, urls[0])


# Rules: HTTP-17
@test
def addresses_in_turn(e):
    tls = make_certs(e)
    dead = "https://localhost:1/dm"
    with between(e, hand_on, tls) as b:
        e.run("account", "remove", "--server-id", SERVER_ID)
        addresses(e, dead, "http://localhost:2/never", "https://no-such-name.invalid/dm", b.url)
        r = e.session("--ca", e.path("ca.pem"), "--xml")
        # What answered stays, and the same message went there.
        assert [p for p, _, _ in b.seen] == ["/dm"] * 3
        assert r.err.count("trying the next address") == 2, r.err
        # None that answers: the last one's reason, and an end.
        e.run("account", "remove", "--server-id", SERVER_ID)
        addresses(e, *["https://localhost:1/%d" % i for i in range(12)])
        r = e.session("--ca", e.path("ca.pem"), expect=NETWORK)
        assert r.err.count("trying the next address") == 7, r.err
        e.run("account", "remove", "--server-id", SERVER_ID)
        # One that answered, however badly, is the server.
        with between(e, lambda h, n, ask: h.answer(503, Retry_After="7"), tls) as bad:
            e.run("account", "remove", "--server-id", SERVER_ID)
            addresses(e, bad.url, b.url)
            seen = len(b.seen)
            assert "HTTP 503" in e.session("--ca", e.path("ca.pem"), expect=NETWORK).err
            assert len(b.seen) == seen

        # TLS that fails, and a connection that is cut behind the question.
        def cut(h, n, ask):
            h.close_connection = True
        with between(e, cut, tls) as bad:
            e.run("account", "remove", "--server-id", SERVER_ID)
            addresses(e, bad.url.replace("localhost", "127.0.0.1"), bad.url, b.url)
            e.session("--ca", e.path("ca.pem"))
            assert len(bad.seen) == 1
        e.account(b.url, expect=None)


# --- answers that go wrong ---

# Rules: HTTP-23
@test
def compressed_answers(e):
    tls = make_certs(e)

    def play(h, n, ask):
        body, kind = ask()
        assert h.headers["Accept-Encoding"] == "gzip"
        h.answer(200, gzip.compress(body), Content_Type=kind, Content_Encoding="gzip")
    with between(e, play, tls):
        e.session("--ca", e.path("ca.pem"))
    bomb = gzip.compress(bytes(64 << 20))
    assert len(bomb) < 1 << 20

    def blow(h, n, ask):
        h.answer(200, bomb, Content_Type=XML, Content_Encoding="gzip")
    with between(e, blow, tls):
        r = e.session("--ca", e.path("ca.pem"), expect=PROTOCOL)
        assert "larger than" in r.err, r.err

    def torn(h, n, ask):
        body, kind = ask()
        h.answer(200, gzip.compress(body)[:-10], Content_Type=kind, Content_Encoding="gzip")
    # What the compressed text lacks, the message lacks: libcurl does not look for its end.
    for broken, outcome in ((torn, PROTOCOL), (lambda h, n, ask: h.answer(
            200, b"no gzip at all", Content_Type=XML, Content_Encoding="gzip"), NETWORK)):
        with between(e, broken, tls):
            e.session("--ca", e.path("ca.pem"), expect=outcome)


# Rules: HTTP-24
@test
def answers_without_an_end(e):
    tls = make_certs(e)

    def start(h, kind=XML, **headers):
        h.send_response(200)
        h.send_header("Content-Type", kind)
        for k, v in headers.items():
            h.send_header(k.replace("_", "-"), v)
        h.end_headers()
        h.close_connection = True

    def hang(h, n, ask):
        start(h, Content_Length="100")
        time.sleep(4)

    def drip(h, n, ask):
        start(h, Transfer_Encoding="chunked")
        for _ in range(16):
            h.wfile.write(b"1\r\nx\r\n")
            time.sleep(0.25)

    def endless(h, n, ask):
        start(h, Transfer_Encoding="chunked")
        for _ in range(1 << 12):
            h.wfile.write(b"1000\r\n" + b"x" * 4096 + b"\r\n")

    def short(h, n, ask):
        start(h, Content_Length="1000")
        h.wfile.write(ask()[0])

    def cut_chunk(h, n, ask):
        start(h, Transfer_Encoding="chunked")
        h.wfile.write(b"1000\r\n" + ask()[0])
    for play, outcome, words in ((hang, NETWORK, "time-out"), (drip, NETWORK, "time-out"), (endless, PROTOCOL, "larger than"),
                                 (short, NETWORK, "connection failed"), (cut_chunk, NETWORK, "connection failed")):
        with between(e, play, tls):
            began = time.monotonic()
            r = e.session("--ca", e.path("ca.pem"), "--timeout", "2", expect=outcome)
            assert words in r.err and time.monotonic() - began < 20, (play.__name__, r.err)


# Rules: HTTP-25
@test
def one_connection_for_a_session(e):
    with between(e, hand_on) as b:
        e.session("--ca", e.path("ca.pem"))
        assert len(b.seen) == 3 and b.connections == 1, b.connections


# Rules: AUTH-14
@test
def other_paths_of_the_same_server(e):
    """Before anybody is authenticated a RespURI may name another path, not another server."""
    tls = make_certs(e)
    e.write("dmsc.conf", "store = %s\nca-file = %s\ninsist-credentials = *\n" % (e.store, e.path("ca.pem")))
    users = "device secret md5 server-name=srv server-password=%s"
    for password, where, paths, outcome in (("topsecret", "/dm?sid=1", ["/dm", "/dm?sid=1"], OK),
                                            ("guessed", "/dm?sid=1", ["/dm", "/dm?sid=1"], AUTH),
                                            ("guessed", None, ["/dm"], AUTH)):
        url = []

        def play(h, n, ask):
            body, kind = ask()
            to = url[0].replace("/dm", where) if where else "https://127.0.0.1:1/dm"
            h.answer(200, body.replace(b"https://far.example.net/x", to.encode()), Content_Type=kind)
        with between(e, play, tls, "resp-uri https://far.example.net/x\n" + ONE_GET, users % password, strict=False) as b:
            url.append(b.url)
            e.run("account", "remove", "--server-id", SERVER_ID)
            e.account(b.url, extra=("--server-user", "srv", "--server-password-file", e.write("srvpw", "topsecret\n")))
            r = e.session("--xml", expect=outcome)
        seen = [p for p, _, _ in b.seen]
        assert seen[:2] == paths and len(set(seen)) == len(paths), seen
        assert where or "another server" in r.err, r.err


# --- what is tried again ---

# Rules: HTTP-14 HTTP-15 DECISION-3
@test
def what_is_worth_another_try(e):
    """The session child tells the helper, by one function; Documentation/transport.rst has the table."""
    tls = make_certs(e)
    e.write("dmsc.conf", "store = %s\nca-file = %s\nencoding = xml\n" % (e.store, e.path("ca.pem")))
    html = {"Content_Type": "text/html"}
    busy = re.compile(rb"(<Status>.*?<Data>)(\d+)(</Data></Status>)", re.S)

    def status(code):
        def play(h, n, ask):
            body, kind = ask()
            h.answer(200, busy.sub(rb"\g<1>%d\g<3>" % code, body, count=1), Content_Type=kind)
        return play

    def plain(code, body=b"", **headers):
        return lambda h, n, ask: h.answer(code, body, **headers)
    for name, play, retry in (
            ("503", plain(503), 1), ("503 with a time", plain(503, Retry_After="120"), 120),
            ("with a date that is over", plain(503, Retry_After="Fri, 31 Dec 1999 23:59:59 GMT"), 1),
            ("with a time that is too long", plain(503, Retry_After="100000000"), 3600),
            ("429", plain(429, Retry_After="30"), 30), ("408", plain(408), 1), ("500", plain(500), 1), ("502", plain(502), 1),
            ("511", plain(511, b"<html>", **html), 1), ("404", plain(404), 0), ("403", plain(403), 0), ("410", plain(410), 0),
            ("404 of a portal", plain(404, b"<html>", **html), 1), ("a page", plain(200, b"<html>", **html), 1),
            ("nothing", plain(200, Content_Type=XML), 1), ("a picture", plain(200, b"x", Content_Type="image/png"), 1),
            ("a way to http", plain(302, Location="http://localhost/login"), 1), ("401", plain(401), 0),
            ("no message", plain(200, b"<SyncML>", Content_Type=XML), 0),
            ("header status 503", status(503), 1), ("500", status(500), 1), ("506", status(506), 1), ("417", status(417), 1),
            ("header status 400", status(400), 0), ("404", status(404), 0), ("505", status(505), 0)):
        with between(e, play, tls, strict=False) as b:
            s = Session(e).run()
        assert (s.outcome, s.retry) == (FAILED, retry), (name, s.outcome, s.retry, s.log)
    # Not there, not let in by TLS, and a configuration that nothing but a person mends.
    for url, ca, outcome in (("https://localhost:1/dm", "ca.pem", 1), ("https://no-such-name.invalid/dm", "ca.pem", 1),
                             (None, "stranger.pem", 1), (None, "srv.key", 0)):
        e.write("dmsc.conf", "store = %s\nca-file = %s\n" % (e.store, e.path(ca)))
        with between(e, hand_on, tls) as b:
            if url:
                e.run("account", "remove", "--server-id", SERVER_ID)
                e.account(url)
            s = Session(e).run()
        assert (s.outcome, s.retry) == (FAILED, outcome), (url, ca, s.retry, s.log)


# --- one network device ---

# Rules: HTTP-26
@test
def through_one_device(e):
    """In a network namespace with two devices: what goes through one does not reach what is behind the other."""
    inside = os.environ.get("DMSC_TEST_INSIDE")
    if not inside:
        # The test once more, in a network of its own.
        away = ["unshare", "-n"] if os.geteuid() == 0 else ["unshare", "-Ucn", "--keep-caps"]
        subprocess.run([*away, sys.executable, sys.argv[0], "--build", e.build, "through_one_device"],
                       env={**os.environ, "DMSC_TEST_INSIDE": "1"}, check=True, capture_output=True, timeout=60)
        return
    # Kernels without the module of the one mostly have the other.
    if subprocess.run(["ip", "link", "add", "name", "dmsc0", "type", "dummy"], capture_output=True).returncode:
        subprocess.run(["ip", "tuntap", "add", "dmsc0", "mode", "tun"], check=True)
    for line in "link set lo up", "addr add 192.0.2.1/24 dev dmsc0", "link set dmsc0 up":
        subprocess.run(["ip", *line.split()], check=True)
    tls = make_certs(e)
    with between(e, hand_on, tls) as b:
        e.session("--ca", e.path("ca.pem"), "--interface", "lo")
        seen = len(b.seen)
        r = e.session("--ca", e.path("ca.pem"), "--interface", "dmsc0", "--connect-timeout", "2", expect=NETWORK)
        assert ("no connection" in r.err or "time-out" in r.err) and len(b.seen) == seen, r.err
        r = e.session("--ca", e.path("ca.pem"), "--interface", "dmsc7", expect=NETWORK)
        assert "no network device dmsc7" in r.err and len(b.seen) == seen, r.err
        # An address is none, and neither is what the kernel would cut.
        for name in "127.0.0.1", "localhost", "x" * 16, "x" * 200:
            r = e.session("--ca", e.path("ca.pem"), "--interface", name, expect=NETWORK)
            assert "no network device" in r.err and len(b.seen) == seen, r.err
