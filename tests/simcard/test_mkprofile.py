# SPDX-License-Identifier: GPL-2.0-or-later
"""`simcard mkprofile`: what it refuses and where, and that a card holds what its description says.

What a card holds is told by three readers: `simcard apdu`, `dmsc-client decode`, and
wbxml2xml of libwbxml.
"""

import glob
import json
import os
import random
import re
import stat
import subprocess
import xml.etree.ElementTree as ET

from harness import HERE, Card, Failure, PKCS15, Scratch, check

AID = PKCS15.hex()
DESCRIPTIONS = sorted(glob.glob(os.path.join(HERE, "descriptions", "*.desc")))
DM = 'iccid 89490123456789012347\nprofile dm\n'
SERVER = 'server "a"\nurl "https://a/"\nend\n'


def run(bin_dir, program, *words):
    done = subprocess.run([os.path.join(bin_dir, program), *words], capture_output=True,
                          text=True, timeout=20, check=False)
    return done.returncode, done.stdout, done.stderr


def mkprofile(bin_dir, *words):
    return run(bin_dir, "simcard", "mkprofile", *words)


def decode(bin_dir, directory, *words):
    return run(bin_dir, "dmsc-client", "decode", "--config", os.devnull, "--files", directory, *words)


def write_private(scratch, text, name="card.desc"):
    path = scratch.write(name, text)
    os.chmod(path, 0o600)
    return path


