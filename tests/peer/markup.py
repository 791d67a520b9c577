# SPDX-License-Identifier: GPL-2.0-or-later
"""Messages as elements, and both notations of them: XML by the standard library, WBXML by a
codec of the peer's own, from WBXML 1.2 and the token tables of the SyncML 1.2, MetInf 1.2 and
DM DDF 1.2 code pages."""

import xml.parsers.expat
from xml.sax.saxutils import escape

NAMESPACES = ("SYNCML:SYNCML1.2", "syncml:metinf", "syncml:dmddf1.2")

# In the order of their tokens from 05 on; "-" is a token that nobody was given.
_PAGES = ("""
    Add Alert Archive Atomic Chal Cmd CmdID CmdRef Copy Cred Data Delete Exec Final Get Item
    Lang LocName LocURI Map MapItem Meta MsgID MsgRef NoResp NoResults Put Replace RespURI
    Results Search Sequence SessionID SftDel Source SourceRef Status Sync SyncBody SyncHdr
    SyncML Target TargetRef - VerDTD VerProto NumberOfChanges MoreData Field Filter Record
    FilterType SourceParent TargetParent Move Correlator""", """
    Anchor EMI Format FreeID FreeMem Last Mark MaxMsgSize Mem MetInf Next NextNonce SharedMem
    Size Type Version MaxObjSize FieldLevel""", """
    AccessType ACL Add b64 bin bool chr CaseSense CIS Copy CS date DDFName DefaultValue Delete
    Description DFFormat DFProperties DFTitle DFType Dynamic Exec float Format Get int Man
    MgmtTree MIME Mod Name Node node NodeName null Occurrence One OneOrMore OneOrN Path
    Permanent Replace RTProperties Scope Size time Title TStamp Type Value VerDTD VerNo xml
    ZeroOrMore ZeroOrN ZeroOrOne""")
NAME_OF = [dict(enumerate(page.split(), 5)) for page in _PAGES]
TOKEN_OF = [{name: token for token, name in page.items()} for page in NAME_OF]

PUBLIC_ID = 0x1201
PUBLIC_TEXT = b"-//SYNCML//DTD SyncML 1.2//EN"
DDF_TEXT = b"-//OMA//DTD-DM-DDF 1.2//EN"
UTF8 = 106


class Bad(Exception):
    """A message that is none."""


class El:
    """One element: *page* is its vocabulary, *data* its text (str) or octets (bytes)."""

    def __init__(self, name, *content, page=0):
        self.name, self.page, self.kids, self.data = name, page, [], None
        for one in content:
            if isinstance(one, El):
                self.kids.append(one)
            elif one is not None:
                self.data = one if isinstance(one, bytes) else str(one)

    def all(self, name):
        return [kid for kid in self.kids if kid.name == name]

    def find(self, path):
        """The first element at *path* ("Source/LocURI"), or None."""
        at = self
        for name in path.split("/"):
            at = next((kid for kid in at.kids if kid.name == name), None)
            if at is None:
                return None
        return at

    def text(self, path=None, default=None):
        at = self.find(path) if path else self
        if at is None:
            return default
        if isinstance(at.data, bytes):
            return at.data.decode("utf-8", "surrogateescape")
        return at.data or ""

    def octets(self):
        if isinstance(self.data, bytes):
            return self.data
        return (self.data or "").encode("utf-8", "surrogateescape")


def meta(**fields):
    """A Meta of MetInf fields; None leaves one out."""
    kids = [El(name, value, page=1) for name, value in fields.items() if value is not None]
    return El("Meta", *kids) if kids else None


# --- XML ----------------------------------------------------------------------------------

def to_xml(root):
    out = ['<?xml version="1.0" encoding="UTF-8"?>']

    def write(el, around):
        space = ' xmlns="%s"' % NAMESPACES[el.page] if el.page != around else ""
        if isinstance(el.data, bytes):
            raise Bad("octets in XML need base64 first")
        if not el.kids and not el.data:
            out.append("<%s%s/>" % (el.name, space))
            return
        out.append("<%s%s>" % (el.name, space))
        out.append(escape(el.data or ""))
        for kid in el.kids:
            write(kid, el.page)
        out.append("</%s>" % el.name)

    write(root, None)
    return "".join(out).encode("utf-8")


