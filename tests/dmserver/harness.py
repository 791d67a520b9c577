# SPDX-License-Identifier: GPL-2.0-or-later
"""What test.py needs to drive dm-server: the server as a process, a client
that builds its own messages, and the count of checks. It tests nothing.
"""
import base64
import hashlib
import http.client
import json
import os
import re
import shutil
import signal
import ssl
import subprocess
import sys
import tempfile

from wire import find, from_wbxml, from_xml, to_wbxml, to_xml

HERE = os.path.dirname(os.path.abspath(__file__))
PROGRAM = sys.argv[1] if len(sys.argv) > 1 else os.path.join(HERE, '../../build/rel/dm-server')
XML = 'application/vnd.syncml.dm+xml'
WBXML = 'application/vnd.syncml.dm+wbxml'
DEVICE = 'IMEI:493005100592800'
PASSWORD = 'Pa55-of-alice'
USERS = f'''alice {PASSWORD} md5
bob "b secret" basic
carol c-pw md5 nonce={base64.b64encode(b"first nonce").decode()}
dave d-pw md5 nonce=ZGF2ZQ== server-password=S3rver server-scheme=md5 server-nonce={base64.b64encode(b"snonce").decode()}
frank f-pw hmac nonce={base64.b64encode(b"fnonce").decode()}
grace g-pw hmac nonce=Zw== server-password=S1gn server-scheme=hmac server-nonce={base64.b64encode(b"gnonce").decode()}
erin e-pw basic server-password=plainS server-scheme=basic server-name=the-server
'''
counts = {'passed': 0, 'failed': 0}


def check(name, ok, detail=''):
    counts['passed' if ok else 'failed'] += 1
    if not ok:
        print(f'FAIL {name} {detail}')


def equal(name, got, want):
    check(name, got == want, f'got {got!r}, want {want!r}')


class Server:
    def __init__(self, script=None, users=USERS, args=(), keep=None, tls=None):
        self.dir = keep or tempfile.mkdtemp(prefix='dms')
        self.rec = os.path.join(self.dir, 'rec')
        cmd = [PROGRAM, '--listen', '127.0.0.1:0', '--record', self.rec, *args]
        cmd += ['--cert', tls[0], '--key', tls[1]] if tls else ['--plain-http']
        self.tls = tls
        if users is not None:
            cmd += ['--users', self.file('users', users, 0o600)]
        if script is not None:
            cmd += ['--script', self.file('script.dms', script)]
        self.err = open(os.path.join(self.dir, 'log'), 'ab')
        self.p = subprocess.Popen(cmd, stdout=subprocess.PIPE, stderr=self.err, text=True)
        line = self.p.stdout.readline()
        m = re.match(r'listening on 127\.0\.0\.1:(\d+)$', line.strip())
        if not m:
            raise RuntimeError(f'no server: {line!r} {open(self.err.name).read()}')
        self.port = int(m[1])

    def file(self, name, text, mode=0o644):
        path = os.path.join(self.dir, name)
        with open(path, 'w') as f:
            f.write(text)
        os.chmod(path, mode)
        return path

    def post(self, body, ctype=XML, method='POST', path='/dm', headers=None):
        if self.tls:
            ctx = ssl.create_default_context(cafile=self.tls[0])
            c = http.client.HTTPSConnection('localhost', self.port, timeout=20, context=ctx)
        else:
            c = http.client.HTTPConnection('127.0.0.1', self.port, timeout=20)
        try:
            h = dict(headers or {})
            if ctype:
                h['Content-Type'] = ctype
            c.request(method, path, body, h)
            r = c.getresponse()
            return r.status, r.headers, r.read()
        finally:
            c.close()

    def events(self, name=None):
        with open(os.path.join(self.rec, 'record.jsonl'), encoding='utf-8') as f:
            all_ = [json.loads(line) for line in f]
        return [e for e in all_ if name in (None, e['event'])]

    def log(self):
        with open(self.err.name, errors='replace') as f:
            return f.read()

    def stop(self, code=0):
        self.p.send_signal(signal.SIGTERM)
        out = self.p.communicate(timeout=20)[0]
        self.err.close()
        check('exit code', self.p.returncode == code, f'{self.p.returncode} {self.log()[-2000:]}')
        return out

    def __enter__(self):
        return self

    def __exit__(self, *exc):
        if self.p.poll() is None:
            self.stop()
        shutil.rmtree(self.dir, ignore_errors=True)


def h(*parts):
    return hashlib.md5(b''.join(parts)).digest()


def b64(x):
    return base64.b64encode(x).decode()


def md5_cred(user, pw, nonce):
    return b64(h(b64(h(user.encode(), b':', pw.encode())).encode(), b':', nonce))


def mac(user, pw, nonce, body):
    """The value of x-syncml-hmac for @body."""
    key = b64(h(user.encode(), b':', pw.encode())).encode()
    value = b64(h(key, b':', nonce, b':', b64(h(body)).encode()))
    return f'algorithm=MD5, username="{user}", mac={value}'


def cred(scheme, data):
    return ('Cred', [('Meta', [('Format', 'b64'), ('Type', f'syncml:auth-{scheme}')]),
                     ('Data', data)])