def test_mkprofile_errors_name_file_and_line(bin_dir):
    for text, line, reason in (
            ("colour blue\n", 1, 'unknown word "colour"'),
            ('"iccid" 1\n', 1, "begins with a word"),
            ("iccid 12\n", 1, "18 to 20 digits"),
            ("iccid 8949012345678901234x\n", 1, "18 to 20 digits"),
            ("iccid 89490123456789012347 1\n", 1, '"1" is too much'),
            ("iccid 89490123456789012347\niccid 89490123456789012347\n", 2, 'a second "iccid"'),
            ("profile dm\n" + SERVER, 0, "an iccid is missing"),
            ("card 3g\n", 1, "one of uicc, 2g expected"),
            ("objects some\n", 1, "one of oid, opaque, oid-twice, opaque-twice"),
            ("filling AA\n", 1, "one of FF, 00"),
            ("atr 3B9\n", 1, "odd number"),
            ("pin adm1 \"1234\"\n", 1, "pin1, pin2 or universal"),
            ("pin pin1 \"123\"\n", 1, "3 bytes; 4 to 8"),
            ("pin pin1 \"1234\" tries 16\n", 1, "number of 1 to 15"),
            ("pin pin1 \"1234\" for\n", 1, '"for" and the names of files'),
            ("pin pin1 \"1234\" for nothing\n", 1, "one of dm-bootstrap"),
            ("file nothing fid 6000\n", 1, "one of dm-bootstrap"),
            ("file dodf fid 5031\n", 1, "5031 is taken"),
            ("file dodf fid 5\n", 1, "odd number"),
            ("file dodf size 0\n", 1, "number of 1 to 32768"),
            ("file dodf label \"\"\n", 1, "0 bytes; 1 to 255"),
            ("file dodf colour\n", 1, "too much"),
            (DM + SERVER + "file dodf fid 6431\n", 6, "the same FID 6431"),
            ("profile pdf\n", 1, "one of dm, cp"),
            ("profile dm in config1\n", 1, "too much"),
            ("profile cp in indicator\n", 1, "a document stands in"),
            ("profile cp version 2.0\n", 1, "one of 1.1, 1.0"),
            ("profile dm\nprofile dm\n", 2, "holds a profile already"),
            ("profile dm\nprofile cp in dm-bootstrap\n", 2, "holds a profile already"),
            (DM, 2, "the profile in dm-bootstrap is empty"),
            (SERVER, 1, 'stands before any "profile"'),
            ("nap \"a\"\n", 1, 'stands before any "profile"'),
            (DM + SERVER + SERVER, 6, 'a second server "a"'),
            (DM + 'server "a"\nend\n', 4, "has no url"),
            (DM + 'server "a"\n\n', 3, '"server" lacks its "end"'),
            (DM + 'server "a&b"\n', 3, 'no ACL can name a server "a&b"'),
            (DM + 'server "a b"\n', 3, 'no ACL can name a server "a b"'),
            (DM + 'server a\n', 3, '"quoted string" expected'),
            (DM + 'server ""\n', 3, "0 bytes; 1 to 200"),
            (DM + 'server "a"\ncolour\n', 4, 'unknown word "colour" in "server"'),
            (DM + 'server "a"\nurl "b"\nurl "c"\n', 5, 'a second "url"'),
            (DM + 'server "a"\nurl "\\x01"\n', 4, "cannot be printed"),
            (DM + 'server "a"\nport 65536\n', 4, "number of 1 to 65535"),
            (DM + 'server "a"\nclient sha user "u" secret "s"\n', 4, "one of basic, md5, hmac"),
            (DM + 'server "a"\nclient md5 secret "s"\n', 4, 'user "NAME" secret "SECRET"'),
            (DM + 'server "a"\nclient md5 user "u" secret ""\n', 4, "0 bytes; 1 to 255"),
            (DM + 'server "a"\nclient md5 user "u" secret "s" nonce ""\n', 4, "1 to 64 bytes"),
            (DM + 'server "a"\nclient basic user "u" secret "s" nonce "n"\n', 4, "no nonce"),
            (DM + 'server "a"\nclient md5 user "u" secret "s"\nclient md5 user "u" secret "s"\n', 5,
             'a second "client"'),
            (DM + 'server "a"\nprefer sha\n', 4, "one of basic, md5, hmac"),
            (DM + 'server "a"\nurl "b"\nconnect "x"\nend\n', 3, 'connects by "x"'),
            (DM + 'server "a"\n' + 'connect "x"\n' * 5, 8, "more than 4 ways"),
            (DM + 'server "a"\nurl "b"\ninit\nend\n', 3, '"init" is of the profile cp'),
            (DM.replace("dm", "cp") + 'server "a"\nurl "b"\nacl "Get=*"\nend\n', 3,
             '"acl" is of the profile dm'),
            (DM.replace("dm", "cp") + 'server "a"\nurl "b"\nprefer md5\nend\n', 3,
             '"prefer" is of the profile dm'),
            (DM + SERVER + 'nap "a"\ninternet\nend\n', 6, '"internet" is of the profile cp'),
            (DM + SERVER + "file config1 size 3\n", 6, "nothing is described that goes into config1"),
            (DM + SERVER + 'pin pin1 "1234" for dm-bootstrap lwm2m\n', 6,
             "nothing is described that goes into lwm2m"),
            ("atr 00\n", 1, "the atr is malformed"),
            ("atr 3B\n", 1, "the atr is malformed"),
            ("lwm2m\nobject 0\n", 1, '"lwm2m" lacks its "end"'),
            (DM + 'server "%s"\nurl "b"\nend\n' % "a" + "".join(
                f'server "{i}"\nurl "b"\nend\n' for i in range(8)), 27, "more than 8"),
            (DM + 'nap "a"\nauth chip user "u" secret "s"\n', 4, "one of pap, chap"),
            (DM + 'nap "a"\nend\nproxy "a"\n', 5, 'a second nap or proxy "a"'),
            (DM + 'proxy "a"\nend\n', 4, "has no address"),
            (DM + 'proxy "a"\naddress "1"\naddress-type ipv5\n', 5, "one of ipv4, ipv6, alpha"),
            (DM + 'proxy "a"\naddress "1"\nthrough "b"\nend\n', 3, 'is reached by "b"'),
            ("indicator on\n", 1, "too much"),
            ("indicator\nui-mode 3\n", 2, "one of unspecified, background, informative, confirm"),
            ("indicator\ntimeout 65536\n", 2, "number of 0 to 65535"),
            ("indicator\ntext \"%s\"\n" % ("x" * 121), 2, "121 bytes; 1 to 120"),
            ("indicator\n" + 'for "a"\n' * 33, 34, "more than 32 servers"),
            ("indicator\nend\nindicator\n", 3, 'a second "indicator"'),
            ("lwm2m\nend\n", 2, "no resource"),
            ("lwm2m\ninstance 0\n", 2, "stands in an object"),
            ("lwm2m\nobject 0\nresource 0 integer 1\n", 3, "stands in an instance"),
            ("lwm2m\nobject 0\ninstance 0\nresource 0 colour 1\n", 4, "one of string, integer"),
            ("lwm2m\nobject 0\ninstance 0\nresource 0 integer 1x\n", 4, "no number"),
            ("lwm2m\nobject 0\ninstance 0\nresource 0 integer 9223372036854775808\n", 4, "no number"),
            ("lwm2m\nobject 0\ninstance 0\nresource 0 boolean 1\n", 4, "one of false, true"),
            ("lwm2m\nobject 0\ninstance 0\nresource 0 integer 1\nresource 0 integer 1\n", 5,
             "a second resource"),
            ("lwm2m\nobject 65535\n", 2, "number of 0 to 65534"),
    ):
        with Scratch() as s:
            path = write_private(s, text)
            status, out, err = mkprofile(bin_dir, path)
            check(f"status of {text!r}", (status, out), (1, ""))
            where = f"simcard: {path}:{line}: " if line else f"simcard: {path}: "
            if not err.startswith(where) or reason not in err or err.count("\n") != 1:
                raise Failure(f"{text!r}: {err!r} lacks {where!r} or {reason!r}")


