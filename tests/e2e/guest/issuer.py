# SPDX-License-Identifier: GPL-2.0-or-later
"""An issuer: makes cards, and knows what each of them says.

Accounts become a DM profile (a SyncML message that holds a TNDS object) or a CP
profile (a provisioning document), both in WBXML, and a text for simcard. What
the tree has to hold with such a card in is said here too, from the accounts and
the mapping of the specifications, not from what dmsc makes of the bytes.
"""
import base64
from typing import NamedTuple

PKCS15 = "/usr/share/dmsc/cards/include/pkcs15.inc"
DIRECTORY = "/usr/share/dmsc/cards/include/dir.inc"
ATR = "3B 9E 96 80 1F C7 80 31 E0 73 FE 21 1B 64 6D 73 63 30 31 00 AE"
OID_DM = "67 2B 07 01"
OID_CP = "67 2B 05 01"
OID_INDICATOR = "69 96 DD CF 9C E5 BD D2 8C A3 A4 B7 D0 F2 DD B8 BE 98 20"
FID_DM, FID_CP, FID_INDICATOR = "6431", "6432", "6433"

# --- WBXML ------------------------------------------------------------------

SYNCML, METINF, DDF = 0, 1, 2
TAGS = {
    SYNCML: {"Add": 0x05, "CmdID": 0x0B, "Data": 0x0F, "Final": 0x12, "Item": 0x14, "LocURI": 0x17, "Meta": 0x1A,
             "MsgID": 0x1B, "SessionID": 0x25, "Source": 0x27, "SyncBody": 0x2B, "SyncHdr": 0x2C, "SyncML": 0x2D,
             "Target": 0x2E, "VerDTD": 0x31, "VerProto": 0x32},
    METINF: {"Format": 0x07, "Type": 0x13},
    DDF: {"ACL": 0x06, "bin": 0x09, "chr": 0x0B, "DDFName": 0x11, "Format": 0x1C, "int": 0x1E, "MgmtTree": 0x20,
          "MIME": 0x21, "Node": 0x24, "node": 0x25, "NodeName": 0x26, "RTProperties": 0x2F, "Type": 0x35,
          "Value": 0x36, "VerDTD": 0x37},
}


class Element(NamedTuple):
    page: int
    name: str
    content: tuple


def s(name, *content):
    return Element(SYNCML, name, content)


def m(name, *content):
    return Element(METINF, name, content)


def d(name, *content):
    return Element(DDF, name, content)


def multibyte(number):
    out = [number & 0x7F]
    while number := number >> 7:
        out.append(0x80 | number & 0x7F)
    return bytes(reversed(out))


def wbxml(head, root):
    """The document; str is written as an inline string, bytes as OPAQUE."""
    out, page = bytearray(head), 0

    def put(item):
        nonlocal page
        if isinstance(item, str):
            out.extend(b"\x03" + item.encode() + b"\0")
        elif isinstance(item, bytes):
            out.extend(b"\xc3" + multibyte(len(item)) + item)
        else:
            if item.page != page:
                page = item.page
                out.extend([0, page])
            out.append(TAGS[page][item.name] | (0x40 if item.content else 0))
            for inner in item.content:
                put(inner)
            if item.content:
                out.append(1)
    put(root)
    return bytes(out)


# --- what a card says ---------------------------------------------------------

class Node(NamedTuple):
    """A node of a management object: what stands in it, or its children."""
    name: str
    value: object = None    # str, or bytes of format bin; None: an interior node
    children: tuple = ()
    type: str = ""
    acl: str = ""


class Account(NamedTuple):
    server_id: str
    url: str
    user: str
    password: str
    server_password: str
    name: str
    client_nonce: bytes = b"client-nonce-01"
    server_nonce: bytes = b"server-nonce-01"
    nap: str = ""           # NAPID of the access point it prefers
    init: bool = False      # CP: connect once the settings are taken over

    @property
    def user_line(self):
        """The account's line in dm-server's file of users."""
        nonce, back = (base64.b64encode(n).decode() for n in (self.client_nonce, self.server_nonce))
        return (f"{self.user} {self.password} md5 nonce={nonce} server-name={self.server_id} "
                f"server-password={self.server_password} server-scheme=md5 server-nonce={back}\n")


def credentials(number, level, name, secret, nonce):
    return Node(number, children=(
        Node("AAuthLevel", level), Node("AAuthType", "DIGEST"), Node("AAuthName", name),
        Node("AAuthSecret", secret), Node("AAuthData", nonce)))


