# SPDX-License-Identifier: GPL-2.0-or-later
"""dmsc-helper's side of the children's socket, and a card of bytes behind it.

The children are the real ones, with their system call filter; who answers them is a
list of a test's. What a child asks that nobody foresaw fails the test.
"""
import errno
import fcntl
import os
import re
import socket
import sqlite3
import struct
import subprocess
import threading

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
PROFILES = os.path.join(TOP, "tests/simcard/profiles")
BOOT = "2c0f6ea8-0000-4000-8000-000000000001"
AID = "a000000063504b43532d3135"
OIDS = {"dm": "672B0701", "provsc": "672B0501", "config1": "672B0502", "config2": "672B0503",
        "indicator": "6996DDCF9CE5BDD28CA3A4B7D0F2DDB8BE9820", "lwm2m": "672B0901"}
YES, NO, TIMEOUT, WITHDRAWN, FAILED = "done", "refused", "timeout", "withdrawn", "failed"
LWM2M_KINDS = ["opaque", "string", "integer", "boolean", "link"]
RESULTS = [YES, NO, TIMEOUT, WITHDRAWN, FAILED]


def header():
    """Numbers and sizes of ipc.h, which changes with its time."""
    with open(os.path.join(TOP, "userspace/ipc/ipc.h"), encoding="utf-8") as f:
        text = re.sub(r"/\*.*?\*/", "", f.read(), flags=re.S)
    body = re.search(r"enum ipc_type \{(.*?)\}", text, re.S).group(1)
    types = {name: i + 1 for i, name in enumerate(re.findall(r"IPC_(\w+)", body))}
    sizes = {name: int(value) for name, value in re.findall(r"#define IPC_(\w+) (\d+)", text)}
    return types, sizes


TYPES, SIZES = header()
NAMES = {number: name for name, number in TYPES.items()}


def message(kind, body):
    return struct.pack("=HHI", SIZES["VERSION"], TYPES[kind], 0) + body


def text(data):
    return data.split(b"\0", 1)[0].decode()


# --- a card ---

def bcd(digits):
    return bytes(int(digits[i + 1] + digits[i], 16) for i in range(0, len(digits), 2))


def card_number(n):
    return "894900000000%07dF" % n


def tlv(tag, *parts):
    body = b"".join(parts)
    assert len(body) < 256
    head = bytes([len(body)]) if len(body) < 128 else bytes([0x81, len(body)])
    return bytes.fromhex(tag) + head + body


def entry(kind, fid, opaque=False):
    """One data object of EF(DODF), as oidDO or as opaqueDO."""
    oid = tlv("06", bytes.fromhex(OIDS[kind]))
    path = tlv("30", tlv("04", bytes.fromhex(fid)))
    if opaque:
        return tlv("30", tlv("30"), tlv("30", tlv("0C", b"x"), oid), tlv("A1", path))
    return tlv("A1", tlv("30"), tlv("30", tlv("0C", b"x")), tlv("A1", tlv("30", oid, path)))


class Card:
    """Files by path. A value is bytes, an errno's number, or a function that gives one of both."""

    def __init__(self, iccid="8949000000000000001F", **files):
        self.files = {"3f00.2fe2": bcd(iccid)} if iccid else {}
        self.files[AID + ".5031"] = bytes.fromhex("A706300404026430")
        self.files[AID + ".6430"] = b"\xff" * 64
        self.objects = []
        for kind, content in files.items():
            for i, one in enumerate(content if isinstance(content, list) else [content]):
                if one is not None:
                    self.add(kind, one, i)

    def add(self, kind, content, i=0, opaque=False):
        fid = "6%X%02X" % (list(OIDS).index(kind) + 5, i)
        self.objects.append(entry(kind, fid, opaque))
        self.files[AID + "." + fid.lower()] = content
        self.files[AID + ".6430"] = b"".join(self.objects)
        return self

    def path(self, kind, i=0):
        return "%s.%s" % (AID, ("6%X%02X" % (list(OIDS).index(kind) + 5, i)).lower())

    def read(self, path, off, length):
        content = self.files.get(path, errno.ENOENT)
        content = content() if callable(content) else content
        if isinstance(content, int):
            return -content, b""
        return 0, content[off:off + length]


