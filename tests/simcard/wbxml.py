# SPDX-License-Identifier: GPL-2.0-or-later
"""Flattens a SyncML DM message, from WBXML or from XML, to compare the two.

A judge for test data and nothing else: it knows the tokens of code pages 0, 1
and 2 and trusts its input.
"""

import xml.etree.ElementTree as ElementTree

PAGES = [
    """Add Alert Archive Atomic Chal Cmd CmdID CmdRef Copy Cred Data Delete Exec Final Get Item
    Lang LocName LocURI Map MapItem Meta MsgID MsgRef NoResp NoResults Put Replace RespURI Results
    Search Sequence SessionID SftDel Source SourceRef Status Sync SyncBody SyncHdr SyncML Target
    TargetRef (reserved) VerDTD VerProto NumberOfChanges MoreData Field Filter Record FilterType
    SourceParent TargetParent Move Correlator""".split(),
    """Anchor EMI Format FreeID FreeMem Last Mark MaxMsgSize Mem MetInf Next NextNonce SharedMem
    Size Type Version MaxObjSize FieldLevel""".split(),
    """AccessType ACL Add b64 bin bool chr CaseSense CIS Copy CS date DDFName DefaultValue Delete
    Description DFFormat DFProperties DFTitle DFType Dynamic Exec float Format Get int Man MgmtTree
    MIME Mod Name Node node NodeName null Occurrence One OneOrMore OneOrN Path Permanent Replace
    RTProperties Scope Size time Title TStamp Type Value VerDTD VerNo xml ZeroOrMore ZeroOrN
    ZeroOrOne""".split(),
]


class Reader:
    def __init__(self, data):
        self.data, self.at = data, 0

    def byte(self):
        self.at += 1
        return self.data[self.at - 1]

    def number(self):
        value = 0
        while True:
            b = self.byte()
            value = value << 7 | b & 0x7F
            if not b & 0x80:
                return value

    def take(self, count):
        self.at += count
        return self.data[self.at - count:self.at]

    def string(self):
        end = self.data.index(0, self.at)
        text = self.data[self.at:end]
        self.at = end + 1
        return text


def from_wbxml(data):
    """The document as [("<", name) | ("=", bytes) | (">", name)], embedded ones in place."""
    r = Reader(data)
    if r.byte() not in (1, 2, 3):
        raise ValueError("version")
    if not r.number():
        r.number()
    if r.number() != 106:
        raise ValueError("not UTF-8")
    r.take(r.number())
    out, stack, page = [], [], 0
    while True:
        token = r.byte()
        if token == 0x00:
            page = r.byte()
        elif token == 0x01:
            out.append((">", stack.pop()))
            if not stack:
                break
        elif token == 0x03:
            out.append(("=", r.string()))
        elif token == 0xC3:
            inner = r.take(r.number())
            # Only Data holds a document; a value of format bin holds bytes.
            out += from_wbxml(inner) if stack[-1] == "Data" else [("=", inner)]
        else:
            name = PAGES[page][(token & 0x3F) - 5]
            out.append(("<", name))
            if token & 0x40:
                stack.append(name)
            else:
                out.append((">", name))
    if r.at != len(data):
        raise ValueError(f"{len(data) - r.at} bytes behind the end")
    return out


def from_xml(path):
    out = []

    def walk(element):
        name = element.tag.split("}")[-1]
        out.append(("<", name))
        text = element.text or ""
        if len(element) == 0 and text:
            out.append(("=", text.encode()))
        for child in element:
            walk(child)
        out.append((">", name))

    walk(ElementTree.parse(path).getroot())
    return out
