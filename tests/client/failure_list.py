# SPDX-License-Identifier: GPL-2.0-or-later
"""What goes wrong in the cells of `failures`, and what has to come of it."""
from failure_bed import YEARS10

OK, CONFIG, NETWORK, TLS, AUTH, PROTOCOL, ABORTED = "", "config", "network", "tls", "auth", "protocol", "aborted"
CODES = {OK: 0, CONFIG: 2, NETWORK: 4, TLS: 5, AUTH: 6, PROTOCOL: 7, ABORTED: 8}

NEXT = "package\n\tadd ./Next chr text/plain \"the next session\"\n\t\texpect 200\n"


def kept(n):
    """@n packages that work."""
    return "".join('package\n\tadd ./Kept%d chr text/plain "value %d"\n\t\texpect 200\n' % (i, i)
                   for i in range(1, n + 1))


def bad(*lines):
    """A package whose command must never be carried out."""
    return "package\n" + "".join("\t%s\n" % line for line in lines) + "\tadd ./Bad chr text/plain bad\n"


class Failure:
    """@script: the first session's packages. @ends, @says: the class of outcome and a
    regular expression for the log, each a value or a function of the scheme.
    @server, @good: what dm-server gets (cert, users...) in the first session and
    the second; without @good the same server plays both. @warm: a session that
    worked comes before, and the server forgets it.
    """

    def __init__(self, name, title, script, ends, says, server=None, good=None, clock=0, conf="", words="",
                 only=None, posts=None, seconds=1.0, warm=False):
        self.name, self.title, self.script, self.ends, self.says = name, title, script, ends, says
        self.server, self.good, self.clock, self.conf, self.words = server or {}, good, clock, conf, words
        self.only, self.posts, self.seconds = only or (lambda scheme: True), posts, seconds
        self.warm = warm

    def of(self, what, scheme):
        value = getattr(self, what)
        return value(scheme) if callable(value) else value


def cert(name, title, certificate, says):
    return Failure("certificate-" + name, title, kept(1), TLS, says, server={"cert": certificate}, good={}, posts=0)


def http(name, title, line, says, at=0):
    return Failure(name, title, kept(at) + "package\n" + "".join("\t%s\n" % x for x in line.split(" / ")), NETWORK, says)


def body(name, title, line, ends, says, seconds=1.0):
    return Failure(name, title, kept(1) + bad(line), ends, says, seconds=seconds)


def proves(scheme):
    return scheme.proves