def dm(server="dm.example.net", url=None):
    """A message for one account; a server of 14 characters, an address of 30."""
    with open(os.path.join(PROFILES, "bootstrap-dm.wbxml"), "rb") as f:
        data = f.read()
    if url:
        assert len(url) == 30
        data = data.replace(b"https://dm.example.net:8443/dm", url.encode())
    assert len(server) == 14
    return data.replace(b"dm.example.net", server.encode())


def dm_two():
    with open(os.path.join(PROFILES, "bootstrap-two.wbxml"), "rb") as f:
        return f.read()


def cp(server="cp.example.net", init=False, xml=False, nap=None, more=(), to=(), addr=None):
    """A provisioning document with one w7, and a NAPDEF when @nap is given; server None: no w7.

    @more: further characteristics, (type, items); @to: further parameters of the w7.
    """
    tree = list(more)
    if nap:
        tree.append(("NAPDEF", [("NAPID", nap), ("NAME", nap), ("BEARER", "GSM-GPRS"), ("NAP-ADDRESS", "internet"),
                                ("NAP-ADDRTYPE", "APN")]))
    if server:
        tree.append(("APPLICATION", [("APPID", "w7"), ("PROVIDER-ID", server), ("NAME", "Operator")] +
                     ([("INIT", None)] if init else []) + ([("TO-NAPID", nap)] if nap else []) + list(to) +
                     [("APPADDR", [("ADDR", addr or "https://%s/dm" % server)]),
                      ("APPAUTH", [("AAUTHLEVEL", "APPSRV"), ("AAUTHTYPE", "DIGEST"), ("AAUTHNAME", "device"),
                                   ("AAUTHSECRET", "card-secret"), ("AAUTHDATA", "Tm9uY2U=")])]))

    def literal(value):
        return b"\x03" + value.encode() + b"\0"

    def wbxml(items):
        out = b""
        for name, value in items:
            if isinstance(value, list):
                out += b"\xc6\x50" + literal(name) + b"\x01" + wbxml(value) + b"\x01"
            else:
                out += b"\x87\x05" + literal(name) + (b"" if value is None else b"\x06" + literal(value)) + b"\x01"
        return out

    def plain(items):
        out = ""
        for name, value in items:
            if isinstance(value, list):
                out += '<characteristic type="%s">%s</characteristic>' % (name, plain(value))
            elif value is None:
                out += '<parm name="%s"/>' % name
            else:
                out += '<parm name="%s" value="%s"/>' % (name, value)
        return out

    if xml:
        return ("<?xml version=\"1.0\"?><wap-provisioningdoc version=\"1.1\">%s</wap-provisioningdoc>" %
                plain(tree)).encode()
    return b"\x03\x0b\x6a\x00\x45" + wbxml(tree) + b"\x01"


def indicator(flags, ui=None, servers=(), words=None, seconds=None, version=1):
    """The indicator's file; flags 1 connect, 2 at every power-on, 4 ask before taking over."""
    out = tlv("C0", bytes([version])) + tlv("C1", bytes([flags]))
    out += tlv("C2", bytes([ui])) if ui is not None else b""
    for server in servers:
        out += tlv("C3", server.encode())
    out += tlv("C4", words.encode()) if words else b""
    out += tlv("C5", struct.pack(">H", seconds)) if seconds is not None else b""
    return tlv("E1", out) + b"\xff" * 16


# --- the helper ---

class Asked:
    """What a child asked for: "data", or "session" with a server and what the person is to see."""

    def __init__(self, kind, server="", ui="", words="", seconds=0):
        self.kind, self.server, self.ui, self.words, self.seconds = kind, server, ui, words, seconds

    def __repr__(self):
        return self.kind + (" %s %s" % (self.server, self.ui) if self.server else "")


class Run:
    def __init__(self):
        self.asked, self.reads, self.pins, self.log, self.status = [], [], [], "", None
        self.lwm2m, self.lwm2m_end = [], []     # records, and how many questions there had been at an end
        self.connects = []      # what connection-hook would be told, and how many questions there had been

    def sessions(self):
        return [a.server for a in self.asked if a.kind == "session"]

    def __repr__(self):
        return "asked %s, exit %s\n%s" % (self.asked, self.status, self.log)


def outcome(result, reason="", retry=False):
    return message("OUTCOME", struct.pack("=IiII", RESULTS.index(result), 0, retry, 0) +
                   reason.encode().ljust(SIZES["REASON_MAX"], b"\0"))