def test_mkprofile_says_no_secret_when_it_refuses(bin_dir):
    with Scratch() as s:
        secret = "planted" * 40
        path = write_private(s, DM + f'server "a"\nclient md5 user "u" secret "{secret}"\n')
        status, out, err = mkprofile(bin_dir, path)
        check("status", status, 1)
        if "planted" in out + err:
            raise Failure(f"the secret is said: {err!r}")


def test_mkprofile_usage(bin_dir):
    for words in ((), ("--out",), ("a", "b"), ("--colour", "a")):
        status, out, err = mkprofile(bin_dir, *words)
        check(f"{words}", (status, out, "usage: simcard" in err), (2, "", True))
    status, _, err = mkprofile(bin_dir, "/nonexistent")
    check("a missing file", (status, "No such file" in err), (1, True))


def test_mkprofile_what_does_not_fit(bin_dir):
    with Scratch() as s:
        path = write_private(s, DM + SERVER + "file dm-bootstrap size 100\n")
        status, out, err = mkprofile(bin_dir, path)
        check("status", (status, out), (1, ""))
        check("reason", "EF(DM_Bootstrap): its content does not fit its size" in err, True)


def test_mkprofile_card_of_nothing(bin_dir):
    """A card without bootstrap data is one, too: its profile can be played."""
    with Scratch() as s:
        out = os.path.join(s.path, "card")
        path = write_private(s, "iccid 89490123456789012347\n")
        check("mkprofile", mkprofile(bin_dir, path, "--out", out)[0], 0)
        check("show", run(bin_dir, "simcard", "show", out)[0], 0)


def test_mkprofile_is_deterministic_and_private(bin_dir):
    for path in DESCRIPTIONS:
        with Scratch() as s:
            first = mkprofile(bin_dir, path)
            check("status", first[0], 0)
            check("a warning", "can be read by others" in first[2], True)
            check("again", mkprofile(bin_dir, path)[1], first[1])
            out, files = os.path.join(s.path, "card"), os.path.join(s.path, "files")
            check("--out and --files", mkprofile(bin_dir, path, "--out", out, "--files", files)[:2],
                  (0, ""))
            with open(out, encoding="utf-8") as f:
                check("--out", f.read(), first[1])
            for name in [out] + glob.glob(files + "/*"):
                check(f"mode of {name}", stat.S_IMODE(os.stat(name).st_mode), 0o600)
            check("mode of the directory", stat.S_IMODE(os.stat(files).st_mode), 0o700)
            status, _, err = mkprofile(bin_dir, path, "--files", files)
            check("a directory with files", (status, "not empty" in err), (1, True))
            check("no other file is left", sorted(os.listdir(s.path)), ["card", "files"])


def test_mkprofile_card_and_files_are_the_same(bin_dir):
    for path in DESCRIPTIONS:
        with Scratch() as s:
            out, files = os.path.join(s.path, "card"), os.path.join(s.path, "files")
            mkprofile(bin_dir, path, "--out", out, "--files", files)
            with open(path, encoding="utf-8") as f:
                second = "card 2g" in f.read()
            with Card(bin_dir, out) as card:
                card.reset()
                for name in sorted(os.listdir(files)):
                    parts = name.upper().split(".")
                    if second or parts[-1] in ("2F00", "2F06"):
                        continue	# A0 commands, and records: other tests read these
                    with open(os.path.join(files, name), "rb") as f:
                        want = f.read()
                    if parts[0] == AID.upper():
                        check("SELECT AID", card.select_aid(PKCS15), "9000")
                        got = card.read_file("7FFF" + parts[1])
                    else:
                        check("SELECT MF", card.select("3F00"), "9000")
                        got = card.read_file(parts[1])
                    check(name, got, want)


# --- what is described is what decodes -------------------------------------------------

AUTH = {"basic": "BASIC", "md5": "DIGEST", "hmac": "HMAC"}


def quoted(data):
    """A string of a description: every byte escaped that needs it."""
    return '"' + "".join(chr(b) if 0x20 <= b < 0x7F and b not in b'"\\' else f"\\x{b:02X}"
                         for b in data) + '"'


