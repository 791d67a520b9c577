# SPDX-License-Identifier: GPL-2.0-or-later
"""What a server may say to the device of world.c: seeds of fuzz_session, one for
each thing that a session reads. Numbers of the setup byte: see fuzz_session.c."""
import hashlib
from base64 import b64encode
from xml.sax.saxutils import escape

WBXML, WRAP, SRVCRED, SMALL, STORE_FAILS, BASIC, SRVBASIC, PLAIN = (1 << i for i in range(8))
MAC = BASIC | SRVBASIC | SRVCRED
PART = b"\xff\xfe"
DEVICE, SERVER = "IMEI:493005100592800", "dm.example.net"
FINAL = "<Final/>"


class Commands:
    """Elements of a SyncBody, their CmdIDs counted."""

    def __init__(self):
        self.last = 0

    def cmd(self, name, *inside):
        self.last += 1
        return f"<{name}><CmdID>{self.last}</CmdID>{''.join(inside)}</{name}>"


def el(name, text):
    return "" if text is None else f"<{name}>{escape(text)}</{name}>"


def meta(**fields):
    inside = "".join(f"<{k} xmlns='syncml:metinf'>{escape(str(v))}</{k}>" for k, v in fields.items())
    return f"<Meta>{inside}</Meta>" if inside else ""


def item(target=None, data=None, source=None, raw="", more="", **fields):
    loc = "".join(f"<{k}><LocURI>{escape(v)}</LocURI></{k}>" for k, v in (("Target", target), ("Source", source))
                  if v is not None)
    return f"<Item>{loc}{meta(**fields)}{el('Data', data)}{raw}{more}</Item>"


def all_of(name, *items, final=FINAL):
    c = Commands()
    return "".join(c.cmd(name, i) for i in items) + final


def wrapped(setup, *bodies):
    return bytes([setup | WRAP]) + PART.join(b.encode() for b in bodies)


# --- whole messages, for what the header says -----------------------------------

def message(number, body=FINAL, cred="", **changed):
    f = dict(VerDTD="1.2", VerProto="DM/1.2", SessionID="1", MsgID=str(number), target=DEVICE, source=SERVER, more="")
    f.update(changed)
    return ("<SyncML><SyncHdr>" + "".join(el(k, f[k]) for k in ("VerDTD", "VerProto", "SessionID", "MsgID")) +
            f"<Target><LocURI>{f['target']}</LocURI></Target><Source><LocURI>{f['source']}</LocURI></Source>"
            f"{f['more']}{cred}{f.get('meta', '')}</SyncHdr><SyncBody>{status(number)}{body}</SyncBody></SyncML>")


def status(number, code="212", chal=""):
    return (f"<Status><CmdID>99</CmdID><MsgRef>{number}</MsgRef><CmdRef>0</CmdRef><Cmd>SyncHdr</Cmd>{chal}"
            f"<Data>{code}</Data></Status>")


def b64(raw):
    return b64encode(raw).decode()


def md5_cred(nonce, form="b64"):
    inner = b64(hashlib.md5(b"name:secret").digest()).encode()
    return f"<Cred>{meta(Format=form, Type='syncml:auth-md5')}<Data>{b64(hashlib.md5(inner + b':' + nonce).digest())}</Data></Cred>"


def basic_cred(text=b"name:secret"):
    return f"<Cred>{meta(Format='b64', Type='syncml:auth-basic')}<Data>{b64(text)}</Data></Cred>"


def chal(kind="syncml:auth-md5", nonce="bm9uY2Uy"):
    more = {"NextNonce": nonce} if nonce else {}
    return f"<Chal>{meta(Type=kind, Format='b64', **more)}</Chal>"


def raw(setup, *messages):
    return bytes([setup]) + PART.join(m.encode() for m in messages)


def refused(number, *statuses, body=FINAL):
    """A message whose statuses say something else of ours."""
    return message(number, "".join(statuses) + body).replace(status(number), "", 1)


GET = all_of("Get", item("./DevInfo/Man"))


