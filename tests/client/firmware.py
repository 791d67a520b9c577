# SPDX-License-Identifier: GPL-2.0-or-later
"""Tests of `test`: firmware updates, from the server's Exec to the alert that tells the result.

The session, pending and download children are the real ones; the helper between them and
the updater are played here, and the packages come from a server of Python's own.
"""
import contextlib
import http.server
import json
import os
import ssl
import struct
import threading

import pendings
from __main__ import SERVER_ID, make_certs, test
from alerts import told
from far_helper import BOOT, NAMES, SIZES, Child, assert_free, message, rows, text

BOOTS = [BOOT, BOOT[:-1] + "2", BOOT[:-1] + "3"]
PACKAGE = bytes(i * 7 % 251 for i in range(400000))
SMALL = "a small package by value"
URI = "./FUMO/dmsc"
IDLE, DOWNLOAD_FAILED, DOWNLOADING, READY, UPDATING, FAILED_DATA, FAILED, DONE = 10, 20, 30, 50, 60, 70, 80, 100


# --- a server of packages ---

class Packages(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *args):
        pass

    def do_GET(self):
        s = self.server
        s.asked.append((self.path, self.headers.get("Range"), self.headers.get("If-Range"),
                        self.headers.get("Authorization")))
        if s.answers:
            answer = s.answers.pop(0)
            if callable(answer):
                return answer(self)
            if answer is not None:
                return self.plain(answer)
        self.file(len(PACKAGE))
        return None

    def plain(self, status, **headers):
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def file(self, upto):
        """The package, or what is asked of it, and an end at @upto, be it the end or not."""
        start = 0
        if self.headers.get("Range") and self.headers.get("If-Range") in (None, '"v1"'):
            start = int(self.headers["Range"][len("bytes="):-1])
            self.send_response(206)
            self.send_header("Content-Range", "bytes %d-%d/%d" % (start, len(PACKAGE) - 1, len(PACKAGE)))
        else:
            self.send_response(200)
        self.send_header("ETag", '"v1"')
        self.send_header("Content-Length", str(len(PACKAGE) - start))
        self.end_headers()
        self.wfile.write(PACKAGE[start:upto])
        self.close_connection = True


def cut(upto):
    return lambda handler: handler.file(upto)


@contextlib.contextmanager
def packages(*answers, certs=None):
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Packages)
    server.asked, server.answers = [], list(answers)
    server.url = "http://127.0.0.1:%d/image" % server.server_port
    if certs:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(*certs)
        server.socket = context.wrap_socket(server.socket, server_side=True)
        server.url = "https://localhost:%d/image" % server.server_port
    server.handle_error = lambda *args: None        # a client that does not trust us
    thread = threading.Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


# --- the helper ---

class Helped:
    def __init__(self):
        self.did, self.log, self.status = [], "", None


def download(e, body):
    """The real child; what it says."""
    child = Child(e, "download-child")
    child.socket.send(message("DOWNLOAD", body))
    try:
        while True:
            data = child.socket.recv(65536)
            assert data, "no word\n" + child.end()[1]
            kind = NAMES[struct.unpack("=HHI", data[:8])[1]]
            if kind == "PROGRESS":
                done, total = struct.unpack("=QQ", data[8:24])
                assert done <= total == len(PACKAGE) and text(data[24:]) == "downloading firmware"
                continue
            assert kind == "FIRMWARE"
            return data
    finally:
        status, log = child.end()
        assert status in (0, 1), log


def firmware_answer(code):
    return message("FIRMWARE", struct.pack("=QII", 0, code, 0) + b"".ljust(SIZES["REASON_MAX"], b"\0"))