def item(**kw):
    out = []
    for k in ('target', 'source'):
        if k in kw:
            out.append((k.capitalize(), [('LocURI', kw[k])]))
    meta = [(n, kw[n.lower()]) for n in ('Format', 'Type', 'Mark', 'Size') if n.lower() in kw]
    if meta:
        out.append(('Meta', meta))
    if 'data' in kw:
        out.append(('Data', kw['data']))
    if kw.get('more'):
        out.append(('MoreData', ''))
    return ('Item', out)


def devinfo():
    return ('Replace', [item(source='./DevInfo/' + n, data=v) for n, v in (
        ('DevId', DEVICE), ('Man', 'Maker'), ('Mod', 'Model'), ('DmV', '1.0'), ('Lang', 'en'))])


def alert(code, *items):
    return ('Alert', [('Data', str(code)), *items])


PKG1 = [alert(1201), devinfo()]


class Client:
    """A DM client for one session: builds messages, keeps the last answer."""

    def __init__(self, server, session='1', user=None, wbxml=False, device=DEVICE, size=None):
        self.s, self.session, self.user, self.wbxml = server, session, user, wbxml
        self.device, self.size = device, size
        self.msg = 0
        self.answer = None

    def header(self, credentials=None, **over):
        src = [('LocURI', over.get('source', self.device))]
        if self.user:
            src.append(('LocName', self.user))
        out = [('VerDTD', over.get('dtd', '1.2')), ('VerProto', over.get('proto', 'DM/1.2')),
               ('SessionID', over.get('session', self.session)),
               ('MsgID', str(over.get('msgid', self.msg))),
               ('Target', [('LocURI', 'http://dm.example.net/dm')]), ('Source', src)]
        if credentials:
            out.append(credentials)
        if self.size:
            out.append(('Meta', [('MaxMsgSize', str(self.size))]))
        return ('SyncHdr', out)

    def build(self, commands, credentials=None, final=True, **over):
        body = []
        for i, (tag, content) in enumerate(commands, 1):
            if not any(c[0] == 'CmdID' for c in content):
                content = [('CmdID', str(i))] + content
            body.append((tag, content))
        if final:
            body.append(('Final', ''))
        tree = ('SyncML', [self.header(credentials, **over), ('SyncBody', body)])
        return to_wbxml(tree) if self.wbxml else to_xml(tree)

    def send(self, commands, credentials=None, final=True, sign=None, **over):
        """@sign: the value of x-syncml-hmac, made from the message's bytes."""
        self.msg += 1
        data = self.build(commands, credentials, final, **over)
        extra = {'X-SyncML-HMAC': sign(data)} if sign else {}
        status, headers, body = self.s.post(data, WBXML if self.wbxml else XML, headers=extra)
        self.http, self.headers, self.raw = status, headers, body
        self.answer = None
        if status == 200 and headers['Content-Type'] == (WBXML if self.wbxml else XML):
            self.answer = (from_wbxml if self.wbxml else from_xml)(body)
        return self.answer

    # What came back.
    def body(self):
        return find(self.answer, 'SyncBody')

    def commands(self):
        return [c for c in self.body() if c[0] not in ('Status', 'Final')]

    def status(self, ref='0'):
        for st in self.body():
            if st[0] == 'Status' and find(st, 'CmdRef') == ref:
                return find(st, 'Data')
        return None

    def chal(self):
        st = next(st for st in self.body() if st[0] == 'Status' and find(st, 'CmdRef') == '0')
        nonce = find(st, 'Chal/Meta/NextNonce')
        return find(st, 'Chal/Meta/Type'), base64.b64decode(nonce) if nonce else None

    def final(self):
        return any(c[0] == 'Final' for c in self.body())

    # What goes out.
    def st(self, ref, cmd, code, *more):
        return ('Status', [('MsgRef', find(self.answer, 'SyncHdr/MsgID')), ('CmdRef', ref),
                           ('Cmd', cmd), *more, ('Data', str(code))])

    def hdr_ok(self, code=200, *more):
        return ('Status', [('MsgRef', find(self.answer, 'SyncHdr/MsgID')), ('CmdRef', '0'),
                           ('Cmd', 'SyncHdr'), *more, ('Data', str(code))])

    def results(self, ref, uri, value, **kw):
        return ('Results', [('MsgRef', find(self.answer, 'SyncHdr/MsgID')), ('CmdRef', ref),
                            item(source=uri, data=value, **kw)])

    def answer_all(self, code=200, value='x'):
        """Statuses for every command of the last answer; Results for each Get."""
        out = [self.hdr_ok()]

        def walk(cmds):
            for c in cmds:
                ref = find(c, 'CmdID')
                out.append(self.st(ref, c[0], code))
                if c[0] == 'Get':
                    out.append(self.results(ref, find(c, 'Item/Target/LocURI'), value))
                if c[0] in ('Atomic', 'Sequence'):
                    walk([x for x in c[1] if isinstance(x, tuple) and x[0] not in
                          ('CmdID', 'Meta')])
        walk(self.commands())
        return out


def violations(server):
    return [f"{e['clause']}: {e['text']}" for e in server.events('violation')]


def outcomes(server):
    return [e['outcome'] for e in server.events('session-end')]