def headers():
    yield "cred-md5", raw(SRVCRED, message(1, GET, md5_cred(b"nonce")), message(2, GET))
    yield "cred-md5-second", raw(SRVCRED, message(1, GET, md5_cred(b"stale")), message(2, GET, md5_cred(b"\x42" * 16)))
    yield "cred-never", raw(SRVCRED, message(1, GET), message(2, GET), message(3, GET))
    yield "cred-basic", raw(SRVCRED | SRVBASIC, message(1, GET, basic_cred()), message(2, GET))
    yield "cred-basic-wrong", raw(SRVCRED | SRVBASIC, message(1, GET, basic_cred(b"x")), message(2, GET, basic_cred(b"y")))
    yield "cred-kind", raw(SRVCRED, message(1, GET, basic_cred()), message(2, GET, "<Cred><Data>?</Data></Cred>"))
    yield "cred-plain", raw(PLAIN, message(1, GET))
    yield "dtd", raw(0, message(1, GET, VerDTD="1.1"))
    yield "proto", raw(0, message(1, GET, VerProto="DM/1.3"))
    yield "session", raw(0, message(1, GET, SessionID="2"))
    yield "target", raw(0, message(1, GET, target="IMEI:1"))
    yield "msgid", raw(0, message("x", GET))
    yield "replayed", raw(0, message(1, GET), message(1, GET), message(2, GET))
    yield "backwards", raw(0, message(5, GET), message(4, GET))
    yield "limits", raw(0, message(1, all_of("Get", item(".?list=StructData")), more="<RespURI>https://dm.example.net/2</RespURI>",
                                   meta=meta(MaxMsgSize=2000, MaxObjSize=3000)))
    yield "noresp", raw(0, message(1, GET, more="<NoResp/>"), message(2, GET))
    yield "cut", raw(0, message(1, GET)[:-30])
    yield "no-message", raw(0, "<Other/>")
    yield "nothing", raw(0, message(1, ""), message(2))


def challenges():
    yield "chal-md5", raw(0, refused(1, status(1, "401", chal())), refused(2, status(2, "212")), message(3, GET))
    yield "chal-again", raw(0, refused(1, status(1, "407", chal())), refused(2, status(2, "401", chal())))
    yield "chal-basic", raw(BASIC, refused(1, status(1, "401", chal("syncml:auth-basic", None))), message(2, GET))
    yield "chal-mac", raw(0, refused(1, status(1, "401", chal("syncml:auth-MAC"))))
    yield "chal-bad-nonce", raw(0, refused(1, status(1, "401", chal(nonce="*"))))
    yield "chal-none", raw(0, refused(1, status(1, "401")))
    yield "chal-next", raw(0, refused(1, status(1, "212", chal()), body=GET), refused(2, status(2, "200", chal()), body=GET))
    yield "refused", raw(0, refused(1, status(1, "500")))
    yield "statuses", raw(0, refused(1, status(1, "x"), status("x"), status(1),
                                     "<Status><CmdID>3</CmdID><MsgRef>1</MsgRef><CmdRef>2</CmdRef><Cmd>Alert</Cmd>"
                                     "<Data>200</Data></Status>", body=GET))


def signed():
    good = status(1, "200", chal("syncml:auth-MAC"))
    yield "mac", wrapped(MAC, GET, GET, all_of("Add", item("./Vendor/A/new", "v")), FINAL)
    yield "mac-wrong", wrapped(MAC, "!" + GET, GET)
    yield "mac-wrong-twice", wrapped(MAC, "!" + GET, "!" + GET)
    yield "mac-no-nonce", raw(MAC, refused(1, status(1, "200"), body=GET), message(2, GET))
    yield "mac-212", raw(MAC, refused(1, status(1, "212"), body=GET), message(2, GET))
    yield "mac-refused", raw(MAC, refused(1, good, body=GET), refused(2, status(2, "401", chal("syncml:auth-MAC"))))
    yield "mac-challenge", raw(MAC, refused(1, status(1, "407", chal("syncml:auth-MAC"))), refused(2, status(2, "200", chal("syncml:auth-MAC")), body=GET))
    yield "mac-name", raw(MAC, message(1, GET).replace("</LocURI></Source>", "</LocURI><LocName>other</LocName></Source>", 1))
    yield "mac-cred", raw(MAC, message(1, GET, basic_cred()))