def from_xml(octets):
    """The root element. A namespace that is none of ours, a document type and an entity are
    Bad: a client has no reason to send them."""
    parser = xml.parsers.expat.ParserCreate(namespace_separator=" ")
    top, open_ = [], []

    def refuse(*_):
        raise Bad("a document type")

    def start(name, attributes):
        space, _, local = name.rpartition(" ")
        if space not in NAMESPACES:
            raise Bad("element %r is in namespace %r" % (local, space))
        if attributes:
            raise Bad("element %s has attributes" % local)
        el = El(local, page=NAMESPACES.index(space))
        el.data = ""
        if open_:
            open_[-1].kids.append(el)
        else:
            top.append(el)
        open_.append(el)

    def text(data):
        open_[-1].data += data

    parser.StartDoctypeDeclHandler = refuse
    parser.StartElementHandler = start
    parser.EndElementHandler = lambda _name: open_.pop()
    parser.CharacterDataHandler = text
    try:
        parser.Parse(octets, True)
    except xml.parsers.expat.ExpatError as error:
        raise Bad("not well-formed: %s" % error) from error
    return top[0]


# --- WBXML --------------------------------------------------------------------------------

def _mb(number):
    out = bytes([number & 0x7F])
    while number > 0x7F:
        number >>= 7
        out = bytes([number & 0x7F | 0x80]) + out
    return out


def to_wbxml(root, text=None):
    """WBXML 1.2 with the public identifier as a number or, *text*, in the string table."""
    out = bytearray(b"\x02")
    if text:
        out += b"\x00\x00" + _mb(UTF8) + _mb(len(text)) + text
    else:
        out += _mb(PUBLIC_ID) + _mb(UTF8) + b"\x00"
    page = 0

    def write(el):
        nonlocal page
        if el.page != page:
            out.extend((0x00, el.page))
            page = el.page
        token = TOKEN_OF[el.page][el.name]
        if not el.kids and not el.data:
            out.append(token)
            return
        out.append(token | 0x40)
        if isinstance(el.data, bytes):
            out.extend(b"\xC3" + _mb(len(el.data)) + el.data)
        elif el.data:
            if "\0" in el.data:
                raise Bad("a NUL in a text")
            out.extend(b"\x03" + el.data.encode("utf-8") + b"\x00")
        for kid in el.kids:
            write(kid)
        out.append(0x01)

    write(root)
    return bytes(out)


class _Reader:
    def __init__(self, octets):
        self.octets, self.at = octets, 0

    def byte(self):
        if self.at >= len(self.octets):
            raise Bad("the message ends too early")
        self.at += 1
        return self.octets[self.at - 1]

    def take(self, count):
        if self.at + count > len(self.octets):
            raise Bad("the message ends too early")
        self.at += count
        return self.octets[self.at - count:self.at]

    def number(self):
        value = 0
        for _ in range(5):
            byte = self.byte()
            value = value << 7 | byte & 0x7F
            if byte < 0x80:
                return value
        raise Bad("a number of more than five octets")

    def string(self):
        end = self.octets.find(b"\0", self.at)
        if end < 0:
            raise Bad("a string without an end")
        begin, self.at = self.at, end + 1
        return self.octets[begin:end]


def from_wbxml(octets, text=PUBLIC_TEXT):
    reader = _Reader(octets)
    version = reader.byte()
    if version not in (1, 2, 3):
        raise Bad("WBXML version %02X" % version)
    public = reader.number()
    name_at = reader.number() if public == 0 else None
    charset = reader.number()
    table = reader.take(reader.number())
    if charset != UTF8:
        raise Bad("character set %d" % charset)
    if name_at is not None:
        if table[name_at:].split(b"\0")[0] != text:
            raise Bad("public identifier %r" % table[name_at:])
    elif public != PUBLIC_ID or text != PUBLIC_TEXT:
        raise Bad("public identifier %X" % public)
    page, top, open_ = 0, [], []

    def add(piece):
        if not open_:
            raise Bad("text outside of the document")
        open_[-1].data = (open_[-1].data or b"") + piece

    while True:
        token = reader.byte()
        if token == 0x00:
            page = reader.byte()
            if page >= len(NAME_OF):
                raise Bad("code page %d" % page)
        elif token == 0x01:
            if not open_:
                raise Bad("END without a beginning")
            open_.pop()
        elif token == 0x02:
            add(chr(reader.number()).encode("utf-8"))
        elif token == 0x03:
            add(reader.string())
        elif token == 0x83:
            at = reader.number()
            if at >= len(table):
                raise Bad("a reference outside of the string table")
            add(table[at:].split(b"\0")[0])
        elif token == 0xC3:
            add(reader.take(reader.number()))
        else:
            if token & 0x80:
                raise Bad("an element with attributes, or a token %02X" % token)
            name = NAME_OF[page].get(token & 0x3F)
            if name is None or name == "-":
                raise Bad("token %02X of code page %d" % (token, page))
            el = El(name, page=page)
            if open_:
                open_[-1].kids.append(el)
            elif top:
                raise Bad("two documents in one")
            else:
                top.append(el)
            if token & 0x40:
                open_.append(el)
        if top and not open_:
            break
    if reader.at != len(octets):
        raise Bad("%d octets behind the document" % (len(octets) - reader.at))
    return top[0]