def dmacc(account, number, acl):
    """The account as a management object (StdObj 1.2, 7.1.3.1)."""
    return Node(number, type="urn:oma:mo:oma-dm-dmacc:1.0", acl=acl, children=(
        Node("AppID", "w7"), Node("ServerID", account.server_id), Node("Name", account.name),
        Node("PrefConRef", account.nap and f"./Inbox/{account.nap}"),
        Node("AppAddr", children=(
            Node("1", children=(Node("Addr", account.url), Node("AddrType", "URI"))),)),
        Node("AAuthPref", "DIGEST"),
        Node("AppAuth", children=(
            credentials("1", "CLCRED", account.user, account.password, account.client_nonce),
            credentials("2", "SRVCRED", account.server_id, account.server_password, account.server_nonce)))))


def tnds_node(node):
    if node.value is None:
        kind, value = "node", tuple(tnds_node(child) for child in node.children)
        mime = d("Type", d("DDFName", node.type) if node.type else d("DDFName"))
    else:
        kind = "bin" if isinstance(node.value, bytes) else "chr"
        value = (d("Value", node.value) if node.value else d("Value"),)
        mime = d("Type", d("MIME", "application/octet-stream" if kind == "bin" else "text/plain"))
    acl = (d("ACL", node.acl),) if node.acl else ()
    return d("Node", d("NodeName", node.name), d("RTProperties", *acl, d("Format", d(kind)), mime), *value)


def dm_message(objects):
    """EF(DM_Bootstrap): the management objects, in one TNDS object for the Inbox."""
    source = objects[0].children[1].value
    return wbxml(b"\x02\xa4\x01\x6a\x00", s(
        "SyncML",
        s("SyncHdr", s("VerDTD", "1.2"), s("VerProto", "DM/1.2"), s("SessionID", "0"), s("MsgID", "1"),
          s("Target", s("LocURI", "/")), s("Source", s("LocURI", source))),
        s("SyncBody",
          s("Add", s("CmdID", "1"), s(
              "Item", s("Target", s("LocURI", "./Inbox")),
              s("Meta", m("Format", "xml"), m("Type", "application/vnd.syncml.dmtnds+wbxml")),
              s("Data", d("MgmtTree", d("VerDTD", "1.2"), *(tnds_node(o) for o in objects))))),
          s("Final"))))


# --- a CP profile ----------------------------------------------------------------

class Point(NamedTuple):
    """An access point (NAPDEF), and a proxy behind it (PXLOGICAL)."""
    napid: str
    apn: str
    user: str
    secret: str
    proxy: str
    address: str


def c(kind, *content):
    """A characteristic: parms are (name, value), or (name,) without a value."""
    return (kind, content)


def prov(*characteristics):
    """A provisioning document; every word is an inline string but the few tokens needed."""
    out = bytearray(b"\x03\x0b\x6a\x00\xc5\x46\x01")

    def string(text):
        return b"\x03" + text.encode() + b"\0"

    def put(kind, content):
        out.extend(b"\xc6\x50" + string(kind) + b"\x01")
        for item in content:
            if isinstance(item[-1], tuple):
                put(*item)
            else:
                out.extend(b"\x87\x05" + string(item[0]) + (b"\x06" + string(item[1]) if len(item) > 1 else b"") + b"\x01")
        out.append(1)
    for item in characteristics:
        put(*item)
    out.append(1)
    return bytes(out)


def w7(account):
    def secrets(level, name, secret, nonce):
        return c("APPAUTH", ("AAUTHLEVEL", level), ("AAUTHTYPE", "DIGEST"), ("AAUTHNAME", name),
                 ("AAUTHSECRET", secret), ("AAUTHDATA", base64.b64encode(nonce).decode()))
    return c("APPLICATION", ("APPID", "w7"), ("PROVIDER-ID", account.server_id), ("NAME", account.name),
             *((("TO-NAPID", account.nap),) if account.nap else ()), *((("INIT",),) if account.init else ()),
             c("APPADDR", ("ADDR", account.url), ("ADDRTYPE", "URI")),
             secrets("APPSRV", account.user, account.password, account.client_nonce),
             secrets("CLIENT", account.server_id, account.server_password, account.server_nonce))


def cp_document(accounts, points=()):
    """EF(Bootstrap): accounts and what leads to their servers."""
    around = []
    for p in points:
        around += [c("NAPDEF", ("NAPID", p.napid), ("NAME", p.napid), ("BEARER", "GSM-GPRS"), ("NAP-ADDRESS", p.apn),
                     ("NAP-ADDRTYPE", "APN"),
                     c("NAPAUTHINFO", ("AUTHTYPE", "PAP"), ("AUTHNAME", p.user), ("AUTHSECRET", p.secret))),
                   c("PXLOGICAL", ("PROXY-ID", p.proxy), ("NAME", p.proxy),
                     c("PXPHYSICAL", ("PHYSICAL-PROXY-ID", "1"), ("PXADDR", p.address), ("PXADDRTYPE", "IPV4"),
                       ("TO-NAPID", p.napid), c("PORT", ("PORTNBR", "8080"))))]
    return prov(*around, *(w7(account) for account in accounts))