# --- commands --------------------------------------------------------------------

PROPS = "ACL Format Name Size Title TStamp Type VerNo Other".split()


def reads():
    for where, uri in (("leaf", "./Vendor/A/text"), ("node", "./Vendor/A"), ("root", "."), ("none", "./Vendor/C")):
        yield f"props-{where}", wrapped(0, all_of("Get", *(item(f"{uri}?prop={p}") for p in PROPS)))
    lists = ["Struct", "StructData", "TNDS", "TNDS+ACL+Format+Name+Title+TStamp+Type+VerNo+Size+Value", "TNDS-Value-ACL",
             "TNDS+", "TNDS-Other", "Tree", ""]
    for setup in (0, WBXML, SMALL):
        yield f"lists-{setup}", wrapped(setup, all_of("Get", *(item(f"{u}?list={q}") for q in lists for u in ("./Vendor", "."))),
                                        *["<Alert><CmdID>1</CmdID><Data>1222</Data></Alert>"] * 3, GET)
    yield "rights", wrapped(0, all_of("Get", item("./Vendor/B"), item("./Vendor/B?prop=ACL"), item("./Inbox"), item("./DMAcc/acc/AppID"),
                                      item("./Vendor/A/Dir"), item("./Vendor/A/bytes"), item("./Vendor/A/number")))
    yield "rights-wbxml", wrapped(WBXML, all_of("Get", item("./Vendor/A/bytes"), item("./Vendor/A/number")))
    yield "uris", wrapped(0, all_of("Get", *map(item, (
        "", "/", "//", "./", ".//A", "./Vendor/", "./Vendor//A", "./Vendor/../A", "./..", "Vendor/A", "./Vendor/A?", "./Vendor/A?prop",
        "./Vendor/A?prop=ACL&list=TNDS", "./Vendor/%41", "./Vendor/A\\", "./" + "x" * 70, "./" + "a/" * 20, "./Vendor/\u00e9")), item(),
        item(source="./Vendor")))