class Maker:
    """A random description, with what a reader should find in it."""

    def __init__(self, seed):
        self.r = random.Random(seed)
        self.n = 0

    def word(self, stem):
        self.n += 1
        return stem + str(self.n) + self.r.choice(["", ".example.net", " \u00e4&<", "-x" * 20])

    def some(self, p=0.5):
        return self.r.random() < p

    def credentials(self, lines, who):
        if self.some(0.3):
            return None
        kind = self.r.choice(list(AUTH))
        user, secret = self.word("user"), self.word("secret")
        line = f'{who} {kind} user {quoted(user.encode())} secret {quoted(secret.encode())}'
        nonce = None
        if kind != "basic" and self.some():
            nonce = bytes(self.r.randrange(256) for _ in range(self.r.randint(1, 64)))
            line += " nonce " + quoted(nonce)
        lines.append(line)
        return {"type": AUTH[kind], "name": user, "secret": secret, "nonce": nonce}

    def document(self, cp):
        lines, doc = [], {"servers": [], "naps": [], "proxies": []}
        for _ in range(self.r.randint(0, 2)):
            nap = {"id": self.word("nap"), "apn": self.word("apn"), "secret": None}
            lines += [f'nap {quoted(nap["id"].encode())}', f'apn {quoted(nap["apn"].encode())}']
            if self.some():
                nap["secret"] = self.word("secret")
                lines.append(f'auth {self.r.choice(["pap", "chap"])} user "u" secret {quoted(nap["secret"].encode())}')
            lines.append("end")
            doc["naps"].append(nap)
        for _ in range(self.r.randint(0, 2)):
            proxy = {"id": self.word("proxy"), "address": "192.0.2.%d" % self.r.randint(1, 254),
                     "port": self.r.randint(1, 65535) if self.some() else None, "secret": None}
            lines += [f'proxy {quoted(proxy["id"].encode())}', f'address "{proxy["address"]}"']
            if proxy["port"]:
                lines.append(f'port {proxy["port"]}')
            if doc["naps"] and self.some():
                lines.append(f'through {quoted(doc["naps"][0]["id"].encode())}')
            if self.some():
                proxy["secret"] = self.word("secret")
                lines.append(f'auth {self.r.choice(["basic", "digest"])} user "u" secret {quoted(proxy["secret"].encode())}')
            lines.append("end")
            doc["proxies"].append(proxy)
        for _ in range(self.r.randint(1, 4)):
            self.n += 1
            server = {"id": f"s{self.n}.example.net", "url": f"https://h{self.n}.example.net/dm",
                      "name": self.word("name") if self.some() else None,
                      "port": self.r.randint(1, 65535) if self.some(0.3) else None,
                      "init": cp and self.some()}
            lines += [f'server "{server["id"]}"', f'url "{server["url"]}"']
            if server["name"]:
                lines.append(f'name {quoted(server["name"].encode())}')
            if server["port"]:
                lines.append(f'port {server["port"]}')
            if server["init"]:
                lines.append("init")
            server["client"] = self.credentials(lines, "client")
            server["server"] = self.credentials(lines, "server")
            for way in (doc["naps"] + doc["proxies"])[:2]:
                lines.append(f'connect {quoted(way["id"].encode())}')
            lines.append("end")
            doc["servers"].append(server)
        return lines, doc

    def indicator(self, lines):
        ind = {f: self.some() for f in ("connect", "every-power-on", "ask-incorporate")}
        lines.append("indicator")
        lines += [f for f, on in ind.items() if on]
        ind["ui"] = self.r.choice([None, "unspecified", "background", "informative", "confirm"])
        if ind["ui"]:
            lines.append("ui-mode " + ind["ui"])
        ind["for"] = [self.word("s") for _ in range(self.r.randint(0, 3))]
        lines += [f"for {quoted(i.encode())}" for i in ind["for"]]
        ind["text"] = self.word("Please") if self.some() else None
        if ind["text"]:
            lines.append(f'text {quoted(ind["text"].encode())}')
        ind["timeout"] = self.r.randint(0, 65535) if self.some() else None
        if ind["timeout"] is not None:
            lines.append(f'timeout {ind["timeout"]}')
        lines.append("end")
        return ind

    def lwm2m(self, lines):
        lines.append("lwm2m")
        found = []
        for obj in self.r.sample([0, 1, 300], self.r.randint(1, 3)):
            lines.append(f"object {obj}")
            for inst in range(self.r.randint(1, 2)):
                lines.append(f"instance {inst}")
                value = self.r.randrange(-2**63, 2**63) >> self.r.choice([0, 33, 48, 56])
                url = self.word("coaps://").replace(" ", "")
                blob = bytes(self.r.randrange(256) for _ in range(self.r.randint(1, 300)))
                lines += [f'resource 0 string {quoted(url.encode())}', f"resource 10 integer {value}",
                          f"resource 5 opaque {quoted(blob)}", f"resource 300 boolean {'true' if value > 0 else 'false'}"]
                found.append((obj, inst, url, value, blob))
        lines.append("end")
        return found

    def card(self):
        iccid = "8949" + "".join(self.r.choice("0123456789") for _ in range(self.r.randint(14, 16)))
        card = {"iccid": iccid, "docs": {}}
        lines = [f"iccid {iccid}", f"card {self.r.choice(['uicc', '2g'])}",
                 "objects " + self.r.choice(["oid", "opaque", "oid-twice", "opaque-twice"]),
                 "filling " + self.r.choice(["FF", "00"])]
        card["objects"] = lines[2].split()[1]
        card["private"] = self.some(0.3)
        if card["private"]:
            lines.append('pin pin1 "4321" tries 5')
        for where, cp in (("dm-bootstrap", self.some(0.3)), ("bootstrap", True), ("config1", True),
                          ("config2", True)):
            if where != "dm-bootstrap" and self.some(0.7):
                continue
            more, doc = self.document(cp)
            lines.append(f"profile cp in {where} version {self.r.choice(['1.0', '1.1'])}" if cp else
                         "profile dm" + self.r.choice(["", " opaque"]))
            lines += more
            card["docs"][where] = (cp, doc)
        card["indicator"] = self.indicator(lines) if self.some(0.8) else None
        card["lwm2m"] = self.lwm2m(lines) if self.some() else None
        return "\n".join(lines) + "\n", card