def helper(e, *updater, boot=0, network=True, leave_at=None, session=True):
    """One pending-child to its end. @updater: what update-hook answers in turn, as codes.

    @network: a route comes after each failed attempt, so that nobody waits. @leave_at: the
    helper goes when it is asked for that. @session: the real session-child answers.
    """
    h = Helped()
    child = Child(e, "pending-child")
    updater = list(updater)
    try:
        child.socket.send(message("START", struct.pack("=Q", 0) + b"".ljust(64, b"\0") +
                                  b"".ljust(SIZES["LOCATION_MAX"], b"\0") + BOOTS[boot].encode().ljust(40, b"\0")))
        while True:
            data = child.socket.recv(65536)
            if not data:
                break
            kind, body = NAMES[struct.unpack("=HHI", data[:8])[1]], data[8:]
            assert_free(e, kind)
            what = kind.lower()
            if kind == "UPDATE":
                size, verb = struct.unpack("=QI", body[:12])
                name = text(body[12:12 + SIZES["PACKAGE_MAX"]])
                at = 12 + SIZES["PACKAGE_MAX"]
                words = text(body[at:at + SIZES["WORD_MAX"]]), text(body[at + SIZES["WORD_MAX"]:at + 2 * SIZES["WORD_MAX"]])
                what = ["update", "result"][verb]
                if verb == 0:
                    with open(os.path.join(e.store, "firmware", name + ".pkg"), "rb") as f:
                        content = f.read()
                    assert len(content) == size and content in (PACKAGE, SMALL.encode())
                    assert words == ("image", "2.0"), words
            h.did.append(what)
            if what == leave_at:
                break
            if kind == "DOWNLOAD":
                answer = download(e, body)
                child.socket.send(answer)
                if network and struct.unpack("=QII", answer[8:24])[2]:
                    child.socket.send(message("NETWORK", b""))
            elif kind == "UPDATE":
                assert updater, "nobody foresaw %s\n%s" % (h.did, child.log.decode())
                child.socket.send(firmware_answer(updater.pop(0)))
            elif kind == "SESSION":
                wanted = pendings.Wanted(body)
                assert wanted.cause == "firmware" and wanted.server == SERVER_ID
                if not session:
                    break
                child.socket.send(pendings.session(e)(wanted))
            else:
                raise AssertionError(kind)
    finally:
        h.status, h.log = child.end()
    assert not updater, h.did
    return h


# --- what the server does ---

def conf(e, *lines):
    pendings.conf(e, "update-hook = /bin/true", *lines)


def script(*lines):
    return "server-id %s\npackage\n%s" % (SERVER_ID, "".join("\t%s\n" % line for line in lines))


def order(op, url, correlator="corr-7"):
    return script('replace %s/PkgName "image"' % URI, "\texpect 200", 'replace %s/PkgVersion "2.0"' % URI, "\texpect 200",
                  'replace %s/%s/PkgURL "%s"' % (URI, op, url), "\texpect 200",
                  'exec %s/%s "" %s' % (URI, op, correlator), "\texpect 202",
                  "get %s/State" % URI, "\texpect 200", '\texpect-value "%d"' % DOWNLOADING)


def state_is(value):
    return script("get %s/State" % URI, "\texpect 200", '\texpect-value "%d"' % value)


def ask(e, text_of_script):
    with e.server(text_of_script) as s:
        with contextlib.suppress(AssertionError):
            e.run("account", "remove", "--server-id", SERVER_ID)
        pendings.account(e, url=s.url)
        e.session()
        return s


def state(e):
    """As it is stored, not as a session would make it."""
    got = rows(e, "SELECT value FROM node WHERE name = 'State'")
    return int(got[0][0])


def results(e):
    return [(k.rsplit(".", 1)[1], int(d), m, c) for k, d, m, c in
            rows(e, "SELECT type, CAST(data AS TEXT), mark, correlator FROM alert WHERE code = 1226 ORDER BY id")]


def files(e):
    return sorted(os.path.splitext(f)[1] for f in os.listdir(os.path.join(e.store, "firmware")))


def final_session(e, expected_state, *helper_args, **more):
    """The helper works until the result is told; what was told."""
    with e.server(state_is(expected_state)) as s:
        e.run("account", "remove", "--server-id", SERVER_ID)
        pendings.account(e, url=s.url)
        h = helper(e, *helper_args, **more)
        return h, [(i["source"], i["type"].rsplit(".", 1)[1], i["format"], i["mark"], i["value"])
                   for items in told(s) for i in items], s


# Rules: FUMO-1 FUMO-6 FUMO-7 FUMO-10 DDF-14
@test
def firmware_over_https_with_an_interruption(e):
    certs = make_certs(e)
    conf(e, "ca-file = " + e.path("ca.pem"))
    with packages(cut(100000), 503, cut(250000), certs=certs) as p:
        ask(e, order("DownloadAndUpdate", p.url))
        assert state(e) == IDLE         # as the next session would say 30
        h, said, s = final_session(e, DONE, 200)
    assert h.did == ["download"] * 4 + ["update", "session"] and h.status == 0, (h.did, h.log)
    assert [a[1:3] for a in p.asked] == [(None, None), ("bytes=100000-", '"v1"'), ("bytes=100000-", '"v1"'),
                                         ("bytes=250000-", '"v1"')], p.asked
    assert said == [(URI, "downloadandupdate", "int", "informational", "200")], said
    assert "corr-7" in s.text()
    assert not any(a[3] for a in p.asked)
    assert files(e) == [] and results(e) == [], (files(e), results(e), h.log)