def writes():
    yield "adds", wrapped(0, all_of(
        "Add", item("./Vendor/A/new", "v"), item("./Vendor/A/deep/er/node", "v", Format="chr", Type="text/plain"),
        item("./Vendor/A/n", None, Format="node"), item("./Vendor/A/n", "x", Format="node"), item("./Vendor/A/text", "x"),
        item("./Vendor/A/text/below", "x"), item("./Vendor/A/i", "1x", Format="int"), item("./Vendor/A/i", "-12", Format="int"),
        item("./Vendor/A/b", "true", Format="bool"), item("./Vendor/A/b2", "maybe", Format="bool"), item("./Vendor/A/bin", "AAEC/w==", Format="bin"),
        item("./Vendor/A/bin2", "***", Format="b64"), item("./Vendor/A/f", "1.5", Format="float"), item("./Vendor/A/d", "20260101", Format="date"),
        item("./Vendor/A/t", "120000", Format="time"), item("./Vendor/A/nil", None, Format="null"), item("./Vendor/A/xml", "<a/>", Format="xml"),
        item("./Vendor/A/odd", "x", Format="odd"), item("./Vendor/A/ty", "x", Type="a\tb"), item("./Vendor/A/none"), item("./Vendor/B/new", "x"),
        item("./Inbox/x", "y"), item("./Inbox", "y"), item(".", "y"), item("./Vendor/A/q?prop=Name", "y"), item(None, "y"),
        item("./Vendor/A/large", "x" * 5000)))
    values = {"float": "INF -INF NaN 1e5 -1.5E-3 1e . x +7 1.2.3", "int": "5 -5 +5 5.0 x", "bool": "true false 1",
              "date": "2026-01-31 2026-W05-6 2026W056 2026-031 2026-13-01 202601 2026 2026-1-1 x",
              "time": "12:30:59 T123059 12:30 1230Z 12+01:00 12:30.5 12:30. 12:30,25-0100 25:00 12:30:59x", "b64": "AAEC AA", "bin": "AAEC ?"}
    yield "values", wrapped(0, all_of("Add", *(item(f"./Vendor/A/{f}{n}", v, Format=f) for f, vs in values.items()
                                               for n, v in enumerate(vs.split()))))
    yield "parents", wrapped(0, all_of("Add", item("./Vendor/B/p/q", "x"), item("./Vendor/A/" + "d/" * 14 + "x", "x"), item("./DevInfo/p/q", "x"),
                                       item("./Vendor/A/text/p/q", "x"), item("./Vendor/A/o/p/q", "6 long"), item("./Vendor/A/p", "6 long")))
    yield "replaces", wrapped(0, all_of(
        "Replace", item("./Vendor/A/text", "other"), item("./Vendor/A/number", "x"), item("./Vendor/A/number", "18"), item("./Vendor/A", "x"),
        item("./Vendor/A/none", "x"), item("./Vendor/B/mine", "x"), item("./Vendor/A/text", None), item("./DevInfo/Man", "x"), item("./DevInfo", "x"),
        item("./Vendor/A/text", "5", Format="int"), item("./Vendor/A/text", "y", Type="text/other"), item("./Inbox", "x"), item(".", "x"),
        item("./Vendor/A/bytes", "AAA=", Format="b64"), item("./Vendor/A/text?prop=Title", "A title"), item("./Vendor/A/text?prop=Title", "x" * 300),
        item("./Vendor/A/text?prop=Name", "renamed"), item("./Vendor/A/renamed?prop=Name", "number"), item("./Vendor/A/renamed?prop=Name", "a/b"),
        item("./Vendor/A/renamed?prop=Name", "y" * 70), item("./DevInfo?prop=Name", "x"), item(".?prop=Name", "x"),
        *(item(f"./Vendor/A/bytes?prop={p}", "1") for p in PROPS), item("./Vendor/A?list=Struct", "x")))
    acls = ["Get=*", "Add=a.example+b.example&Get=*", "Replace=*&Delete=" + SERVER, "", "Get", "Get=", "Get=*&Get=a", "Put=*", "Get=a++b", "Get=* ",
            "Exec=*&", "Get=*+a", "Get=" + "x" * 300]
    yield "acls", wrapped(0, all_of("Replace", *(item("./Vendor/A/Dir?prop=ACL", a) for a in acls), item(".?prop=ACL", "Get=*"),
                                    item("./Vendor/B?prop=ACL", "Get=*"), item("./Vendor/A/Dir/x?prop=ACL", "Replace=other.example"),
                                    item("./Vendor/A/Dir/x?prop=ACL", "Get=*")))
    yield "deletes", wrapped(0, all_of("Delete", item("./Vendor/A/text"), item("./Vendor/A/none"), item("./DevInfo"), item("."), item("./Vendor/B"),
                                       item("./Vendor/A/number?prop=Title"), item("./DMAcc/acc"), item("./Vendor/A"), item()))
    yield "copies", wrapped(0, all_of("Copy", item("./Vendor/A/c", source="./Vendor/A/text"), item("./Vendor/A/text", source="./Vendor/A/number"),
                                      item("./Vendor/A/d", source="./Vendor/A/Dir"), item("./Vendor/A/e", source="./Vendor/A/none"), item("./Vendor/A/f"),
                                      item("./Vendor/B/g", source="./Vendor/A/text"), item("./Vendor/A/h", source="./Vendor/B/mine"),
                                      item("./Vendor/A/i?prop=Name", source="./Vendor/A/text"), item(source="./Vendor/A/text"),
                                      item("./Vendor/A/j", source="./Vendor/A/text?prop=Name"), item("./Vendor/A/bytes", source="./Vendor/A/bytes"),
                                      item("./Vendor/A/Dir", source="./Vendor/A/text"), item("./DevInfo/Man", source="./Vendor/A/text"),
                                      item("./Inbox", source="./Vendor/A/text"), item("./Vendor/A/k/l/m", source="./Vendor/A/text")))
    yield "execs", wrapped(0, all_of("Exec", item("./Vendor/A"), item("./Vendor/A/text", "arg"), item("./Vendor/B"), item("./Vendor/A/none"),
                                     item("./Vendor/A?prop=ACL"), item()) + "<Exec><CmdID>9</CmdID><Correlator>c</Correlator>"
                                     + item("./Vendor/A", "ab") + "</Exec>")
    yield "odd", wrapped(0, "<Get>" + item("./DevInfo") + "</Get><Get><CmdID>0</CmdID>" + item("./DevInfo") + "</Get><Get><CmdID>7</CmdID></Get>"
                         "<Get><CmdID>7</CmdID><NoResp/>" + item("./DevInfo/Man") + "</Get><Put><CmdID>8</CmdID></Put><Sync><CmdID>9</CmdID></Sync>"
                         "<Results><CmdID>10</CmdID></Results><Get><CmdID>x</CmdID>" + item("./DevInfo") + "</Get>"
                         "<Get><CmdID>12</CmdID><Cred><Data>x</Data></Cred>" + item("./DevInfo/Man") + item("./DevInfo/Mod") + item("./None") + "</Get>"
                         + FINAL)


