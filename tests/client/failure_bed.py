# SPDX-License-Identifier: GPL-2.0-or-later
"""What the cells of `failures` stand on: certificates, a false clock, stores with an
account for each scheme, dm-server and dmsc-client as processes. It judges nothing.
"""
import base64
import glob
import hashlib
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import time

SERVER_ID = "dm.example.net"
DEVICE_ID = "IMEI:493005100592800"
YEARS10 = 10 * 365 * 86400
PORT = 8443

# Everything that must not be seen; each is unlike any other word.
SECRETS = {"client": "Kiwi-7-client-secret", "server": "Plum-8-server-secret", "http": "Fig-9-http-secret"}

XML, WBXML = "xml", "wbxml"


class Scheme:
    """How client and server know each other; all of it over TLS."""

    def __init__(self, name, title, user="", words="", account=(), auths=(), conf="", args=(), proves=False):
        self.name, self.title, self.words, self.conf, self.args = name, title, words, conf, args
        self.user, self.account, self.auths = user, account, auths
        self.proves = proves	# the server has credentials of its own

    def users(self, client=None, server=None):
        """The users file, with other passwords than the client's account has."""
        line = self.user % dict(SECRETS)
        if client:
            line = line.replace(SECRETS["client"], client).replace(SECRETS["http"], client)
        if server:
            line = line.replace(SECRETS["server"], server)
        return line + "\n"


def both_ways(name, auth, title):
    return Scheme(name, title, "device %%(client)s %s server-name=srv server-password=%%(server)s server-scheme=%s" %
                  (auth, auth), account=("--user", "device", "--password-file", "client", "--auth", auth,
                                         "--server-user", "srv", "--server-password-file", "server"), proves=True)


def below(name, title, level, kind, words):
    """HTTP asks for credentials, the messages for none."""
    return Scheme(name, title, "device x md5 http-password=%(http)s", "auth none\n" + words,
                  auths=[(level, kind, "device", "%(http)s")])


SCHEMES = [
    Scheme("tls", "TLS alone", words="auth none\n"),
    both_ways("basic", "basic", "basic"),
    both_ways("md5", "md5", "md5"),
    both_ways("mac", "hmac", "MAC"),
    below("http-basic", "HTTP basic", "HTTP", "HTTP-BASIC", "http-auth basic\n"),
    below("http-digest", "HTTP digest", "HTTP", "HTTP-DIGEST", "http-auth digest\n"),
    Scheme("certificate", "client certificate", words="auth none\n", auths=[("CLCRED", "X509", "", "")],
           conf="server-files = BASE/servers\n", args=("--client-ca", "BASE/ca.pem")),
]
SCHEMES[3].conf = "insist-credentials = *\n"  # over TLS nobody else would ask for them


def leaf(name, value):
    return ("<Node><NodeName>%s</NodeName><RTProperties><Format><chr/></Format><Type><MIME>text/plain</MIME></Type>"
            "</RTProperties><Value>%s</Value></Node>" % (name, value))


def node(name, *inner):
    return ("<Node><NodeName>%s</NodeName><RTProperties><Format><node/></Format><Type><DDFName></DDFName></Type>"
            "</RTProperties>%s</Node>" % (name, "".join(inner)))


def bootstrap(url, auths):
    """A bootstrap message with an account that has @auths: (level, type, name, secret)."""
    entries = [node(str(i), leaf("AAuthLevel", level), leaf("AAuthType", kind), leaf("AAuthName", name),
                    leaf("AAuthSecret", secret)) for i, (level, kind, name, secret) in enumerate(auths, 1)]
    account = node("1", leaf("AppID", "w7"), leaf("ServerID", SERVER_ID), leaf("Name", "x"), leaf("PrefConRef", ""),
                   node("AppAddr", node("1", leaf("Addr", url), leaf("AddrType", "URI"))), leaf("AAuthPref", ""),
                   node("AppAuth", *entries)).replace("<DDFName></DDFName>",
                                                      "<DDFName>urn:oma:mo:oma-dm-dmacc:1.0</DDFName>", 1)
    return ('<?xml version="1.0"?><SyncML xmlns="SYNCML:SYNCML1.2"><SyncHdr><VerDTD>1.2</VerDTD><VerProto>DM/1.2'
            "</VerProto><SessionID>0</SessionID><MsgID>1</MsgID><Target><LocURI>/</LocURI></Target><Source><LocURI>%s"
            "</LocURI></Source></SyncHdr><SyncBody><Add><CmdID>1</CmdID><Item><Target><LocURI>./Inbox</LocURI>"
            '</Target><Meta><Format xmlns="syncml:metinf">xml</Format><Type xmlns="syncml:metinf">application/vnd.'
            'syncml.dmtnds+xml</Type></Meta><Data><MgmtTree xmlns="syncml:dmddf1.2"><VerDTD>1.2</VerDTD>%s</MgmtTree>'
            "</Data></Item></Add><Final/></SyncBody></SyncML>" % (SERVER_ID, account))