# Rules: FUMO-6 FUMO-7
@test
def firmware_in_two_steps(e):
    conf(e)
    with packages() as p:
        ask(e, order("Download", p.url))
        h, said, _ = final_session(e, READY)
    assert h.did == ["download", "session"], h.did
    assert said == [(URI, "download", "int", "informational", "200")], said
    assert files(e) == [".pkg"]
    ask(e, script('exec %s/Update "" next' % URI, "\texpect 202", 'exec %s/Update' % URI, "\texpect 417",
                  'replace %s/PkgVersion "3.0"' % URI, "\texpect 417"))
    h, said, _ = final_session(e, FAILED_DATA, 410)
    assert h.did == ["update", "session"], h.did
    assert said == [(URI, "update", "int", "critical", "410")], said
    assert files(e) == [".pkg"]


@test
def firmware_is_listed(e):
    """What is under way is among the sessions that are to be; what has come to its end is not."""
    def listed():
        return [(row["server"], row["state"]) for row in json.loads(pendings.ctl(e, "--json", "session", "list"))
                if row["id"] == "-" and row["cause"] == "firmware"]
    conf(e)
    with packages() as p:
        ask(e, order("DownloadAndUpdate", p.url))
        assert listed() == [(SERVER_ID, "downloading")], listed()
        assert helper(e, 0).did == ["download", "update"]
    assert listed() == [(SERVER_ID, "reboot")], listed()
    assert helper(e, 200, boot=1, session=False).did == ["result", "session"]
    assert listed() == [(SERVER_ID, "running")], listed()       # its session, cut off


@test
def firmware_by_value(e):
    conf(e)
    ask(e, script('replace %s/PkgName "image"' % URI, 'replace %s/PkgVersion "2.0"' % URI,
                  'replace %s/Update/PkgData bin "%s"' % (URI, SMALL), "\texpect 200",
                  'replace %s/Download/PkgURL "https://h/x"' % URI, "\texpect 405",
                  "get %s/Update/PkgData" % URI, "\texpect 405",
                  "get %s/State" % URI, '\texpect-value "50"', 'exec %s/Update "" v' % URI, "\texpect 202"))
    h, said, _ = final_session(e, DONE, 200)
    assert h.did == ["update", "session"], (h.did, h.log)
    assert said == [(URI, "update", "int", "informational", "200")], said


# Rules: FUMO-8 FUMO-11
@test
def firmware_that_cannot_be_had(e):
    big = {"ETag": '"x"'}

    def too_large(handler):
        handler.send_response(200)
        handler.send_header("Content-Length", str((1 << 20) + 1))
        handler.end_headers()
        handler.close_connection = True

    def shorter(handler):
        """Says less than it sends: what is over is not read, what came is not a package of ours."""
        handler.send_response(200)
        handler.send_header("ETag", big["ETag"])
        handler.end_headers()
        handler.wfile.write(PACKAGE)
        handler.close_connection = True

    conf(e, "update-max = 1", "patience = 0")
    for answer, code, why in ((404, 411, "there is no such package"), (401, 406, "wants credentials"),
                              (too_large, 501, "update-max"), (shorter, 400, "does not say how large"),
                              (cut(5), 503, ""), (500, 503, "HTTP 500"), (408, 407, "HTTP 408"),
                              (lambda h: h.plain(302, Location="ftp://h/x"), 411, "not https"),
                              (lambda h: h.plain(302, Location="/image"), None, "")):
        with packages(answer) as p:
            ask(e, order("DownloadAndUpdate", p.url))
            h = helper(e, *([401] if code is None else []), session=False)
            done = results(e)
        assert done[-1][1:] == (code or 401, "critical", "corr-7"), (answer, done, h.log)
        assert why in h.log, h.log
        assert state(e) == (DOWNLOAD_FAILED if code else FAILED_DATA), (answer, state(e))
        assert h.did.count("download") == 1 and files(e) == ([] if code else [".pkg"]), (h.did, files(e))


@test
def firmware_from_a_stranger(e):
    make_certs(e)
    conf(e, "patience = 0", "ca-file = " + e.path("stranger.pem"))
    with packages(certs=(e.path("srv.pem"), e.path("srv.key"))) as p:
        ask(e, order("Download", p.url))
        h = helper(e, session=False)
    assert p.asked == [] and results(e)[-1][1] == 503 and state(e) == DOWNLOAD_FAILED, h.log
    # A server that has certificates of its own below server-files vouches for what it names.
    pin = os.path.join(e.dir, "servers", SERVER_ID)
    os.makedirs(pin)
    os.link(e.path("ca.pem"), os.path.join(pin, "ca.pem"))
    conf(e, "patience = 0", "ca-file = " + e.path("stranger.pem"), "server-files = " + os.path.join(e.dir, "servers"))
    with packages(certs=(e.path("srv.pem"), e.path("srv.key"))) as p:
        ask(e, order("Download", p.url))
        h = helper(e, session=False)
    assert state(e) == READY, h.log


