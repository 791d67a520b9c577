# SPDX-License-Identifier: GPL-2.0-or-later
"""In the VM: what a card costs, from the card's side, and how soon it is told of.

Prints "name value" lines; tests/bench/card brings it there. The far end is the
one of the end-to-end tests.
"""
import socket
import statistics
import sys
import time

sys.path.insert(0, "/root/e2e")
from world import World, wait_for  # noqa: E402

ROUNDS = 30
NETLINK_KOBJECT_UEVENT = 15


def stats(world):
    """What the card counted so far, over all insertions."""
    return {k: int(v) for k, _, v in (w.partition("=") for w in world.control("stats").split()) if v}


def uevents():
    s = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, NETLINK_KOBJECT_UEVENT)
    s.bind((0, 1))  # the kernel's own group: udev's work is not measured
    s.settimeout(20)
    return s


def card_event(s, action):
    while True:
        event = s.recv(8192).split(b"\0")
        if event[0].startswith(action) and b"DEVTYPE=uicc_card" in event:
            return time.monotonic()


def cold(world, profile):
    """One insertion, walked by kernel and helper as always."""
    before = after = stats(world)
    world.insert_seen(profile)
    rest = time.monotonic() + 3
    while time.monotonic() < rest:  # the helper may stay for the session; the card has been read
        if stats(world) != after:
            after, rest = stats(world), time.monotonic() + 3
        time.sleep(0.2)
    print(f"card.cold.{profile}.tpdus {after['commands'] - before['commands']}")
    print(f"card.cold.{profile}.bytes {after['in'] + after['out'] - before['in'] - before['out']}")
    world.control("remove")
    wait_for("the card to go", lambda: not world.cards())


def insert_to_uevent(world):
    events, us = uevents(), []
    # No program is started between the clock and the card.
    control = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    control.connect(str(world.card.control))
    for _ in range(ROUNDS):
        start = time.monotonic()
        control.sendall(b"insert\n")
        us.append((card_event(events, b"add") - start) * 1e6)
        control.sendall(b"remove\n")
        card_event(events, b"remove")
    us.sort()
    print(f"card.insert_to_uevent.us.p50 {statistics.median(us):.0f}")
    print(f"card.insert_to_uevent.us.max {us[-1]:.0f}")


def main():
    with World("/tmp/bench") as world:
        world.write_conf(trusted_slots="virt:demo")
        world.start_card("connect")
        for profile in ("big", "connect"):
            cold(world, profile)
    with World("/tmp/bench") as world:
        world.write_conf(trusted_slots="none:*")  # nobody reads the card: the kernel alone
        world.start_card("connect")
        insert_to_uevent(world)


main()
