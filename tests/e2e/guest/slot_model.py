# SPDX-License-Identifier: GPL-2.0-or-later
"""What a device must hold and must have done, computed from what happened to its
cards; nothing here asks dmsc.

A model knows the cards in the slots, what the servers made in their sessions, and
the rules: what a card says is in the tree as long as the card is in; a server
that loses its account is named in no ACL; each insertion of a card with flag b2
is one session with each of its servers.
"""
import copy
import re
from typing import NamedTuple

MASKED = "********"
SECRET = {"AAuthSecret", "AuthSecret", "AAuthData", "Content", "ICCID"}
# Directories of management objects: those made for a card stay, empty.
DIRECTORIES = {"./DMAcc": "ServerID", "./NAP": "NapId", "./Proxy": "ProxyId"}
CARDS = "./DevDetail/Ext/dmsc/Card"


class Entry(NamedTuple):
    """A line of `dmsc-client tree`."""
    value: str      # None: an interior node
    kind: str       # format of a leaf; identifier of an interior node
    acl: tuple      # sorted (command, servers)


def acl(text):
    """An ACL as something to compare: order means nothing in it."""
    return tuple(sorted((command, tuple(sorted(servers.split("+"))))
                        for command, servers in (part.split("=", 1) for part in text.split("&") if part)))


def without(rights, server):
    """The ACL once this server has lost its account; a right that nobody is left to have is gone."""
    kept = ((command, tuple(s for s in servers if s != server)) for command, servers in rights)
    return tuple((command, servers) for command, servers in kept if servers)


LINE = re.compile(r"(?P<uri>\.[^ ]*?)(?P<dir>/?)(?:(?P<leaf> = )(?P<value>.*?)(?:  \((?P<format>\w+)\))?"
                  r"|(?:  (?P<type>[^\[ ]\S*))?)(?:  \[(?P<acl>\S*)\])?")


def parse(text):
    """{URI: Entry} of what `dmsc-client tree` printed."""
    found = {}
    for line in text.splitlines():
        m = LINE.fullmatch(line)
        assert m and m["uri"] not in found, f"no line of a tree: {line!r}"
        found[m["uri"]] = Entry(m["value"] if m["leaf"] else None, m["format"] or m["type"] or "", acl(m["acl"] or ""))
    return found


def canonical(tree):
    """The same with names that the device chose replaced by what identifies the objects."""
    names = {}
    for directory, leaf in DIRECTORIES.items():
        for uri, entry in tree.items():
            m = re.fullmatch(re.escape(directory) + r"/([^/]+)/" + leaf, uri)
            if m:
                names[f"{directory}/{m[1]}"] = f"{directory}/{{{entry.value}}}"
    # A card's number is in a node of which only the rights say whose it is.
    for uri, entry in tree.items():
        if re.fullmatch(re.escape(CARDS) + r"/[^/]+", uri):
            servers = dict(entry.acl).get("Get", ())
            names[uri] = f"{CARDS}/{{{'+'.join(servers)}}}"

    def renamed(text):
        top = re.match(r"(" + "|".join(map(re.escape, (*DIRECTORIES, CARDS))) + r")/[^/]+", text or "")
        return names.get(top[0], top[0]) + text[top.end():] if top else text
    found = {}
    for uri, entry in tree.items():
        if uri in DIRECTORIES:
            continue
        uri = renamed(uri)
        assert uri not in found, f"two objects are one: {uri}"
        found[uri] = entry._replace(value=renamed(entry.value))
    return found


def leaves(uri, node):
    """{URI: Entry} of a node that a card brings, and of what is below it."""
    rights = acl(node.acl)
    if node.value is None:
        found = {uri: Entry(None, node.type, rights)}
        for child in node.children:
            found.update(leaves(f"{uri}/{child.name}", child))
        return found
    kind = {bytes: "bin", int: "int"}.get(type(node.value), "")
    shown = MASKED if node.name in SECRET else str(node.value)
    return {uri: Entry(shown, kind, rights)}


class Card(NamedTuple):
    """A card as its issuer knows it."""
    name: str
    iccid: str
    file: str               # its profile
    objects: tuple          # (canonical URI, Node) of each management object it brings
    servers: tuple          # its servers, in its order
    connects: str = ""      # "every": sessions with each insertion; "once": with the first; "": none

    def tree(self):
        found = {}
        for uri, node in self.objects:
            found.update(leaves(uri, node))
            # The device's own mark of the content, which nobody may read.
            found.update({f"{uri}/Ext": Entry(None, "", ()), f"{uri}/Ext/dmsc": Entry(None, "", ()),
                          f"{uri}/Ext/dmsc/Content": Entry(MASKED, "bin", ())})
        return found


