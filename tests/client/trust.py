# SPDX-License-Identifier: GPL-2.0-or-later
"""Tests of `test`: whom TLS trusts, what proves who we are, and what a person is told."""
import os
import re
import ssl
import subprocess

from __main__ import AUTH, CONFIG, ONE_GET, SERVER_ID, TLS, make_certs, test
from transport import between, hand_on

CA_CONF = """[ca]
default_ca = d
[d]
database = index.txt
new_certs_dir = .
serial = serial
rand_serial = yes
default_md = sha256
policy = p
unique_subject = no
[p]
commonName = supplied
"""


def openssl(e, *args):
    p = subprocess.run(["openssl", *args], stdin=subprocess.DEVNULL, capture_output=True, cwd=e.dir)
    assert p.returncode == 0, p.stderr.decode()


def request(e, name, common):
    openssl(e, "req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-keyout",
            name + ".key", "-out", name + ".csr", "-subj", "/CN=" + common)


def issue(e, name, common="localhost", ext="subjectAltName=DNS:localhost\nbasicConstraints=CA:FALSE\n", ca="ca",
          start="20200101000000Z", end="20991231235959Z"):
    """A certificate by @ca with these dates: its paths."""
    request(e, name, common)
    e.write("ca.cnf", CA_CONF)
    e.write("index.txt", "")
    e.write("x.ext", ext)
    openssl(e, "ca", "-config", "ca.cnf", "-batch", "-notext", "-in", name + ".csr", "-cert", ca + ".pem", "-keyfile",
            ca + ".key", "-startdate", start, "-enddate", end, "-extfile", "x.ext", "-out", name + ".pem")
    return e.path(name + ".pem"), e.path(name + ".key")


def self_signed(e, name, common="localhost"):
    openssl(e, "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-keyout",
            name + ".key", "-out", name + ".pem", "-subj", "/CN=" + common, "-days", "2", "-addext",
            "subjectAltName=DNS:" + common, "-addext", "basicConstraints=critical,CA:FALSE")
    return e.path(name + ".pem"), e.path(name + ".key")


def server_dir(e, server=SERVER_ID, **files):
    """Gives @server these files: names of files of @e by role."""
    d = os.path.join(e.path("servers"), server)
    os.makedirs(d, exist_ok=True)
    for old in os.listdir(d):
        os.unlink(os.path.join(d, old))
    for role, name in files.items():
        with open(e.path(name), "rb") as f:
            data = f.read()
        fd = os.open(os.path.join(d, role + ".pem"), os.O_WRONLY | os.O_CREAT, 0o600)
        os.write(fd, data)
        os.close(fd)
    e.write("dmsc.conf", "store = %s\nserver-files = %s\n" % (e.store, e.path("servers")))
    return d


# Rules: HTTP-10 HTTP-19
@test
def a_servers_own_ca(e):
    tls = make_certs(e)
    alone = self_signed(e, "alone")
    with between(e, hand_on, tls):
        server_dir(e, ca="ca.pem")
        e.session()
        # It stands for all others: what they trust does not count.
        server_dir(e, ca="stranger.pem")
        e.write("dmsc.conf", "store = %s\nserver-files = %s\nca-file = %s\n" % (e.store, e.path("servers"), e.path("ca.pem")))
        assert "TLS" in e.session(expect=TLS).err
        # Unless somebody names one for this session.
        e.session("--ca", e.path("ca.pem"))
        # Another server's is not this one's.
        server_dir(e)
        server_dir(e, "other.example.net", ca="ca.pem")
        assert "TLS" in e.session(expect=TLS).err
        # The very certificate of the server.
        server_dir(e, ca="srv.pem")
        e.session()
    with between(e, hand_on, alone):
        server_dir(e)
        r = e.session(expect=TLS)
        assert "self-signed" in r.err, r.err
        server_dir(e, ca="alone.pem")
        e.session()
        server_dir(e, ca="srv.pem")
        assert "TLS" in e.session(expect=TLS).err
    # It has to be for this name all the same.
    wrong = self_signed(e, "wrong", "elsewhere.example.net")
    with between(e, hand_on, wrong):
        server_dir(e, ca="wrong.pem")
        assert "another name" in e.session(expect=TLS).err


