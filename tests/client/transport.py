# SPDX-License-Identifier: GPL-2.0-or-later
"""Tests of `test`: what HTTP and TLS do between client and server, played by a
go-between that hands each message on to dm-server and answers as it likes.
"""
import contextlib
import http.client
import http.server
import os
import re
import ssl
import subprocess
import threading
import warnings

from __main__ import ABORTED, ADD, AUTH, NETWORK, ONE_GET, PROTOCOL, SERVER_ID, TLS, make_certs, test

XML = "application/vnd.syncml.dm+xml"


class Between:
    """Listens with TLS; @play(handler, n, answer) answers the n-th request, answer() asks dm-server."""

    def __init__(self, behind, tls, play, **context):
        self.seen = []
        self.connections = 0
        self.play = play
        between = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def setup(self):
                between.connections += 1
                super().setup()

            def log_message(self, *args):
                pass

            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                between.seen.append((self.path, self.headers, body))

                def ask():
                    c = http.client.HTTPConnection(behind.url.split("/")[2], timeout=20)
                    c.request("POST", "/dm", body, {"Content-Type": self.headers["Content-Type"]})
                    r = c.getresponse()
                    return r.read(), r.headers["Content-Type"]
                between.play(self, len(between.seen), ask)

            def answer(self, status, body=b"", **headers):
                self.send_response(status)
                for k, v in headers.items():
                    self.send_header(k.replace("_", "-"), v)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

        ctx = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        if "ciphers" in context:
            ctx.set_ciphers(context["ciphers"])
        if "version" in context:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", DeprecationWarning)
                ctx.minimum_version = ctx.maximum_version = context["version"]
        if "client_ca" in context:
            ctx.load_verify_locations(context["client_ca"])
            ctx.verify_mode = ssl.CERT_REQUIRED
        ctx.load_cert_chain(*tls)
        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.handle_error = lambda *args: None
        self.server.socket = ctx.wrap_socket(self.server.socket, server_side=True)
        self.url = "https://localhost:%d/dm" % self.server.server_port
        threading.Thread(target=self.server.serve_forever, daemon=True).start()


@contextlib.contextmanager
def between(e, play, tls=None, script=ONE_GET, users="device secret md5", strict=True, **context):
    tls = tls or make_certs(e)
    with e.server(script, users, strict=strict) as s:
        b = Between(s, tls, play, **context)
        e.account(b.url)
        try:
            yield b
        finally:
            b.server.shutdown()
            b.server.server_close()
            e.run("account", "remove", "--server-id", SERVER_ID)


def hand_on(h, n, ask):
    body, kind = ask()
    h.answer(200, body, Content_Type=kind)


# Rules: HTTP-1 HTTP-2 HTTP-3 HTTP-4 HTTP-5 HTTP-6 HTTP-7
@test
def headers_of_a_session(e):
    for option, kind in ("--xml", XML), ("--wbxml", XML.replace("xml", "wbxml")):
        with between(e, hand_on) as b:
            e.session("--ca", e.path("ca.pem"), option)
        assert len(b.seen) == 3, len(b.seen)
        for path, headers, body in b.seen:
            assert path == "/dm" and body
            assert headers["Host"] == b.url.split("/")[2]
            assert headers["Content-Type"] == headers["Accept"] == kind
            assert headers["Content-Length"] == str(len(body))
            assert headers["Accept-Charset"] == "utf-8"
            assert headers["User-Agent"].startswith("dmsc/")
            assert headers["Cache-Control"] == "no-store"


# Rules: HTTP-13 HTTP-18
@test
def answers_of_other_forms(e):
    def play(h, n, ask):
        body, kind = ask()
        h.send_response(200)
        h.send_header("Content-Type", kind.replace(".dm+", "+") + ";charset=UTF-8")
        h.send_header("Transfer-Encoding", "chunked")
        h.end_headers()
        for i in range(0, len(body), 100):
            h.wfile.write(b"%x\r\n%s\r\n" % (len(body[i:i + 100]), body[i:i + 100]))
        h.wfile.write(b"0\r\n\r\n")
    for option in "--xml", "--wbxml":
        with between(e, play):
            e.session("--ca", e.path("ca.pem"), option)


# Rules: HTTP-14 HTTP-15
@test
def answers_that_are_no_messages(e):
    for status, kind, body, why in ((404, XML, b"x", "HTTP 404"), (500, XML, b"", "HTTP 500"),
                                    (204, XML, b"", "HTTP 204"), (200, XML, b"", "empty"),
                                    (200, "text/html", b"<html>", "web page"),
                                    (200, "image/png", b"x", "image/png")):
        with between(e, lambda h, n, ask: h.answer(status, body, Content_Type=kind)) as b:
            r = e.session("--ca", e.path("ca.pem"), expect=NETWORK)
            assert why in r.err and len(b.seen) == 1, r.err