class Model:
    def __init__(self, base):
        self.base = base        # the tree before any card
        self.slots = {}         # slot: Card
        self.made = {}          # URI: rights of nodes that servers made
        self.told = {}          # name of a card: does its number stand in the tree?
        self.sessions = {}      # server: how many
        self.done = frozenset() # cards whose content had its session
        self.everyone = ()

    def copy(self):
        twin = copy.copy(self)
        for name in ("slots", "made", "told", "sessions"):
            setattr(twin, name, dict(getattr(self, name)))
        return twin

    def lose(self, card):
        """The card's objects and accounts go, its servers out of every ACL."""
        for server in card.servers:
            self.made = {uri: without(rights, server) for uri, rights in self.made.items()}
        self.told.pop(card.name, None)

    def remove(self, slot, kept=False):
        card = self.slots.pop(slot)
        if not kept:
            self.lose(card)

    def insert(self, slot, card):
        self.slots[slot] = card
        if not card.connects or (card.connects == "once" and card.name in self.done):
            return
        self.done = self.done | {card.name}
        for server in card.servers:
            number = self.sessions[server] = self.sessions.get(server, 0) + 1
            self.made[node_of(server, number)] = acl(rights_of(server, self.everyone))
        self.told[card.name] = card.servers

    def tree(self):
        found = dict(self.base)
        for card in self.slots.values():
            found.update(card.tree())
        for servers in self.told.values():
            uri = f"{CARDS}/{{{'+'.join(sorted(servers))}}}"
            found[uri] = Entry(None, "", acl(f"Exec=*&Get={'+'.join(servers)}"))
            found[f"{uri}/ICCID"] = Entry(MASKED, "", ())
        found.update({uri: Entry(None, "", rights) for uri, rights in self.made.items()})
        return found


def node_of(server, number):
    """The node that a server makes in its number-th session, and the rights it sets."""
    return f"./By-{server}-{number}"


def rights_of(server, everyone):
    return f"Get={'+'.join(everyone)}&Replace={server}&Delete={server}"


def differences(expected, found):
    """In words, for people; empty when there are none."""
    lines = [f"missing: {uri}  {expected[uri]}" for uri in expected.keys() - found.keys()]
    lines += [f"too much: {uri}  {found[uri]}" for uri in found.keys() - expected.keys()]
    lines += [f"{uri}: {found[uri]}\n    expected {expected[uri]}"
              for uri in expected.keys() & found.keys() if expected[uri] != found[uri]]
    return "\n".join(sorted(lines))


# --- the walk -------------------------------------------------------------------

EMPTY = None


def steps(state, cards):
    """Everything that can be done to two slots in this state: (step, state behind it).

    A step is a tuple of (slot, card or EMPTY), done as fast as possible.
    """
    here, there = state
    free = [card for card in cards if card not in state]
    for slot, other in ((0, there), (1, here)):
        now = state[slot]
        if now is EMPTY:
            choices = free
        else:
            choices = [EMPTY, *free]      # out, or swapped
            if other is EMPTY:            # moved to the other slot
                yield ((slot, EMPTY), (1 - slot, now)), (EMPTY, now) if slot == 0 else (now, EMPTY)
        for card in choices:
            yield ((slot, card),), (card, there) if slot == 0 else (here, card)
    if here and there:                    # exchanged
        yield ((0, EMPTY), (1, EMPTY), (0, there), (1, here)), (there, here)


def walk(cards):
    """Steps that begin with empty slots, take each transition between two states once, and end
    where they began: a circuit (Hierholzer) through the graph of all states."""
    left = {}

    def explore(state):
        if state not in left:
            left[state] = list(steps(state, cards))
            for _, after in left[state]:
                explore(after)
    explore((EMPTY, EMPTY))
    total = sum(map(len, left.values()))
    trail, circuit = [(None, (EMPTY, EMPTY))], []
    while trail:
        state = trail[-1][1]
        if left[state]:
            trail.append(left[state].pop())
        else:
            circuit.append(trail.pop())
    circuit.reverse()
    assert len(circuit) == total + 1, "the graph has no circuit"
    return circuit[1:]