def containers():
    for name in ("Atomic", "Sequence"):
        for what, members in (
                ("good", ("Add", item("./Vendor/A/x1", "1")), ),
                ("fails", ("Delete", item("./Vendor/A/none"))),
                ("reads", ("Get", item("./Vendor/A/text"))),
                ("runs", ("Exec", item("./Vendor/A"))),
                ("no", ("Alert", "<Data>1101</Data>" + item(data="") + item(data="no?!")))):
            c = Commands()
            inside = c.cmd("Replace", item("./Vendor/A/text", "in")) + c.cmd("Copy", item("./Vendor/A/cp", source="./Vendor/A/number"))
            inside += c.cmd(members[0], *members[1:]) + c.cmd("Delete", item("./Vendor/A/number")) + c.cmd("Add", item("./Vendor/A/x2", "2"))
            body = c.cmd(name, inside) + c.cmd("Get", item("./Vendor/A?list=Struct")) + FINAL
            yield f"{name.lower()}-{what}", wrapped(0, body)
            if what == "good":
                yield f"{name.lower()}-small", wrapped(SMALL, body, GET)
                yield f"{name.lower()}-store", wrapped(STORE_FAILS, GET, body, GET)
    c = Commands()
    nested = c.cmd("Get", item("./DevInfo/Man"))
    for i in range(10):
        nested = c.cmd("Atomic" if i % 3 == 2 else "Sequence", nested)
    yield "nested", wrapped(0, nested + c.cmd("Atomic") + c.cmd("Sequence", meta(Type="x")) + FINAL)
    many = Commands()
    yield "many-statuses", wrapped(SMALL, many.cmd("Atomic", *(many.cmd("Add", item(f"./Vendor/A/m{i}", "x")) for i in range(20))) + FINAL, GET)


def alerts():
    opts = ["MINDT=1&MAXDT=20", "DR=1&MAXLEN=5&IT=N&ET=P", "", "IT=X&&ET"]
    body = Commands()
    texts = [body.cmd("Alert", el("Data", str(code)), item(data=o), item(data=t), *(item(data=x) for x in choices))
             for code in (1100, 1101, 1102, 1103, 1104) for o, t, choices in zip(opts, ("a", "no?!", "abcde", "b"), ((), ("1", "2"), ("3",), ()))]
    texts += [body.cmd("Alert", el("Data", code), item("./Vendor")) for code in ("1222", "1225", "1224", "1226", "1199", "x", "")]
    texts += [body.cmd("Alert", el("Data", "1103"), item(data=""), item(data="t"), *(item(data="c") for _ in range(80))),
              body.cmd("Alert", el("Data", "1100"), item(data=""), item(data="t" * 4200)), body.cmd("Alert", el("Data", "1100"))]
    yield "alerts", wrapped(0, "".join(texts) + FINAL)
    yield "alerts-noresp", wrapped(0, "".join(texts[:12]).replace("</CmdID>", "</CmdID><NoResp/>") + FINAL)
    yield "abort", wrapped(0, all_of("Alert", "<Data>1223</Data>"), GET)


