# SPDX-License-Identifier: GPL-2.0-or-later
"""A DM server that trusts nothing a client says about the protocol: it is given messages,
answers them, and notes in *findings* wherever the client deviates from OMA DM 1.2. Written
from the standard, apart from dm-server and from the client; no transport in it (web.py)."""

import os

import cred
import markup
from markup import El, meta

DEVINFO = ("DevId", "Man", "Mod", "DmV", "Lang")


class Cmd:
    """A command of the server's, and what the client is to make of it."""

    def __init__(self, name, *content, want=200, kids=(), uri=None, check=None):
        self.name, self.content, self.kids, self.uri = name, list(content), list(kids), uri
        self.want = {str(code) for code in (want if isinstance(want, (set, tuple)) else (want,))}
        self.check = check
        self.status, self.items, self.results = None, [], []

    def element(self, number):
        """The element with its CmdIDs, *number* being an iterator of them."""
        self.cmd_id = str(next(number))
        kids = [kid.element(number) for kid in self.kids]
        return El(self.name, El("CmdID", self.cmd_id), *self.content, *kids)

    def flat(self):
        yield self
        for kid in self.kids:
            yield from kid.flat()

    def value(self):
        """What a Get brought, as octets."""
        return b"".join(item.find("Data").octets() for item in self.results
                        if item.find("Data") is not None)


def _item(uri, value=None, fmt=None, mime=None, source=None, more=False, size=None):
    return El("Item", El("Target", El("LocURI", uri)) if uri else None,
              El("Source", El("LocURI", source)) if source else None,
              meta(Format=fmt, Type=mime, Size=size),
              El("Data", value) if value is not None else None, El("MoreData") if more else None)


def get(uri, **how):
    return Cmd("Get", _item(uri), uri=uri, **how)


def add(uri, value=None, fmt=None, mime=None, **how):
    if value is None and fmt is None:
        fmt = "node"
    return Cmd("Add", _item(uri, value, fmt, mime), uri=uri, **how)


def node(name, *inside, value=None, fmt="node", kind=None):
    """A Node of a serialized tree (TND 9.2)."""
    def ddf(name, *content):
        return El(name, *content, page=2)

    what = None
    if kind:
        what = ddf("Type", ddf("DDFName" if fmt == "node" else "MIME", kind))
    return ddf("Node", ddf("NodeName", name),
               ddf("RTProperties", ddf("Format", ddf(fmt)), what),
               ddf("Value", value) if value is not None else None, *inside)


def add_tree(uri, *nodes, notation, apart=False, **how):
    """An Add of a serialized tree, as markup within the message or, *apart*, as a document of
    its own within Data."""
    tree = El("MgmtTree", El("VerDTD", "1.2", page=2), *nodes, page=2)
    if apart:
        tree = markup.to_xml(tree).decode() if notation == "xml" else \
            markup.to_wbxml(tree, markup.DDF_TEXT)
    return Cmd("Add", El("Item", El("Target", El("LocURI", uri)),
                         meta(Format="bin" if apart and notation == "wbxml" else "xml",
                              Type="application/vnd.syncml.dmtnds+" + notation),
                         El("Data", tree)), uri=uri, **how)


def tree_of(cmd):
    """What a Get of ?list=TNDS brought: {path: (format, value)}, or a text saying what is wrong."""
    if len(cmd.results) != 1:
        return "%d Results" % len(cmd.results)
    data = cmd.raw
    if data.kids:
        top = data.kids[0]
    else:
        try:
            octets = data.octets()
            top = markup.from_xml(octets) if octets[:1] == b"<" else \
                markup.from_wbxml(octets, markup.DDF_TEXT)
        except markup.Bad as error:
            return "unreadable: %s" % error
    if (top.name, top.page) != ("MgmtTree", 2) or top.text("VerDTD") != "1.2":
        return "%s of page %d, VerDTD %s" % (top.name, top.page, top.text("VerDTD"))
    found, todo = {}, [("", one) for one in top.all("Node")]
    while todo:
        above, one = todo.pop()
        path = above + "/" + one.text("NodeName", "")
        fmt = one.find("RTProperties/Format")
        value = one.find("Value")
        found[path] = (fmt.kids[0].name if fmt is not None and fmt.kids else None,
                       None if value is None else value.text())
        todo += [(path, kid) for kid in one.all("Node")]
    return found


