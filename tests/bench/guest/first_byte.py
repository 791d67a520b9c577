# SPDX-License-Identifier: GPL-2.0-or-later
"""In the VM: from a card's insertion to the first byte of package 1 at the server, beside curl.

Both are started by the same udev rule for the same event and speak to the same address, of a
server that notes when the first byte of a body comes. What the card took for its answers is
taken off, for both. The machine's clock is its count of instructions (scripts/vm --icount), a
million of them a millisecond, so that the figures are the same on any host. Each insertion
is a whole path: the account went with the card before. session.first_boot is the very first,
which makes the store.
"""
import socket
import ssl
import statistics
import sys
import threading
import time
from pathlib import Path

from world import CERTS, World, check, empty, processes, run, udev_settle, wait_for, STORE

ROUNDS = 5
PORT = 8443
RULE = "61-uicc-nosystemd.rules"
HELPER = 'RUN+="/usr/sbin/dmsc-helper --card %k --seq $env{UICC_SEQ} --detach"'
URL = f"https://dm.example.net:{PORT}/dm"


class FirstByte(threading.Thread):
    """An HTTPS server that takes one request a connection, and refuses it."""

    def __init__(self):
        super().__init__(daemon=True)
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.context.load_cert_chain(CERTS / "server.pem", CERTS / "server.key")
        self.socket = socket.create_server(("127.0.0.1", PORT))
        self.seen = []  # CLOCK_MONOTONIC, ns
        self.start()

    def run(self):
        while True:
            raw, _ = self.socket.accept()
            try:
                with self.context.wrap_socket(raw, server_side=True) as connection:
                    self.one(connection)
            except OSError:
                raw.close()

    def one(self, connection):
        head = b""
        while b"\r\n\r\n" not in head:
            more = connection.recv(65536)
            if not more:
                return
            head += more
        if head.endswith(b"\r\n\r\n"):
            connection.recv(1)
        self.seen.append(time.monotonic_ns())
        connection.sendall(b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")


def rule_with(command):
    """The rule of the package with another program in the helper's place."""
    text = Path("/usr/lib/udev/rules.d", RULE).read_text()
    check(HELPER in text, f"{RULE} starts the helper in another way")
    place = Path("/etc/udev/rules.d", RULE)
    place.parent.mkdir(parents=True, exist_ok=True)
    if command:
        place.write_text(text.replace(HELPER, f'RUN+="{command}"'))
    else:
        place.unlink(missing_ok=True)
    run("udevadm", "control", "--reload")


def answer_ns(world):
    words = dict(w.partition("=")[::2] for w in world.control("stats").split() if "=" in w)
    return int(words["answer_ns"])


def rest():
    udev_settle()
    wait_for("helpers to end", lambda: not processes("dmsc-helper") and not processes("dmsc-client"))


def one(world, server, fresh):
    """Milliseconds of one insertion."""
    if fresh:
        empty(STORE)
    seen, before = len(server.seen), answer_ns(world)
    start = time.monotonic_ns()
    world.insert()
    wait_for("the first byte", lambda: len(server.seen) > seen, pause=0.005)
    ms = (server.seen[seen] - start - (answer_ns(world) - before)) / 1e6
    world.remove()
    wait_for("the card to go", lambda: not world.cards())
    rest()
    check(not world.accounts(), "the account outlives its card")
    return ms


def spread(put, name, ms):
    put(f"{name}.ms", statistics.median(ms))
    put(f"{name}.min.ms", min(ms))
    put(f"{name}.max.ms", max(ms))


def measure(put):
    if not Path("/usr/bin/curl").exists():
        print("curl is not installed: no session.* figures (scripts/install-deps --full brings it)", file=sys.stderr)
        return
    package = Path("/tmp/package1")
    package.write_bytes(b"x" * 600)  # about as long as package 1
    curl = f"/usr/bin/curl -s --cacert {CERTS}/ca.pem -H Expect: --data-binary @{package} -o /dev/null {URL}"
    with World("/tmp/bench") as world:
        world.write_conf(trusted_slots="virt:demo")
        server = FirstByte()
        world.start_card("/root/bench/first-byte")
        found = {"session.first_boot": [], "session.first_byte": [], "curl.first_byte": []}
        for number in range(ROUNDS + 1):
            rule_with(None)
            rounds = {"session.first_boot": one(world, server, True),
                      "session.first_byte": one(world, server, False)}
            rule_with(curl)
            rounds["curl.first_byte"] = one(world, server, False)
            if number:  # the first of each fills the caches
                for name, ms in rounds.items():
                    found[name].append(ms)
        rule_with(None)
    for name, ms in found.items():
        spread(put, name, ms)