def cp_objects(accounts, points=()):
    """What the mapping of w7 and of the connectivity characteristics makes of the same, (place, object)
    each: all of it for the accounts' servers to get, replace and delete (Bootstrap 1.2, 5.3)."""
    servers = "+".join(account.server_id for account in accounts)
    rights = f"Get={servers}&Replace={servers}&Delete={servers}"
    found = []
    for p in points:
        found.append((f"./NAP/{{{p.napid}}}", Node("1", type="urn:oma:mo:oma-connmo-nap:1.0", acl=rights, children=(
            Node("NapId", p.napid), Node("Name", p.napid), Node("AddrType", "APN"), Node("Addr", p.apn),
            Node("BearerType", "GSM-GPRS"),
            Node("AuthInfo", children=(Node("AuthType", "PAP"), Node("AuthName", p.user), Node("AuthSecret", p.secret)))))))
        found.append((f"./Proxy/{{{p.proxy}}}", Node("1", type="urn:oma:mo:oma-connmo-proxy:1.0", acl=rights, children=(
            Node("ProxyId", p.proxy), Node("Name", p.proxy), Node("AddrType", "IPV4"), Node("Addr", p.address),
            Node("Ports", children=(Node("1", children=(Node("PortNbr", 8080),)),)),
            Node("ConRefs", children=(Node("1", children=(Node("ConRef", f"./NAP/{{{p.napid}}}"),)),))))))
    for a in accounts:
        mo = dmacc(a, "1", f"Get={a.server_id}&Replace={a.server_id}&Delete={a.server_id}")
        children = [n for n in mo.children if n.name != "AAuthPref"]      # w7 has no such thing
        children = [n._replace(value=f"./NAP/{{{a.nap}}}") if n.name == "PrefConRef" else n for n in children]
        found.append((f"./DMAcc/{{{a.server_id}}}", mo._replace(children=tuple(
            n for n in children if n.name != "PrefConRef" or a.nap))))
    return tuple(found)


# --- cards --------------------------------------------------------------------

def tlv(tag, value):
    assert len(value) < 128
    return bytes([tag, len(value)]) + value


def indicator(connect=True, every=False, ask_data=False, ui=None, servers=(), text="", timeout=None):
    inner = tlv(0xC0, b"\1") + tlv(0xC1, bytes([connect | every << 1 | ask_data << 2]))
    if ui is not None:
        inner += tlv(0xC2, bytes([ui]))
    for server in servers:
        inner += tlv(0xC3, server.encode())
    if text:
        inner += tlv(0xC4, text.encode())
    if timeout is not None:
        inner += tlv(0xC5, timeout.to_bytes(2, "big"))
    return tlv(0xE1, inner)


def entry(oid, fid):
    """An oidDO of EF(DODF)."""
    body = tlv(0x30, b"") + tlv(0x30, tlv(0x0C, b"dm"))
    value = tlv(0x30, tlv(0x06, bytes.fromhex(oid)) + tlv(0x30, tlv(0x04, bytes.fromhex(fid))))
    return tlv(0xA1, body + tlv(0xA1, value))


def profile(iccid, dm=None, cp=None, flags=None, extra=""):
    """A card profile's text; a file that is None does not exist."""
    files = [(oid, fid, data) for oid, fid, data in ((OID_DM, FID_DM, dm), (OID_CP, FID_CP, cp),
                                                     (OID_INDICATOR, FID_INDICATOR, flags)) if data is not None]
    lines = [f"card uicc\natr {ATR}\nkey pin1 \"1234\" tries 3",
             f"ef 2FE2 transparent\n\tsfi 02\n\thex {iccid}",
             f'include "{DIRECTORY}"',
             "adf A000000063504B43532D3135 fid 7F50", f'include "{PKCS15}"',
             "ef 6430 transparent\n\tsize 160"]
    lines += [f"\thex {entry(oid, fid).hex()}" for oid, fid, _ in files]
    for _, fid, data in files:
        lines.append(f"ef {fid} transparent\n\tsize {len(data) + 32}")
        lines += [f"\thex {data[n:n + 64].hex()}" for n in range(0, len(data), 64)]
    return "\n".join(lines) + f"\nend\n{extra}\n"