@test
def firmware_urls_are_judged(e):
    e.write("dmsc.conf", "store = %s\nupdate-hook = /bin/true\n" % e.store)
    with e.server(script('replace %s/Download/PkgURL "ftp://h/x"' % URI, "\texpect 400",
                         'replace %s/Download/PkgURL "https://u:p@h/x"' % URI, "\texpect 400",
                         "exec %s/Download" % URI, "\texpect 412", "exec %s/Update" % URI, "\texpect 405",
                         "exec %s" % URI, "\texpect 405", 'replace %s/State "50"' % URI, "\texpect 405")) as s:
        e.account(s.url)
        e.session("--allow-http")
    # Who has no updater has no object.
    e.write("dmsc.conf", "store = %s\n" % e.path("other"))
    e.store = e.path("other")
    with e.server(script("get ./FUMO", "\texpect 404")) as s:
        e.account(s.url)
        e.session("--allow-http")


# Rules: FUMO-9
@test
def firmware_known_after_a_reboot(e):
    conf(e)
    with packages() as p:
        ask(e, order("DownloadAndUpdate", p.url))
        h = helper(e, 0)
    assert h.did == ["download", "update"] and h.status == 0, (h.did, h.log)
    assert state(e) == UPDATING and results(e) == []
    assert helper(e).did == []          # the same boot
    assert helper(e, 0, boot=1).did == ["result"]
    assert helper(e, boot=1).did == []
    h, said, _ = final_session(e, DONE, 250, boot=2)
    assert h.did == ["result", "session"]
    assert said == [(URI, "downloadandupdate", "int", "informational", "250")], said


# Rules: FUMO-9
@test
def firmware_with_power_cuts(e):
    """Whoever is killed at whatever point: one package, one installation, one result."""
    conf(e)
    with packages(cut(100000)) as p:
        ask(e, order("DownloadAndUpdate", p.url))
        assert helper(e, leave_at="download").status == 4
        assert helper(e, leave_at="update", boot=1).did == ["download", "download", "update"]
        assert state(e) == UPDATING
        h, said, _ = final_session(e, FAILED, 404, boot=2)
    assert h.did == ["result", "session"], h.did        # not installed a second time
    assert said == [(URI, "downloadandupdate", "int", "critical", "404")], said
    assert len(p.asked) == 2 and files(e) == []
    assert helper(e, boot=2).did == []


@test
def firmware_download_survives_its_child(e):
    """A child that is killed in the middle leaves what it had, and the next one goes on with it."""
    conf(e)
    arrived, go = threading.Event(), threading.Event()

    def slow(handler):
        handler.send_response(200)
        handler.send_header("ETag", '"v1"')
        handler.send_header("Content-Length", str(len(PACKAGE)))
        handler.end_headers()
        handler.wfile.write(PACKAGE[:200000])
        handler.wfile.flush()
        arrived.set()
        go.wait(20)
        handler.close_connection = True

    with packages(slow) as p:
        ask(e, order("DownloadAndUpdate", p.url))
        h = helper(e, leave_at="download")
        body = rows(e, "SELECT path FROM firmware")[0][0].encode()
        child = Child(e, "download-child")
        child.socket.send(message("DOWNLOAD", struct.pack("=Q", 1 << 30) + p.url.encode().ljust(SIZES["URL_MAX"], b"\0") +
                                  SERVER_ID.encode().ljust(SIZES["SERVER_MAX"], b"\0") +
                                  body.ljust(SIZES["PACKAGE_MAX"], b"\0") + b"\0" * 7))
        assert arrived.wait(20)
        part = os.path.join(e.store, "firmware", body.decode() + ".part")
        for _ in range(200):
            if os.path.exists(part) and os.path.getsize(part) >= 190000:
                break
            threading.Event().wait(0.05)
        child.process.kill()
        child.end()
        go.set()
        had = os.path.getsize(part)
        h, said, _ = final_session(e, DONE, 200)
        assert h.did == ["download", "update", "session"], (h.did, h.log)
        assert p.asked[-1][1] == "bytes=%d-" % had and had >= 190000, (p.asked, had)
    assert said[0][-1] == "200"