def value(item):
    return bytes.fromhex(item["hex"]) if "hex" in item else item.get("value", "").encode()


def tree_of(items, kind=None):
    """Nested {name: [(value, children)]} of a flat list with depths."""
    root = {}
    stack = [root]
    for item in items:
        del stack[item["depth"] + 1:]
        children = {}
        stack[-1].setdefault(item["name"], []).append((value(item), children, item))
        stack.append(children)
    return root


def one(tree, *path):
    for i, name in enumerate(path):
        if name not in tree:
            return None
        got, tree = tree[name][0][0], tree[name][0][1]
    return got


def check_credentials(what, got, want):
    check(what, got, want and (want["type"].encode(), want["name"].encode(), want["secret"].encode(),
                               want["nonce"] or None))


def check_dm(doc, commands):
    check("commands", [c["command"] for c in commands], ["Add"])
    check("target", commands[0]["target"], "./Inbox")
    tree = tree_of(commands[0]["nodes"])
    roots = [(k, v[0][1], v[0][2]) for k, v in tree.items()]
    accounts = [(t, i) for _, t, i in roots if "dmacc" in i["type"]]
    for (t, item), want in zip(accounts, doc["servers"], strict=True):
        sid = want["id"]
        check("acl", item["acl"], f"Get={sid}&Replace={sid}&Delete={sid}")
        check("ServerID", one(t, "ServerID"), sid.encode())
        check("Addr", one(t, "AppAddr", "1", "Addr"), want["url"].encode())
        check("Name", one(t, "Name"), want["name"] and want["name"].encode())
        port = one(t, "AppAddr", "1", "Port", "1", "PortNbr")
        check("PortNbr", port, want["port"] and str(want["port"]).encode())
        found = {one(a[0][1], "AAuthLevel"): tuple(one(a[0][1], "AAuth" + n) for n in ("Type", "Name", "Secret", "Data"))
                 for a in (t["AppAuth"][0][1].values() if "AppAuth" in t else ())}
        check_credentials("CLCRED", found.get(b"CLCRED"), want["client"])
        check_credentials("SRVCRED", found.get(b"SRVCRED"), want["server"])
    naps = [t for _, t, i in roots if "connmo-nap" in i["type"]]
    check("naps", [(one(t, "NapId"), one(t, "Addr"), one(t, "AuthInfo", "AuthSecret")) for t in naps],
          [(n["id"].encode(), n["apn"].encode(), n["secret"] and n["secret"].encode()) for n in doc["naps"]])
    proxies = [t for _, t, i in roots if "connmo-proxy" in i["type"]]
    check("proxies", [(one(t, "ProxyId"), one(t, "Addr"), one(t, "Ports", "1", "PortNbr"),
                      one(t, "AuthInfo", "1", "AuthPW")) for t in proxies],
          [(p["id"].encode(), p["address"].encode(), p["port"] and str(p["port"]).encode(),
            p["secret"] and p["secret"].encode()) for p in doc["proxies"]])