FAILURES = [
    cert("expired", "its certificate has expired", "expired", r"expired on \d{4}-\d\d-\d\d; this device's clock says"),
    cert("not-yet", "its certificate is not valid yet", "future", r"valid from \d{4}-\d\d-\d\d on; this device's clock says"),
    cert("self-signed", "its certificate is signed by itself", "selfsigned", r"certificate is self-signed"),
    cert("other-host", "its certificate is another host's", "otherhost", r'not for "127[\d.]+" but for another name'),
    cert("unknown-ca", "its certificate is of an unknown CA", "unknown-ca", r'by "stranger", which is not trusted'),
    Failure("clock-behind", "the device's clock is ten years behind", kept(1), TLS,
            r"clock says \d{4}-\d\d-\d\d(, before this program was made: it is wrong|: is it right\?)",
            clock=-YEARS10, good={}, posts=0),
    Failure("clock-ahead", "the device's clock is ten years ahead", kept(1), TLS,
            r"clock says \d{4}-\d\d-\d\d: is it right\?",
            clock=YEARS10, good={}, posts=0),
    http("portal", "a captive portal answers with a page", "http html", r"web page"),
    http("portal-redirect", "a captive portal redirects to its page", "redirect http://portal.invalid/login 302",
         r"HTTP 302 .*not https"),
    http("redirect-loop", "redirects lead in a circle", "redirect /dm / repeat-package", r"too many HTTP redirects"),
    http("http-404", "HTTP 404", "http 404", r"HTTP 404"),
    http("http-403", "HTTP 403 in mid-session", "http 403", r"HTTP 403", at=1),
    http("http-500", "HTTP 500 in mid-session", "http 500", r"HTTP 500", at=1),
    Failure("http-401", "HTTP 401, which nobody expected", "package\n\thttp 401\n", AUTH,
            r"wants HTTP credentials, and the account has none", only=lambda s: not s.name.startswith("http")),
    http("http-429", "HTTP 429 with Retry-After", "http 429 / retry-after 30", r"HTTP 429"),
    http("http-503", "HTTP 503 with Retry-After", "http 503 / retry-after 120", r"HTTP 503"),
    http("drop", "the connection ends without an answer, again and again", "drop / repeat-package",
         r"connection failed", at=1),
    Failure("drop-once", "the connection ends once without an answer", kept(1) + "package\n\tdrop\n", OK,
            r"completed"),
    body("hang", "it hangs behind the headers", "body hang", NETWORK, r"time-out"),
    body("trickle", "its answer trickles, a byte at a time", "body trickle 200", NETWORK, r"time-out"),
    body("endless", "its answer has no end", "body endless", PROTOCOL, r"larger than \d+ bytes"),
    body("bomb", "its compressed answer unpacks to 16 MiB", "body bomb", PROTOCOL, r"larger than \d+ bytes"),
    body("truncated", "its answer is shorter than Content-Length", "body truncated", NETWORK,
         r"the connection failed|bytes missing|transfer closed"),
    body("content-type", "its answer has another content type", "content-type application/json", NETWORK,
         r"application/json came instead of SyncML"),
    Failure("garbage", "garbage comes behind three good messages", kept(3) + "package\n\tgarbage\n", PROTOCOL,
            r"no DM message"),
    # A fast machine has more messages in a second than a session may have.
    Failure("never-ends", "the session has no end",
            kept(1) + "package\n\tdelay 20\n\tget ./DevInfo/DevId\n\trepeat-package\n", ABORTED,
            r"did not come to an end within 1 s", seconds=2.0),
    Failure("replay", "its message before comes once more", kept(2) + "package\n\treplay\n" +
            "package\n\tget ./DevInfo/Man\n\t\texpect 200\n", OK, r"completed"),
    Failure("wrong-session", "a message of another session comes", kept(1) + bad("wrong-session"), PROTOCOL,
            r"session"),
    Failure("resp-uri-plain", "RespURI leads away from TLS", kept(1), PROTOCOL, r"RespURI is not https",
            words="resp-uri http://127.0.0.1:1/\n", good={}),
    Failure("resp-uri-early", "RespURI leads elsewhere before the server is authenticated", kept(1), AUTH,
            r"a RespURI to another server, from one that is not authenticated", server={"unproven": True},
            words="resp-uri ELSEWHERE\n", conf=lambda s: "" if "insist" in s.conf else "insist-credentials = dm.example.net\n",
            good={}, only=proves),
    Failure("nonces-reused", "the same nonce is handed out again", kept(2), OK, r"completed", words="nonces reused\n"),
    Failure("nonces-lost", "the server has lost its nonces", kept(2), OK, r"completed", warm=True),
    Failure("nonce-old", "its own credentials have an old nonce", kept(1) + bad("hmac reused"),
            AUTH, r"did not prove who it is \(wrong credentials\)", only=lambda s: s.name == "mac"),
    Failure("client-wrong", "the client's password is wrong there", kept(1), AUTH,
            r"refused (our|the account's HTTP) credentials", server={"client": "another"}, good={},
            only=lambda s: s.user != ""),
    Failure("client-unknown", "the server demands what the account has not", kept(1), AUTH,
            r"asks for an authentication the account does not offer", server={"users": "device x md5\n"}, good={},
            words="auth md5\n", only=lambda s: s.user == ""),
    Failure("certificate-refused", "the client's certificate is of a CA the server does not know", kept(1), TLS,
            r"it may not take our certificate", server={"args": ("--client-ca", "BASE/stranger.pem")}, good={},
            only=lambda s: s.name == "certificate"),
    Failure("unproven", "the server has to prove itself, and does not", kept(1),
            lambda s: AUTH if s.proves else CONFIG,
            lambda s: r"did not prove who it is \(no credentials\)" if s.proves else r"holds no secret for the server",
            server={"unproven": True}, good={}, conf=lambda s: "" if "insist" in s.conf else "insist-credentials = dm.example.net\n"),
    Failure("server-wrong", "the server's password is wrong", kept(1), AUTH,
            r"did not prove who it is \(wrong credentials\)", server={"server": "another"}, good={}, only=proves),
]