def openssl(d, *args, clock=0, preload=None):
    env = dict(os.environ)
    if clock:
        env.update(LD_PRELOAD=preload, DMSC_TEST_CLOCK=str(clock))
    subprocess.run(["openssl", *args], check=True, capture_output=True, cwd=d, env=env)


def build_clock(d):
    """The false clock: where it lies."""
    here = os.path.dirname(os.path.abspath(__file__))
    out = os.path.join(d, "clock.so")
    subprocess.run(["cc", "-O1", "-Wall", "-Werror", "-shared", "-fPIC", "-o", out, os.path.join(here, "clock.c"),
                    "-ldl"], check=True)
    return out


def make_certs(d, addresses, preload):
    """A CA and its certificates for @addresses, good and bad in every way; one for a client."""
    key = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes")
    for ca in "ca", "stranger":
        openssl(d, "req", "-x509", *key, "-keyout", ca + ".key", "-out", ca + ".pem", "-subj", "/CN=" + ca, "-days",
                "20000", "-addext", "basicConstraints=critical,CA:TRUE", clock=-3 * YEARS10, preload=preload)
    san = "subjectAltName=" + ",".join("IP:" + a for a in addresses)

    def leaf(name, ca="ca", names=san, clock=0, days="30"):
        with open(os.path.join(d, name + ".ext"), "w", encoding="ascii") as f:
            f.write(names + "\nbasicConstraints=CA:FALSE\n")
        openssl(d, "req", *key, "-keyout", name + ".key", "-out", name + ".csr", "-subj", "/CN=" + name)
        openssl(d, "x509", "-req", "-in", name + ".csr", "-CA", ca + ".pem", "-CAkey", ca + ".key", "-CAcreateserial",
                "-extfile", name + ".ext", "-out", name + ".pem", "-days", days, clock=clock, preload=preload)
    leaf("good")
    leaf("expired", clock=-YEARS10)
    leaf("future", clock=YEARS10)
    leaf("otherhost", names="subjectAltName=DNS:other.example.net")
    leaf("unknown-ca", ca="stranger")
    leaf("device", names="subjectAltName=DNS:device")
    leaf("device-stranger", ca="stranger", names="subjectAltName=DNS:device")
    openssl(d, "req", "-x509", *key, "-keyout", "selfsigned.key", "-out", "selfsigned.pem", "-subj", "/CN=good",
            "-days", "30", "-addext", san)
    files = os.path.join(d, "servers", SERVER_ID)
    os.makedirs(files)
    for kind in "cert.pem", "key.pem":
        shutil.copy(os.path.join(d, "device." + kind.replace("cert.", "").replace("key.pem", "key")),
                    os.path.join(files, kind))
    os.chmod(os.path.join(files, "key.pem"), 0o600)


class Result:
    def __init__(self, code, out, err, seconds):
        self.code, self.out, self.err, self.seconds = code, out, err, seconds
        m = re.search(r"failed \((\w+)\): (.*)", err)
        self.kind, self.reason = m.groups() if m else ("", "")
        m = re.search(r"in the background such a session is( not)? tried again", err)
        self.again = not m.group(1) if m else None


