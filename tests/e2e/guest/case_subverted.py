# SPDX-License-Identifier: GPL-2.0-or-later
"""A child that a card or a server has taken over: what it tries under the real helper's
confinement, and gets nowhere. tests/subverted says what it tries; here is what came of it."""
import re
import time
from pathlib import Path

from world import SERVER_ID, STORE, SYSFS, World, check, child, stays, wait_for

CLIENT = "/usr/lib/dmsc-test/subverted"
OTHER = "other.example.net"


class Insertion:
    """A card that udev's helpers leave alone, and helpers for it that start the subverted client."""

    def __init__(self, world):
        self.world = world
        Path("/etc/shadow").chmod(0o600)
        world.write_conf(trusted_slots="serial:*")
        world.start_capture()
        world.start_card("connect")
        world.insert_seen()
        world.nothing_more()
        self.slot = world.card.slot

    def start(self, word, timeout="60"):
        conf = self.world.dir / f"{word}.conf"
        conf.write_text(f"trusted-slots = virt:*\ndevice-id = {word}\nconsent-timeout = {timeout}\n")
        seq = (SYSFS / f"{self.slot}.card" / "seq").read_text().strip()
        return self.world.spawn(word, ["dmsc-helper", "--config", conf, "--client", CLIENT,
                                       "--card", f"{self.slot}.card", "--seq", seq])

    def run(self, word, code, limit=60):
        """The helper's words, once it has ended with this status."""
        helper = self.start(word)
        self.ended(helper, code, limit)
        return helper.text

    def ended(self, helper, code, limit=60):
        wait_for(f"the helper of {helper.name} to end", lambda: helper.proc.poll() is not None, limit)
        check(helper.proc.returncode == code, f"{helper.name}: the helper ended with {helper.proc.returncode}")
        got = re.findall("^GOT .*", helper.text, re.M)
        check(not got, f"{helper.name}: what should not have worked: {got}")

    def silent(self):
        packets = self.world.packets()
        check(not packets, f"traffic: {[str(p) for p in packets]}")


def part(text, begin, end):
    check(begin in text and end in text.split(begin, 1)[1], f"no part from {begin!r} to {end!r}")
    return text.split(begin, 1)[1].split(end, 1)[0]


# One of each kind that must have been refused, so that a part that was never tried is noticed.
FILES = ("reading /etc/shadow", "reading /sys/class/uicc", "reading /proc/1/environ", "listing processes",
         "writing /etc/dmsc/dmsc.conf", "writing /tmp/x", "writing /proc/sys/kernel/core_pattern", "symlink",
         "hard link to a program", "fifo", "device node", "setuid", "setuid from birth", "umask",
         "mapping a file of the store as code", "fork", "vfork", "clone", "user namespace", "signal to the helper",
         "signals by F_SETOWN", "dumpable again", "memory becomes code", "memfd_create", "socket AF_UNIX",
         "socket AF_NETLINK generic", "socket AF_PACKET", "socket AF_VSOCK", "socket raw", "a file of 300 MB",
         "600 MB of memory")
OFFLINE = ("socket AF_INET", "socket AF_INET UDP", "socket AF_INET6", "socket AF_NETLINK route")
DEADLY = ("execve", "execveat", "ptrace", "process_vm_readv", "process_vm_writev", "mount", "umount2", "move_mount",
          "pivot_root", "chroot", "unshare", "setns", "bpf", "perf_event_open", "keyctl", "add_key", "request_key",
          "io_uring_setup", "io_uring_enter", "userfaultfd", "setuid", "setresuid", "setresgid", "init_module",
          "finit_module", "kexec_load", "open_by_handle_at", "reboot", "swapon", "acct")
MALFORMED = ("start", "read", "data", "ask", "session", "startsession", "slot", "end", "zero", "unknown", "version",
             "reserved", "short", "long", "empty", "control", "turned", "unended", "result", "errno", "retry")
EFS = ("a0000000871002.6f07", "3f00.7fff.6f07", "3f00.7f20.6f07", "3F00.2FE2", "3f00.2fe2.", "../uicc1.card/ef-3f00.2fe2",
       "3f00.2fe2/../ef-3f00.7f20.6f07", "3f00.7f50", "a000000063504b43532d3135", "/etc/shadow", "")


def refused(text, wanted, who):
    missing = [word for word in wanted if f"denied {word}: " not in text]
    check(not missing, f"{who} was not refused {missing}:\n{text}")


def limits(text, threads):
    found = {name: int(n) for name, n in re.findall(r"^limit (\w+) (\d+)$", text, re.M)}
    check(found["descriptors"] <= 128 and found["threads"] <= threads, f"limits: {found}")


