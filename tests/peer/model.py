# SPDX-License-Identifier: GPL-2.0-or-later
"""What a tree becomes by random commands, and what they are answered, from the rules of DM
Protocol and DM Tree: a model of ./Peer, which the server may do anything with."""

import random

import peer

ROOT = "./Peer"
NAMES = ("a", "b", "c", "long name of a node", "\u00e9\u20ac", "x&y")
VALUES = ("", "1", "some text", "<&>\"']]>", "\u00e4\u20ac\U0001f600", "two\nlines\t.", " blank ",
          "v" * 700)


class Model:
    """*nodes*: URI -> value of a leaf, None of an interior node."""

    def __init__(self, seed):
        self.random = random.Random(seed)
        self.nodes = {ROOT: None}
        self.seed = seed

    # -- what is there ---------------------------------------------------------------------
    def below(self, uri):
        return [one for one in self.nodes if one.startswith(uri + "/")]

    def names(self, uri):
        return sorted(one[len(uri) + 1:] for one in self.below(uri)
                      if "/" not in one[len(uri) + 1:])

    def place(self, uri):
        """Whether something can be made at *uri*: 200, 418 or 405. Parents are made."""
        if uri in self.nodes:
            return 418
        above = uri.rsplit("/", 1)[0]
        while above not in self.nodes:
            above = above.rsplit("/", 1)[0]
        return 200 if self.nodes[above] is None else 405

    def make(self, uri, value):
        parts = uri.split("/")
        for n in range(len(ROOT.split("/")), len(parts)):
            self.nodes.setdefault("/".join(parts[:n]), None)
        self.nodes[uri] = value

    # -- commands, each carried out here and to be carried out there --------------------------
    def uri(self):
        """Of something that is there, more often than not."""
        if self.random.random() < 0.6 and len(self.nodes) > 1:
            return self.random.choice(sorted(self.nodes)[1:])
        return "/".join([ROOT] + [self.random.choice(NAMES)
                                  for _ in range(self.random.randint(1, 3))])

    def add(self):
        uri = self.uri()
        value = self.random.choice(VALUES) if self.random.random() < 0.7 else None
        code = self.place(uri)
        if code == 200:
            self.make(uri, value)
        return peer.add(uri, value, want=code)

    def replace(self):
        uri, value = self.uri(), self.random.choice(VALUES)
        code = 404 if uri not in self.nodes else 200
        if code == 200 and self.nodes[uri] is None:
            return peer.replace(uri, value, want=405)
        if code == 200:
            self.nodes[uri] = value
        return peer.replace(uri, value, want=code)

    def delete(self):
        uri = self.uri()
        if uri not in self.nodes:
            return peer.delete(uri, want=404)
        for one in self.below(uri) + [uri]:
            del self.nodes[one]
        return peer.delete(uri)

    def copy(self):
        source, uri = self.uri(), self.uri()
        if source not in self.nodes:
            return peer.copy(source, uri, want=404)
        if self.nodes[source] is None or source == uri:
            return self.get()
        code = self.place(uri)
        if code == 418:
            code = 200 if self.nodes[uri] is not None else {405, 403, 418}
        if code == 200:
            self.make(uri, self.nodes[source])
        return peer.copy(source, uri, want=code)

    def rename(self):
        uri, name = self.uri(), self.random.choice(NAMES)
        to = uri.rsplit("/", 1)[0] + "/" + name
        if uri not in self.nodes:
            return peer.replace(uri + "?prop=Name", name, want=404)
        if to == uri:
            return self.get()
        if to in self.nodes:
            return peer.replace(uri + "?prop=Name", name, want=418)
        for one in self.below(uri) + [uri]:
            self.nodes[to + one[len(uri):]] = self.nodes.pop(one)
        return peer.replace(uri + "?prop=Name", name)

    def get(self):
        uri = self.uri()
        if uri not in self.nodes:
            return peer.get(uri, want=404)
        value, names = self.nodes[uri], self.names(uri)

        def check(cmd):
            got = cmd.value().decode()
            if value is not None:
                return None if (got, cmd.format) == (value, "chr") else "%r" % got
            return None if sorted(got.split("/") if got else []) == names else \
                "%r, not %r" % (got, names)
        return peer.get(uri, check=check)

    def one(self, change=False):
        kinds = [self.add] * 4 + [self.replace, self.delete, self.copy, self.rename]
        return self.random.choice(kinds if change else kinds + [self.get] * 3)()

    def atomic(self):
        """All of it or nothing: behind the first that fails nothing is run."""
        before = dict(self.nodes)
        cmds = []
        for _ in range(self.random.randint(1, 4)):
            cmd = self.one(change=True)
            while cmd.name == "Get":        # is not allowed here
                cmd = self.one(change=True)
            cmds.append(cmd)
        for at, cmd in enumerate(cmds):
            if "200" not in cmd.want:
                self.nodes = before
                for done in cmds[:at]:
                    done.want = {"216"}
                for never in cmds[at + 1:]:
                    never.want = {"215"}
                return peer.atomic(*cmds, want=507)
        return peer.atomic(*cmds)

    def sequence(self):
        return peer.sequence(*[self.one() for _ in range(self.random.randint(1, 4))])

    def package(self, count):
        out = []
        for _ in range(count):
            kind = self.random.random()
            out.append(self.atomic() if kind < 0.2 else self.sequence() if kind < 0.3
                       else self.one())
        return out

    def whole(self):
        """A Get of everything, and what looks whether it is what the model is."""
        want = dict(self.nodes)
        cmd = peer.get(ROOT + "?list=StructData")

        def wrong():
            got = {item.text("Source/LocURI"): item.text("Data") for item in cmd.results}
            got = {uri: None if want.get(uri, "") is None else value
                   for uri, value in got.items()}
            return None if got == want else "there is %r, not %r" % (got, want)
        return cmd, wrong