def connection(body):
    """An IPC_CONNECT, without what is not said."""
    conref, zero, kind, auth, ndns = struct.unpack("=IIIII", body[:20])
    assert not zero
    at = 20
    out = {"conref": conref, "kind": ["apn", "profile"][kind], "auth": ["", "pap", "chap", "mschapv2"][auth]}

    def take(size):
        nonlocal at
        at += size
        return text(body[at - size:at])

    for name, size in (("profile", 128), ("name", 128), ("bearer", 32), ("apn", 101), ("user", 128), ("password", 128),
                       ("ipv4", 46), ("ipv6", 46)):
        out[name] = take(size)
    out["dns"] = [take(46) for _ in range(6)]
    assert not any(out["dns"][ndns:])
    out["dns"] = out["dns"][:ndns]
    at += -at % 4
    for name, size in (("server", SIZES["SERVER_MAX"]), ("transport", 32), ("location", SIZES["LOCATION_MAX"])):
        out[name] = take(size)
    assert at == len(body), (at, len(body))
    return {name: value for name, value in out.items() if value}


class Child:
    """A child mode with its socket; the rest is the caller's."""

    def __init__(self, env, mode):
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        os.set_inheritable(theirs.fileno(), True)
        fd = theirs.fileno()
        self.socket = ours
        ours.settimeout(20)
        self.process = subprocess.Popen(
            [os.path.join(env.build, "dmsc-client"), mode, "--config", env.conf],
            preexec_fn=lambda: fd == 3 or os.dup2(fd, 3), pass_fds=[3] if fd == 3 else [3, fd],
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, close_fds=True)
        theirs.close()
        self.log = b""
        self.reader = threading.Thread(target=self.drain, daemon=True)
        self.reader.start()

    def drain(self):
        for line in self.process.stderr:
            self.log += line

    def end(self):
        self.socket.close()
        try:
            status = self.process.wait(20)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            raise AssertionError("the child does not end\n" + self.log.decode(errors="replace"))
        self.reader.join(5)
        self.process.stderr.close()
        return status, self.log.decode(errors="replace")


