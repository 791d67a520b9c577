# SPDX-License-Identifier: GPL-2.0-or-later
"""The messages of a hostile server, in XML and WBXML, and what is to come of each.

A case makes the server's message(s) from scratch; tests/client/hostile plays
them. Elements are tuples (tag, content...): str is text, bytes are opaque data
(in XML: as they are), Raw is what it is. Page numbers follow from the parents.
"""
import functools
import random

import wire

DEVICE = "IMEI:493005100592800"
OK, AUTH, PROTOCOL, ABORTED = 0, 6, 7, 8
XML, WBXML = "xml", "wbxml"
MB = 1000000


class Raw:
    def __init__(self, data):
        self.data = data


def escape(text):
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def wbxml(node, page=0, inside=0):
    """From a page to the same page; @inside: the page of the parent's children."""
    if isinstance(node, str):
        data = node.encode()
        return b"\xc3" + wire.mb(len(data)) + data if b"\0" in data else b"\x03" + data + b"\0"
    if isinstance(node, bytes):
        return b"\xc3" + wire.mb(len(node)) + node
    if isinstance(node, Raw):
        return node.data
    tag, content = node[0], node[1:]
    here = 2 if tag == "MgmtTree" or inside == 2 else inside
    code = (wire.PAGE0, wire.PAGE1, wire.PAGE2)[here][tag]
    below = 1 if tag == "Meta" else 2 if here == 2 else 0
    inner = b"".join(wbxml(c, here, below) for c in content)
    out = bytes([code | 0x40 if content else code]) + inner + (b"\x01" if content else b"")
    return b"\0" + bytes([here]) + out + b"\0" + bytes([page]) if here != page else out


def xml(node, inside=0):
    if isinstance(node, str):
        return escape(node).encode()
    if isinstance(node, bytes):
        return node
    if isinstance(node, Raw):
        return node.data
    tag, content = node[0], node[1:]
    ns = ""
    if tag == "MgmtTree":
        ns = ' xmlns="syncml:dmddf1.2"'
    elif inside == 1:
        ns = ' xmlns="syncml:metinf"'
    inner = b"".join(xml(c, 1 if tag == "Meta" else 0) for c in content)
    return b"<%s%s>%s</%s>" % (tag.encode(), ns.encode(), inner, tag.encode())


def enc(fmt, *nodes):
    return b"".join(xml(n) if fmt == XML else wbxml(n) for n in nodes)


HEAD = {XML: b'<?xml version="1.0" encoding="UTF-8"?>\n', WBXML: b"\x02\xa4\x01\x6a\x00"}


def around(fmt, tag, inner):
    """Not recursive: for contents that are large or deep."""
    if fmt == XML:
        return b"<%s>%s</%s>" % (tag.encode(), inner, tag.encode())
    return bytes([wire.PAGE0[tag] | 0x40]) + inner + b"\x01"


def loc(tag, uri):
    return (tag, ("LocURI", uri))


def target(uri):
    return loc("Target", uri)


def item(uri, *rest):
    return ("Item", target(uri), *rest)


def data(value):
    return ("Data", value)


def meta(**fields):
    return ("Meta", *((k, v) for k, v in fields.items()))


def command(name, cmd_id, *rest):
    return (name, ("CmdID", str(cmd_id)), *rest)


def get(cmd_id, uri):
    return command("Get", cmd_id, item(uri))


def header(fmt, msg_id=1, drop=(), extra=(), **change):
    fields = {"VerDTD": "1.2", "VerProto": "DM/1.2", "SessionID": "1", "MsgID": str(msg_id)}
    fields.update({k: v for k, v in change.items() if k in fields})
    nodes = [(k, v) for k, v in fields.items() if k not in drop]
    if "Target" not in drop:
        nodes.append(target(change.get("Target", DEVICE)))
    if "Source" not in drop:
        nodes.append(loc("Source", "https://dm.example.net/dm"))
    return enc(fmt, ("SyncHdr", *nodes, *extra))


def status_of_header(msg_id=1, code="212"):
    return command("Status", 1, ("MsgRef", str(msg_id)), ("CmdRef", "0"), ("Cmd", "SyncHdr"), data(code))


def message(fmt, body, msg_id=1, head=None, final=True):
    """@body: nodes, or bytes that are encoded already."""
    inner = body if isinstance(body, bytes) else enc(fmt, *body)
    inner = enc(fmt, status_of_header(msg_id)) + inner + (enc(fmt, ("Final",)) if final else b"")
    doc = (header(fmt, msg_id) if head is None else head) + around(fmt, "SyncBody", inner)
    if fmt == XML:
        return HEAD[fmt] + b'<SyncML xmlns="SYNCML:SYNCML1.2">' + doc + b"</SyncML>"
    return HEAD[fmt] + around(fmt, "SyncML", doc)


def good(fmt, msg_id=2):
    return message(fmt, [get(2, "./DevInfo/DevId")], msg_id)


def many(fmt, n, node, first=2):
    """@node with its CmdID counted up, @n times."""
    mark = "00000077"
    one = enc(fmt, node(mark))
    before, after = one.split(mark.encode(), 1)
    return b"".join(before + b"%08d" % i + after for i in range(first, first + n))


class Case:
    """
    @make(fmt) gives the message, or a list of them. @exit: what dmsc-client ends
    with, of @make alone. @status: CmdID -> code that must be answered; "hdr" is
    the SyncHdr's; @counts: code -> at least so many, whatever the CmdIDs. @good:
    another message works behind it. @tree: to begin with, in place of a small one.
    """

    def __init__(self, name, make, exit=OK, status=None, counts=None, formats=(XML, WBXML), good=None, tree=None):
        self.name, self.make, self.exit = name, make, exit
        self.status, self.counts = status or {}, counts or {}
        self.formats, self.tree = formats, tree
        self.good = exit == OK if good is None else good  # the session goes on


def tree(children=b""):
    """What the server may do anything with: ./H with the leaf a, and @children in ./H/S."""
    return (b'<MgmtTree xmlns="syncml:dmddf1.2"><VerDTD>1.2</VerDTD><Node><NodeName>H</NodeName><RTProperties><ACL>'
            b"Add=*&amp;Get=*&amp;Replace=*&amp;Delete=*&amp;Exec=*</ACL><Format><node/></Format></RTProperties>"
            b"<Node><NodeName>a</NodeName><RTProperties><Format><chr/></Format><Type><MIME>text/plain</MIME></Type>"
            b"</RTProperties><Value>one</Value></Node><Node><NodeName>S</NodeName><RTProperties><Format><node/></Format>"
            b"</RTProperties>" + children + b"</Node></Node></MgmtTree>")


