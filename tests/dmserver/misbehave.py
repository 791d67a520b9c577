# SPDX-License-Identifier: GPL-2.0-or-later
"""Tests of test.py: answers sent badly, HTTP's own credentials, certificates of clients."""
import base64
import gzip
import hashlib
import http.client
import os
import shutil
import socket
import ssl
import subprocess
import tempfile
import time

from harness import (PKG1, PROGRAM, WBXML, XML, Client, Server, b64, check, cred, equal, mac, md5_cred,
                     outcomes, violations)
from wire import find, from_wbxml, from_xml

HTTP_USERS = 'alice pw md5 nonce=AAAA "http-password=over http"\nbob pw md5 http-name=web http-password=w\n'


def raw_post(s, body, headers=''):
    """A connection with the request on it."""
    k = socket.create_connection(('127.0.0.1', s.port), timeout=10)
    k.sendall((f'POST /dm HTTP/1.1\r\nHost: x\r\nContent-Type: {XML}\r\n{headers}'
               f'Content-Length: {len(body)}\r\n\r\n').encode() + body)
    return k


def read_until(k, seconds=0, size=1 << 20):
    """All that comes until the end, or within @seconds of silence."""
    got = b''
    k.settimeout(seconds or 10)
    try:
        while len(got) < size:
            piece = k.recv(65536)
            if not piece:
                return got, 'end'
            got += piece
    except TimeoutError:
        return got, 'silence'
    except OSError:
        return got, 'end'
    return got, 'more'


def played(line, wbxml=False, **kw):
    """A server that answers package 1 with @line, and that package's bytes."""
    s = Server(f'package\n {line}\n get ./A\nsession\npackage\n get ./B\n', users=None, **kw)
    c = Client(s, wbxml=wbxml)
    c.msg = 1
    return s, c.build(PKG1)