class Bed:
    """One worker's: an address of its own, a directory, a store made for each scheme."""

    def __init__(self, base, build, address):
        self.base, self.build, self.address = base, build, address
        self.dir = os.path.join(base, address)
        os.mkdir(self.dir, 0o700)
        self.url = "https://%s:%d/dm" % (address, PORT)
        for name, text in SECRETS.items():
            self.write(name, text + "\n")
        # Where a RespURI may lead: nobody has any business there.
        self.elsewhere = socket.create_server((address, PORT + 1))
        self.elsewhere.setblocking(False)

    def path(self, *names):
        return os.path.join(self.dir, *names)

    def write(self, name, text):
        with open(self.path(name), "w", encoding="utf-8") as f:
            f.write(text)
        os.chmod(self.path(name), 0o600)
        return self.path(name)

    def strayed(self):
        """Somebody came to the address where nobody has any business."""
        try:
            self.elsewhere.accept()[0].close()
            return True
        except BlockingIOError:
            return False

    def client(self, *args, conf="", clock=0, timeout=60, wrap=()):
        path = self.write("conf", "store = %s\n%s" % (self.path("store"), conf))
        env = {k: v for k, v in os.environ.items() if not k.lower().endswith("_proxy")}
        if clock:
            env.update(LD_PRELOAD=os.path.join(self.base, "clock.so"), DMSC_TEST_CLOCK=str(clock))
        start = time.monotonic()
        p = subprocess.run([*wrap, os.path.join(self.build, "dmsc-client"), "--config", path, "--device-id", DEVICE_ID,
                            *args], stdin=subprocess.DEVNULL, capture_output=True, timeout=timeout, env=env,
                           cwd=self.dir)
        return Result(p.returncode, p.stdout.decode(errors="replace"), p.stderr.decode(errors="replace"),
                      time.monotonic() - start)

    def fresh_store(self, scheme):
        """The store as it is with nothing but the account of @scheme."""
        kept = self.path("store-" + scheme.name)
        shutil.rmtree(self.path("store"), ignore_errors=True)
        if not os.path.exists(kept):
            if scheme.auths:
                auths = [tuple(x % SECRETS for x in a) for a in scheme.auths]
                r = self.client("bootstrap", self.write("account.xml", bootstrap(self.url, auths)))
            else:
                r = self.client("account", "add", "--server-id", SERVER_ID, "--url", self.url, *scheme.account)
            assert r.code == 0, r.err
            shutil.copytree(self.path("store"), kept)
        else:
            shutil.copytree(kept, self.path("store"))

    def session(self, fmt, *args, scheme=None, conf="", **kw):
        return self.client("session", "--server", SERVER_ID, "--ca", os.path.join(self.base, "ca.pem"), "--" + fmt,
                           "--verbose", "--connect-timeout", "1", "--timeout", "1", "--session-timeout", "1", *args,
                           conf=(scheme.conf.replace("BASE", self.base) if scheme else "") + conf, **kw)

    def log(self):
        with open(self.path("server.log"), encoding="utf-8", errors="replace") as f:
            return f.read()

    def tree(self):
        """Lines of the tree, values of nonces left out."""
        r = self.client("tree", ".")
        assert r.code == 0, r.err
        return r.out.splitlines()


class Server:
    """dm-server at the bed's address."""

    def __init__(self, bed, script, users, cert="good", args=()):
        self.bed, self.record = bed, bed.path("record")
        path = os.path.join(bed.base, cert)
        argv = [os.path.join(bed.build, "dm-server"), "--listen", "%s:%d" % (bed.address, PORT), "--server-id",
                SERVER_ID, "--users", bed.write("users", users), "--script", bed.write("script", script), "--record",
                self.record, "--quiet", "--cert", path + ".pem", "--key", path + ".key",
                *(a.replace("BASE", bed.base) for a in args)]
        # pylint: disable=consider-using-with
        self.log = open(bed.path("server.log"), "ab")
        self.p = subprocess.Popen(argv, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=self.log)
        line = self.p.stdout.readline().decode()
        assert line.startswith("listening on "), "dm-server does not start: %r" % bed.log()

    def __enter__(self):
        return self

    def __exit__(self, *exc):
        self.p.send_signal(signal.SIGTERM)
        self.p.communicate(timeout=20)
        self.log.close()


def events(bed):
    path = os.path.join(bed.path("record"), "record.jsonl")
    if not os.path.exists(path):
        return []
    with open(path, encoding="utf-8", errors="replace") as f:
        return [json.loads(line) for line in f]


def requests(bed):
    return len(glob.glob(os.path.join(bed.path("record"), "*-in.*")))


def secrets(bed):
    """All texts that stand for a secret, the nonces of this cell's record included."""
    out = set(SECRETS.values())
    for user, password in (("device", SECRETS["client"]), ("srv", SECRETS["server"]), ("device", SECRETS["http"])):
        both = ("%s:%s" % (user, password)).encode()
        out.add(base64.b64encode(both).decode())
        out.add(base64.b64encode(hashlib.md5(both).digest()).decode())
    path = os.path.join(bed.path("record"), "nonces")
    if os.path.exists(path):
        with open(path, encoding="ascii") as f:
            for line in f:
                out.update(w for w in line.split()[1:] if len(w) > 4)
    return out