# --- either -------------------------------------------------------------------------------

TYPES = {"application/vnd.syncml.dm+xml": "xml", "application/vnd.syncml.dm+wbxml": "wbxml"}
TYPE_OF = {notation: mime for mime, notation in TYPES.items()}


def read(octets, notation):
    return from_xml(octets) if notation == "xml" else from_wbxml(octets)


def write(root, notation):
    return to_xml(root) if notation == "xml" else to_wbxml(root)


# What an element may hold (SyncML RepPro DTD 1.2), as far as a client may send it in DM: the
# names in order, each with ? * + as in a content model.
MODEL = {
    "SyncML": "SyncHdr SyncBody",
    "SyncHdr": "VerDTD VerProto SessionID MsgID Target Source RespURI? Cred? Meta?",
    "Target": "LocURI LocName?", "Source": "LocURI LocName?",
    "Cred": "Meta? Data", "Chal": "Meta",
    "Status": "CmdID MsgRef CmdRef Cmd TargetRef* SourceRef* Cred? Chal? Data Item*",
    "Results": "CmdID MsgRef? CmdRef Meta? TargetRef? SourceRef? Item+",
    "Alert": "CmdID Data? Correlator? Item*",
    "Replace": "CmdID Meta? Item+",
    "Item": "Target? Source? Meta? Data? MoreData?",
}
COMMANDS = ("Status", "Results", "Alert", "Replace")
META_FIELDS = ("Format", "Type", "Mark", "Size", "Version", "NextNonce", "MaxMsgSize",
               "MaxObjSize")
EMPTY = ("Final", "MoreData")


def grammar(root):
    """What is wrong with the form of a client's message, as a list."""
    wrong = []
    if root.name != "SyncML" or root.page:
        return ["the root is %s" % root.name]
    todo = [root]
    while todo:
        el = todo.pop()
        names = [kid.name for kid in el.kids]
        if el.name == "Meta":
            for kid in el.kids:
                if kid.page != 1 or kid.name not in META_FIELDS:
                    wrong.append("%s in a Meta" % kid.name)
            if len(set(names)) != len(names):
                wrong.append("a Meta says something twice: %s" % names)
            continue
        if el.name == "Data":
            continue  # what it holds is the matter of its type
        for kid in el.kids:
            if kid.page:
                wrong.append("%s of page %d in %s" % (kid.name, kid.page, el.name))
        if el.name == "SyncBody":
            rest = names[:-1] if names and names[-1] == "Final" else names
            wrong += ["%s in a SyncBody" % name for name in rest if name not in COMMANDS]
            if not rest:
                wrong.append("an empty SyncBody")
        elif el.name in MODEL:
            at = 0
            for part in MODEL[el.name].split():
                name, count = part.rstrip("?*+"), 0
                while at < len(names) and names[at] == name:
                    at, count = at + 1, count + 1
                if count == 0 and part[-1] not in "?*" or count > 1 and part[-1] not in "*+":
                    wrong.append("%s has %d %s" % (el.name, count, name))
            if at != len(names):
                wrong.append("%s in %s, out of its place" % (names[at], el.name))
        elif el.kids:
            wrong.append("%s holds elements" % el.name)
        if el.name in MODEL or el.name == "SyncBody" or el.name in EMPTY:
            if el.octets().strip():
                wrong.append("text in %s" % el.name)
        todo += el.kids
    return wrong