def nonce_of(text):
    import base64  # noqa: PLC0415
    return text and base64.b64decode(text)


def check_cp(doc, items):
    tree = tree_of(items)
    for (_, t, _), want in zip(tree.get("APPLICATION", []), doc["servers"], strict=True):
        check("PROVIDER-ID", one(t, "PROVIDER-ID"), want["id"].encode())
        addr = one(t, "APPADDR", "ADDR") if want["port"] else one(t, "ADDR")
        check("ADDR", addr, want["url"].encode())
        check("PORTNBR", one(t, "APPADDR", "PORT", "PORTNBR"), want["port"] and str(want["port"]).encode())
        check("NAME", one(t, "NAME"), want["name"] and want["name"].encode())
        check("INIT", "INIT" in t, want["init"])
        found = {}
        for _, a, _ in t.get("APPAUTH", []):
            found[one(a, "AAUTHLEVEL")] = (one(a, "AAUTHTYPE"), one(a, "AAUTHNAME"), one(a, "AAUTHSECRET"),
                                           nonce_of(one(a, "AAUTHDATA")))
        check_credentials("APPSRV", found.get(b"APPSRV"), want["client"])
        check_credentials("CLIENT", found.get(b"CLIENT"), want["server"])
    check("naps", [(one(t, "NAPID"), one(t, "NAP-ADDRESS"), one(t, "NAPAUTHINFO", "AUTHSECRET"))
                   for _, t, _ in tree.get("NAPDEF", [])],
          [(n["id"].encode(), n["apn"].encode(), n["secret"] and n["secret"].encode()) for n in doc["naps"]])
    check("proxies", [(one(t, "PROXY-ID"), one(t, "PXPHYSICAL", "PXADDR"), one(t, "PXPHYSICAL", "PORT", "PORTNBR"),
                       one(t, "PXAUTHINFO", "PXAUTH-PW")) for _, t, _ in tree.get("PXLOGICAL", [])],
          [(p["id"].encode(), p["address"].encode(), p["port"] and str(p["port"]).encode(),
            p["secret"] and p["secret"].encode()) for p in doc["proxies"]])


def check_indicator(ind, said):
    if ind is None:
        check("no indicator", said["state"], "absent")
        return
    check("indicator", said["state"], "valid")
    check("flags", [said[k] for k in ("connect", "every_power_on", "ask_incorporate")],
          [ind[k] for k in ("connect", "every-power-on", "ask-incorporate")])
    check("ui-mode", said["ui_mode"], ind["ui"] or "unspecified")
    check("servers", [s["id"] for s in said["servers"]], ind["for"])
    check("text", said.get("text"), ind["text"])
    check("timeout", said["timeout"], ind["timeout"] or 0)


def check_lwm2m(want, said):
    got = {}
    for v in said["resources"]:
        got.setdefault((v["object"], v["instance"]), {})[v["resource"]] = v
    check("instances", sorted(got), sorted((o, i) for o, i, *_ in want))
    for obj, inst, url, number, blob in want:
        found = got[obj, inst]
        opaque = bytes.fromhex(found[5]["hex"]) if "hex" in found[5] else None
        if obj == 0:	# the types of others are nobody's to know
            check("URI", found[0]["value"], url)
            check("key", opaque, blob)
            if -2**63 <= number < 2**63:
                check("short id", found[10]["value"], number)
        check("bytes", opaque is None or opaque == blob, True)