# Rules: HTTP-16
@test
def redirects(e):
    tls = make_certs(e)

    def play(h, n, ask):
        if h.path.startswith("/dm"):
            h.answer(code, Location="/moved/%d" % code)
        else:
            hand_on(h, n, ask)
    for code in 301, 302, 307, 308:
        with between(e, play, tls) as b:
            for _ in range(2):
                e.session("--ca", e.path("ca.pem"))
        # Each message went to the account's address first, and then on as it was.
        paths = [path for path, _, _ in b.seen]
        assert paths == ["/dm", "/moved/%d" % code] * (len(paths) // 2) and len(paths) >= 8, paths
        assert all(b.seen[i][2] == b.seen[i + 1][2] for i in range(0, len(paths), 2))
        assert all(h["Content-Type"] for _, h, _ in b.seen)
    with between(e, lambda h, n, ask: h.answer(307, Location="/again"), tls) as b:
        assert "too many" in e.session("--ca", e.path("ca.pem"), expect=NETWORK).err
        assert len(b.seen) == 4
    for code in 300, 303, 304, 305:
        with between(e, lambda h, n, ask: h.answer(code, Location="/other"), tls) as b:
            assert "HTTP %d" % code in e.session("--ca", e.path("ca.pem"), expect=NETWORK).err
            assert len(b.seen) == 1
    with between(e, lambda h, n, ask: h.answer(302, Location="http://localhost:1/"), tls):
        assert "not https" in e.session("--ca", e.path("ca.pem"), expect=NETWORK).err


# Rules: HTTP-9 HTTP-11
@test
def tls_that_is_none(e):
    tls = make_certs(e)
    for context in ({"version": ssl.TLSVersion.TLSv1_1, "ciphers": "ALL:@SECLEVEL=0"},
                    {"version": ssl.TLSVersion.TLSv1_2, "ciphers": "eNULL:@SECLEVEL=0"}):
        with between(e, hand_on, tls, **context) as b:
            assert "TLS" in e.session("--ca", e.path("ca.pem"), expect=TLS).err
            assert not b.seen
    for version in ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3:
        with between(e, hand_on, tls, version=version):
            e.session("--ca", e.path("ca.pem"))


# Rules: AUTH-14
@test
def another_address(e):
    """RespURI: never from TLS to the open, and nowhere at a stranger's word."""
    tls = make_certs(e)
    with e.server("auth none\nresp-uri http://localhost:1/\n" + ADD, tls=tls) as s:
        e.account(s.url)
        r = e.session("--ca", e.path("ca.pem"), expect=PROTOCOL)
        assert "RespURI is not https" in r.err and len(s.requests()) == 1, r.err
        # The server cannot be told what was done, so nothing is.
        assert "Kept" not in e.tree()
        e.run("account", "remove", "--server-id", SERVER_ID)
    with e.server("resp-uri https://localhost:1/\n" + ONE_GET,
                  "device secret md5 server-name=srv server-password=guessed", strict=False) as s:
        e.account(s.url, extra=("--server-user", "srv", "--server-password-file",
                                e.write("srvpw", "topsecret\n")))
        r = e.session("--allow-http", expect=AUTH)
        assert "not authenticated" in r.err and len(s.requests()) == 1, r.err


# Rules: ID-5
@test
def session_without_end(e):
    """It is given a time; the goodbye has the next MsgID, and what came last was not done."""
    # A fast machine has more messages in a second than a session may have.
    with e.server(ONE_GET.replace("package\n", "package\n\tdelay 20\n") + "\trepeat-package\n") as s:
        e.account(s.url)
        r = e.session("--allow-http", "--session-timeout", "1", expect=ABORTED)
        assert "did not come to an end within 1 s" in r.err, r.err
        sent = re.findall(r"^-> (\d+): (.*)", r.out, re.M)
    assert [int(n) for n, _ in sent] == list(range(1, len(sent) + 1)) and sent[-1][1] == "Alert 1223", sent[-3:]


@test
def session_of_too_many_messages(e):
    """However fast they come: 4096 are answered, and the next ends the session."""
    with e.server(ONE_GET + "\trepeat-package\n") as s:
        e.account(s.url)
        r = e.session("--allow-http", expect=PROTOCOL, timeout=300)
    assert "the server does not come to an end" in r.err, r.err
    assert r.out.count("\n<- ") == 4097 and r.out.rstrip().endswith("Alert 1223"), r.out[-300:]


@test
def an_allocator_of_the_systems(e):
    """Loaded libraries give memory back to whom they have it from, whoever that is."""
    with open(os.path.join(e.build, "dmsc-client"), "rb") as f:
        if b"__asan_init" in f.read():
            return      # that has to be first itself
    out = e.path("allocator.so")
    source = os.path.join(os.path.dirname(os.path.abspath(__file__)), "allocator.c")
    subprocess.run(["cc", "-O1", "-Wall", "-Werror", "-fno-builtin", "-shared", "-fPIC", "-o", out, source],
                   check=True)
    tls = make_certs(e)
    os.environ["LD_PRELOAD"] = out
    try:
        for encoding in "--xml", "--wbxml":
            with e.server(ADD if encoding == "--xml" else ONE_GET, tls=tls) as s:
                e.account(s.url)
                e.session(encoding, "--ca", e.path("ca.pem"))
                e.run("account", "remove", "--server-id", SERVER_ID)
    finally:
        del os.environ["LD_PRELOAD"]