def test_bodies():
    s, body = played('body hang')
    with s:
        k = raw_post(s, body)
        got, how = read_until(k, 0.5)
        head, _, rest = got.partition(b'\r\n\r\n')
        check('hang: headers alone', head.startswith(b'HTTP/1.1 200') and rest == b'' and how == 'silence', got)
        equal('hang: others are served', s.post(None, None, 'GET')[0], 405)
        s.stop()
        k.close()
    s, body = played('body truncated')
    with s:
        got, how = read_until(raw_post(s, body))
        head, _, rest = got.partition(b'\r\n\r\n')
        length = int(head.lower().split(b'content-length: ')[1].split(b'\r')[0])
        check('truncated', how == 'end' and len(rest) == length // 2 > 0, got)
        c = Client(s, session='2')
        c.send(PKG1)
        equal('truncated: the next session', find(c.commands()[0], 'Item/Target/LocURI'), './B')
        equal('truncated: no violation', violations(s), [])
        equal('truncated: outcome', outcomes(s)[0], 'given up by the client')
    s, body = played('body endless')
    with s:
        k = raw_post(s, body)
        got, how = read_until(k, size=3 << 20)
        check('endless', how == 'more' and got.count(b' ') > 2 << 20 and b'</SyncML>' in got, how)
        k.close()
        equal('endless: alive', s.post(None, None, 'GET')[0], 405)
    s, body = played('body trickle 1')
    with s:
        start = time.time()
        c = Client(s)
        c.send(PKG1)
        check('trickle: all of it, slowly', c.commands() and time.time() - start > len(c.raw) * 0.001, c.raw)
    s, body = played('content-type text/x-nothing')
    with s:
        st, hd, got = s.post(body)
        check('another type', st == 200 and hd['Content-Type'] == 'text/x-nothing' and b'<Get>' in got, got)


def test_gzip(wbxml):
    for word in 'gzip', 'bomb':
        s, body = played('body ' + word, wbxml)
        with s:
            kind = WBXML if wbxml else XML
            st, hd, got = s.post(body, kind, headers={'Accept-Encoding': 'deflate, gzip'})
            plain = gzip.decompress(got)
            message = (from_wbxml if wbxml else from_xml)(plain.rstrip(b' ') if word == 'bomb' else plain)
            equal(f'{word}: header', (st, hd['Content-Encoding'], hd['Content-Type']), (200, 'gzip', kind))
            check(f'{word}: a message', find(message, 'SyncBody/Get') is not None, plain[:200])
            check(f'{word}: size', (len(plain) > 16 << 20 and len(got) < 100000) if word == 'bomb' else
                  len(plain) < 2000, len(got))
    s, body = played('body gzip', wbxml)
    with s:
        _, hd, got = s.post(body, WBXML if wbxml else XML)
        check('not asked for', 'Content-Encoding' not in hd and got[:2] != b'\x1f\x8b', hd)


def test_http_words():
    with Server('package\n http 503\n retry-after 120\n', users=None) as s:
        c = Client(s)
        c.send(PKG1)
        equal('retry-after', (c.http, c.headers['Retry-After']), (503, '120'))
    with Server('package\n redirect /dm 308\n repeat-package\n', users=None) as s:
        c = Client(s)
        c.msg = 1
        for i in range(5):
            st, hd, _ = s.post(c.build(PKG1))
            equal('redirect loop', (st, hd['Location']), (308, '/dm'))
    with Server('package\n get ./A\n  expect 200\n repeat-package\n', users=None) as s:
        c = Client(s)
        c.send(PKG1)
        for _ in range(20):
            equal('for ever', [find(x, 'Item/Target/LocURI') for x in c.commands()], ['./A'])
            c.send(c.answer_all())
        equal('never at the end', outcomes(s), [])
        equal('no violation', violations(s) + s.events('expect-failed'), [])


def test_replay(wbxml):
    with Server('package\n get ./A\npackage\n replay\npackage\n get ./B\n', 'grace g-pw hmac nonce=Zw== '
                'server-password=S1gn server-scheme=hmac server-nonce=Zw==\n') as s:
        c = Client(s, user='grace', wbxml=wbxml)
        c.send(PKG1, sign=lambda body: mac('grace', 'g-pw', b'g', body))
        first, signature, nonce = c.raw, c.headers['x-syncml-hmac'], c.chal()[1]
        c.send(c.answer_all(), sign=lambda body: mac('grace', 'g-pw', nonce, body))
        equal('the message before', (c.http, c.raw), (200, first))
        equal('and its signature', c.headers['x-syncml-hmac'], signature)


def test_nonces_reused():
    with Server('nonces reused\npackage\n get ./A\n') as s:
        seen = set()
        for i in range(3):
            c = Client(s, session=str(i + 1), user='carol')
            c.send(PKG1, cred('md5', md5_cred('carol', 'c-pw', b'first nonce')))
            seen.add((c.status(), c.chal()[1]))
        equal('the same nonce', seen, {('212', b'first nonce')})


def test_cred():
    script = 'package\n get ./A\npackage\n cred %s\n get ./B\n'

    def chal(nonce):
        return ('Chal', [('Meta', [('Format', 'b64'), ('Type', 'syncml:auth-md5'), ('NextNonce', b64(nonce))])])
    for word, want in (('missing', None), ('wrong', md5_cred('dm.example.net', 'not the password', b'new')),
                       ('reused', md5_cred('dm.example.net', 'S3rver', b'snonce'))):
        with Server(script % word) as s:
            c = Client(s, user='dave')
            c.send(PKG1, cred('md5', md5_cred('dave', 'd-pw', b'dave')))
            equal('right at first', find(c.answer, 'SyncHdr/Cred/Data'),
                  md5_cred('dm.example.net', 'S3rver', b'snonce'))
            c.send([c.hdr_ok(200, chal(b'new'))] + c.answer_all()[1:])
            equal('cred ' + word, find(c.answer, 'SyncHdr/Cred/Data'), want)
            equal('no violation', violations(s), [])


def test_challenge_of_a_stranger():
    """Its nonce is answered, but not kept: the next session's is the one from before."""
    chal = ('Chal', [('Meta', [('Format', 'b64'), ('Type', 'syncml:auth-md5'), ('NextNonce', b64(b'strange'))])])
    with Server('package\n get ./A\n') as s:
        c = Client(s, user='dave')
        c.send(PKG1, cred('md5', md5_cred('dave', 'wrong', b'dave')))
        equal('refused', c.status(), '401')
        c.send([c.hdr_ok(401, chal)] + PKG1, cred('md5', md5_cred('dave', 'wrong', b'dave')))
        equal('answered', find(c.answer, 'SyncHdr/Cred/Data'), md5_cred('dm.example.net', 'S3rver', b'strange'))
        c = Client(s, session='2', user='dave')
        c.send(PKG1)
        equal('not kept', find(c.answer, 'SyncHdr/Cred/Data'), md5_cred('dm.example.net', 'S3rver', b'snonce'))


# --- HTTP's own credentials -------------------------------------------------------------

def md5hex(text):
    return hashlib.md5(text.encode()).hexdigest()


def digest_header(challenge, user, password, method='POST', uri='/dm', nc='00000001'):
    words = dict(w.strip().split('=', 1) for w in challenge.split(' ', 1)[1].split(','))
    words = {k: v.strip('"') for k, v in words.items()}
    a1 = md5hex(f'{user}:{words["realm"]}:{password}')
    a2 = md5hex(f'{method}:{uri}')
    response = md5hex(f'{a1}:{words["nonce"]}:{nc}:abcd:auth:{a2}')
    return (f'Digest username="{user}", realm="{words["realm"]}", nonce="{words["nonce"]}", uri="{uri}", '
            f'qop=auth, nc={nc}, cnonce="abcd", response="{response}", opaque="{words["opaque"]}", algorithm=MD5')


def test_http_basic():
    with Server('http-auth basic\nauth none\npackage\n get ./A\n', HTTP_USERS) as s:
        c = Client(s)
        c.msg = 1
        body = c.build(PKG1)

        def ask(text):
            headers = {'Authorization': 'Basic ' + base64.b64encode(text).decode()} if text else {}
            return s.post(body, headers=headers)
        st, hd, _ = ask(None)
        equal('challenged', (st, hd['WWW-Authenticate']), (401, 'Basic realm="dm-server"'))
        for bad in b'alice:pw', b'alice', b'bob:w', b'nobody:over http', b'alice:over http\0':
            equal(f'wrong {bad}', ask(bad)[0], 401)
        equal('right', ask(b'alice:over http')[0], 200)
        equal('another name', ask(b'web:w')[0], 200)
        equal('recorded', [e['status'] for e in s.events('http-refused')], [401] * 6)
        equal('no session before', len(s.events('session-begin')), 1)
        check('no password in record or log', 'over http' not in s.log() + open(s.rec + '/record.jsonl').read())


def test_http_digest():
    with Server('http-auth digest\nauth none\npackage\n get ./A\n', HTTP_USERS) as s:
        c = Client(s)
        c.msg = 1
        body = c.build(PKG1)
        st, hd, _ = s.post(body)
        challenge = hd['WWW-Authenticate']
        check('challenged', st == 401 and challenge.startswith('Digest realm="dm-server"'), challenge)
        for wrong in ('alice', 'pw'), ('bob', 'over http'), ('nobody', 'over http'):
            st, hd, _ = s.post(body, headers={'Authorization': digest_header(challenge, *wrong)})
            equal(f'wrong {wrong}', st, 401)
            challenge = hd['WWW-Authenticate']
        right = digest_header(challenge, 'alice', 'over http')
        equal('another path', s.post(body, path='/x', headers={'Authorization': right})[0], 401)
        challenge = s.post(body)[1]['WWW-Authenticate']
        right = digest_header(challenge, 'alice', 'over http')
        equal('right', s.post(body, headers={'Authorization': right})[0], 200)
        equal('the same count again', s.post(body, headers={'Authorization': right})[0], 401)
        again = digest_header(challenge, 'alice', 'over http', nc='00000002')
        equal('the next count', s.post(body, headers={'Authorization': again})[0], 200)


# --- certificates of clients -------------------------------------------------------------

def make_certs(d):
    def run(*args):
        subprocess.run(['openssl', *args], check=True, capture_output=True, cwd=d)
    for name in 'server', 'ca', 'stranger':
        run('req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '2',
            '-subj', '/CN=' + name, '-addext', 'subjectAltName=DNS:localhost', '-keyout', name + '.key', '-out',
            name + '.pem')
    for ca in 'ca', 'stranger':
        run('req', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-subj', '/CN=device',
            '-keyout', f'of-{ca}.key', '-out', 'csr')
        run('x509', '-req', '-in', 'csr', '-CA', ca + '.pem', '-CAkey', ca + '.key', '-CAcreateserial', '-days', '2',
            '-out', f'of-{ca}.pem')


def test_client_certificates():
    d = tempfile.mkdtemp(prefix='dms')
    make_certs(d)
    with Server(users=None, tls=(d + '/server.pem', d + '/server.key'), args=['--client-ca', d + '/ca.pem']) as s:
        c = Client(s)
        c.msg = 1
        body = c.build(PKG1)
        for version in ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3:
            for name, want in (('of-ca', 200), ('of-stranger', None), (None, None)):
                ctx = ssl.create_default_context(cafile=d + '/server.pem')
                ctx.minimum_version = ctx.maximum_version = version
                if name:
                    ctx.load_cert_chain(f'{d}/{name}.pem', f'{d}/{name}.key')
                k = http.client.HTTPSConnection('localhost', s.port, timeout=10, context=ctx)
                try:
                    k.request('POST', '/dm', body, {'Content-Type': XML})
                    got, why = k.getresponse().status, ''
                except (ssl.SSLError, OSError) as e:
                    got, why = None, str(e)
                k.close()
                equal(f'client certificate {name} {version.name}', got, want)
                check(f'said by TLS: {name} {version.name}', want or 'alert' in why.lower(), why)
        equal('nobody else came in', len(s.events('session-begin')), 1)
    shutil.rmtree(d)


def test_client_ca_options():
    def run(*args):
        return subprocess.run([PROGRAM, '--listen', '127.0.0.1:0', *args], capture_output=True, text=True,
                              timeout=20)
    equal('client CA without TLS', run('--plain-http', '--client-ca', 'x').returncode, 1)
    d = tempfile.mkdtemp(prefix='dms')
    make_certs(d)
    tls = ('--cert', d + '/server.pem', '--key', d + '/server.key')
    p = run(*tls, '--client-ca', d + '/none')
    check('no such client CA', p.returncode == 3 and 'none: No such file' in p.stderr, p.stderr)
    equal('no CA in it', run(*tls, '--client-ca', d + '/ca.key').returncode, 3)
    os.chmod(d, 0o700)
    shutil.rmtree(d)


SCRIPT_ERRORS = [
    ('package\nreplay\n', 2, 'no message comes before'),
    ('package\nget ./A\npackage\nreplay\nget ./B\n', 5, 'without commands'),
    ('body hang\n', 1, 'outside a package'),
    ('package\nbody large\n', 2, '"large" can not stand behind "body"'),
    ('package\nbody trickle\n', 2, 'milliseconds'),
    ('package\nbody hang 3\n', 2, 'milliseconds'),
    ('package\nbody trickle 0\n', 2, 'no number'),
    ('package\ncred none\n', 2, '"none" can not stand behind "cred"'),
    ('cred wrong\n', 1, 'outside a package'),
    ('content-type x\n', 1, 'outside a package'),
    ('retry-after 5\n', 1, 'outside a package'),
    ('package\nretry-after soon\n', 2, 'no number'),
    ('repeat-package\n', 1, 'outside a package'),
    ('nonces fresh\n', 1, 'only "reused"'),
    ('http-auth bearer\n', 1, 'basic or digest'),
]
BOTH = (test_gzip, test_replay)
ONCE = (test_bodies, test_http_words, test_nonces_reused, test_cred, test_challenge_of_a_stranger,
        test_http_basic, test_http_digest, test_client_certificates, test_client_ca_options)