def assert_free(env, kind):
    """While a person or a server is waited for, nobody holds the store."""
    path = os.path.join(env.store, "store.lock")
    if not os.path.exists(path):
        return
    with open(path, "rb") as f:
        try:
            fcntl.flock(f, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            raise AssertionError("the child holds the store while it asks: %s" % kind) from None


def hear(sock):
    """A child's next message, b"" when it has gone; the last ones, too, of one that did not read all of ours."""
    try:
        return sock.recv(65536)
    except ConnectionResetError:
        return sock.recv(65536)


def insert(env, card, answers=(), slot="a", seq=1, boot=BOOT, gone_after=None, on_read=None, leave=False,
           lenient=False, pin=None, born=None):
    """One insertion, from START to the child's end.

    @born: called with the Child. @answers: for each question in turn a result, or a function of Asked that gives one; a
    pair (result, retry). None: the helper goes without an answer. @gone_after: the card is
    gone from that read on. @on_read: called with (number, path) before each read. @leave: the
    helper goes once it has given all its answers. @lenient: it goes, too, when a question
    comes that there is no answer for, and answers may be left. @pin: called with the path of
    a file that a PIN is wanted for, gives a result; without it nobody has a PIN.
    """
    run = Run()
    child = Child(env, "card-child")
    if born:
        born(child)
    answers = list(answers)
    body = struct.pack("=Q", seq) + b"uicc0".ljust(32, b"\0") + b"virt".ljust(32, b"\0")
    body += slot.encode().ljust(SIZES["LOCATION_MAX"], b"\0") + boot.encode().ljust(40, b"\0")
    try:
        child.socket.send(message("START", body))
        while True:
            data = hear(child.socket)
            if not data:
                break
            kind, body = NAMES[struct.unpack("=HHI", data[:8])[1]], data[8:]
            if kind == "READ":
                off, length = struct.unpack("=II", body[:8])
                path = text(body[8:])
                if on_read:
                    on_read(len(run.reads), path)
                run.reads.append((path, off, length))
                gone = gone_after is not None and len(run.reads) > gone_after
                err, got = (-errno.ENODEV, b"") if gone else card.read(path, off, length)
                child.socket.send(message("DATA", struct.pack("=iI", err, len(got)) + got))
                continue
            assert_free(env, kind)
            if kind == "LWM2M":
                obj, instance, resource, item, major, minor, secret, more, sort, number, size, _ = \
                    struct.unpack("=HHHHBBBBIqII", body[:32])
                assert len(body) == 32 + size
                run.lwm2m.append((obj, instance, resource, None if item == 0xffff else item, LWM2M_KINDS[sort],
                                  bool(secret), bool(more), body[32:] or number))
                continue
            if kind == "LWM2M_END":
                run.lwm2m_end.append(len(run.asked))
                continue
            if kind == "CONNECT":
                run.connects.append((connection(body), len(run.asked)))
                continue
            if kind == "PIN":
                off, _ = struct.unpack("=II", body[:8])
                path = text(body[8:])
                assert card.read(path, off, 1)[0] == -errno.EACCES, "%s is not kept back" % path
                run.pins.append(path)
                child.socket.send(outcome(pin(path) if pin else FAILED, "the PIN, as the test has it"))
                continue
            if kind == "ASK":
                seconds, _ = struct.unpack("=II", body[:8])
                asked = Asked("data", words=text(body[8:]), seconds=seconds)
            elif kind == "SESSION":
                ui, seconds = struct.unpack("=II", body[:8])
                asked = Asked("session", text(body[8:8 + SIZES["SERVER_MAX"]]), ["none", "notice", "ask"][ui],
                              text(body[8 + SIZES["SERVER_MAX"]:]), seconds)
            else:
                raise AssertionError("the child sent %s" % kind)
            run.asked.append(asked)
            if lenient and not answers:
                break
            assert answers, "nobody foresaw that the child asks for %r\n%s" % (asked, child.log.decode())
            answer = answers.pop(0)
            answer = answer(asked) if callable(answer) else answer
            if answer is None:
                break
            answer, retry = answer if isinstance(answer, tuple) else (answer, False)
            child.socket.send(outcome(answer, "as the test has it" if answer == FAILED else "", retry))
            if leave and not answers:
                break
    finally:
        run.status, run.log = child.end()
    assert lenient or not answers, "the child did not ask for all of it\n%s" % run
    for word in "card-secret", "demo-client-secret", "client-nonce-01":
        assert word not in run.log, "a secret is in the log\n" + run.log
    return run


EMPTY, PRESENT, UNKNOWN = range(3)


def reconcile(env, *facts, end=True):
    """Runs reconcile-child with facts (slot, state, seq, iccid or None); exit status and log."""
    child = Child(env, "reconcile-child")
    try:
        for slot, state, seq, iccid in facts:
            raw = bcd(iccid) if iccid else b""
            child.socket.send(message("SLOT", struct.pack("=QII", seq, state, len(raw)) +
                                      raw.ljust(SIZES["ICCID_MAX"], b"\0") + b"virt".ljust(32, b"\0") +
                                      slot.encode().ljust(SIZES["LOCATION_MAX"], b"\0")))
        if end:
            child.socket.send(message("END", b""))
            child.socket.settimeout(20)
            child.socket.recv(1)
    except BrokenPipeError:
        pass
    finally:
        status, log = child.end()
    return status, log


# --- the store ---

def rows(env, sql, *args):
    path = os.path.join(env.store, "store.db")
    if not os.path.exists(path):
        return []
    db = sqlite3.connect("file:%s?mode=ro" % path, uri=True)
    try:
        return db.execute(sql, args).fetchall()
    finally:
        db.close()


def phases(env, iccid=None):
    """{server: phase} of the rows, '' is the content; of one card when @iccid is given."""
    if iccid:
        return dict(rows(env, "SELECT server, phase FROM card WHERE iccid = ?", bcd(iccid)))
    return dict(rows(env, "SELECT server, phase FROM card"))


def accounts(env):
    return sorted(v.decode() if isinstance(v, bytes) else v
                  for v, in rows(env, "SELECT value FROM node WHERE name = 'ServerID'"))


def origins(env):
    return rows(env, "SELECT slot, hex(iccid) FROM origin ORDER BY id")


def tree(env):
    """All that is stored of the tree, ids and times left out."""
    return rows(env, "SELECT n.name, p.name, n.format, n.value, n.acl, n.origin FROM node n"
                     " LEFT JOIN node p ON p.id = n.parent ORDER BY n.id")
