# SPDX-License-Identifier: GPL-2.0-or-later
"""In the VM: what a card costs, counted and timed by the card, and how soon it is told of.

Prints "name value" lines; tests/bench/card brings it there. The far end is the
one of the end-to-end tests. Times are those of an emulated machine: they compare
what ran in it, and are no figures of hardware.
"""
import os
import re
import statistics
import subprocess
import sys
from pathlib import Path

sys.path.insert(0, "/root/e2e")
import cold  # noqa: E402
import first_byte  # noqa: E402
from world import SYSFS, World, check, processes, wait_for  # noqa: E402

HERE = Path(__file__).resolve().parent
INSERTS, INSERTS_BESIDE, PCSC_INSERTS = 200, 50, 40
FIRST_READS, REREADS, PCSC_READS = 9, 200, 9
SIZE, APDUS = 2000, 9
PCSCD = Path("/usr/sbin/pcscd")


def put(name, value):
    print(f"{name} {value:.1f}".removesuffix(".0"), flush=True)


def spread(name, values, unit):
    """Several runs: the median, and what the best and the worst were."""
    put(f"{name}.{unit}", statistics.median(values))
    put(f"{name}.min.{unit}", min(values))
    put(f"{name}.max.{unit}", max(values))


def percentiles(name, ns):
    us = sorted(n / 1000 for n in ns)
    put(f"{name}.min", us[0])
    put(f"{name}.p50", us[len(us) // 2])
    put(f"{name}.p99", us[min(len(us) - 1, len(us) * 99 // 100)])
    put(f"{name}.n", len(us))


def real_time():
    """Before others who wait for the same event: on one processor udev would be timed as well."""
    os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(1))


def probe(*words, first=False):
    done = subprocess.run([str(w) for w in words], capture_output=True, text=True, timeout=1200,
                          preexec_fn=real_time if first else None)
    check(done.returncode == 0, f"{words[0]}: exit {done.returncode}\n{done.stderr}")
    return done.stdout


# --- TPDUs of the walk ------------------------------------------------------
def cold_walk(profile, name):
    """One insertion, read by helper and kernel as any."""
    with World("/tmp/bench") as world:
        world.write_conf(trusted_slots="virt:demo")
        card = world.start_card(profile, options=["--log"])
        world.insert()
        wait_for("the account", lambda: "dm.example.net" in world.accounts())
        walk = cold.tpdus(card.text)
        first = cold.until_read(walk, 600)
        check(first, f"600 bytes were never read:\n{card.text}")
        put(f"{name}.tpdus", cold.cost(first)[0])
        put(f"{name}.bytes", cold.cost(first)[1])
        # with the indicator, the rest of EF(DODF) and EF(ICCID)
        put(f"{name}.all.tpdus", cold.cost(walk)[0])
        put(f"{name}.all.bytes", cold.cost(walk)[1])
        for t in first:
            print(f"walk {Path(profile).name} {t.header} {t.command} {t.data} {t.status}", flush=True)


# --- reading ----------------------------------------------------------------
def stats(world):
    return {k: int(v) for k, _, v in (w.partition("=") for w in world.control("stats").split()) if v}


def rest():
    """Waits until nobody works: neither udev nor what it started."""
    wait_for("udev and helper to end", lambda: not Path("/run/udev/queue").exists() and
             not processes("dmsc-helper") and not processes("dmsc-client"))


def read(profile, name):
    """First reads, each of a fresh insertion, what the card itself took for them, and re-reads."""
    first, raw, again = [], [], []
    with World("/tmp/bench") as world:
        world.write_conf(trusted_slots="none:*")  # nobody else reads this card
        world.start_card(HERE / profile)
        for _ in range(FIRST_READS):
            world.insert()
            wait_for("the card", world.cards)
            rest()
            card = SYSFS / f"{world.card.slot}.card"
            (card / "export").write_text("3f00.6f20")
            before = stats(world)
            times = [int(t) for t in probe("card-probe", "read", card / "ef-3f00.6f20" / "data", SIZE,
                                           REREADS).split()]
            after = stats(world)
            check(after["commands"] - before["commands"] == APDUS,
                  f"{after['commands'] - before['commands']} APDUs for {SIZE} bytes")
            first.append(times[0])
            again += times[1:]
            raw.append(after["answer_ns"] - before["answer_ns"])
            world.remove()
            wait_for("the card to go", lambda: not world.cards())
            rest()
    spread(f"card.read2000{name}", first, "ns")
    spread(f"card.raw2000{name}", raw, "ns")
    spread(f"card.reread2000{name}", again, "ns")


def uevents():
    with World("/tmp/bench") as world:
        world.write_conf(trusted_slots="none:*")  # nobody reads the card: the kernel alone
        for name, first, rounds in (("", True, INSERTS), ("_beside_udev", False, INSERTS_BESIDE)):
            text = probe("card-probe", "uevent", "bench", rounds, first=first)
            percentiles(f"card.insert_to_uevent{name}.us", [int(t) for t in text.split()])


# --- PC/SC ------------------------------------------------------------------
def pcscd(nodelay, *words, first=False):
    """pcsc-probe beside a pcscd of its own; no other network sees vpcd's ports."""
    script = 'ip link set lo up && exec "$@"'
    preload = "LD_PRELOAD=/usr/lib/pcsc-nodelay.so" if nodelay else "LD_PRELOAD="
    daemon = subprocess.Popen(["unshare", "-n", "sh", "-c", script, "sh", "env", preload, PCSCD, "-f", "-c",
                               "/etc/reader.conf.d"], stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                              preexec_fn=real_time if first else None)
    own = os.stat("/proc/self/ns/net").st_ino
    try:
        wait_for("a network of pcscd's own",
                 lambda: os.stat(f"/proc/{daemon.pid}/ns/net").st_ino != own)
        return probe("nsenter", f"--net=/proc/{daemon.pid}/ns/net", "pcsc-probe", *words, first=first)
    except Exception:
        daemon.terminate()
        print(daemon.communicate()[0].decode(errors="replace"), file=sys.stderr)
        raise
    finally:
        daemon.terminate()
        daemon.wait()


def values(text, word):
    return [int(v) for v in re.findall(rf"^{word} (\d+)$", text, re.M)]


def pcsc_read(profile, name, nodelay=True, rounds=PCSC_READS):
    """The file again and again: PC/SC keeps nothing, so the second read is one like the first."""
    text = pcscd(nodelay, HERE / profile, "read", "6f20", SIZE, rounds)
    check(set(values(text, "apdus")) == {APDUS}, f"APDUs: {values(text, 'apdus')}")
    reads = values(text, "read")
    put(f"pcscd.read2000{name}.ns", reads[0])
    spread(f"pcscd.reread2000{name}", reads[1:], "ns")
    spread(f"pcscd.raw2000{name}", values(text, "card"), "ns")


def pcsc():
    if not PCSCD.exists():
        print("pcscd, its vpcd driver or libpcsclite-dev is not installed: no pcscd.* figures "
              "(scripts/install-deps brings them)", file=sys.stderr)
        return
    pcsc_read("read2000", "")
    pcsc_read("read2000-instant", ".instant")
    pcsc_read("read2000-instant", ".nagle", nodelay=False, rounds=3)
    percentiles("pcscd.insert_to_event.us",
                values(pcscd(True, HERE / "read2000-instant", "insert", PCSC_INSERTS, first=True), "event"))


def cold_walks():
    cold_walk("bench600", "card.cold")
    cold_walk("bench600-sfi", "card.cold_sfi")
    cold_walk(HERE / "bench600-t1", "card.cold_t1")


def reads():
    read("read2000", "")
    read("read2000-instant", ".instant")


def first_bytes():
    first_byte.measure(put)


PARTS = {"cold": cold_walks, "read": reads, "uevent": uevents, "pcsc": pcsc, "session": first_bytes}
for part in sys.argv[1:] or PARTS:
    PARTS[part]()