def large():
    def part(data, size=None, more=True, target="./Vendor/A/big", name="Add", **fields):
        if size is not None:
            fields["Size"] = size
        return all_of(name, item(target, data, more="<MoreData/>" if more else "", **fields), final="" if more else FINAL)

    yield "large-add", wrapped(0, part("abc", 9, Format="chr", Type="text/x"), part("def"), part("ghi", more=False), GET)
    yield "large-exec", wrapped(0, part("abc", 6, name="Exec", target="./Vendor/A"), part("def", name="Exec", target="./Vendor/A", more=False))
    yield "large-short", wrapped(0, part("abc", 9), part("def", more=False), GET)
    yield "large-long", wrapped(0, part("abc", 4), part("def"), GET)
    yield "large-no-size", wrapped(0, part("abc"), GET)
    yield "large-too-large", wrapped(0, part("abc", 100000), GET)
    yield "large-left", wrapped(0, part("abc", 9), GET, part("ghi", more=False))
    yield "large-asked", wrapped(0, part("abc", 6), all_of("Alert", "<Data>1222</Data>", final=""), part("def", more=False))
    yield "large-atomic", wrapped(0, "<Atomic><CmdID>5</CmdID>" + part("abc", 9) + "</Atomic>" + FINAL)
    yield "large-get", wrapped(0, part("abc", 9, name="Get"), GET)
    yield "large-bin", wrapped(0, part("AAEC", 8, Format="bin"), part("/w==", more=False))
    value = "\u00e4 text that is longer than one message can be. " * 40
    yield "large-out", wrapped(SMALL, all_of("Add", item("./Vendor/A/long", value)), all_of("Get", item("./Vendor/A/long"), item("./Vendor/A?list=StructData")),
                               *["<Alert><CmdID>1</CmdID><Data>1222</Data></Alert>" + FINAL] * 6, GET)
    yield "large-out-wbxml", wrapped(SMALL | WBXML, all_of("Add", item("./Vendor/A/long", b64(bytes(range(256)) * 6), Format="bin")),
                                     all_of("Get", item("./Vendor/A/long")), *["<Alert><CmdID>1</CmdID><Data>1222</Data></Alert>" + FINAL] * 6)


# --- serialized trees ---------------------------------------------------------------

def node(name, *inside, value=None, fmt=None, acl=None, path=None, typ=None, title=None):
    rt = el("ACL", acl) + (f"<Format><{fmt}/></Format>" if fmt else "") + el("Title", title)
    if typ:
        kind = "DDFName" if fmt == "node" or (fmt is None and value is None) else "MIME"
        rt += f"<Type>{el(kind, typ)}</Type>"
    return (f"<Node>{el('NodeName', name)}{el('Path', path)}<RTProperties>{rt}</RTProperties>"
            f"{''.join(inside)}{el('Value', value)}</Node>")


def tree(*nodes):
    return "<MgmtTree xmlns='syncml:dmddf1.2'><VerDTD>1.2</VerDTD>" + "".join(nodes) + "</MgmtTree>"


XML_TYPE = "application/vnd.syncml.dmtnds+xml"


def with_tree(name, target, doc, inline=False, **fields):
    fields = {"Format": "xml", "Type": XML_TYPE, **fields}
    body = item(target, None, raw=f"<Data>{doc}</Data>", **fields) if inline else item(target, doc, **fields)
    return all_of(name, body)


def account(name="card", server=SERVER, typ="urn:oma:mo:oma-dm-dmacc:1.0", **more):
    return node(name, node("AppID", value="w7", fmt="chr"), node("ServerID", value=server, fmt="chr"),
                node("PrefConRef", value="./Inbox/nap", fmt="chr"), typ=typ, fmt="node", **more)