def test_mkprofile_round_trip(bin_dir):
    names = {"dm-bootstrap": "EF(DM_Bootstrap)", "bootstrap": "ProvSC Bootstrap",
             "config1": "ProvSC Config1", "config2": "ProvSC Config2"}
    for seed in range(60):
        text, card = Maker(seed).card()
        with Scratch() as s:
            path, files = write_private(s, text), os.path.join(s.path, "files")
            status, out, err = mkprofile(bin_dir, path, "--files", files)
            check(f"seed {seed}: mkprofile", (status, out, err), (0, "", ""))
            status, out, err = decode(bin_dir, files, "--json", "--show-secrets")
            try:
                said = json.loads(out)
                # Several documents may say different things of one server or access point.
                check("status", status in (0, 21), True)
                if status:
                    check("problems", {p["text"][:25] for p in said["problems"]}, {"the CP profile is refused"})
                check("iccid", said["iccid"], card["iccid"])
                objects = [e for e in said["directory"] if "oid" in e]
                check("form", {(e["kind"], e["wrapped_twice"], e["private"]) for e in objects},
                      {("opaqueDO" if "opaque" in card["objects"] else "oidDO", "twice" in card["objects"],
                        card["private"])})
                docs = {d["name"]: d for d in said["documents"]}
                check("documents", sorted(docs), sorted(names[w] for w in card["docs"]))
                for where, (cp, doc) in card["docs"].items():
                    d = docs[names[where]]
                    check("profile", (d["profile"], d["state"]), ("cp" if cp else "dm", "ok"))
                    if cp:
                        check_cp(doc, d["items"])
                    else:
                        check_dm(doc, d["commands"])
                check_indicator(card["indicator"], said["indicator"])
                if card["lwm2m"]:
                    check_lwm2m(card["lwm2m"], said["lwm2m"])
                masked = decode(bin_dir, files, "--json")[1] + decode(bin_dir, files)[1]
                for secret in re.findall(r"secret\d+[^\"\\]*", text):
                    check("masked", secret in masked, False)
            except Exception as e:
                raise Failure(f"seed {seed}: {type(e).__name__}: {e}\n{text}\n{out}") from e


