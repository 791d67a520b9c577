# SPDX-License-Identifier: GPL-2.0-or-later
"""DM messages for test.py: nested tuples to XML and WBXML, and back.

Written from the code page tables, sharing nothing with the C codec, so that
the two judge each other. Not a general codec: no string table, no entities.

A node is (tag, content), content being a str, bytes (WBXML OPAQUE) or a list
of nodes.
"""
import base64
import xml.etree.ElementTree as ET
from xml.sax.saxutils import escape

PAGE0 = dict(zip(
    'Add Alert Archive Atomic Chal Cmd CmdID CmdRef Copy Cred Data Delete Exec Final Get Item '
    'Lang LocName LocURI Map MapItem Meta MsgID MsgRef NoResp NoResults Put Replace RespURI '
    'Results Search Sequence SessionID SftDel Source SourceRef Status Sync SyncBody SyncHdr '
    'SyncML Target TargetRef'.split(), range(0x05, 0x30)))
PAGE0.update(dict(zip(
    'VerDTD VerProto NumberOfChanges MoreData Field Filter Record FilterType SourceParent '
    'TargetParent Move Correlator'.split(), range(0x31, 0x3D))))
PAGE1 = dict(zip(
    'Anchor EMI Format FreeID FreeMem Last Mark MaxMsgSize Mem MetInf Next NextNonce SharedMem '
    'Size Type Version MaxObjSize FieldLevel'.split(), range(0x05, 0x17)))
PAGE2 = dict(zip(
    'AccessType ACL Add b64 bin bool chr CaseSense CIS Copy CS date DDFName DefaultValue Delete '
    'Description DFFormat DFProperties DFTitle DFType Dynamic Exec float Format Get int Man '
    'MgmtTree MIME Mod Name Node node NodeName null Occurrence One OneOrMore OneOrN Path '
    'Permanent Replace RTProperties Scope Size time Title TStamp Type Value VerDTD VerNo xml '
    'ZeroOrMore ZeroOrN ZeroOrOne'.split(), range(0x05, 0x3D)))
NAMES = [{v: k for k, v in p.items()} for p in (PAGE0, PAGE1, PAGE2)]


def to_xml(node):
    def put(n, parent):
        tag, content = n
        ns = ''
        if tag == 'SyncML':
            ns = ' xmlns="SYNCML:SYNCML1.2"'
        elif parent in ('Meta',):
            ns = ' xmlns="syncml:metinf"'
        if isinstance(content, bytes):
            content = base64.b64encode(content).decode()
        if isinstance(content, str):
            inner = escape(content)
        else:
            inner = ''.join(put(c, tag) for c in content)
        return f'<{tag}{ns}>{inner}</{tag}>' if inner else f'<{tag}{ns}/>'
    return b'<?xml version="1.0" encoding="UTF-8"?>\n' + put(node, None).encode()


def from_xml(data):
    def get(e):
        tag = e.tag.rsplit('}', 1)[-1]
        if len(e):
            return (tag, [get(c) for c in e])
        return (tag, e.text or '')
    return get(ET.fromstring(data))


def mb(n):
    out = [n & 0x7f]
    while n > 0x7f:
        n >>= 7
        out.insert(0, 0x80 | n & 0x7f)
    return bytes(out)


def to_wbxml(node):
    out = bytearray(b'\x02\xa4\x01\x6a\x00')
    page = 0

    def put(n, parent):
        nonlocal page
        tag, content = n
        want = 1 if parent == 'Meta' else 0
        if want != page:
            out.extend((0x00, want))
            page = want
        code = (PAGE1 if want else PAGE0)[tag]
        if not content:
            out.append(code)
            return
        out.append(code | 0x40)
        if isinstance(content, bytes):
            out.extend(b'\xc3' + mb(len(content)) + content)
        elif isinstance(content, str):
            out.extend(b'\x03' + content.encode() + b'\x00')
        else:
            for c in content:
                put(c, tag)
        out.append(0x01)
    put(node, None)
    return bytes(out)


def from_wbxml(data):
    pos = 0

    def number():
        nonlocal pos
        v = 0
        while True:
            b = data[pos]
            pos += 1
            v = v << 7 | b & 0x7f
            if not b & 0x80:
                return v
    if data[0] not in (1, 2, 3):
        raise ValueError('no WBXML')
    pos = 1
    if number() == 0:
        number()
    number()
    table = number()
    pos += table
    page, stack, root = 0, [], None

    def add(x):
        if isinstance(x, tuple):
            stack[-1][1].append(x)
        else:
            stack[-1][2].append(x)

    def close(tag, children, texts):
        if children:
            return (tag, children)
        if any(isinstance(t, bytes) for t in texts):
            return (tag, b''.join(t if isinstance(t, bytes) else t.encode() for t in texts))
        return (tag, ''.join(texts))
    while pos < len(data):
        b = data[pos]
        pos += 1
        if b == 0x00:
            page = data[pos]
            pos += 1
        elif b == 0x01:
            done = close(*stack.pop())
            if not stack:
                root = done
                break
            add(done)
        elif b == 0x03:
            end = data.index(0, pos)
            add(data[pos:end].decode())
            pos = end + 1
        elif b == 0xc3:
            n = number()
            add(data[pos:pos + n])
            pos += n
        else:
            tag = NAMES[page][b & 0x3f]
            if b & 0x40:
                stack.append((tag, [], []))
            elif stack:
                add((tag, ''))
            else:
                root = (tag, '')
                break
    return root


def find(node, path):
    """The content of the first node at 'a/b/c' below @node, or None."""
    for step in path.split('/'):
        if not isinstance(node[1], list):
            return None
        for c in node[1]:
            if c[0] == step:
                node = c
                break
        else:
            return None
    return node[1]


def children(node, tag):
    return [c for c in node[1] if c[0] == tag] if isinstance(node[1], list) else []