# Rules: HTTP-19
@test
def files_that_are_broken(e):
    tls = make_certs(e)
    with between(e, hand_on, tls) as b:
        for files, why in (({"ca": "srv.key"}, "ca.pem: holds no certificate"), ({"cert": "srv.pem"}, "no key.pem"),
                           ({"key": "srv.key"}, "no cert.pem"), ({"cert": "srv.key", "key": "srv.key"}, "cert.pem: holds no certificate"),
                           ({"cert": "srv.pem", "key": "srv.pem"}, "key.pem: holds no private key"),
                           ({"cert": "srv.pem", "key": "ca.key"}, "certificate or key of ours")):
            server_dir(e, **{"ca": "ca.pem", **files})
            r = e.session(expect=CONFIG)
            assert why in r.err, (why, r.err)
        e.write("torn.pem", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n")
        server_dir(e, ca="torn.pem")
        assert "certificate or key of ours" in e.session(expect=CONFIG).err
        d = server_dir(e, ca="ca.pem", cert="srv.pem", key="srv.key")
        os.chmod(os.path.join(d, "key.pem"), 0o644)
        assert "everybody" in e.session(expect=CONFIG).err
        d = server_dir(e)
        # What was named is called so, also where root has it opened before.
        assert e.path("srv.key") + ": holds no certificate" in e.session("--ca", e.path("srv.key"), expect=CONFIG).err
        os.mkdir(os.path.join(d, "ca.pem"))
        assert "not a regular file" in e.session(expect=CONFIG).err
        os.rmdir(os.path.join(d, "ca.pem"))
        os.mkfifo(os.path.join(d, "ca.pem"))
        assert "not a regular file" in e.session(expect=CONFIG).err
        assert not b.seen


def hung_up(r, words, version):
    """It is told why, unless the server's last word was lost with the connection: TLS 1.3 has it behind the handshake."""
    lost = version == ssl.TLSVersion.TLSv1_3 and "failed (network): the connection failed" in r.err
    assert lost or ("failed (tls)" in r.err and words in r.err), r.err


# Rules: HTTP-20
@test
def our_certificate(e):
    tls = make_certs(e)
    issue(e, "us", "device", "basicConstraints=CA:FALSE\nextendedKeyUsage=clientAuth\n")
    issue(e, "us2", "device", "basicConstraints=CA:FALSE\nextendedKeyUsage=clientAuth\n", ca="stranger")
    for version in ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3:
        with between(e, hand_on, tls, version=version, client_ca=e.path("ca.pem")) as b:
            server_dir(e, ca="ca.pem")
            hung_up(e.session(expect=None), "certificate of ours", version)
            server_dir(e, ca="ca.pem", cert="us2.pem", key="us2.key")
            hung_up(e.session(expect=None), "our certificate", version)
            assert not b.seen
            server_dir(e, ca="ca.pem", cert="us.pem", key="us.key")
            e.session()
            assert len(b.seen) == 3


# Rules: HTTP-20
@test
def an_account_that_wants_a_certificate(e):
    tls = make_certs(e)
    issue(e, "us", "device", "basicConstraints=CA:FALSE\nextendedKeyUsage=clientAuth\n")
    with between(e, hand_on, tls, client_ca=e.path("ca.pem")) as b:
        for kind in "TRANSPORT", "X509":
            e.leaf("./DMAcc/%s/AppAuth/1/AAuthType" % SERVER_ID, kind)
            server_dir(e, ca="ca.pem")
            r = e.session(expect=CONFIG)
            assert "certificate of ours" in r.err and not b.seen, r.err
        server_dir(e, ca="ca.pem", cert="us.pem", key="us.key")
        e.session("--xml")
        # The messages have none until this server asks for them all the same.
        assert b"<Cred>" not in b.seen[0][2] and b"<Cred>" in b.seen[1][2]


# Rules: HTTP-10 HTTP-21
@test
def what_is_wrong_with_a_certificate(e):
    make_certs(e)
    now = subprocess.run(["date", "-u", "+%Y-%m-%d"], capture_output=True, text=True).stdout.strip()
    for name, dates, words in (("early", {"start": "20880101000000Z"}, "valid from 2088-01-01 on; this device's clock says %s: is it right" % now),
                               ("late", {"end": "20220301000000Z"}, "expired on 2022-03-01; this device's clock says %s: is it right" % now)):
        with between(e, hand_on, issue(e, name, **dates)) as b:
            r = e.session("--ca", e.path("ca.pem"), expect=TLS)
            assert words in r.err and not b.seen, r.err
    with between(e, hand_on, issue(e, "foreign", ca="stranger")):
        r = e.session("--ca", e.path("ca.pem"), expect=TLS)
        assert re.search(r'by "stranger", which is not trusted', r.err), r.err
    with between(e, hand_on, issue(e, "named", "elsewhere", "subjectAltName=DNS:elsewhere\n")):
        r = e.session("--ca", e.path("ca.pem"), expect=TLS)
        assert 'not for "localhost"' in r.err, r.err
    with between(e, hand_on, self_signed(e, "selfmade")):
        r = e.session("--ca", e.path("ca.pem"), expect=TLS)
        assert "self-signed" in r.err, r.err


# Rules: AUTH-60
@test
def servers_that_must_prove_themselves(e):
    tls = make_certs(e)
    conf = "store = %s\nca-file = %s\ninsist-credentials = " % (e.store, e.path("ca.pem"))
    extra = ("--server-user", "srv", "--server-password-file", e.write("srvpw", "topsecret\n"))
    for users, known, outcome, words in (
            ("device secret md5", (), CONFIG, "insist-credentials"),
            ("device secret md5", extra, AUTH, "prove"),
            ("device secret md5 server-name=srv server-password=topsecret", extra, 0, "")):
        with e.server(ONE_GET, users, tls=tls, strict=outcome == 0) as s:
            e.account(s.url, extra=known)
            for word in SERVER_ID, "*":
                e.write("dmsc.conf", conf + "x.example.net " + word + "\n")
                r = e.session(expect=outcome)
                assert words in r.err, r.err
            e.write("dmsc.conf", conf + "x.example.net\n")
            if outcome:
                e.session()
            e.run("account", "remove", "--server-id", SERVER_ID)