def test_mkprofile_documents_are_read_by_libwbxml(bin_dir):
    """The decoder of another project finds the same characteristics and parms."""
    seen = 0
    for seed in range(20):
        text, card = Maker(seed).card()
        with Scratch() as s:
            path, files = write_private(s, text), os.path.join(s.path, "files")
            mkprofile(bin_dir, path, "--files", files)
            said = json.loads(decode(bin_dir, files, "--json", "--show-secrets")[1])
            for d in said["documents"]:
                out = os.path.join(s.path, "out.xml")
                subprocess.run(["wbxml2xml", "-o", out, os.path.join(files, d["file"])], check=True,
                               stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
                seen += 1
                if d["profile"] == "dm":	# it does not know the code page of trees
                    with open(out, encoding="utf-8", errors="replace") as f:
                        uris = re.findall("<LocURI>(.*)</LocURI>", f.read())
                    check("LocURIs", uris, ["/", card["docs"]["dm-bootstrap"][1]["servers"][0]["id"], "./Inbox"])
                    continue
                root = ET.parse(out).getroot()
                flat = []

                def walk(e, depth, flat=flat):
                    for child in e:
                        flat.append((depth, child.tag, child.get("type") or child.get("name"), child.get("value")))
                        walk(child, depth + 1, flat)

                walk(root, 0)
                check("items", flat, [(i["depth"], i["kind"], i["name"], i.get("value")) for i in d["items"]])
    check("documents seen", seen >= 20, True)


def test_mkprofile_says_what_the_hand_made_messages_say(bin_dir):
    """Those of profiles/ are XML that xml2wbxml encoded: the same commands, nodes and values."""
    for name, message in (("connect", "bootstrap-dm.wbxml"), ("two", "bootstrap-two.wbxml")):
        with Scratch() as s:
            files = os.path.join(s.path, "files")
            mkprofile(bin_dir, os.path.join(HERE, f"descriptions/{name}.desc"), "--files", files)
            ours = json.loads(decode(bin_dir, files, "--json", "--show-secrets")[1])["documents"][0]
            with open(os.path.join(HERE, "profiles", message), "rb") as f:
                data = f.read()
            with open(os.path.join(files, AID + ".6431"), "wb") as f:
                f.write(data)
            theirs = json.loads(decode(bin_dir, files, "--json", "--show-secrets")[1])["documents"][0]
            check(f"{name}: nodes", len(theirs["commands"][0]["nodes"]) > 20, True)
            check(name, ours["commands"], theirs["commands"])


# --- decode as a program ------------------------------------------------------------------

def test_decode_exit_statuses(bin_dir):
    with Scratch() as s:
        files = os.path.join(s.path, "files")
        mkprofile(bin_dir, os.path.join(HERE, "descriptions/connect-dm.desc"), "--files", files)
        check("usable", decode(bin_dir, files)[0], 0)
        status, out, err = run(bin_dir, "dmsc-client", "decode")
        check("usage", (status, out, "--files" in err), (1, "", True))
        check("no directory", decode(bin_dir, s.path + "/nothing")[0], 2)
        check("a directory of other files", decode(bin_dir, s.path)[0], 2)
        message = glob.glob(files + "/*.6431")[0]
        with open(message, "r+b") as f:
            f.truncate(50)
        check("malformed", decode(bin_dir, files)[0], 21)
        with open(message, "wb") as f:
            f.write(b"\xff" * 50)
        check("no data", decode(bin_dir, files)[0], 20)
        os.unlink(message)
        os.mkdir(message)
        check("unreadable", decode(bin_dir, files)[0], 22)


def test_decode_names_the_nodes_that_are_made(bin_dir):
    """What decode says a parm becomes is in the tree; and both profiles make the same nodes."""
    tops = {"APP": "DMAcc", "NAP": "NAP", "PX": "Proxy"}
    with open(os.path.join(HERE, "descriptions/connect-cp.desc"), encoding="utf-8") as f:
        text = f.read().replace('proxy "gateway"\n', 'proxy "gateway"\nname "Gateway"\n')
    trees = []
    for profile in ("profile cp in bootstrap version 1.1", "profile dm"):
        with Scratch() as s:
            other = text.replace("profile cp in bootstrap version 1.1", profile)
            if profile == "profile dm":
                other = other.replace("\tinit\n", "").replace("\tinternet\n", "")
            files, store = os.path.join(s.path, "files"), os.path.join(s.path, "store")
            check("mkprofile", mkprofile(bin_dir, write_private(s, other), "--files", files)[0], 0)
            said = json.loads(decode(bin_dir, files, "--json")[1])["documents"][0]
            check("bootstrap", run(bin_dir, "dmsc-client", "--store", store, "bootstrap",
                                   os.path.join(files, said["file"]))[0], 0)
            tree = run(bin_dir, "dmsc-client", "--store", store, "tree")[1]
            trees.append(sorted(re.sub("/(1|nap1|proxy1)/", "/<X>/", uri) for uri in re.findall(
                r"^\./((?:NAP|Proxy)/\S+/[A-Za-z]+)(?: |$)", tree, re.M) if "/Ext/" not in uri))
        around, seen = [], 0
        for i in said.get("items", ()):
            del around[i["depth"]:]
            if i["kind"] == "characteristic":
                around.append(i["name"])
            node = i.get("node", "")
            if not re.fullmatch(r"[A-Za-z<>/]+", node):
                continue	# a sentence
            where = next(t for p, t in tops.items() if around[-1].startswith(p))
            seen += 1
            if not re.search(f"^\\./{where}/1/{node.replace('<X>', '[0-9]+')}( |$)", tree, re.M):
                raise Failure(f"{i['name']} does not become {where}/1/{node}:\n{tree}")
        check("parms seen", seen > 10, profile != "profile dm")
    check("nodes seen", len(trees[0]) > 10, True)
    check("both profiles", trees[1], trees[0])


def test_decode_says_that_plain_http_needs_leave(bin_dir):
    with Scratch() as s:
        def plan(url, conf):
            files = os.path.join(s.path, str(len(os.listdir(s.path))))
            conf = s.write("dmsc.conf", conf)
            path = write_private(s, DM + f'server "a"\nurl "{url}"\nend\nindicator\nconnect\nend\n')
            mkprofile(bin_dir, path, "--files", files)
            text = decode(bin_dir, files, "--config", conf)[1]
            out = json.loads(decode(bin_dir, files, "--config", conf, "--json")[1])
            return out["plan"]["accounts"][0].get("plain_http"), "plain http: " in text

        check("https", plan("https://a/", ""), (None, False))
        check("not allowed", plan("http://a/", ""), ("refused", True))
        check("allowed", plan("http://a/", "allow-http = a\n"), ("allowed", True))


def test_decode_dmscctl_takes_the_same_words(bin_dir):
    env = dict(os.environ, PATH=bin_dir + ":" + os.environ["PATH"])

    def ctl(*words):
        done = subprocess.run([os.path.join(bin_dir, "dmscctl"), "--config", os.devnull, *words], env=env,
                              capture_output=True, text=True, timeout=20, check=False)
        return done.returncode, done.stdout, done.stderr

    with Scratch() as s:
        files = os.path.join(s.path, "files")
        mkprofile(bin_dir, os.path.join(HERE, "descriptions/connect-dm.desc"), "--files", files)
        status, out, _ = ctl("card", "decode", "--files", files, "--json")
        check("--json", (status, json.loads(out)["verdict"]), (0, "usable"))
        check("before the command", ctl("--json", "--files", files, "card", "decode")[1], out)
        check("as text", "Verdict: usable" in ctl("card", "decode", "--files", files)[1], True)
        for words in (("card", "decode"), ("card", "decode", "uicc0", "--files", files), ("card",),
                      ("slots", "--show-secrets"), ("card", "decode", "uicc0", "uicc1")):
            check(f"{words}", ctl(*words)[0], 2)