def replace(uri, value, fmt=None, mime=None, **how):
    return Cmd("Replace", _item(uri, value, fmt, mime), uri=uri, **how)


def delete(uri, **how):
    return Cmd("Delete", _item(uri), uri=uri, **how)


def copy(source, uri, **how):
    return Cmd("Copy", _item(uri, source=source), uri=uri, **how)


def exec_(uri, value=None, correlator=None, **how):
    return Cmd("Exec", El("Correlator", correlator) if correlator else None, _item(uri, value),
               uri=uri, **how)


def alert(code, *texts, **how):
    return Cmd("Alert", El("Data", code), *[El("Item", El("Data", text)) for text in texts], **how)


def atomic(*kids, **how):
    return Cmd("Atomic", kids=kids, **how)


def sequence(*kids, **how):
    return Cmd("Sequence", kids=kids, **how)


def big_add(uri, value, chunk, fmt=None, want=200):
    """The packages that carry one Add in chunks: a list of lists of commands. All but the last
    are to be answered 213."""
    size = len(value.encode("utf-8") if isinstance(value, str) else value)
    pieces = [value[at:at + chunk] for at in range(0, len(value), chunk)]
    return [[Cmd("Add", _item(uri, piece, fmt, more=at + 1 < len(pieces),
                              size=size if at == 0 else None), uri=uri,
                 want=213 if at + 1 < len(pieces) else want)]
            for at, piece in enumerate(pieces)]


class Account:
    """Both sides' credentials. *scheme*: none, basic, md5 or mac; *own*: the server's own
    scheme, or None where TLS alone has to prove it. Nonces are the octets the other side is
    expected to use; None = it was never told one."""

    def __init__(self, server_id, scheme="md5", user="", password="", own=None, own_user="",
                 own_password="", device=None):
        self.server_id, self.scheme, self.own = server_id, scheme, own
        self.user, self.password = user, password
        self.own_user, self.own_password = own_user, own_password
        self.device = device
        self.client_nonce = None   # that we gave to the client
        self.server_nonce = b""    # that the client gave to us
        self.challenges = 0        # that we had to send
        self.challenged = 0        # that the client sent us

    def type(self):
        return {"basic": cred.BASIC, "md5": cred.MD5, "mac": cred.MAC}.get(self.scheme)


def challenge(scheme, nonce):
    fmt = "b64"
    return El("Chal", meta(Type=scheme, Format=fmt,
                           NextNonce=cred.B64(nonce) if nonce is not None else None))