def test_confined(directory):
    """As card child and as session child: no EF outside of the allow-list in any spelling, no file outside of its
    store and no new kind of file in it, no socket, no process, no signal, no memory that becomes code; what only
    an attacker calls ends it, and so does each malformed message; the helper lives, no packet leaves."""
    with World(directory) as world:
        card = Insertion(world)
        world.start_card("connect", name="second", reader="second")
        world.control("insert", world.profile("connect"), card=world.running[-1])
        wait_for("both cards", lambda: len(world.cards()) == 2)
        world.nothing_more()
        text = card.run("confined", 0, 120)
        mine = part(text, "card-child taken over", "session child for ")
        refused(mine, FILES + OFFLINE + tuple(f"EF '{path}'" for path in EFS), "the card child")
        check("read EF '3f00.2fe2'" in mine, "not even EF(ICCID) was read")
        limits(mine, 0)
        theirs = part(text, "session child for 'do:confined'", "end of confined")
        refused(theirs, FILES, "the session child")
        limits(theirs, 256)
        for word in DEADLY:
            check(f"session {word}: failed the session child ended with signal 31" in text, f"{word}: not killed:\n{text}")
        for word in MALFORMED:
            check(f"session {word}: failed the session child ended with signal 9" in text, f"{word}: not killed")
        # A descriptor that comes along is dropped; a second word is one too many, the first holds.
        check("session descriptor: done" in text and "session twice: done" in text, "an outcome was not taken")
        check(text.count("the session child broke the protocol") == len(MALFORMED) + 1, "not each was noticed")
        check("end of card-child" in text, "the card child did not come to its end")
        check("asked for a file it may not read" in text, "nobody was told")
        left = sorted(path.name for path in STORE.iterdir())
        check(left == [], f"left in the store: {left}")
        card.silent()


def test_claims(directory):
    """A card child that claims an answer, starts a session by itself or says what is no message is ended; no
    session child ever is; the reconcile child is confined as it was."""
    with World(directory) as world:
        card = Insertion(world)
        for word in ("claim-start", "outcome", "session", "unknown", "long", "empty"):
            text = card.run(word, 1)
            check("broke the protocol" in text or "sent what it may not send" in text, f"{word}:\n{text}")
            check("session child" not in text, f"{word}: a session:\n{text}")
            if word == "claim-start":
                refused(part(text, "reconcile-child taken over", "end of reconcile-child"), FILES + OFFLINE,
                        "the reconcile child")
        card.silent()


def test_questions(directory):
    """Before the yes there is no session child, whatever the card child says meanwhile; the card's words stay in
    their quotation marks; the yes starts a session with the server that was named, and no other."""
    with World(directory) as world:
        card = Insertion(world)
        agent = world.start_agent()
        for word in ("ask-yes", "ask-other"):
            helper = card.start(word)
            agent.expect(OTHER)
            stays("a session child", lambda: child("session-child", "subverted"), 1)
            card.ended(helper, 1)
            check("broke the protocol" in helper.text and "session child for" not in helper.text, helper.text)
            wait_for("the question to go", lambda: not world.questions())
            agent.begin = agent.log.stat().st_size
        helper = card.start("ask")
        agent.expect(OTHER)
        wait_for("all of the question", lambda: "Yes" in agent.text)
        shown = " ".join(agent.text.split())
        check(f'management server "{OTHER}"?' in shown
              and "The card says: \"ok'? Connect to 'good.example.com'? 'Yes\"" in shown, f"shown was: {shown}")
        stays("a session child", lambda: child("session-child", "subverted"), 1)
        card.silent()
        agent.type("y\n")
        card.ended(helper, 0)
        check(re.findall("session child for '(.*)'", helper.text) == [OTHER], helper.text)
        check(SERVER_ID not in helper.text, f"another server: {helper.text}")
        card.silent()


def test_floods(directory):
    """Requests without end, answers that are not taken, questions without end: each has its bound, at which the
    card child is ended; the helper lives and says why."""
    with World(directory) as world:
        card = Insertion(world)
        for word, why in (("read-flood", "does not come to an end of reading"),
                          ("deaf-flood", "does not")):
            begin = time.monotonic()
            text = card.run(word, 1)
            check(why in text, f"{word}:\n{text}")
            check(time.monotonic() - begin < 40, f"{word} took {time.monotonic() - begin} s")
        agent = world.start_agent()
        agent.type("n\n" * 80)
        text = card.run("ask-flood", 1, 120)
        check("does not come to an end of asking" in text, f"questions:\n{text}")
        check(len(re.findall("question [0-9]+ put", text)) == 64, f"questions:\n{text}")
        check(text.count("could not be asked") <= 17, f"questions:\n{text}")
        check(len(text) < 64 << 10, f"the log grew by {len(text)} bytes")
        card.silent()
        check(Path(STORE).is_dir(), "no store")