@functools.lru_cache(maxsize=4)
def leaves(n, acl=b"", value=b"x"):
    return tree(b"".join(b"<Node><NodeName>%x</NodeName><RTProperties>%s<Format><chr/></Format></RTProperties><Value>"
                         b"%s</Value></Node>" % (i, acl, value) for i in range(n)))


CASES = []


def case(name, make, **kw):
    CASES.append(Case(name, make, **kw))


def bodies(name, nodes, **kw):
    """A case that is a list of commands between good brackets."""
    case(name, lambda fmt: message(fmt, nodes), **kw)


def refused(name, node, code, **kw):
    """One command with CmdID 2, answered with @code; the Get behind it works."""
    bodies(name, [node, get(3, "./DevInfo/DevId")], status={2: code, 3: 200}, **kw)


# --- no message at all -------------------------------------------------------

def bad(name, make, **kw):
    case(name, make, exit=kw.pop("exit", PROTOCOL), **kw)


rng = random.Random(4)
bad("empty", lambda f: b"")
bad("100 zero bytes", lambda f: b"\0" * 100, formats=(WBXML,))
bad("random bytes", lambda f: rng.randbytes(5000), formats=(WBXML,))
bad("a login page", lambda f: b"<html><body>Welcome!</body></html>", formats=(XML,))
bad("UTF-16", lambda f: good(XML, 1).decode().replace("UTF-8", "UTF-16").encode("utf-16"), formats=(XML,))
bad("two messages in one", lambda f: good(f, 1) * 2)
bad("message in the data-sync root", lambda f: good(f, 1).replace(b"SyncML", b"SyncXX") if f == XML
    else good(f, 1).replace(b"\x6d", b"\x6c", 1))
bad("10 MB of spaces", lambda f: b" " * (10 * MB), formats=(XML,))
bad("10 MB of <", lambda f: b"<" * (10 * MB), formats=(XML,))


# --- nesting -----------------------------------------------------------------

def nested(fmt, tag, n, close, xml_tag=None):
    if fmt == XML:
        name = (xml_tag or tag).encode()
        return b"<%s>" % name * n + (b"</%s>" % name * n if close else b"")
    return bytes([wire.PAGE0[tag] | 0x40]) * n + (b"\x01" * n if close else b"")


for closed in True, False:
    how = "closed" if closed else "open"
    bad("100000 nested unknown elements, " + how, lambda f, c=closed: message(
        f, nested(f, "Lang", 100000, c, "x")))
    bad("50000 nested tags, " + how, lambda f, c=closed: HEAD[f] + nested(f, "SyncML", 50000, c))
    for container in "Atomic", "Sequence":
        bad("100000 nested %s, %s" % (container, how), lambda f, c=closed, t=container: message(
            f, nested(f, t, 100000, c)))
    bad("100000 levels in Data, " + how, lambda f, c=closed: message(f, around(f, "Add", enc(
        f, ("CmdID", "2")) + around(f, "Item", enc(f, target("./H/x")) + around(
            f, "Data", nested(f, "Lang", 100000, c, "y"))))))
    bad("100000 levels in Meta, " + how, lambda f, c=closed: message(f, around(f, "Add", enc(
        f, ("CmdID", "2")) + around(f, "Meta", nested(f, "Meta", 100000, c)))))
def sequences(n):
    node = get(n + 2, "./DevInfo/DevId")
    for i in range(n + 1, 1, -1):
        node = command("Sequence", i, node)
    return [node, get(100, "./DevInfo/DevId")]


bodies("Sequence 8 deep", sequences(8), status={2: 200, 10: 200, 100: 200})
bodies("Sequence 9 deep", sequences(9), status={10: 500, 100: 200})
bad("Sequence 17 deep", lambda f: message(f, sequences(17)))


# --- much --------------------------------------------------------------------

