#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Drives dm-server over loopback and checks what it answers and records.

usage: test.py [PATH-OF-DM-SERVER]      (default: build/rel/dm-server)

Only Python's standard library; messages and credentials are made here (wire.py,
harness.py), not by the project's C code. HTTPS needs the openssl command for a
throw-away certificate. The last line says how many checks passed and failed.
"""
import http.client
import os
import random
import shutil
import socket
import ssl
import subprocess
import sys
import tempfile
import time
import traceback
import warnings

import misbehave
from harness import (DEVICE, HERE, PASSWORD, PKG1, PROGRAM, WBXML, XML, Client, Server, alert, b64,
                     check, counts, cred, devinfo, equal, h, item, mac, md5_cred, outcomes, violations)
from wire import children, find, from_wbxml, from_xml, to_xml


# --- transport ------------------------------------------------------------------------

def test_transport():
    with Server(args=['--max-message', '2000']) as s:
        st, hd, _ = s.post(None, None, 'GET')
        equal('GET', (st, hd['Allow']), (405, 'POST'))
        equal('type', s.post(b'x', 'text/plain')[0], 415)
        equal('no type', s.post(b'x', None)[0], 415)
        equal('too large', s.post(b'x' * 2001)[0], 413)
        equal('malformed', s.post(b'<SyncML>')[0], 400)
        equal('malformed wbxml', s.post(b'\x02\xa4\x01\x6a\x00\x6d', WBXML)[0], 400)
        equal('empty', s.post(b'')[0], 400)
        c = http.client.HTTPConnection('127.0.0.1', s.port, timeout=20)
        c.putrequest('POST', '/dm')
        c.putheader('Content-Type', XML)
        c.putheader('Transfer-Encoding', 'chunked')
        c.endheaders()
        try:
            for _ in range(5):
                c.send(b'3e8\r\n' + b'y' * 1000 + b'\r\n')
            c.send(b'0\r\n\r\n')
            got = c.getresponse().status
        except OSError:
            got = 413
        c.close()
        equal('too large in chunks', got, 413)
        raw = socket.create_connection(('127.0.0.1', s.port))
        raw.sendall(b'\x16\x03\x01\x00\xff' + b'\x00' * 300 + b'\r\n\r\n')
        raw.close()
        equal('alive after noise', s.post(None, None, 'GET')[0], 405)
        equal('refusals recorded', [e['status'] for e in s.events('http-refused')],
              [405, 415, 415, 413, 413, 405])
        equal('malformed recorded', len(s.events('malformed')), 3)
        check('why malformed', all(e['text'] for e in s.events('malformed')))
        check('stats on exit', ' sessions, ' in s.stop())


def test_data_sync_type():
    with Server(users=None) as s:
        c = Client(s)
        c.msg = 1
        st, hd, body = s.post(c.build(PKG1), 'application/vnd.syncml+xml; charset=utf-8')
        equal('data-sync type answered', (st, hd['Content-Type']), (200, XML))
        check('data-sync type is noted', any('MIME' in v for v in violations(s)))


def test_https(wbxml):
    d = tempfile.mkdtemp(prefix='dms')
    cert, key = d + '/c.pem', d + '/k.pem'
    subprocess.run(['openssl', 'req', '-x509', '-newkey', 'ec', '-pkeyopt',
                    'ec_paramgen_curve:prime256v1', '-nodes', '-days', '2', '-subj',
                    '/CN=localhost', '-addext', 'subjectAltName=DNS:localhost', '-keyout', key,
                    '-out', cert], check=True, capture_output=True)
    with Server(tls=(cert, key)) as s:
        c = Client(s, user='carol', wbxml=wbxml)
        c.send(PKG1, cred('md5', md5_cred('carol', 'c-pw', b'first nonce')))
        equal('https', c.status(), '212')
        raw = socket.create_connection(('127.0.0.1', s.port))
        raw.sendall(b'POST / HTTP/1.1\r\n\r\n')
        raw.close()
        old = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        old.check_hostname = False
        old.verify_mode = ssl.CERT_NONE
        warnings.simplefilter('ignore', DeprecationWarning)
        old.minimum_version = old.maximum_version = ssl.TLSVersion.TLSv1_1
        old.set_ciphers('ALL:@SECLEVEL=0')
        try:
            old.wrap_socket(socket.create_connection(('127.0.0.1', s.port)))
            check('TLS 1.1 refused', False)
        except (ssl.SSLError, OSError):
            check('TLS 1.1 refused', True)
    p = subprocess.run([PROGRAM, '--listen', '127.0.0.1:0', '--cert', key, '--key', cert],
                       capture_output=True, timeout=20)
    equal('bad certificate', p.returncode, 3)
    shutil.rmtree(d)


# --- sessions ------------------------------------------------------------------------

def test_plain_session(wbxml):
    with Server(users=None) as s:
        c = Client(s, wbxml=wbxml, session='1F')
        c.send(PKG1)
        equal('same encoding', c.headers['Content-Type'], WBXML if wbxml else XML)
        equal('no user asked', c.status(), '200')
        equal('Alert answered', c.status('1'), '200')
        equal('Replace answered', c.status('2'), '200')
        equal('nothing to do', (c.commands(), c.final()), ([], True))
        equal('same SessionID', find(c.answer, 'SyncHdr/SessionID'), '1F')
        equal('to the device', find(c.answer, 'SyncHdr/Target/LocURI'), DEVICE)
        equal('own MsgID', find(c.answer, 'SyncHdr/MsgID'), '1')
        equal('no violation', violations(s), [])
        equal('done', outcomes(s), ['done'])
        m = s.events('message-in')[0]
        equal('record: encoding', m['encoding'], 'wbxml' if wbxml else 'xml')
        equal('record: alert', [a['code'] for a in m['alerts']], [1201])
        equal('record: devinfo', m['commands'][0]['items'][0]['value'], DEVICE)
        ext = 'wbxml' if wbxml else 'xml'
        with open(f'{s.rec}/001-in.{ext}', 'rb') as f:
            c.msg = 1
            equal('raw in', f.read(), c.build(PKG1))
        with open(f'{s.rec}/001-out.{ext}', 'rb') as f:
            equal('raw out', f.read(), c.raw)
        text = subprocess.run([PROGRAM, '--summary', s.rec], capture_output=True, text=True).stdout
        check('summary', DEVICE in text and 'done' in text and '1 sessions' in text, text)


def test_md5(wbxml):
    with Server('package\n get ./DevInfo/DevId\n  expect 200\n') as s:
        c = Client(s, user='alice', wbxml=wbxml)
        c.send(PKG1)
        equal('407', c.status(), '407')
        equal('every command 407', (c.status('1'), c.status('2')), ('407', '407'))
        equal('no commands', c.commands(), [])
        scheme, nonce = c.chal()
        equal('challenge', (scheme, len(nonce)), ('syncml:auth-md5', 16))
        c.send([c.hdr_ok()] + PKG1, cred('md5', md5_cred('alice', 'wrong', nonce)))
        equal('401', c.status(), '401')
        second = c.chal()[1]
        check('nonce renewed', second != nonce)
        c.send([c.hdr_ok()] + PKG1, cred('md5', md5_cred('alice', PASSWORD, nonce)))
        equal('stale nonce', c.status(), '401')
        nonce = c.chal()[1]
        c.send([c.hdr_ok()] + PKG1, cred('md5', md5_cred('alice', PASSWORD, nonce)))
        equal('212', c.status(), '212')
        following = c.chal()[1]
        equal('commands', [x[0] for x in c.commands()], ['Get'])
        c.send(c.answer_all(value=DEVICE))
        equal('end', (c.status(), c.commands(), c.final()), ('212', [], True))
        equal('no violation', violations(s), [])
        equal('done', outcomes(s), ['done'])
        c = Client(s, session='2', user='alice', wbxml=wbxml)
        c.send(PKG1, cred('md5', md5_cred('alice', PASSWORD, following)))
        equal('nonce of the last session', c.status(), '212')
        keep, following = s.dir, c.chal()[1]
        s.stop()
        equal('nonces are private', os.stat(s.rec + '/nonces').st_mode & 0o777, 0o600)
        with Server(keep=keep) as t:
            c = Client(t, session='3', user='alice', wbxml=wbxml)
            c.send(PKG1, cred('md5', md5_cred('alice', PASSWORD, following)))
            equal('nonce survives a restart', c.status(), '212')
            text = open(t.rec + '/record.jsonl').read() + t.log()
            check('no password in record or log', PASSWORD not in text and
                  b64(h(f'alice:{PASSWORD}'.encode())) not in text and b64(following) not in text)
            equal('exchanges go on', t.events('message-in')[-1]['exchange'], 7)


def test_basic():
    with Server() as s:
        c = Client(s, user='bob')
        c.send(PKG1)
        equal('basic user is asked for basic', c.chal()[0], 'syncml:auth-basic')
        c.send([c.hdr_ok()] + PKG1, cred('basic', b64(b'bob:nope')))
        equal('wrong password', c.status(), '401')
        c.send(PKG1, cred('basic', b64(b'bob:b secret')))
        equal('basic', c.status(), '212')
        equal('no violation', violations(s), [])
        c = Client(s, session='2', user='nobody')
        c.send(PKG1, cred('basic', b64(b'nobody:x')))
        equal('unknown user', c.status(), '401')
        c.send([c.hdr_ok()] + PKG1, cred('basic', b64(b'no colon')))
        equal('no colon', c.status(), '401')
        check('basic password is not recorded',
              b64(b'bob:b secret') not in open(s.rec + '/record.jsonl').read())
    with Server('auth md5\n') as s:
        c = Client(s, user='bob')
        c.send(PKG1, cred('basic', b64(b'bob:b secret')))
        equal('script asks for md5', (c.status(), c.chal()[0]), ('401', 'syncml:auth-md5'))
    with Server('auth none\n') as s:
        c = Client(s)
        c.send(PKG1)
        equal('auth none', c.status(), '200')


def test_per_message():
    with Server('auth md5 per-message\npackage\n get ./A\n  expect 200\n') as s:
        c = Client(s, user='carol')
        c.send(PKG1, cred('md5', md5_cred('carol', 'c-pw', b'first nonce')))
        equal('200, not 212', c.status(), '200')
        nonce, out = c.chal()[1], c.answer_all()
        c.send(out)
        equal('second message needs credentials', c.status(), '407')
        nonce = c.chal()[1]
        c.send(out, cred('md5', md5_cred('carol', 'c-pw', nonce)))
        equal('with them it goes on', (c.status(), c.commands()), ('200', []))
        equal('done', outcomes(s), ['done'])


def test_mac(wbxml):
    script = 'package\n get ./A\n  expect 200\npackage\n get ./B\n  expect 200\n'

    def frank(nonce, pw='f-pw'):
        return lambda body: mac('frank', pw, nonce, body)

    with Server(script) as s:
        c = Client(s, user='frank', wbxml=wbxml)
        c.send(PKG1)
        equal('no mac', (c.status(), c.chal()[0]), ('407', 'syncml:auth-MAC'))
        nonce = c.chal()[1]
        c.send([c.hdr_ok()] + PKG1, sign=frank(nonce, 'wrong'))
        equal('wrong mac', (c.status(), c.status('2'), c.commands()), ('401', '401', []))
        c.send([c.hdr_ok()] + PKG1, sign=frank(nonce))
        equal('stale nonce', c.status(), '401')
        nonce = c.chal()[1]
        c.send([c.hdr_ok()] + PKG1, sign=lambda body: frank(nonce)(body + b' '))
        equal('changed bytes', c.status(), '401')
        c.send([c.hdr_ok()] + PKG1, cred('MAC', 'Zg=='))
        equal('a mac in Cred', c.status(), '401')
        check('is a violation', any('not in Cred' in v for v in violations(s)), violations(s))
        for form in ('username=frank, mac=%s', 'username="frank", mac="%s"', 'mac=%s',
                     'algorithm=SHA1, username="frank", mac=%s', 'username="grace", mac=%s',
                     'username="frank"'):
            nonce = c.chal()[1]
            c.send([c.hdr_ok()] + PKG1, sign=lambda body: form.replace(
                '%s', frank(nonce)(body).split('mac=')[1]))
            equal('form ' + form, c.status(), '401')
        nonce = c.chal()[1]
        c.send([c.hdr_ok()] + PKG1, sign=lambda body: 'MAC=%s ,UserName="frank"' %
               frank(nonce)(body).split('mac=')[1])
        equal('right mac', (c.status(), c.commands() != []), ('200', True))
        used, nonce = nonce, c.chal()[1]
        check('fresh nonce', nonce != used)
        c.send(c.answer_all(), sign=frank(nonce))
        equal('goes on', (c.status(), [find(x, 'Item/Target/LocURI') for x in c.commands()]),
              ('200', ['./B']))
        c.send(c.answer_all(), sign=frank(nonce))
        equal('replayed nonce', (c.status(), c.commands()), ('401', []))
        equal('ends it', outcomes(s), ['a message was not signed'])
    with Server(script) as s:
        c = Client(s, user='frank', wbxml=wbxml)
        c.send(PKG1, sign=frank(b'fnonce'))
        equal('nonce of the users file', c.status(), '200')
        c.send(c.answer_all())
        equal('missing in mid-session', (c.status(), c.commands()), ('407', []))
        equal('ends it', outcomes(s), ['a message was not signed'])
    with Server(script) as s:
        c = Client(s, user='alice', wbxml=wbxml)
        c.send(PKG1, sign=lambda body: mac('alice', PASSWORD, b'x', body))
        equal('not what is asked for', (c.status(), c.chal()[0]), ('401', 'syncml:auth-md5'))


def test_server_signs(wbxml):
    script = 'package\n get ./A\n  expect 200\npackage\n get ./B\n  expect 200\n'

    def grace(nonce):
        return lambda body: mac('grace', 'g-pw', nonce, body)

    def chal(nonce):
        return ('Chal', [('Meta', [('Format', 'b64'), ('Type', 'syncml:auth-MAC'),
                                   ('NextNonce', b64(nonce))])])

    def answer(c, *more):
        return [c.hdr_ok(200, *more)] + c.answer_all()[1:]

    with Server(script) as s:
        c = Client(s, user='grace', wbxml=wbxml)
        c.send(PKG1, sign=grace(b'g'))
        equal('signed', c.headers['x-syncml-hmac'], mac('dm.example.net', 'S1gn', b'gnonce', c.raw))
        equal('no Cred', find(c.answer, 'SyncHdr/Cred'), None)
        equal('LocName', find(c.answer, 'SyncHdr/Source/LocName'), 'dm.example.net')
        c.send(answer(c, chal(b'second')), sign=grace(c.chal()[1]))
        equal('next nonce', c.headers['x-syncml-hmac'],
              mac('dm.example.net', 'S1gn', b'second', c.raw))
        equal('no violation', violations(s), [])
        # The same request once more gets the same answer, and the same signature.
        body = c.build(answer(c), msgid=c.msg + 1)
        got = [s.post(body, WBXML if wbxml else XML,
                      headers={'x-syncml-hmac': grace(c.chal()[1])(body)}) for _ in range(2)]
        equal('signed alike', got[0][1]['x-syncml-hmac'], got[1][1]['x-syncml-hmac'])
        equal('over the same bytes', got[0][2], got[1][2])
        check('a nonce must come along', any('no NextNonce' in v for v in violations(s)))
    for line, want in (('missing', None), ('wrong', mac('dm.example.net', 'x', b'gnonce', b'')),
                       ('no-nonce', 'right'), ('session', 'right')):
        with Server(f'package\n hmac {line}\n get ./A\n') as s:
            c = Client(s, user='grace', wbxml=wbxml)
            c.send(PKG1, sign=grace(b'g'))
            right = mac('dm.example.net', 'S1gn', b'gnonce', c.raw)
            got = c.headers['x-syncml-hmac']
            if want == 'right':
                equal(line, got, right)
            else:
                check(line, got is None if want is None else got != right, got)
            equal(line + ' status', c.status(), '212' if line == 'session' else '200')
            equal(line + ' nonce', c.chal()[1] is None, line == 'no-nonce')


def test_server_credentials():
    with Server('package\n get ./A\n  expect 200\n') as s:
        c = Client(s, user='dave')
        c.send(PKG1, cred('md5', md5_cred('dave', 'd-pw', b'dave')))
        equal('server md5 name', find(c.answer, 'SyncHdr/Source/LocName'), 'dm.example.net')
        equal('server md5', find(c.answer, 'SyncHdr/Cred/Data'),
              md5_cred('dm.example.net', 'S3rver', b'snonce'))
        out = [c.hdr_ok(401, ('Chal', [('Meta', [('Format', 'b64'), ('Type', 'syncml:auth-md5'),
                                                 ('NextNonce', b64(b'fresh'))])])),
               c.st(find(c.commands()[0], 'CmdID'), 'Get', 401)]
        c.send(out)
        equal('server answers the challenge', find(c.answer, 'SyncHdr/Cred/Data'),
              md5_cred('dm.example.net', 'S3rver', b'fresh'))
        equal('package is sent again', [x[0] for x in c.commands()], ['Get'])
        c.send(c.answer_all())
        equal('done', outcomes(s), ['done'])
        equal('no violation', violations(s), [])
        c = Client(s, session='2', user='erin')
        c.send(PKG1, cred('basic', b64(b'erin:e-pw')))
        equal('server basic', find(c.answer, 'SyncHdr/Cred/Data'), b64(b'the-server:plainS'))
    two = 'package\n get ./A\n  expect 200\npackage\n get ./B\n  expect 200\n'
    for code, again in (212, None), (200, b64(b'the-server:plainS')):
        with Server(two) as s:
            c = Client(s, user='erin')
            c.send(PKG1, cred('basic', b64(b'erin:e-pw')))
            out = c.answer_all()
            c.send([c.hdr_ok(code)] + out[1:])
            equal(f'server credentials after {code}', find(c.answer, 'SyncHdr/Cred/Data'), again)
            equal('212 once, 212 for the session', c.status(), '212')
    with Server('package\n get ./A\n') as s:
        c = Client(s, user='dave')
        c.send(PKG1, cred('md5', md5_cred('dave', 'd-pw', b'dave')))
        for _ in range(2):
            c.send([c.hdr_ok(401, ('Chal', [('Meta', [
                ('Format', 'b64'), ('Type', 'syncml:auth-md5'), ('NextNonce', b64(b'n'))])])),
                c.st(find(c.commands()[0], 'CmdID'), 'Get', 401)])
        equal('refused twice', outcomes(s), ["the client refuses the server's credentials"])


# --- what is wrong with a message -------------------------------------------------------

def test_violations():
    five = devinfo()[1]
    cases = [
        ('VerDTD', PKG1, dict(dtd='1.1'), '"1.1"'),
        ('VerProto', PKG1, dict(proto='DM/1.1'), '"DM/1.1"'),
        ('SessionID', PKG1, dict(session='12345'), '"12345"'),
        ('MsgID', PKG1, dict(msgid=2), 'is 2, must be 1'),
        ('MsgID', PKG1, dict(msgid='x'), '"x"'),
        ('SyncHdr', PKG1, dict(source=''), 'no Source/LocURI'),
        ('package 1', [devinfo()], {}, '0 Alerts 1200 or 1201'),
        ('package 1', [alert(1201), alert(1200), devinfo()], {}, '2 Alerts'),
        ('package 1', [alert(1201)], {}, 'no Replace with DevInfo'),
        ('package 1', [alert(1201), ('Replace', five[:3] + five[4:])], {}, './DevInfo/DmV'),
        ('package 1', [alert(1201), ('Replace', five + [item(source='./X', data='')])], {},
         '"./X"'),
        ('CmdID', [('Alert', [('CmdID', '1'), ('Data', '1201')]),
                   ('Replace', [('CmdID', '1')] + five)], {}, '"1" stands in the message twice'),
        ('CmdID', [('Alert', [('CmdID', '0'), ('Data', '1201')]), devinfo()], {}, 'CmdID 0'),
        ('Alert', PKG1 + [alert(1105)], {}, 'code 1105'),
        ('Generic Alert', PKG1 + [alert(1226, item(data='x', format='chr'))], {}, 'no Meta/Type'),
        ('packages', PKG1 + [('Get', [item(target='.')])], {}, 'Get'),
        ('session abort', PKG1 + [alert(1223)], dict(final=False), 'without Final'),
    ]
    for i, (clause, cmds, over, value) in enumerate(cases):
        with Server(users=None) as s:
            c = Client(s)
            c.send(cmds, **over)
            found = [v for v in violations(s) if clause in v.split(': ')[0] and value in v]
            check(f'violation {i} {clause} {value}', found, f'{violations(s)} {c.http}')
            equal(f'violation {i}: only this one', len(violations(s)), 1)
            check(f'violation {i} is logged', value in s.log())
            if clause.startswith('Ver'):
                equal(f'{clause} refused', c.status(), '505' if clause == 'VerDTD' else '513')
    with Server() as s:
        bad = ('Cred', [('Meta', [('Type', 'syncml:auth-md5')]), ('Data', '***')])
        Client(s).send(PKG1, bad)
        v = violations(s)
        check('Cred format, data and LocName', len(v) == 3 and any('"b64"' in x for x in v) and
              any('no base64' in x for x in v) and any('LocName' in x for x in v), v)


def answer_case(name, make, clause, value):
    with Server('package\n get ./A\n replace ./B "x"\n', users=None) as s:
        c = Client(s)
        c.send(PKG1)
        c.send(make(c))
        found = [v for v in violations(s) if clause in v and value in v]
        check(f'answers: {name}', found, violations(s))
        equal(f'answers: {name}: only this one', len(violations(s)), 1)


def test_answer_violations():
    def refs(c):
        return [find(x, 'CmdID') for x in c.commands()]

    def right(c):
        g, r = refs(c)
        return [c.hdr_ok(), c.st(g, 'Get', 200), c.results(g, './A', '1'), c.st(r, 'Replace', 200)]

    def swap(i, j):
        def make(c):
            out = right(c)
            out[i], out[j] = out[j], out[i]
            return out
        return make
    with Server('package\n get ./A\n replace ./B "x"\n', users=None) as s:
        c = Client(s)
        c.send(PKG1)
        c.send(right(c)[1:])
        check('no status for SyncHdr', any('no Status for the SyncHdr' in v for v in
                                           violations(s)), violations(s))
        check('first is not SyncHdr', any('first command is not' in v for v in violations(s)))
    answer_case('results before status', swap(1, 2), 'Results', 'before the Status')
    answer_case('order', lambda c: [right(c)[i] for i in (0, 3, 1, 2)], 'Status', 'order')
    answer_case('status missing', lambda c: right(c)[:3], 'package 3', '(Replace)')
    answer_case('status for nothing', lambda c: right(c) + [c.st('99', 'Get', 200)], 'Status',
                'CmdRef 99')
    answer_case('status for a status', lambda c: right(c) + [c.st('1', 'Status', 200)], 'Status',
                'not answered')
    answer_case('wrong command name', lambda c: right(c)[:3] + [c.st(refs(c)[1], 'Add', 200)],
                'Status', '"Add"')
    answer_case('second status', lambda c: right(c) + [c.st(refs(c)[1], 'Replace', 200)],
                'Status', 'a second one')
    answer_case('bad code', lambda c: right(c) + [c.st(refs(c)[1], 'Replace', 'ok')], 'Status',
                '"ok"')
    answer_case('results of no get', lambda c: right(c) + [c.results(refs(c)[1], './B', 'x')],
                'Results', 'no Get')
    answer_case('results after failure', lambda c: [right(c)[0], c.st(refs(c)[0], 'Get', 404),
                                                    right(c)[2], right(c)[3]], 'Results', '404')
    answer_case('unknown message', lambda c: right(c) + [
        ('Status', [('MsgRef', '9'), ('CmdRef', '1'), ('Cmd', 'Get'), ('Data', '200')])],
        'Status', 'MsgRef 9')


# --- scripts --------------------------------------------------------------------------

def test_commands(wbxml):
    script = r'''
server-id dm.example.net
max-msg-size 20000
package
  add-node ./T org.example/1.0/x
  add ./T/a chr text/plain "a & <b>"
    expect 200
  add ./T/b bin application/octet-stream "\x00\xff"
  replace ./T/a int "5"
  delete ./T/c
    expect 404
  copy ./T/a ./T/d
  exec ./T/x "arg" corr-1
  acl ./T "Get=*"
  alert 1101 "MAXDT=10" "Sure?"
  begin atomic
    replace ./T/a "1"
    begin sequence
      delete ./T/b
    end
  end
    expect 507
  get ./T/a
    expect-value "gone"
'''
    with Server(script, users=None) as s:
        c = Client(s, wbxml=wbxml)
        c.send(PKG1)
        cmds = c.commands()
        equal('order', [x[0] for x in cmds], ['Add', 'Add', 'Add', 'Replace', 'Delete', 'Copy',
                                              'Exec', 'Replace', 'Alert', 'Atomic', 'Get'])
        equal('node', (find(cmds[0], 'Item/Meta/Format'), find(cmds[0], 'Item/Meta/Type')),
              ('node', 'org.example/1.0/x'))
        equal('escaped', find(cmds[1], 'Item/Data'), 'a & <b>')
        fmt, data = find(cmds[2], 'Item/Meta/Format'), find(cmds[2], 'Item/Data')
        equal('binary', (fmt, data), ('bin', b'\x00\xff') if wbxml else ('b64', 'AP8='))
        equal('copy', (find(cmds[5], 'Item/Source/LocURI'), find(cmds[5], 'Item/Target/LocURI')),
              ('./T/a', './T/d'))
        equal('correlator', find(cmds[6], 'Correlator'), 'corr-1')
        equal('acl', find(cmds[7], 'Item/Target/LocURI'), './T?prop=ACL')
        equal('alert', [find(i, 'Data') for i in children(cmds[8], 'Item')],
              ['MAXDT=10', 'Sure?'])
        seq = children(cmds[9], 'Sequence')
        equal('nested', (len(seq), len(children(seq[0], 'Delete'))), (1, 1))
        equal('our limit', find(c.answer, 'SyncHdr/Meta/MaxMsgSize'), '20000')
        c.send(c.answer_all())
        e = s.events('expect-failed')
        equal('failed expectations', [(x['what'], x['expected'], x['got']) for x in e],
              [('status', '404', '200'), ('status', '507', '200'), ('value', 'gone', 'x')])
        equal('lines', [x['line'] for x in e], [10, 16, 24])
        equal('no violation', violations(s), [])
        check('in the summary', 'gone' in subprocess.run(
            [PROGRAM, '--summary', s.rec], capture_output=True, text=True).stdout)


def test_strict():
    s = Server('package\n get ./A\n  expect 404\n', users=None, args=['--strict'])
    c = Client(s)
    c.send(PKG1)
    c.send(c.answer_all())
    s.stop(4)
    shutil.rmtree(s.dir)
    s = Server(users=None, args=['--strict', '--exit-after', '1'])
    Client(s).send(PKG1)
    equal('--exit-after', s.p.wait(timeout=20), 0)
    shutil.rmtree(s.dir)


def test_sessions_in_turn():
    script = ('session\npackage\n get ./one\nsession\npackage\n get ./two\n')
    for repeat, want in (('', ['./one', './two', None]),
                         ('repeat\n', ['./one', './two', './one'])):
        with Server(repeat + script, users=None) as s:
            got = []
            for i in range(3):
                c = Client(s, session=str(i + 1))
                c.send(PKG1)
                got.append(find(c.commands()[0], 'Item/Target/LocURI') if c.commands() else None)
                if c.commands():
                    c.send(c.answer_all())
            equal('sections in turn', got, want)
            c = Client(s, session='9', device='IMEI:other')
            c.send(PKG1)
            equal('each device has its own turn', find(c.commands()[0], 'Item/Target/LocURI'),
                  './one')
    with Server(script) as s:
        c = Client(s, user='alice')
        c.send(PKG1)
        c = Client(s, session='2', user='carol')
        c.send(PKG1, cred('md5', md5_cred('carol', 'c-pw', b'first nonce')))
        s.stop()


def test_unauthenticated_turn():
    with Server('session\npackage\n get ./one\n', args=['--session-timeout', '1']) as s:
        Client(s, user='alice').send(PKG1)
        deadline = time.time() + 10
        while not outcomes(s) and time.time() < deadline:
            time.sleep(0.2)
        equal('silence ends a session', outcomes(s), ['not authenticated'])
        c = Client(s, session='2', user='carol')
        c.send(PKG1, cred('md5', md5_cred('carol', 'c-pw', b'first nonce')))
        equal('its part of the script is not lost', len(c.commands()), 1)


def test_bad_behaviour():
    script = '''repeat
session
 package
  http 503
session
 package
  http html
session
 package
  garbage
session
 package
  drop
session
 package
  redirect http://127.0.0.1:1/x 302
session
 package
  delay 700
  get ./A
session
 package
  wrong-session
  get ./A
session
 package
  get ./A
 package
  http 500
 package
  get ./B
   expect 200
'''
    with Server(script) as s:
        def first(session):
            c = Client(s, session=str(session), user='alice')
            c.send(PKG1)
            return c
        c = first(1)
        equal('http 503 before any authentication', c.http, 503)
        c = first(2)
        check('html', c.http == 200 and c.headers['Content-Type'] == 'text/html' and
              b'<html>' in c.raw)
        c = Client(s, session='3')
        c.msg = 1
        st, hd, body = s.post(c.build(PKG1))
        equal('garbage', (st, hd['Content-Type']), (200, XML))
        try:
            from_xml(body)
            check('garbage is none', False)
        except Exception:
            check('garbage is none', True)
        try:
            first(4)
            check('drop', False)
        except (http.client.HTTPException, OSError):
            check('drop', True)
        c = first(5)
        equal('redirect', (c.http, c.headers['Location']), (302, 'http://127.0.0.1:1/x'))
    with Server('auth none\n' + script) as s:
        for i in range(5):
            c = Client(s, session=str(i + 1))
            try:
                c.send(PKG1)
            except Exception:
                pass
        c, start = Client(s, session='6'), time.time()
        c.send(PKG1)
        check('delay', time.time() - start >= 0.69 and len(c.commands()) == 1)
        c = Client(s, session='7')
        c.send(PKG1)
        check('wrong session', find(c.answer, 'SyncHdr/SessionID') != '7')
        c = Client(s, session='8')
        c.send(PKG1)
        out = c.answer_all()
        c.send(out)
        equal('http 500 in the middle', c.http, 500)
        c.msg -= 1
        c.send(out)
        equal('the repeated message is taken', [find(x, 'Item/Target/LocURI') for x in
                                                c.commands()], ['./B'])
        c.send(c.answer_all())
        equal('and the session ends well', outcomes(s)[-1], 'done')
        equal('no violation', violations(s), [])
        equal('recorded', [e['what'] for e in s.events('misbehave')],
              ['http status', 'html page', 'garbage', 'drop', 'redirect', 'http status'])


def test_delay_blocks_nobody():
    with Server('package\n delay 3000\n get ./A\n', users=None) as s:
        slow = Client(s)
        slow.msg = 1
        body = slow.build(PKG1)
        k = socket.create_connection(('127.0.0.1', s.port))
        k.sendall(b'POST / HTTP/1.1\r\nHost: x\r\nContent-Type: ' + XML.encode() +
                  b'\r\nContent-Length: %d\r\n\r\n' % len(body) + body)
        time.sleep(0.2)
        start = time.time()
        equal('others are served', s.post(None, None, 'GET')[0], 405)
        check('at once', time.time() - start < 1.5)
        s.stop()
        k.close()


def test_abort():
    with Server('package\n get ./A\n abort\n', users=None) as s:
        c = Client(s)
        c.send(PKG1)
        equal('server aborts', [(x[0], find(x, 'Data')) for x in c.commands()],
              [('Get', None), ('Alert', '1223')])
        check('with Final', c.final())
        equal('outcome', outcomes(s), ['aborted by the server'])
    with Server('package\n get ./A\n', users=None) as s:
        c = Client(s)
        c.send(PKG1)
        c.send([c.hdr_ok(), alert(1223)])
        equal('client aborts', (c.status(), c.status('2'), c.commands()), ('200', '200', []))
        equal('outcome', outcomes(s), ['aborted by the client'])
        equal('no violation', violations(s), [])
    with Server('package\n garbage\n') as s:
        c = Client(s, user='alice')
        s.post(c.build(PKG1, msgid=1))
        c.msg = 1
        c.send([alert(1223)])
        equal('abort without credentials', (c.status(), c.chal()[0], c.commands()),
              ('200', None, []))
        equal('outcome', outcomes(s), ['aborted by the client'])
        equal('no violation', violations(s), [])
        Client(s, session='2', user='alice').send(PKG1)
        Client(s, session='3', user='alice').send(PKG1)
        equal('a new session ends the old one', outcomes(s)[1:], ['given up by the client'])


def test_more_messages():
    with Server('package\n get ./A\n', users=None) as s:
        c = Client(s)
        c.send(PKG1[:1] + [PKG1[1]], final=False)
        equal('1222 for more', [find(x, 'Data') for x in c.commands()], ['1222'])
        check('no Final', not c.final())
        c.send([c.hdr_ok(), c.st(find(c.commands()[0], 'CmdID'), 'Alert', 200)])
        equal('then the package', [x[0] for x in c.commands()], ['Get'])
        get = find(c.commands()[0], 'CmdID')
        c.send([c.hdr_ok(), c.st(get, 'Get', 200), c.results(get, './A', 'abc', more=True,
                                                             size='6')], final=False)
        equal('213 for a piece', c.status('3'), '213')
        out = c.results(get, './A', 'def')
        out = ('Results', [('MsgRef', '2')] + out[1][1:])
        c.send([c.hdr_ok(), out])
        equal('done', outcomes(s), ['done'])
        equal('no violation', violations(s), [])


def test_split():
    script = 'package\n' + ''.join(f' get ./Node/number-{i}\n  expect 200\n' for i in range(40))
    with Server(script, users=None) as s:
        c = Client(s, size=1500)
        c.send(PKG1)
        seen, messages = [], 0
        while c.commands():
            messages += 1
            check('within MaxMsgSize', len(c.raw) <= 1500, len(c.raw))
            seen += [find(x, 'Item/Target/LocURI') for x in c.commands()]
            done = c.final()
            out = c.answer_all()
            c.send(out if done else out + [alert(1222)], final=done)
        equal('all arrive in order', seen, [f'./Node/number-{i}' for i in range(40)])
        check('in several messages', messages > 3)
        equal('no violation', violations(s), [])
        equal('no failed expectation', s.events('expect-failed'), [])


def test_large(wbxml):
    value = ''.join(chr(97 + i % 26) for i in range(5000))
    script = f'package\n add ./L chr text/plain "{value}"\n  expect 200\n get ./A\n'
    for head, limit in (('', 1500), (script.replace('expect', 'chunk 700\n  expect'), None)):
        with Server(head or script, users=None) as s:
            c = Client(s, wbxml=wbxml, size=limit)
            c.send(PKG1)
            got, sizes, pieces = '', [], 0
            while any(x[0] == 'Add' for x in c.commands()):
                add = c.commands()[0]
                got += find(add, 'Item/Data')
                sizes.append(find(add, 'Item/Meta/Size'))
                pieces += 1
                more = find(add, 'Item/MoreData') is not None
                out = c.answer_all(213 if more else 200)
                c_final = c.final()
                if not c_final:
                    out.append(alert(1222))
                c.send(out, final=c_final)
            equal('large object', got, value)
            check('in pieces', pieces > 4, pieces)
            equal('size in the first only', sizes, ['5000'] + [None] * (pieces - 1))
            c.send(c.answer_all()) if c.commands() else None
            equal('large: done', outcomes(s), ['done'])
            equal('large: no violation', violations(s), [])
            equal('large: expectations', s.events('expect-failed'), [])


def test_tnds(wbxml):
    with Server(f'package\n tnds add ./ {HERE}/scripts/settings.tnds\n'
                f' tnds replace ./X {HERE}/scripts/settings.tnds document\n', users=None) as s:
        c = Client(s, wbxml=wbxml)
        c.send(PKG1)
        tree, doc = c.commands()
        equal('type', find(tree, 'Item/Meta/Type'),
              'application/vnd.syncml.dmtnds+' + ('wbxml' if wbxml else 'xml'))
        equal('markup', find(tree, 'Item/Data/MgmtTree/Node/NodeName'), 'Settings')
        node = children(('', find(tree, 'Item/Data/MgmtTree/Node')), 'Node')[0]
        equal('deep', [find(n, 'Value') for n in children(node, 'Node')],
              ['mail.example.net', '993'])
        data = find(doc, 'Item/Data')
        inner = from_wbxml(data) if wbxml else from_xml(data)
        equal('document', (doc[0], find(inner, 'Node/NodeName')), ('Replace', 'Settings'))


def test_repeated():
    with Server('package\n get ./A\n', users=None) as s:
        c = Client(s)
        c.send(PKG1)
        first = c.raw
        c.msg -= 1
        c.send(PKG1)
        equal('the same answer', c.raw, first)
        c.send(c.answer_all())
        equal('done', outcomes(s), ['done'])
        c.send([c.hdr_ok()])
        check('behind the end', any('behind the end' in v for v in violations(s)))
        c = Client(s)
        c.send(PKG1 + [alert(1224, item(data='x'))])
        equal('a new session may reuse the id', (c.status(), len(s.events('session-begin'))),
              ('200', 2))


def test_record_bytes():
    with Server('package\n get ./A\n  expect-value "\\xff\\x00"\n'
                ' replace ./DMAcc/a/AppAuth/c/AAuthSecret "topsecret"\n', users=None) as s:
        c = Client(s, wbxml=True)
        c.send(PKG1 + [alert(1226, item(type='Reversed-Domain-Name: org.example.x', format='chr',
                                        source='./x', mark='minor', data='a"\\\x7fü'))])
        get = find(c.commands()[0], 'CmdID')
        res = ('Results', [('MsgRef', '1'), ('CmdRef', get),
                           item(source='./A', format='bin', data=b'\xff\x00')])
        c.send([c.hdr_ok(), c.st(get, 'Get', 200), res,
                c.st(find(c.commands()[1], 'CmdID'), 'Replace', 200)])
        equal('opaque value', s.events('expect-failed'), [])
        m = s.events('message-in')
        equal('generic alert', [(a['code'], a['items'][0]['type'], a['items'][0]['value'],
                                 a['items'][0]['source']) for a in m[0]['alerts'][1:]][0],
              (1226, 'Reversed-Domain-Name: org.example.x', 'a"\\\x7fü', './x'))
        equal('not UTF-8', m[1]['results'][0]['items'][0]['value_base64'], '/wA=')
        check('secrets are masked', 'topsecret' not in open(s.rec + '/record.jsonl').read() +
              s.log())
        equal('alerts counted', s.events('session-end')[0]['generic_alerts'], 1)
        equal('no violation', violations(s), [])


def test_bounds():
    with Server(users=None, args=['--max-sessions', '2'], script='package\n get ./A\n') as s:
        got = []
        for i in range(3):
            c = Client(s, session=str(i + 1), device=f'IMEI:{i}')
            c.send(PKG1)
            got.append(c.http)
        equal('session table is bounded', got, [200, 200, 503])
        deep = [('Get', [item(target='.')])]
        for _ in range(100):
            deep = [('Sequence', [('CmdID', '1')] + deep)]
        check('deep nesting', s.post(to_xml(('SyncML', [('SyncBody', deep)])))[0] in (400, 503))
        many = PKG1 + [alert(1224)] * 5000
        c = Client(s, session='7')
        c.msg = 1
        equal('too many commands', s.post(c.build(many))[0], 400)


def test_hostile():
    rng = random.Random(7)
    with Server(args=['--max-sessions', '8', '--no-raw']) as s:
        for wb in (False, True):
            c = Client(s, user='alice', wbxml=wb)
            c.msg = 1
            good = c.build(PKG1, cred('md5', 'AAAA'))
            for _ in range(150):
                bad = bytearray(good)
                for _ in range(rng.randrange(1, 6)):
                    i = rng.randrange(len(bad))
                    kind = rng.randrange(3)
                    if kind == 0:
                        bad[i] = rng.randrange(256)
                    elif kind == 1:
                        del bad[i:i + rng.randrange(1, 20)]
                    else:
                        bad[i:i] = bytes(rng.randrange(256) for _ in range(rng.randrange(1, 9)))
                    if not bad:
                        break
                st = s.post(bytes(bad), WBXML if wb else XML)[0]
                if st not in (200, 400, 503):
                    check('hostile message', False, st)
        equal('alive', s.p.poll(), None)
        check('record is JSON to the end', len(s.events()) > 100)
        for _ in range(3):
            k = socket.create_connection(('127.0.0.1', s.port))
            k.sendall(b'POST /dm HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\nabc')
            k.close()
        equal('alive after half requests', s.post(None, None, 'GET')[0], 405)


# --- files and options -----------------------------------------------------------------

SCRIPT_ERRORS = [
    ('get ./A\n', 1, 'outside a package'),
    ('package\nfrobnicate\n', 2, 'unknown statement'),
    ('package\nget\n', 2, 'takes 1 to 1 words'),
    ('package\nget ./A\n expect ok\n', 3, 'no number'),
    ('package\nexpect 200\n', 2, 'no command'),
    ('package\nget "./A\n', 2, 'not closed'),
    ('package\nreplace ./A "\\q"\n', 2, 'unknown escape'),
    ('package\nbegin atomic\nget ./A\n', 3, 'no "end"'),
    ('package\nend\n', 2, 'without "begin"'),
    ('package\nbegin both\n', 2, 'atomic or sequence'),
    ('package\nget ./A\nhttp 500\n', 3, 'only answer'),
    ('package\nhttp 99\n', 2, 'no number from 200'),
    ('package\ngarbage\nget ./A\n', 3, 'without commands'),
    ('package\nabort\npackage\n', 3, 'nothing can follow'),
    ('auth digest\n', 1, 'no authentication'),
    ('package\nadd ./A chr text/plain file /nonexistent\n', 2, 'No such file'),
    ('package\ntnds add . /etc/passwd\n', 2, 'no serialized tree'),
    ('package\ndelay 0\n', 2, 'no number'),
    ('package\nget ./A\nchunk 5\n', 3, 'with a value'),
]


def test_files():
    d = tempfile.mkdtemp(prefix='dms')
    path = d + '/s.dms'

    def run(*args):
        return subprocess.run([PROGRAM, *args], capture_output=True, text=True, timeout=20)
    for text, line, why in SCRIPT_ERRORS + misbehave.SCRIPT_ERRORS:
        with open(path, 'w') as f:
            f.write(text)
        p = run('--check-script', '--script', path)
        check(f'script error: {why}', p.returncode == 2 and p.stderr.startswith(
            f'{path}:{line}: ') and why in p.stderr, p.stderr)
    for name in sorted(os.listdir(HERE + '/scripts')):
        if name.endswith('.dms'):
            p = run('--check-script', '--script', f'{HERE}/scripts/{name}')
            equal(f'example {name}', (p.returncode, p.stderr), (0, ''))
    listen = ['--listen', '127.0.0.1:0', '--plain-http']
    for text, why in (('alice pw\n', ':1: '), ('a b md5\na b md5\n', ':2: '),
                      ('a b rot13\n', 'md5, basic or hmac'), ('a b md5 nonce=*\n', 'no base64'),
                      ('a b md5 x=y\n', 'unknown key')):
        with open(path, 'w') as f:
            f.write(text)
        p = run(*listen, '--users', path)
        check(f'users error {why}', p.returncode == 2 and why in p.stderr, p.stderr)
    equal('no options', run().returncode, 1)
    equal('both transports', run(*listen, '--cert', 'a', '--key', 'b').returncode, 1)
    equal('bad number', run(*listen, '--max-sessions', 'many').returncode, 1)
    equal('bad address', run('--listen', 'nowhere', '--plain-http').returncode, 1)
    equal('address not ours', run('--listen', '192.0.2.1:1', '--plain-http').returncode, 3)
    equal('no record to tell', run('--summary', d).returncode, 2)
    check('help', run('--help').returncode == 0)
    shutil.rmtree(d)


def main():
    both = (test_mac, test_server_signs, test_https, test_plain_session, test_md5, test_commands, test_large, test_tnds,
            *misbehave.BOTH)
    tests = [(t, (wb,)) for wb in (False, True) for t in both]
    tests += [(t, ()) for t in (
              test_transport, test_data_sync_type, test_basic, test_per_message,
              test_server_credentials, test_violations, test_answer_violations, test_strict,
              test_sessions_in_turn, test_unauthenticated_turn, test_bad_behaviour,
              test_delay_blocks_nobody, test_abort, test_more_messages, test_split, test_repeated,
              test_record_bytes, test_bounds, test_hostile, test_files, *misbehave.ONCE)]
    for t, args in tests:
        try:
            t(*args)
        except Exception as e:  # one broken test must not hide the others
            check(f'{t.__name__}{args}', False, ''.join(traceback.format_exception(e)))
    print(f"{counts['passed']} passed, {counts['failed']} failed")
    return 1 if counts['failed'] else 0


if __name__ == '__main__':
    sys.exit(main())
