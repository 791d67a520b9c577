# SPDX-License-Identifier: GPL-2.0-or-later
"""`dmscctl card decode`: a card in a slot, explained by a confined child, with nothing applied."""
import json
import re
import subprocess
from pathlib import Path

from world import ICCID_DIGITS, STORE, World, check, processes, run, wait_for

AS_USER = ("setpriv", "--reuid=user", "--regid=user", "--init-groups")
SECRETS = ("demo-client-secret", "demo-server-secret", "client-nonce-01", "server-nonce-01", ICCID_DIGITS)


def decode(*words, ok=True):
    return run("dmscctl", "card", "decode", *words, ok=ok)


def untrusted(world, profile):
    """A card that nobody but root's question reads: its slot starts no helper."""
    world.write_conf(trusted_slots="serial:*")
    world.start_card(profile)
    world.insert_seen()
    wait_for("the helper to leave", lambda: not processes("dmsc-helper"))
    return world.card.slot


def test_decode_explains_a_card(directory):
    """A good card: what stands on it and what would follow; no secret, no account, no session."""
    with World(directory) as world:
        slot = untrusted(world, "confirm")
        before = sorted(p.name for p in STORE.iterdir())
        text = decode(slot).stdout
        for words in (f"Bootstrap data of {slot}", "EF(DM_Bootstrap), 2.23.43.7.1", "C2  03  ui-mode confirm",
                      "AAuthSecret = ****", "a session once a person agreed", "Verdict: usable"):
            check(words in text, f"no {words!r} in:\n{text}")
        said = json.loads(decode(slot, "--json").stdout)
        check((said["verdict"], said["plan"]["accounts"][0]["session"]) == ("usable", "ask"), f"{said}")
        for secret in SECRETS:
            check(secret not in text + json.dumps(said), f"{secret} is said")
        shown = decode(slot, "--show-secrets").stdout
        check(all(s in shown for s in SECRETS[:2] + SECRETS[4:]), f"not shown though asked for:\n{shown}")
        check(sorted(p.name for p in STORE.iterdir()) == before, "the store changed")
        check(not world.questions() and not world.sessions(), "somebody was asked or called")
        done = run(*AS_USER, "dmscctl", "card", "decode", slot, ok=False)
        check(done.returncode == 1 and "only root" in done.stderr, f"as a user: {done}")
        check(decode("uicc63", ok=False).returncode == 1, "a slot that is not there")


def test_decode_bad_cards(directory):
    """Each kind of bad card has its status, and a PIN is asked of nobody."""
    cases = (("empty-bootstrap", 20, "empty"), ("truncated-bootstrap", 21, "no WBXML message"),
             ("malformed", 21, "the indicator is malformed"), ("pin-protected", 22, "a PIN is needed"),
             ("no-pkcs15", 20, "no PKCS#15 directory"), ("unreadable-indicator", 22, "Connection indicator"))
    with World(directory) as world:
        slot = untrusted(world, cases[0][0])
        for profile, status, words in cases:
            world.remove()
            wait_for("the card to go", lambda: not world.cards())
            world.insert_seen(profile)
            done = decode(slot, ok=False)
            check((done.returncode, words in done.stdout) == (status, True), f"{profile}: {done}")
            check(not world.questions(), f"{profile}: a question")
        world.remove()
        wait_for("the card to go", lambda: not world.cards())
        done = decode(slot, ok=False)
        check(done.returncode == 1 and "no card that answers" in done.stderr, f"an empty slot: {done}")


def test_decode_of_described_cards(directory):
    """From a description to a card in a slot, and back by the files: the same words."""
    with World(directory) as world:
        for name in ("connect-dm", "connect-cp", "connect-2g", "everything"):
            card, files = world.dir / name, world.dir / f"{name}.files"
            run("simcard", "mkprofile", f"/usr/share/dmsc/descriptions/{name}.desc", "--out", card, "--files", files)
            if world.card is None:
                slot = untrusted(world, card)
            else:
                world.remove()
                wait_for("the card to go", lambda: not world.cards())
                world.insert_seen(card)
            wanted = json.loads(decode("--files", files, "--json").stdout)
            done = decode(slot, "--json", ok=False)
            got = json.loads(done.stdout)
            if name == "connect-2g":	# its PIN is nobody's to ask for here; the files have none
                check((done.returncode, got["verdict"]) == (22, "unreadable"), f"{name}: {done}")
                check(got["directory"] == wanted["directory"], f"{name}: {got['directory']}")
                continue
            check(got.pop("source") == slot and wanted.pop("source") == str(files), "the sources")
            check(got == wanted, f"{name}:\n{got}\nnot\n{wanted}")


def test_decode_child_is_confined(directory):
    """The child that looks at the card: user dmsc, no capability, filtered, without network and store."""
    with World(directory) as world:
        slot = untrusted(world, "bad-silent")	# the card falls silent, so that the child waits
        dmscctl = subprocess.Popen(["dmscctl", "card", "decode", slot], stdout=subprocess.DEVNULL,
                                   stderr=subprocess.DEVNULL)
        try:
            pid = wait_for("the child", lambda: next(iter(decode_children()), None))
            status = wait_for("its filter", lambda: filtered(pid))
            for name, want in (("CapEff", "0000000000000000"), ("CapBnd", "0000000000000000"), ("NoNewPrivs", "1")):
                check(re.search(rf"^{name}:\s+{want}$", status, re.M), f"{name} in:\n{status}")
            check(not re.search(r"^Uid:\s+0\b", status, re.M), f"root:\n{status}")
            mounts = Path(f"/proc/{pid}/mountinfo").read_text()
            check(re.search(rf" {STORE} ro[, ].* - tmpfs ", mounts), f"the store is not hidden:\n{mounts}")
            routes = Path(f"/proc/{pid}/net/route").read_text().splitlines()[1:]
            devices = Path(f"/proc/{pid}/net/dev").read_text()
            check(not routes and "eth" not in devices, f"a network: {routes} {devices}")
        finally:
            dmscctl.terminate()
            dmscctl.wait(timeout=30)
        wait_for("the child to end", lambda: not list(decode_children()))


def decode_children():
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            words = path.read_bytes().split(b"\0")
        except OSError:
            continue
        if len(words) > 1 and words[1] == b"decode-child":
            yield int(path.parent.name)


def filtered(pid):
    try:
        status = Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return None
    return status if re.search(r"^Seccomp:\s+2$", status, re.M) else None