class Session:
    """One session, from package 1 to the message without commands. *script*: packages, each a
    list of commands. *max_msg_size*, *max_obj_size*: what we say we can take. *renew*: a nonce
    comes with 212. *resp_uri*: where the next message is to go. *fpi*: the public identifier
    as text."""

    def __init__(self, account, script, url, notation="wbxml", max_msg_size=None,
                 max_obj_size=None, server_initiated=None, renew=True, shy=False,
                 resp_uri=None, fpi=False):
        self.account, self.url, self.notation = account, url, notation
        self.script = list(script)
        self.max_msg_size, self.max_obj_size = max_msg_size, max_obj_size
        self.server_initiated = server_initiated   # SessionID of a notification
        self.renew = renew
        self.resp_uri, self.fpi = resp_uri, fpi
        self.shy = shy            # no credentials before they are asked for
        self.findings = []
        self.id = self.device = None
        self.in_msg = self.out_msg = 0
        self.done = False         # we sent a message without commands
        self.over = False         # nothing may come any more
        self.client_ok = False    # for the whole session
        self.server_ok = account.own is None
        self.first = True         # package 1 is expected
        self.sent = []            # commands whose Status is outstanding: (MsgID, Cmd)
        self.answered = {}        # (MsgRef, CmdRef) -> Cmd that had its Status
        self.chunked = None       # (Cmd, octets, size) of a large object that comes
        self.package = None       # what was sent last, for a repetition
        self.devinfo = {}
        self.alerts, self.told = [], []     # codes and where; the elements of generic ones
        self.log = []
        self.client_max_msg = self.client_max_obj = None
        self.credentials = []     # what the client proved itself with: (kind, text, nonce)
        self.aborted = False
        self.last, self.repeated = None, 0
        self.chunking = False     # our last message ended within a large object

    # -- noting ----------------------------------------------------------------------------
    def find(self, text, *values):
        self.findings.append("message %d: " % self.in_msg + (text % values if values else text))

    def want(self, good, text, *values):
        if not good:
            self.find(text, *values)
        return good

    # -- a message of the client's -----------------------------------------------------------
    def handle(self, octets, mime, hmac=None):
        """Our answer as (octets, mime, x-syncml-hmac or None); None = it deserves none."""
        if self.last and self.last[0] == (octets, hmac):
            self.repeated += 1      # the transport's doing, or the answer was lost
            return self.last[1]
        answer = self._handle(octets, mime, hmac)
        self.last = (octets, hmac), answer
        return answer

    def _handle(self, octets, mime, hmac):
        self.in_msg += 1
        notation = markup.TYPES.get((mime or "").split(";")[0].strip().lower())
        if not self.want(notation, "Content-Type %r", mime):
            notation = "xml" if octets[:1] == b"<" else "wbxml"
        self.want((octets[:1] == b"<") == (notation == "xml"), "it is not what its type says")
        self.want(notation == self.notation, "it is %s", notation)
        try:
            root = markup.read(octets, notation)
        except markup.Bad as error:
            self.find("unreadable: %s", error)
            return None
        for wrong in markup.grammar(root):
            self.find("%s", wrong)
        if self.max_msg_size:
            self.want(len(octets) <= self.max_msg_size, "%d octets, %d are allowed", len(octets),
                      self.max_msg_size)
        header, body = root.find("SyncHdr"), root.find("SyncBody")
        if header is None or body is None:
            return None
        self.aborted = any(el.text("Data") == "1223" for el in body.all("Alert"))
        # Who found our last message unreadable says so, though we wanted no answer to it.
        if not self.want(self.aborted or not self.over, "a message behind the end of the session"):
            return None
        self._header(header)
        code, chal = self._credentials(header, octets, hmac)
        self._body(body, code)
        return self._reply(body, code, chal)

    def _header(self, header):
        text = header.text
        self.want(text("VerDTD") == "1.2", "VerDTD %s", text("VerDTD"))
        self.want(text("VerProto") == "DM/1.2", "VerProto %s", text("VerProto"))
        session = text("SessionID")
        if self.id is None:
            self.id = session
            self.want(1 <= len(session or "") <= 4, "SessionID %r", session)
            if self.server_initiated is not None:
                self.want(session == "%X" % self.server_initiated, "SessionID %s, asked for %X",
                          session, self.server_initiated)
        self.want(session == self.id, "SessionID %s, was %s", session, self.id)
        self.want(text("MsgID") == str(self.in_msg), "MsgID %s", text("MsgID"))
        self.want(text("Target/LocURI") == self.url, "Target %s", text("Target/LocURI"))
        device = text("Source/LocURI")
        if self.device is None:
            self.device = device
            if self.account.device:
                self.want(device == self.account.device, "Source %s", device)
        self.want(device and device == self.device, "Source %s, was %s", device, self.device)
        if self.account.scheme in ("md5", "mac") and (header.find("Cred") is not None):
            self.want(text("Source/LocName") == self.account.user, "LocName %r",
                      text("Source/LocName"))
        for name in ("MaxMsgSize", "MaxObjSize"):
            said = text("Meta/" + name)
            if said is not None and self.want(said.isdigit(), "%s %s", name, said):
                if name == "MaxMsgSize":
                    self.client_max_msg = int(said)
                else:
                    self.client_max_obj = int(said)

    # -- who the client is -------------------------------------------------------------------
    def _credentials(self, header, octets, hmac):
        """The Status of the SyncHdr and its challenge."""
        account, given = self.account, header.find("Cred")
        kind = account.type()
        if account.scheme == "mac":
            self.want(given is None, "a Cred beside MAC")
            if hmac is None:
                return self._refuse(407)
            said, wrong = cred.parse_hmac(hmac)
            for one in wrong:
                self.find("%s", one)
            self.want(header.text("Source/LocName") in (None, said.get("username")),
                      "LocName %r, x-syncml-hmac says %r", header.text("Source/LocName"),
                      said.get("username"))
            self.credentials.append((kind, said.get("mac"), account.client_nonce))
            if account.client_nonce is None or said.get("username") != account.user or \
                    said.get("mac") != cred.mac(account.user, account.password,
                                                account.client_nonce, octets):
                return self._refuse(401)
            account.client_nonce = os.urandom(16)
            return "200", challenge(kind, account.client_nonce)
        self.want(hmac is None, "x-syncml-hmac, and %s was agreed", account.scheme)
        if account.scheme == "none":
            self.want(given is None, "a Cred, and none was agreed")
            return "212" if self.in_msg == 1 else "200", None
        if self.client_ok and given is None:
            return "212", None
        if given is None:
            return self._refuse(407)
        said = given.text("Meta/Type")
        self.want(given.text("Meta/Format") == "b64", "Cred in Format %s",
                  given.text("Meta/Format"))
        data = given.text("Data")
        self.credentials.append((said, data, account.client_nonce))
        if not self.want(said == kind, "Cred of type %s, %s was asked for", said, kind):
            return self._refuse(401)
        if account.scheme == "basic":
            good = data == cred.basic(account.user, account.password)
        else:
            good = account.client_nonce is not None and \
                data == cred.md5(account.user, account.password, account.client_nonce)
        if not good:
            return self._refuse(401)
        again, self.client_ok = self.client_ok, True
        if account.scheme == "md5" and self.renew and not again:
            account.client_nonce = os.urandom(16)
            return "212", challenge(kind, account.client_nonce)
        return "212", None

    def _refuse(self, code):
        self.account.challenges += 1
        nonce = None
        if self.account.scheme in ("md5", "mac"):
            nonce = self.account.client_nonce = os.urandom(16)
        return str(code), challenge(self.account.type(), nonce)

    # -- the body ----------------------------------------------------------------------------
    def _body(self, body, code):
        seen = set()
        for el in body.kids:
            number = el.text("CmdID")
            if number is None:
                continue
            self.want(number.isdigit() and number != "0" and number not in seen, "CmdID %s",
                      number)
            seen.add(number)
        header_status = [el for el in body.all("Status") if el.text("CmdRef") == "0"]
        self.statuses_header = header_status
        # A package 1 that was challenged is repeated: it may leave the old message unanswered.
        expect = self.out_msg > 0 and not (self.first and not header_status)
        if expect and not (self.aborted and not header_status):
            self.want(len(header_status) == 1 and body.kids[0] is header_status[0],
                      "the Status of the SyncHdr is not the one first Status")
        elif self.out_msg == 0:
            self.want(not header_status, "a Status, and nothing was sent yet")
        if self.first:
            self._package1(body)
        else:
            self.want(not body.all("Replace"), "a Replace behind package 1")
        for el in body.kids:
            if el.name == "Status":
                self._status(el)
            elif el.name == "Results":
                self._results(el)
            elif el.name == "Alert":
                self._alert(el)
        self.final = body.find("Final") is not None
        self.want(self.final or not self.aborted, "an abort without Final")
        self.want(not self.final or not self.chunking or self.aborted,
                  "Final, and our large object is not complete")
        if self.aborted:
            self.sent = []      # what was done before an abort may be told, and need not
        elif self.final and not self.chunking:
            for msg, cmd in self.sent:
                self.find("no Status for %s %s of our message %s", cmd.name, cmd.uri or "", msg)
            self.sent = []
            for cmd in self.answered.values():
                if cmd.name == "Get" and cmd.status == "200":
                    self.want(cmd.results, "no Results of the Get of %s", cmd.uri)
            self.answered = {}
            self.want(self.chunked is None, "Final within a large object")
        else:
            self.want(not self.chunking or body.all("Alert") or body.all("Results"),
                      "nothing asks for the rest of our large object")

    def _package1(self, body):
        alerts = [el.text("Data") for el in body.all("Alert")]
        code = "1200" if self.server_initiated is not None else "1201"
        self.want(alerts and alerts[0] == code, "package 1 with Alerts %s, not %s", alerts, code)
        self.want(alerts.count("1200") + alerts.count("1201") == 1, "Alerts %s", alerts)
        self.want(set(alerts) <= {"1200", "1201", "1224", "1226"}, "Alerts %s", alerts)
        replaces = body.all("Replace")
        if not self.want(len(replaces) == 1, "package 1 with %d Replace", len(replaces)):
            return
        leaves = {}
        for item in replaces[0].all("Item"):
            uri = item.text("Source/LocURI")
            self.want(item.find("Target") is None, "DevInfo with a Target")
            if self.want(uri and uri.startswith("./DevInfo/"), "DevInfo with a Source %s", uri):
                self.want(uri not in leaves, "%s twice", uri)
                self.want(item.find("Data") is not None, "%s without Data", uri)
                leaves[uri[len("./DevInfo/"):]] = item.text("Data", "")
        for name in DEVINFO:
            self.want(leaves.get(name), "package 1 without DevInfo/%s", name)
        for name in leaves:
            self.want(name in DEVINFO or name.split("/")[0] in ("Ext", "Bearer"),
                      "DevInfo/%s", name)
        self.want(leaves.get("DevId") == self.device, "DevId %s, Source %s", leaves.get("DevId"),
                  self.device)
        self.want(self.devinfo in ({}, leaves), "DevInfo differs from that of the first try")
        self.devinfo = leaves

    def _status(self, el):
        ref, cmd_ref, name = el.text("MsgRef"), el.text("CmdRef"), el.text("Cmd")
        code = el.text("Data") or ""
        self.want(code.isdigit() and 100 <= int(code) < 600, "Status %r", code)
        if cmd_ref == "0":
            self.want(name == "SyncHdr", "the Status of the SyncHdr names %s", name)
            self.want(ref == str(self.out_msg), "Status of the SyncHdr %s, sent were %d", ref,
                      self.out_msg)
            self.header_code = code
            self._own_status(code, el.find("Chal"))
            return
        self.want(el.find("Chal") is None, "a Chal for a command")
        at = next((n for n, (msg, cmd) in enumerate(self.sent)
                   if (msg, cmd.cmd_id) == (ref, cmd_ref)), None)
        if at is None:
            cmd = self.answered.get((ref, cmd_ref))
            if cmd is None or len(cmd.content) < 2:
                self.find("a Status for command %s of message %s", cmd_ref, ref)
            return
        self.want(at == 0, "the Status of %s %s before others", name, cmd_ref)
        _, cmd = self.sent.pop(at)
        self.answered[(ref, cmd_ref)] = cmd
        self.want(name == cmd.name, "the Status of a %s names %s", cmd.name, name)
        target = el.text("TargetRef")
        if target is not None and cmd.uri:
            self.want(target == cmd.uri, "TargetRef %s, not %s", target, cmd.uri)
        cmd.status, cmd.items = code, el.all("Item")
        if self.refused_us:
            self.want(code in ("401", "407", "403"), "%s %s got %s, and we were refused",
                      cmd.name, cmd.uri or "", code)
            return
        self.want(code in cmd.want, "%s %s got %s, not %s", cmd.name, cmd.uri or "", code,
                  "/".join(sorted(cmd.want)))
        if cmd.check and cmd.name != "Get":
            wrong = cmd.check(cmd)
            self.want(not wrong, "%s %s: %s", cmd.name, cmd.uri or "", wrong)

    refused_us = False

    def _own_status(self, code, chal):
        """What the client thinks of our credentials."""
        account = self.account
        self.refused_us = code in ("401", "407")
        if self.aborted and code not in ("200", "212"):
            self.refused_us = True      # nothing of that message was carried out
            return
        if chal is not None:
            kind, fmt = chal.text("Meta/Type"), chal.text("Meta/Format")
            expect = {"basic": cred.BASIC, "md5": cred.MD5, "mac": cred.MAC}.get(account.own)
            self.want(kind == expect, "challenged for %s", kind)
            nonce = chal.text("Meta/NextNonce")
            if kind in (cred.MD5, cred.MAC):
                self.want(fmt == "b64", "a challenge in Format %s", fmt)
                try:
                    octets = cred.unb64(nonce or "")
                    self.want(len(octets) >= 16, "a nonce of %d octets", len(octets))
                    self.want(octets != account.server_nonce, "the same nonce once more")
                    account.server_nonce = octets
                except ValueError:
                    self.find("NextNonce %r", nonce)
        if self.refused_us:
            account.challenged += chal is not None
            self.shy = False
            self.want(chal is not None, "%s without a challenge", code)
            self.want(account.own, "our credentials refused, and none were agreed")
        elif account.own == "mac":
            self.want(code == "200", "Status %s for a signed message", code)
            self.want(chal is not None, "no new nonce for a signed message")
            self.server_ok = True
        else:
            self.want(code in ("200", "212"), "Status %s for our SyncHdr", code)
            if account.own:
                self.server_ok = code == "212"

    def _results(self, el):
        ref = (el.text("MsgRef") or "1", el.text("CmdRef"))
        cmd = self.answered.get(ref)
        if not self.want(cmd and cmd.name == "Get", "Results of %s, which got no Status", ref):
            return
        self.want(cmd.status == "200" or cmd.results, "Results of a Get that got %s", cmd.status)
        for item in el.all("Item"):
            self._result(cmd, el, item)

    def _result(self, cmd, el, item):
        source = item.text("Source/LocURI") or el.text("SourceRef")
        if "?list=" not in (cmd.uri or ""):
            self.want(source == cmd.uri, "Results of %s name %s", cmd.uri, source)
        said = {}
        for field in ("Format", "Type", "Size"):
            said[field] = item.text("Meta/" + field, el.text("Meta/" + field))
        data = item.find("Data")
        octets = data.octets() if data is not None else b""
        fmt = said["Format"] or "chr"
        if fmt == "b64" or fmt == "bin" and self.notation == "xml":
            try:
                decoded = cred.unb64(octets.decode("ascii"))
            except (ValueError, UnicodeDecodeError):
                decoded = octets
                if item.find("MoreData") is None and self.chunked is None:
                    self.find("Results of %s in Format %s are no base64", cmd.uri, fmt)
        else:
            decoded = octets
        cmd.format, cmd.type = fmt, said["Type"] or "text/plain"
        more = item.find("MoreData") is not None
        if self.chunked is not None:
            first, so_far, size = self.chunked
            self.want(first is cmd, "Results of %s within those of %s", cmd.uri, first.uri)
            self.want(said["Size"] is None, "a Size behind the first chunk")
            self.chunked = (cmd, so_far + octets, size)
        elif more:
            self.want(said["Size"] and said["Size"].isdigit(), "a first chunk of Size %s",
                      said["Size"])
            self.chunked = (cmd, octets, int(said["Size"] or 0))
        if more:
            return
        if self.chunked is not None:
            _, octets, size = self.chunked
            self.chunked = None
            self.want(len(octets) == size, "%s: Size %d, %d octets came", cmd.uri, size,
                      len(octets))
            decoded = octets
            if fmt == "b64" or fmt == "bin" and self.notation == "xml":
                decoded = cred.unb64(octets.decode("ascii"))
            data = El("Data", octets)
        if self.account and self.max_obj_size:
            self.want(len(octets) <= self.max_obj_size, "%d octets, %d are allowed", len(octets),
                      self.max_obj_size)
        cmd.raw = data
        cmd.results.append(El("Item", El("Source", El("LocURI", source or "")),
                              El("Data", decoded)))
        if cmd.check:
            wrong = cmd.check(cmd)
            self.want(not wrong, "Get %s: %s", cmd.uri, wrong)

    def _alert(self, el):
        code = el.text("Data")
        self.alerts.append((code, self.in_msg))
        if code == "1223":
            pass
        elif code == "1222":
            self.want(self.chunking, "Alert 1222, and nothing is missing")
        elif code == "1226":
            self.told.append(el)
            for item in el.all("Item"):
                self.want(item.find("Meta/Type") is not None, "a generic alert without Type")
                self.want(item.find("Data") is not None, "a generic alert without Data")
            self.want(el.all("Item"), "a generic alert without Item")
        else:
            self.want(self.first or code in ("1224",), "Alert %s", code)

    # -- our answer --------------------------------------------------------------------------
    def _reply(self, body, code, chal):
        self.out_msg += 1
        number = iter(range(1, 10000))
        out = [El("Status", El("CmdID", next(number)), El("MsgRef", self.in_msg),
                  El("CmdRef", "0"), El("Cmd", "SyncHdr"), El("TargetRef", self.url),
                  El("SourceRef", self.device), chal, El("Data", code))]
        refused = code in ("401", "407")
        for el in body.kids:
            if el.name in ("Alert", "Replace") and el.text("Data") != "1222" or \
                    refused and el.name == "Results":
                out.append(El("Status", El("CmdID", next(number)), El("MsgRef", self.in_msg),
                              El("CmdRef", el.text("CmdID")), El("Cmd", el.name),
                              El("Data", code if refused else "200")))
        final, commands = True, []
        if self.aborted:
            self.over = True
        elif refused:
            # What the client answered before it was known is heard all the same.
            pass
        else:
            self.first = False
            if not self.final and not self.chunking and self.alerts[-1:] == [("1222", self.in_msg)]:
                pass        # it did not see our Final: here is another one
            elif not self.final and not self.chunking:
                more = alert("1222")
                out.append(more.element(number))
                self.sent.insert(0, (str(self.out_msg), more))
                final = False
            elif self.refused_us and self.package is not None:
                commands = self.package
            elif self.script:
                commands = self.script.pop(0)
                if callable(commands):
                    commands = commands(self)
                self.package = commands
            else:
                self.over = True
        for cmd in commands:
            for one in cmd.flat():
                one.status, one.items, one.results = None, [], []
            out.append(cmd.element(number))
            self.sent += [(str(self.out_msg), one) for one in cmd.flat()]
            last = cmd.content[-1] if cmd.content else None
            if last is not None and last.name == "Item" and last.find("MoreData") is not None:
                final = False
        self.chunking = bool(commands) and not final
        root = El("SyncML", self._own_header(),
                  El("SyncBody", *out, El("Final") if final else None))
        octets = markup.write(root, self.notation) if not self.fpi else \
            markup.to_wbxml(root, markup.PUBLIC_TEXT)
        if self.resp_uri:
            self.url = self.resp_uri
        if self.client_max_msg:
            self.want(len(octets) <= self.client_max_msg, "our own answer is too long: %d",
                      len(octets))
        account, hmac = self.account, None
        if account.own == "mac" and not self.shy:
            hmac = cred.hmac_header(account.own_user, account.own_password, account.server_nonce,
                                    octets)
        self.log.append((self.in_msg, code, [cmd.name for cmd in commands]))
        return octets, markup.TYPE_OF[self.notation], hmac

    def _own_header(self):
        account, given, name = self.account, None, None
        if account.own in ("basic", "md5") and not self.server_ok and not self.shy:
            kind = cred.BASIC if account.own == "basic" else cred.MD5
            data = cred.basic(account.own_user, account.own_password) if kind == cred.BASIC \
                else cred.md5(account.own_user, account.own_password, account.server_nonce)
            given = El("Cred", meta(Type=kind, Format="b64"), El("Data", data))
        if account.own in ("md5", "mac"):
            name = El("LocName", account.own_user)
        return El("SyncHdr", El("VerDTD", "1.2"), El("VerProto", "DM/1.2"),
                  El("SessionID", self.id), El("MsgID", self.out_msg),
                  El("Target", El("LocURI", self.device)),
                  El("Source", El("LocURI", self.url), name),
                  El("RespURI", self.resp_uri) if self.resp_uri else None, given,
                  meta(MaxMsgSize=self.max_msg_size, MaxObjSize=self.max_obj_size))

    # -- when it is said to be over -----------------------------------------------------------
    def end(self):
        """What is wrong with a session that ended, as a list."""
        wrong = list(self.findings)
        if self.script:
            wrong.append("it ended with %d packages unsent" % len(self.script))
        if not self.over:
            wrong.append("it ended before our last message")
        wrong += ["no Status for %s %s" % (cmd.name, cmd.uri or "") for _, cmd in self.sent]
        return wrong