def fill(fmt, size, node):
    one = len(enc(fmt, node("00000077")))
    return many(fmt, size // one, node)


case("10 MB of Get", lambda f: message(f, fill(f, 10 * MB, lambda i: get(i, "./DevInfo/DevId"))))
case("10 MB of Get of nothing", lambda f: message(f, fill(f, 10 * MB, lambda i: get(i, "./No/Such/Node"))))
case("10 MB of Replace", lambda f: message(f, fill(f, 10 * MB, lambda i: command(
    "Replace", i, item("./H/a", data("value"))))))
case("10 MB of Add of the same", lambda f: message(f, fill(f, 10 * MB, lambda i: command(
    "Add", i, item("./H/b", data("value"))))), counts={418: 50000})
case("10 MB of unknown commands", lambda f: message(f, fill(f, 10 * MB, lambda i: command(
    "Search", i, data("x")))))
case("10 MB of Get in one Sequence", lambda f: message(f, around(f, "Sequence", enc(
    f, ("CmdID", "1234567")) + fill(f, 10 * MB, lambda i: get(i, "./DevInfo/DevId")))))
case("10 MB in an Atomic that fails", lambda f: message(f, around(f, "Atomic", enc(
    f, ("CmdID", "1234567")) + fill(f, 10 * MB, lambda i: command(
        "Replace", i, item("./H/a", data("value")))) + enc(f, command("Delete", 7654321, item("./H/no"))))),
    status={1234567: 507, 7654321: 404}, counts={216: 50000})
case("100000 alerts to the person", lambda f: message(f, many(f, 100000, lambda i: command(
    "Alert", i, data("1100"), ("Item", data("MINDT=1")), ("Item", data("hello"))))), counts={406: 100000})
case("100000 alerts unknown", lambda f: message(f, many(f, 100000, lambda i: command(
    "Alert", i, data("4711")))), counts={406: 100000})
case("100000 alerts 1222", lambda f: message(f, many(f, 100000, lambda i: command(
    "Alert", i, data("1222")))), counts={200: 100000})


def flood(name, n, node):
    """What is only received, and a Get behind it."""
    case(name, lambda f: message(f, many(f, n, node) + enc(f, get(9999999, "./DevInfo/DevId"))), status={9999999: 200})


def status(cmd_id, ref, code, *rest):
    return command("Status", cmd_id, ("MsgRef", "1"), ("CmdRef", ref), ("Cmd", "SyncHdr" if ref == "0" else "Alert"),
                   *rest, data(code))


CHAL = ("Chal", meta(Type="syncml:auth-md5", Format="b64", NextNonce="bm9uY2Vub25jZQ=="))
flood("200000 Status", 200000, lambda i: status(i, "1", "200"))
flood("200000 Status of the SyncHdr", 200000, lambda i: status(i, "0", "200"))
flood("50000 Chal in Status 212", 50000, lambda i: status(i, "0", "212", CHAL))
flood("200000 Results", 200000, lambda i: command("Results", i, ("MsgRef", "1"), ("CmdRef", "1"), item(
    "./H/a", data("x"))))
# It is answered by package 1 once more; the Gets behind it are void.
case("50000 challenges", lambda f: message(f, many(f, 50000, lambda i: status(i, "0", "407", CHAL))), good=False)
bad("challenge upon challenge", lambda f: [message(f, enc(f, command("Status", 2, ("MsgRef", str(i)), ("CmdRef", "0"), (
    "Cmd", "SyncHdr"), CHAL, data("407"))), i) for i in (1, 2, 3)], exit=AUTH)

def short(name, n, node, make_tree, code):
    """Commands of few bytes that have much to do; what is too much of it is 413, or keeps an Atomic from it."""
    case(name, lambda f: message(f, many(f, n, node) + enc(f, get(9999999, "./DevInfo/DevId"))), counts={code: n // 2},
         tree=make_tree)


for how in "Struct", "StructData", "TNDS":
    short("2000 lists %s of 50000 nodes" % how, 2000, lambda i, h=how: get(i, "./H/S?list=" + h),
          lambda: leaves(50000), 413)
    short("2000 lists %s of 50000 hidden nodes" % how, 2000, lambda i, h=how: get(i, "./H/S?list=" + h),
          lambda: leaves(50000, b"<ACL>Get=other</ACL>"), 413)
short("2000 lists of 50000 children", 2000, lambda i: get(i, "./H/S"), lambda: leaves(50000), 413)
short("2000 Deletes of 50000 nodes, taken back", 2000, lambda i: ("Atomic", ("CmdID", i), command(
    "Delete", "d", item("./H/S")), command("Delete", "e", item("./H/no"))), lambda: leaves(50000), 413)
short("5000 copies of a value of 500 kB", 5000, lambda i: command("Copy", i, ("Item", target("./H/c"), loc(
    "Source", "./H/S/0"))), lambda: leaves(1, value=b"v" * 500000), 413)

BIG = "x" * (10 * MB)
case("10 MB in one Add", lambda f: message(f, [command("Add", 2, item("./H/b", data(BIG)))]), status={2: 413})
case("10 MB in one Replace", lambda f: message(f, [command("Replace", 2, item("./H/a", data(BIG)))]),
     status={2: 413})
case("10 MB as bytes", lambda f: message(f, [command("Add", 2, meta(Format="bin"), item(
    "./H/b", data(b"y" * (10 * MB))))]), status={2: 413})
case("10 MB of base64", lambda f: message(f, [command("Add", 2, meta(Format="b64"), item(
    "./H/b", data("QUJD" * (10 * MB // 4))))]), status={2: 413})
case("10 MB as an ACL", lambda f: message(f, [command("Replace", 2, item("./H?prop=ACL", data(BIG)))]),
     status={2: 413})
case("10 MB as a title", lambda f: message(f, [command("Replace", 2, item("./H?prop=Title", data(BIG)))]),
     status={2: 413})
case("10 MB as a name", lambda f: message(f, [command("Replace", 2, item("./H/a?prop=Name", data(BIG)))]),
     status={2: 414})
case("10 MB to Exec", lambda f: message(f, [command("Exec", 2, item("./H/a", data(BIG)))]), status={2: 405})
case("10 MB as an alert", lambda f: message(f, [command("Alert", 2, data("1100"), ("Item", data("")),
                                                       ("Item", data(BIG)))]), status={2: 406})
case("10 MB as Format", lambda f: message(f, [command("Add", 2, meta(Format=BIG), item(
    "./H/b", data("x")))]), status={2: 415})
case("10 MB as Type", lambda f: message(f, [command("Add", 2, meta(Type=BIG), item(
    "./H/b", data("x")))]), status={2: 415})
case("1 MB as CmdID", lambda f: message(f, [command("Get", "7" * MB, item("./DevInfo/Man"))]))
case("10 MB as an unknown element", lambda f: message(f, enc(f, get(2, "./DevInfo/Man")) + (
    b"<unknown>" + b"z" * (10 * MB) + b"</unknown>" if f == XML else
    b"\x7e" + enc(f, BIG) + b"\x01")), status={2: 200})
case("20 MB of message", lambda f: message(f, [command("Add", 2, item("./H/b", data(BIG * 2)))]), status={2: 413})


# --- commands that lack something ---------------------------------------------

refused("no Item", command("Get", 2), 400)
refused("Get without Target", command("Get", 2, ("Item",)), 400)
refused("Get with an empty Target", command("Get", 2, ("Item", ("Target",))), 400)
refused("Get with an empty LocURI", command("Get", 2, item("")), 400)
refused("Add without Target", command("Add", 2, ("Item", data("x"))), 400)
refused("Add without Data", command("Add", 2, item("./H/b")), 400)
refused("Replace without Target", command("Replace", 2, ("Item", data("x"))), 400)
refused("Replace without Data", command("Replace", 2, item("./H/a")), 400)
refused("Delete without Target", command("Delete", 2, ("Item",)), 400)
refused("Exec without Target", command("Exec", 2, ("Item",)), 400)
refused("Copy without Source", command("Copy", 2, item("./H/b")), 400)
refused("Copy without Target", command("Copy", 2, ("Item", loc("Source", "./H/a"))), 400)
refused("Alert without Data", command("Alert", 2), 400)
refused("Alert with words for a code", command("Alert", 2, data("now!")), 400)
refused("Alert 1100 without Item", command("Alert", 2, data("1100")), 406)
refused("Search", command("Search", 2, data("x")), 405)
refused("Put", command("Put", 2, item("./H/a", data("x"))), 405)
refused("Get of nothing", command("Get", 2, item("./No/Such")), 404)
refused("Replace of nothing", command("Replace", 2, item("./No/Such", data("x"))), 404)
refused("Add of what is there", command("Add", 2, item("./H/a", data("x"))), 418)
refused("Replace of a permanent interior node", command("Replace", 2, item("./DevInfo", data("x"))), 425)
refused("Delete of the root", command("Delete", 2, item(".")), 405)
refused("Add below a leaf", command("Add", 2, item("./H/a/b", data("x"))), 405)
bodies("no CmdID", [("Get", item("./DevInfo/Man")), ("Alert", data("1222")), ("Add", item("./H/b", data("x"))),
                    ("Sequence", get(5, "./H/a")), get(3, "./DevInfo/DevId")], counts={400: 4}, status={3: 200})
bodies("CmdID 0", [get(0, "./DevInfo/Man"), get(3, "./DevInfo/DevId")], counts={400: 1}, status={3: 200})
bodies("duplicate CmdID", [get(7, "./DevInfo/Man"), get(7, "./DevInfo/Man"), get(3, "./DevInfo/DevId")],
       counts={400: 1, 200: 3}, status={3: 200})
bodies("CmdIDs that are no numbers", [get("x-%d" % i, "./DevInfo/Man") for i in range(3)] +
       [get(3, "./DevInfo/DevId")], status={3: 200})


# --- headers -----------------------------------------------------------------

def head(name, code=None, exit=PROTOCOL, **kw):
    bad("header " + name, lambda f: message(f, [get(2, "./DevInfo/DevId")], head=header(f, **kw)),
        status={"hdr": code} if code else {}, exit=exit)


head("without VerDTD", 505, drop=("VerDTD",))
head("VerDTD 1.1", 505, VerDTD="1.1")
head("without VerProto", 513, drop=("VerProto",))
head("VerProto SyncML/1.2", 513, VerProto="SyncML/1.2")
head("without MsgID", 400, drop=("MsgID",))
for n in "0", "-1", "99999999999999999999999", "1e3", "", " ", "0x10":
    head("MsgID '%s'" % n, 400, MsgID=n)
head("without Target", 404, drop=("Target",))
bad("header for another device", lambda f: [good(f, 1), message(f, [get(2, "./DevInfo/DevId")], head=header(
    f, 2, Target="IMEI:000000000000000"))], status={"hdr": 404})
head("Target of 1 MB", 404, Target="T" * MB)
bad("SessionID of another", lambda f: [good(f, 1), message(f, [get(2, "./DevInfo/DevId")], head=header(
    f, 2, SessionID="4711"))], status={"hdr": 400})
bad("SessionID of 1 MB", lambda f: [good(f, 1), message(f, [get(2, "./DevInfo/DevId")], head=header(
    f, 2, SessionID="1" * MB))], status={"hdr": 400})
bad("MsgID that runs backwards", lambda f: [good(f, 5), good(f, 4)], status={"hdr": 400})
case("the same message 8 times", lambda f: [good(f, 1)] * 8)
bad("the same message 500 times", lambda f: [good(f, 1)] * 500)
bad("no SyncHdr", lambda f: message(f, [get(2, "./DevInfo/DevId")], head=b""))
bad("no SyncBody", lambda f: HEAD[f] + (b"<SyncML>" + header(f) + b"</SyncML>" if f == XML else
                                        around(f, "SyncML", header(f))))
case("two headers", lambda f: message(f, [get(2, "./DevInfo/DevId")], head=header(f) + header(f, 9)),
     status={2: 200})
case("two bodies", lambda f: message(f, [get(2, "./DevInfo/DevId")], head=header(f) + around(
    f, "SyncBody", enc(f, get(9, "./DevInfo/Man")))), status={2: 200, 9: 200})
case("Final before the end", lambda f: message(f, [("Final",), get(2, "./DevInfo/DevId")]), status={2: 200})
for field in "MaxMsgSize", "MaxObjSize":
    for n in "0", "1", "-1", "99999999999999999999999999", "x", "18446744073709551615":
        case("%s %s" % (field, n), lambda f, k=field, v=n: message(f, [get(2, "./DevInfo/DevId")], head=header(
            f, extra=(meta(**{k: v}),))), good=False, exit=None)
case("RespURI of 1 MB", lambda f: message(f, [get(2, "./DevInfo/DevId")], head=header(
    f, extra=(("RespURI", "https://" + "r" * MB),))), status={2: 200})
case("Cred of 1 MB", lambda f: message(f, [get(2, "./DevInfo/DevId")], head=header(
    f, extra=(("Cred", meta(Type="syncml:auth-md5", Format="b64"), data("QUJD" * (MB // 4))),))), status={2: 200})


# --- values --------------------------------------------------------------------

for text in "!!!!", "QUJD=", "QUI", "=", "QUJD" * 100 + "\u00e4", "Q Q = = =":
    refused("base64 %.12r" % text, command("Add", 2, meta(Format="b64"), item("./H/b", data(text))), 400)
refused("int that is none", command("Add", 2, meta(Format="int"), item("./H/b", data("99999999999"))), 415)
refused("bool that is none", command("Add", 2, meta(Format="bool"), item("./H/b", data("maybe"))), 415)
refused("Format unknown", command("Add", 2, meta(Format="colour"), item("./H/b", data("x"))), 415)
refused("Data for an interior node", command("Add", 2, meta(Format="node"), item("./H/b", data("x"))), 415)
refused("Type with a line feed", command("Add", 2, meta(Type="text/plain\nX-Evil: 1"), item(
    "./H/b", data("x"))), 415)
refused("bytes that are no UTF-8 as chr", command("Add", 2, meta(Format="chr"), item(
    "./H/b", data(b"\xff\xfe\xc0\x80"))), 415, formats=(WBXML,))
bodies("NUL in a value", [command("Add", 2, meta(Format="bin"), item("./H/b", data(b"a\0b"))),
                          get(3, "./H/b")], status={2: 200, 3: 200}, formats=(WBXML,))
bad("NUL in XML", lambda f: good(f, 1).replace(b"DevId", b"Dev\0Id"), formats=(XML,))
bad("invalid UTF-8 in XML", lambda f: good(f, 1).replace(b"DevId", b"Dev\xff\xfeId"), formats=(XML,))
bad("overlong UTF-8 in XML", lambda f: good(f, 1).replace(b"DevId", b"Dev\xc0\xafId"), formats=(XML,))
bad("invalid UTF-8 in a URI", lambda f: good(f, 1).replace(b"DevId", b"Dev\xff\xfeId"), formats=(WBXML,))
for bad_uri in "./H//a", "/H/a", "./H/a/", "./H/../a", "./H/./a", "./H/a?", "./H/a?prop", "./H/a?x=1", "?prop=ACL", \
        "./H/\u0085a?":
    refused("URI %r" % bad_uri, command("Get", 2, item(bad_uri)), 400)
refused("URI with a control character", command("Get", 2, item("./H/\ta")), 400)
refused("property unknown", command("Get", 2, item("./H/a?prop=Colour")), 406)
refused("list unknown", command("Get", 2, item("./H?list=Everything")), 406)
refused("TNDS of unknown properties", command("Get", 2, item("./H?list=TNDS+Colour")), 406)
refused("TNDS of 100000 properties", command("Get", 2, item("./H?list=TNDS" + "+ACL" * 100000)), 414)
for name in "Get", "Delete", "Exec":
    refused("%s, URI of 10000 segments" % name, command(name, 2, item("." + "/a" * 10000)), 414)
    refused("%s, URI of 1 MB" % name, command(name, 2, item("./" + "u" * MB)), 414)
for name in "Add", "Replace":
    refused("%s, URI of 10000 segments" % name, command(name, 2, item("." + "/a" * 10000, data("x"))), 414)
    refused("%s, URI of 1 MB" % name, command(name, 2, item("./" + "u" * MB, data("x"))), 414)
refused("Copy to a URI of 10000 segments", command("Copy", 2, ("Item", target("." + "/a" * 10000), loc(
    "Source", "./H/a"))), 414)
refused("Copy from a URI of 1 MB", command("Copy", 2, ("Item", target("./H/b"), loc(
    "Source", "./" + "u" * MB))), 414)
case("1000 URIs of 1000 segments", lambda f: message(f, many(f, 1000, lambda i: get(i, "." + "/a" * 1000))),
     counts={414: 1000})
for acl in "Get", "Get=", "=*", "Get=*&", "&Get=*", "Get=*&&Add=*", "Frob=*", "get=*", "Get=a+", "Get=+a", \
        "Get=a++b", "Get=a b", "Get=a*", "Get=*=", "Get=\u00e4", "Get=*&Get", "Get=*;Add=*", "Get =*":
    refused("ACL %r" % acl, command("Replace", 2, item("./H?prop=ACL", data(acl))), 400)
refused("ACL of 100000 servers", command("Replace", 2, item("./H?prop=ACL", data(
    "Get=" + "+".join("s%d" % i for i in range(100000))))), 413)
refused("ACL of the root without Add=*", command("Replace", 2, item(".?prop=ACL", data("Get=*"))), 425)


# --- large objects ----------------------------------------------------------------

MORE = ("MoreData",)


def part(fmt, msg_id, cmd_id, text, last, size=None, uri="./H/l"):
    rest = [meta(Size=size)] if size is not None else []
    return message(fmt, [command("Add", cmd_id, ("Item", target(uri), *rest, data(text), *(() if last else (MORE,))))],
                   msg_id)


case("large object without Size", lambda f: part(f, 1, 2, "x", False), status={2: 411})
for n in "-1", "x", "", "99999999999999999999999999", "1e9", "0x10":
    case("large object, Size '%s'" % n, lambda f, n=n: part(f, 1, 2, "x", False, n), status={2: 411})
for n in "1048577", "4294967296", "18446744073709551615":
    case("large object, Size %s" % n, lambda f, n=n: part(f, 1, 2, "x", False, n), status={2: 413})
case("large object longer than its Size", lambda f: [part(f, 1, 2, "xxx", False, "4"), part(f, 2, 2, "xxx", True)],
     status={2: 424})
case("large object shorter than its Size", lambda f: [part(f, 1, 2, "xxx", False, "9"), part(f, 2, 2, "xxx", True)],
     status={2: 424})
case("large object without end, then another", lambda f: [part(f, 1, 2, "xxx", False, "9"),
                                                          part(f, 2, 2, "x", True, uri="./H/m")], status={2: 200})
case("1000 pieces of one byte", lambda f: [part(f, i + 1, 2, "x", i == 999, "1000" if not i else None)
                                           for i in range(1000)], status={2: 200})
case("50000 pieces in one message", lambda f: message(f, enc(f, command("Add", 2, ("Item", target("./H/l"), meta(
    Size="1000000"), data("x"), MORE))) + many(f, 50000, lambda i: command(
        "Add", i, ("Item", target("./H/l"), data("x"), MORE)), 3)), counts={213: 50001})
bodies("large object in an Atomic", [command("Atomic", 2, command("Add", 3, ("Item", target("./H/l"), meta(
    Size="5"), data("x"), MORE)))], status={3: 413, 2: 507})


# --- serialized trees ---------------------------------------------------------------

def tnds(nodes, uri="./H/t"):
    return command("Add", 2, meta(Format="xml", Type="application/vnd.syncml.dmtnds+xml"),
                   item(uri, ("Data", ("MgmtTree", ("VerDTD", "1.2"), *nodes))))


def leaf(name, value, *props):
    return ("Node", ("NodeName", name), ("RTProperties", ("Format", ("chr",)), *props), ("Value", value))


def tree_open(fmt, name):
    return b"<Node><NodeName>%s</NodeName>" % name if fmt == XML else b"\x64\x66\x03" + name + b"\0\x01"


def tree_document(fmt, inner):
    if fmt == XML:
        return b'<MgmtTree xmlns="syncml:dmddf1.2"><VerDTD>1.2</VerDTD>' + inner + b"</MgmtTree>"
    return b"\0\x02\x60\x77\x031.2\0\x01" + inner + b"\x01\0\0"


def tree_message(fmt, inner):
    return message(fmt, around(fmt, "Add", enc(fmt, ("CmdID", "2"), meta(
        Format="xml", Type="application/vnd.syncml.dmtnds+xml")) + around(fmt, "Item", enc(
            fmt, target("./H/t")) + around(fmt, "Data", tree_document(fmt, inner)))) + enc(
                fmt, get(3, "./DevInfo/DevId")))


def as_document(fmt, inner):
    doc = tree_document(fmt, inner)
    if fmt == WBXML:
        doc = b"\x02\xa4\x01\x6a\x00" + doc[:-2]
    mime = "application/vnd.syncml.dmtnds+" + fmt
    value = Raw(escape(doc.decode()).encode()) if fmt == XML else doc
    return message(fmt, [command("Add", 2, meta(Format="xml" if fmt == XML else "bin", Type=mime), item(
        "./H/t", data(value))), get(3, "./DevInfo/DevId")])


def close(fmt):
    return b"</Node>" if fmt == XML else b"\x01"


bad("tree object 100000 deep", lambda f: tree_message(f, tree_open(f, b"n") * 100000 + close(f) * 100000))
bad("tree object 200000 nodes", lambda f: tree_message(f, (tree_open(f, b"n") + close(f)) * 200000))
case("tree document 100000 deep", lambda f: as_document(f, tree_open(f, b"n") * 10000 + close(f) * 10000),
     status={2: 400, 3: 200})
case("tree document too large", lambda f: as_document(f, (tree_open(f, b"n") + close(f)) * 200000),
     status={2: 413, 3: 200})
case("tree document 20000 nodes", lambda f: as_document(f, b"".join(
    tree_open(f, b"%x" % i) + close(f) for i in range(20000))), status={2: 200, 3: 200})
case("tree object 60000 nodes", lambda f: tree_message(f, b"".join(
    tree_open(f, b"%x" % i) + close(f) for i in range(60000))), status={2: 200, 3: 200})
case("tree object 60 deep", lambda f: tree_message(f, tree_open(f, b"n") * 60 + close(f) * 60),
     status={2: 200, 3: 200})
case("tree object 100 deep", lambda f: tree_message(f, tree_open(f, b"n") * 100 + close(f) * 100),
     status={2: 414, 3: 200})
case("tree object, 60000 nodes of one name", lambda f: tree_message(f, (tree_open(f, b"n") + close(f)) * 60000),
     status={2: 418, 3: 200})
case("tree document that is none", lambda f: message(f, [command("Add", 2, meta(
    Format="xml", Type="application/vnd.syncml.dmtnds+xml"), item("./H/t", data("<a><b>"))),
    get(3, "./DevInfo/DevId")]), status={2: 400, 3: 200})
case("tree document with a DOCTYPE", lambda f: message(f, [command("Add", 2, meta(
    Format="xml", Type="application/vnd.syncml.dmtnds+xml"), item("./H/t", data(
        "<!DOCTYPE a [<!ENTITY b 'c'>]><MgmtTree>&b;</MgmtTree>"))), get(3, "./DevInfo/DevId")]),
    status={2: 400, 3: 200})
# Without a name it is the target itself.
bodies("tree object without a name", [tnds([("Node", ("RTProperties",))]), get(3, "./DevInfo/DevId")],
       status={2: 200, 3: 200})
for word, node in (("named ..", leaf("..", "x")),
                   ("named a/b", leaf("a/b", "x")), ("with a bad ACL", leaf("x", "x", ("ACL", "Frob=*")))):
    refused("tree object " + word, tnds([node]), 400)
refused("tree object, Path of 10000 segments", tnds([("Node", ("NodeName", "x"), ("Path", "a/" * 9999 + "a"))],
                                                    "./H"), 414)
refused("tree object, name of 1 MB", tnds([leaf("n" * MB, "x")]), 414)
refused("empty tree object", tnds([]), 400)


# --- XML's own -----------------------------------------------------------------------

def xml_case(name, change, exit=PROTOCOL, **kw):
    case(name, lambda f: change(good(XML, 1)), exit=exit, formats=(XML,), **kw)


LOL = b"".join(b'<!ENTITY l%d "%s">' % (i, b"&l%d;" % (i - 1) * 10) for i in range(1, 20))
xml_case("billion laughs", lambda m: m.replace(
    b"<SyncML ", b'<!DOCTYPE SyncML [<!ENTITY l0 "lol">' + LOL + b"]><SyncML ", 1).replace(b"DevId", b"&l19;"))
xml_case("quadratic blow-up", lambda m: m.replace(
    b"<SyncML ", b'<!DOCTYPE SyncML [<!ENTITY a "' + b"a" * 100000 + b'">]><SyncML ', 1).replace(
        b"DevId", b"&a;" * 100000))
xml_case("external entity", lambda m: m.replace(
    b"<SyncML ", b'<!DOCTYPE SyncML [<!ENTITY x SYSTEM "file:///etc/passwd">]><SyncML ', 1).replace(b"DevId", b"&x;"))
xml_case("external DTD", lambda m: m.replace(
    b"<SyncML ", b'<!DOCTYPE SyncML SYSTEM "http://127.0.0.1:9/x.dtd"><SyncML ', 1))
xml_case("parameter entity", lambda m: m.replace(
    b"<SyncML ", b'<!DOCTYPE SyncML [<!ENTITY % p SYSTEM "file:///dev/zero">%p;]><SyncML ', 1))
xml_case("undeclared entity", lambda m: m.replace(b"DevId", b"&nbsp;"))
xml_case("character 0", lambda m: m.replace(b"DevId", b"&#0;"))
xml_case("character beyond Unicode", lambda m: m.replace(b"DevId", b"&#x110000;"))
xml_case("character of ten million digits", lambda m: m.replace(b"DevId", b"&#" + b"0" * (10 * MB) + b"65;"))
xml_case("CDATA around a URI", lambda m: m.replace(b"./DevInfo/DevId", b"<![CDATA[./DevInfo]]>/<![CDATA[DevId]]>"),
         exit=OK, status={2: 200})
xml_case("CDATA that ends a tag", lambda m: m.replace(
    b"<LocURI>./DevInfo/DevId", b"<LocURI><![CDATA[</LocURI></Target></Item></Get><Delete>]]>"), exit=OK,
         status={2: 404})
xml_case("]]> in text", lambda m: m.replace(b"DevId", b"DevId]]>"))
xml_case("CDATA without an end", lambda m: m.replace(b"DevId", b"<![CDATA[DevId"))
xml_case("CDATA in CDATA", lambda m: m.replace(b"DevId", b"<![CDATA[<![CDATA[x]]>]]>"))
xml_case("10 MB of CDATA", lambda m: m.replace(b"<Final", b"<Add><CmdID>5</CmdID><Item><Target><LocURI>./H/b</LocURI>"
         b"</Target><Data>" + b"<![CDATA[x]]>" * (10 * MB // 13) + b"</Data></Item></Add><Final"), exit=OK,
         status={2: 200, 5: 200})
xml_case("10 MB of comment", lambda m: m.replace(b"<Final", b"<!--" + b"c" * (10 * MB) + b"--><Final"), exit=OK,
         status={2: 200})
xml_case("10 MB of comments", lambda m: m.replace(b"<Final", b"<!--c-->" * (10 * MB // 8) + b"<Final"), exit=OK,
         status={2: 200})
xml_case("10 MB of instructions", lambda m: m.replace(b"<Final", b"<?p i?>" * (10 * MB // 7) + b"<Final"), exit=OK,
         status={2: 200})
xml_case("a name of 10 MB", lambda m: m.replace(b"<Final>", b"<" + b"n" * (10 * MB) + b"/><Final>"))
xml_case("a tag of 10 MB", lambda m: m.replace(b"<Final>", b"<Final" + b" " * (10 * MB) + b">"))
xml_case("100000 attributes", lambda m: m.replace(b"<Final>", b"<Final " + b" ".join(
    b'a%d="b"' % i for i in range(100000)) + b">"))
xml_case("100000 namespaces", lambda m: m.replace(b"<Final>", b"<Final " + b" ".join(
    b'xmlns:a%d="b"' % i for i in range(100000)) + b">"))
xml_case("10 MB of elements with namespaces", lambda m: m.replace(b"<Final", b'<a:b xmlns:a="c"/>' * (
    10 * MB // 18) + b"<Final"), exit=OK, status={2: 200})
xml_case("200000 names", lambda m: m.replace(b"<Final", b"".join(b"<n%x/>" % i for i in range(200000)) + b"<Final"))
xml_case("the same attribute twice", lambda m: m.replace(b"<Final>", b'<Final a="1" a="2">'))
xml_case("tags that cross", lambda m: m.replace(b"</Target></Item>", b"</Item></Target>"))
xml_case("another encoding declared", lambda m: m.replace(b"UTF-8", b"KOI8-R"), exit=OK, status={2: 200})
xml_case("unknown elements", lambda m: m.replace(b"<Item>", b"<Frob><CmdID>9</CmdID><Item/></Frob><Item>"), exit=OK,
         status={2: 200})
xml_case("unknown namespaces", lambda m: m.replace(b"<Item>", b'<x:Item xmlns:x="urn:x"><x:y/></x:Item><Item>'),
         exit=OK, status={2: 200})


# --- WBXML's own -----------------------------------------------------------------------

def wbxml_case(name, change, exit=PROTOCOL, **kw):
    case(name, lambda f: change(good(WBXML, 1)), exit=exit, formats=(WBXML,), **kw)


URI = b"\x03./DevInfo/DevId\0"


def table(m, text, ref):
    return m.replace(b"\x6a\x00", b"\x6a" + wire.mb(len(text)) + text, 1).replace(URI, ref)


wbxml_case("string table", lambda m: table(m, b"./DevInfo/DevId\0", b"\x83\x00"), exit=OK, status={2: 200})
wbxml_case("string table without an end", lambda m: table(m, b"./DevInfo/DevId", b"\x83\x00"), exit=OK,
           status={2: 200})
wbxml_case("reference outside the string table", lambda m: table(m, b"abc\0", b"\x83\x04"))
wbxml_case("reference far outside", lambda m: table(m, b"abc\0", b"\x83\x8f\xff\xff\xff\x7f"))
wbxml_case("reference without a table", lambda m: m.replace(URI, b"\x83\x00"))
wbxml_case("string table longer than the message", lambda m: m.replace(b"\x6a\x00", b"\x6a\xff\x7f", 1))
wbxml_case("opaque data longer than the rest", lambda m: m.replace(URI, b"\xc3\x87\xff\xff\xff\x7f"))
wbxml_case("opaque data of 4 GB", lambda m: m.replace(URI, b"\xc3\x8f\xff\xff\xff\x7f"))
wbxml_case("number of six bytes", lambda m: m.replace(URI, b"\xc3\x80\x80\x80\x80\x80\x01x"))
wbxml_case("number beyond 32 bits", lambda m: m.replace(URI, b"\xc3\x9f\xff\xff\xff\x7f"))
wbxml_case("number without an end", lambda m: m[:1] + b"\xff" * 100)
wbxml_case("string without an end", lambda m: m[:m.index(URI)] + URI[:-1])
for v in 0x00, 0x04, 0x7f:
    wbxml_case("version %02x" % v, lambda m, v=v: bytes([v]) + m[1:])
wbxml_case("public identifier of another type", lambda m: m[:1] + b"\x0b" + m[3:])
wbxml_case("public identifier outside the table", lambda m: m[:1] + b"\0\x05" + m[3:])
for charset in 4, 17, 1015, 2252:
    wbxml_case("character set %d" % charset, lambda m, c=charset: m[:3] + wire.mb(c) + m[4:])
wbxml_case("literal element", lambda m: m.replace(b"\x6a\x00", b"\x6a\x04abc\0", 1).replace(
    b"\x54", b"\x44\x00\x03x\0\x01\x54", 1), exit=OK, status={2: 200})
wbxml_case("literal outside the table", lambda m: m.replace(b"\x54", b"\x44\x00\x01\x54", 1))
wbxml_case("attributes", lambda m: m.replace(b"\x54", b"\xbe\x05\x03x\0\x85\x01\x54", 1))
wbxml_case("extension tokens", lambda m: m.replace(URI, b"\x40a\0"))
wbxml_case("processing instruction", lambda m: m.replace(b"\x6a\x00", b"\x6a\x04abc\0", 1).replace(
    b"\x54", b"\x43\x04\x00\x03x\0\x01\x54", 1), exit=OK, status={2: 200})
wbxml_case("entities", lambda m: m.replace(URI, b"\x03./DevInfo/\0" + b"".join(
    b"\x02" + bytes([c]) for c in b"DevId")), exit=OK, status={2: 200})
wbxml_case("entity that is no character", lambda m: m.replace(URI, b"\x02\x83\xb0\x00"))
for page in 3, 17, 255:
    wbxml_case("code page %d" % page, lambda m, p=page: m.replace(
        b"\x54", b"\0%c\x45\x03x\0\x01\x06\0\0\x54" % p, 1), exit=OK, status={2: 200})
wbxml_case("unknown token", lambda m: m.replace(b"\x54", b"\x7f\x03x\0\x01\x3f\x54", 1), exit=OK, status={2: 200})
wbxml_case("10 MB of page switches", lambda m: m.replace(b"\x54", b"\0\1\0\0" * (10 * MB // 4) + b"\x54", 1), exit=OK,
           status={2: 200})
wbxml_case("10 MB of empty strings", lambda m: m.replace(URI, b"\x03\0" * (5 * MB) + URI), exit=OK, status={2: 200})
wbxml_case("10 MB of entities", lambda m: m.replace(URI, b"\x02\x41" * (5 * MB)), exit=OK, status={2: 414})
wbxml_case("1 MB meant 3000000 times", lambda m: table(m, b"t" * MB + b"\0", b"\x83\x00" * 3000000))
wbxml_case("end without an element", lambda m: m + b"\x01")
wbxml_case("text outside the root", lambda m: m[:5] + b"\x03x\0" + m[5:])
wbxml_case("bytes behind the end", lambda m: m + b"\xff" * 100)
wbxml_case("10 MB of ends", lambda m: m + b"\x01" * (10 * MB))
wbxml_case("10 MB of the smallest elements", lambda m: m.replace(b"\x54", b"\x3e" * (10 * MB) + b"\x54", 1),
           exit=OK, status={2: 200})


# --- broken off -----------------------------------------------------------------------

def cut_at(fmt):
    whole = message(fmt, [get(2, "./DevInfo/DevId"), command("Add", 3, meta(Format="chr"), item(
        "./H/b", data("x"))), command("Atomic", 4, command("Replace", 5, item("./H/a", data("y")))), tnds(
            [leaf("q", "r")])])
    return whole, [whole[:i] for i in range(len(whole))]


# Each of these is one row for many messages, played one by one.
SWEEPS = [("truncated anywhere", cut_at, PROTOCOL)]


def flips(fmt):
    whole, _ = cut_at(fmt)
    r = random.Random(7)
    out = []
    for _ in range(300):
        b = bytearray(whole)
        for _ in range(r.choice((1, 1, 2, 5))):
            b[r.randrange(len(b))] = r.randrange(256)
        out.append(bytes(b))
    return whole, out


SWEEPS.append(("bytes changed anywhere", flips, None))


# --- growth: N and 2N ------------------------------------------------------------------

def acl_text(n):
    return "Get=" + "+".join("s%d" % i for i in range(n))


GROWTH = [
    *[("list %s of nodes" % how, lambda f, n, h=how: (message(f, [get(2, "./H/S?list=" + h)]), leaves(n)), 60000)
      for how in ("Struct", "StructData", "TNDS")],
    ("list of nodes with ACLs", lambda f, n: (message(f, [get(2, "./H/S?list=Struct")]), leaves(
        n, b"<ACL>Get=" + b"+".join(b"s%d" % i for i in range(50)) + b"</ACL>")), 30000),
    ("Delete of nodes, taken back", lambda f, n: (message(f, [command("Atomic", 2, command("Delete", 3, item(
        "./H/S")), command("Delete", 4, item("./H/no")))]), leaves(n)), 60000),
    ("commands", lambda f, n: message(f, many(f, n, lambda i: get(i, "./DevInfo/DevId"))), 60000),
    ("items of one command", lambda f, n: message(f, b"".join(enc(f, command("Get", 2 + k, *[item(
        "./DevInfo/DevId")] * 1000)) for k in range(n // 1000))), 60000),
    ("commands without CmdID", lambda f, n: message(f, enc(f, ("Get", item("./H/a"))) * n), 60000),
    ("the same CmdID", lambda f, n: message(f, enc(f, get(2, "./H/a")) * n), 60000),
    ("Adds below one node", lambda f, n: message(f, many(f, n, lambda i: command("Add", i, item(
        "./H/" + i, data("x"))))), 45000),
    ("Adds and Deletes", lambda f, n: message(f, many(f, n, lambda i: command("Add", i, item(
        "./H/b", data("x")))) + b"".join(enc(f, command("Delete", 100000 + i, item("./H/b")), command(
            "Add", 200000 + i, item("./H/b", data("x")))) for i in range(n // 4))), 30000),
    ("an Atomic that fails", lambda f, n: message(f, around(f, "Atomic", enc(f, ("CmdID", "1234567")) + many(
        f, n, lambda i: command("Add", i, item("./H/" + i, data("x")))) + enc(f, command(
            "Delete", 7654321, item("./H/no"))))), 45000),
    ("Atomics that fail", lambda f, n: message(f, b"".join(enc(f, command("Atomic", 4 * i, command(
        "Replace", 4 * i + 1, item("./H/a", data("x"))), command("Delete", 4 * i + 2, item("./H/no"))))
        for i in range(1, n))), 24000),
    ("ACLs of many entries", lambda f, n: message(f, many(f, n, lambda i: command("Replace", i, item(
        "./H?prop=ACL", data(acl_text(500) + "&Replace=*&Get=*"))))), 9000),
    ("URIs of many segments", lambda f, n: message(f, many(f, n, lambda i: get(i, "." + "/a" * 60))), 45000),
    ("nodes of a tree object", lambda f, n: tree_message(f, b"".join(
        tree_open(f, b"%x" % i) + close(f) for i in range(n))), 30000),
    ("pieces of a large object", lambda f, n: message(f, enc(f, command("Add", 2, ("Item", target("./H/l"), meta(
        Size="1000000"), data("x"), MORE))) + many(f, n, lambda i: command("Add", i, ("Item", target(
            "./H/l"), data("x"), MORE)), 3)), 60000),
    ("bytes of one value", lambda f, n: message(f, [command("Add", 2, item("./H/b", data("&" * n)))]), 400000),
    ("Status", lambda f, n: message(f, many(f, n, lambda i: command("Status", i, ("MsgRef", "1"), (
        "CmdRef", "1"), ("Cmd", "Alert"), data("200")))), 120000),
]