def trees():
    leaf = node("leaf", value="v", fmt="chr", acl="Get=*", title="T", typ="text/plain")
    good = node("T", leaf, node("n", node("i", value="5", fmt="int"), fmt="node"), node("b", value="AAEC", fmt="bin"), fmt="node", typ="urn:x",
                acl="Get=*&Replace=*")
    bads = {"format": node("T", value="v", fmt="time"), "acl": node("T", leaf, acl="Get"), "child": node("T", leaf, value="v", fmt="chr"),
            "value": node("T", node("i", value="x", fmt="int")), "name": node("a/b", leaf), "long": node("x" * 70, leaf), "none": "",
            "two": good + good, "path": node("T", leaf, path="p/q"), "path-prop": node("T", leaf, path="p?prop=ACL"), "path-bad": node("T", leaf, path="//"),
            "deep": "".join(["<Node><NodeName>d</NodeName>"] * 20 + ["</Node>"] * 20),
            "exists": node("text", value="v"), "node-value": node("T", value="v", fmt="node"), "empty": node("", leaf)}
    for inline in (False, True):
        yield f"tree-add-{int(inline)}", wrapped(0, with_tree("Add", "./Vendor/A/T", tree(good), inline), all_of("Get", item("./Vendor/A/T?list=TNDS")))
        yield f"tree-replace-{int(inline)}", wrapped(0, with_tree("Replace", "./Vendor/A/Dir", tree(node("Dir", leaf, acl="Get=*", typ="y")), inline), GET)
    for name, bad in bads.items():
        yield f"tree-bad-{name}", wrapped(0, with_tree("Add", "./Vendor/A/T", tree(bad)), with_tree("Replace", "./Vendor/A/Dir", tree(bad)),
                                          with_tree("Add", "./Vendor/A", tree(bad)))
    yield "tree-self", wrapped(0, with_tree("Replace", "./Vendor/A/Dir", tree(node("Dir", leaf, fmt="chr"))),
                               with_tree("Replace", "./Vendor/A/Dir", tree(node("Dir", leaf, acl="?"))), with_tree("Replace", "./DevInfo", tree(leaf)),
                               with_tree("Replace", "./Vendor/A/text", tree(leaf)), with_tree("Replace", ".", tree(leaf)))
    yield "tree-account", wrapped(0, with_tree("Replace", "./DMAcc/acc", tree(account("acc"))),
                                  with_tree("Replace", "./DMAcc/acc", tree(account("acc", "other.example"))))
    yield "tree-type", wrapped(0, with_tree("Add", "./Vendor/A/T", tree(good), Type="application/other+xml"),
                               with_tree("Add", "./Vendor/A/T", "not a tree"), with_tree("Add", "./Vendor/A/T", "", Type=XML_TYPE))
    doc = b64(tree(good).encode())
    yield "tree-b64", wrapped(0, with_tree("Add", "./Vendor/A/T", doc, Format="b64"), with_tree("Add", "./Vendor/A/U", "*", Format="b64"),
                              with_tree("Add", "./Vendor/A/V", tree(good), Format="chr"), all_of("Add", item("./Vendor/A/W", Type=XML_TYPE, Format="xml")))
    yield "tree-other", wrapped(0, with_tree("Add", "./Vendor/A/T", tree(node("a", node("b", value="x", fmt="b64"), node("c", value="?", fmt="bin"),
                                                                         node("d", value="x" * 5000), title="t" * 300))),
                                with_tree("Replace", "./Vendor/A/Dir", tree(node("Dir", title="new"))), with_tree("Add", "./Vendor/B/T", tree(good)))
    inbox = node("nap", node("NAPID", value="1"), typ="urn:oma:mo:oma-connmo-nap:1.0", fmt="node")
    yield "inbox", wrapped(0, with_tree("Add", "./Inbox", tree(inbox, account(server="new.example"))), all_of("Get", item("./DMAcc"), item("./NAP")))
    yield "inbox-nested", wrapped(0, with_tree("Add", "./Inbox", tree(node("DMAcc", account(server="a.example", typ=None), fmt="node",
                                                                          typ="org.openmobilealliance/1.0/w7", path="x"))),
                                  with_tree("Add", "./Inbox", tree(node("x", leaf, typ="urn:unknown"))), with_tree("Replace", "./Inbox", tree(inbox)),
                                  with_tree("Add", "./Inbox", tree(inbox), True))


def seeds():
    found = {}
    for group in (headers, challenges, signed, reads, writes, containers, alerts, large, trees):
        for name, data in group():
            assert name not in found, name
            found[name] = data
    return found
