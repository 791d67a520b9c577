# SPDX-License-Identifier: GPL-2.0-or-later
"""What no card's insertion stands for, in a machine: notifications, sessions that are asked for, alerts, firmware;
and the connection that an account names.

Notifications are made here, with a hash function and nothing of dmsc; packages come from a server of Python's own.
"""
import base64
import contextlib
import fcntl
import hashlib
import http.server
import json
import os
import re
import signal
import ssl
import subprocess
import threading
import time
import uuid
from pathlib import Path

import case_privacy
import issuer
from case_asks import as_scripted
from case_network import listed
from case_path import SCRIPT, account_is_there, one_session
from case_programs import PROGRAM, SEEN, program
from world import CERTS, ICCID_RAW, SERVER_ID, STORE, WAIT, World, check, child, processes, run, stays, wait_for

RUN = Path("/run/dmsc")
WAKE, LOCK = RUN / "wake", RUN / "pending.lock"
OWN, BACK = "demo-client-secret", "demo-server-secret"
USERS = f"demo-device {OWN} md5 server-name={SERVER_ID} server-password={BACK} server-scheme=md5\n"
URL = "https://dm.example.net:8443/dm"
BACKGROUND, NOTICE, ASK = 1, 2, 3
DIGEST_WRONG, STARTS_NOTHING = 6, 12
SLOW = f"server-id {SERVER_ID}\nsession\npackage\ndelay 3000\nget ./DevInfo/DevId\nexpect 200\nrepeat\n"


# --- what a modem would bring, and who wants a session ------------------------

def package0(session=0x1A2B, ui=BACKGROUND, by_server=True, server=SERVER_ID, secret=BACK, nonce=b"\0\0\0\0"):
    """A notification (DM Notification 1.2, 6.2) made with the nonce of a server that lost step."""
    def h(data):
        return hashlib.md5(data).digest()
    name = server.encode()
    trigger = (12 << 54 | ui << 52 | by_server << 51 | session << 8 | len(name)).to_bytes(8, "big") + name
    who = base64.b64encode(h(name + b":" + secret.encode()))
    return h(who + b":" + nonce + b":" + base64.b64encode(h(trigger))) + trigger


def notify(world, data):
    """What dmsc-client tells the modem's hook by its status."""
    file = world.dir / "package0"
    file.write_bytes(data)
    return run("dmsc-client", "notify", file, ok=False).returncode


def account(world, server_id=SERVER_ID, url=URL):
    """One made by hand, with no card behind it."""
    words = []
    for option, secret in ("--password-file", OWN), ("--server-password-file", BACK):
        file = world.dir / option[2:]
        file.write_text(secret)
        file.chmod(0o600)
        words += [option, file]
    run("dmsc-client", "account", "add", "--server-id", server_id, "--url", url, "--user", "demo-device",
        "--server-user", server_id, "--auth", "md5", *words)


def runners():
    return child("--pending", "dmsc-helper")


def over(world):
    """Nobody is left, nor is what the last one held."""
    world.nothing_more()
    wait_for("nobody to have work", lambda: not runners() and not WAKE.exists())
    with open(LOCK, "rb") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    check(not list((RUN / "progress").glob("*")), "progress of what is over")


def firsts(world, record=None):
    """SessionID and first alert of each session that began at the server."""
    return [(m["session_id"], m["alerts"][0]["code"]) for m in world.messages_in(record) if m["msg_id"] == "1"]


def accepted(world, record=None):
    """Messages that came in with credentials that are right."""
    return [m for m in world.messages_in(record) if m.get("auth") == "accepted"]


def journal_of_sessions():
    return [(row["cause"], row["state"]) for row in listed() if row["id"] != "-"]


def wanted():
    return [(row["cause"], row["state"]) for row in listed() if row["id"] == "-"]


@contextlib.contextmanager
def route():
    """A way into the network comes: what waits is tried now."""
    run("ip", "route", "add", "default", "dev", "lo")
    try:
        yield
    finally:
        run("ip", "route", "del", "default", ok=False)


@contextlib.contextmanager
def route_soon():
    """The same, for one that has only begun to wait. Who is not that far then waits longer, and that is all."""
    wait_for("somebody at work", lambda: child("pending-child"))
    time.sleep(1)
    with route():
        yield


# --- notifications ----------------------------------------------------------

# Rules: NOTI-1 NOTI-2 NOTI-7 NOTI-8 NOTI-9 ALERT-1
def test_notification(directory):
    """A server's notification becomes one session of its number, and whoever held it is gone; what is not the
    server's, or came before, wakes nobody."""
    with World(directory) as world:
        world.start_server(SCRIPT, users=USERS)
        account(world)
        for data, status in ((package0(secret="guessed"), DIGEST_WRONG), (package0(server="dm.example.org"), STARTS_NOTHING)):
            check(notify(world, data) == status, f"{data}: not {status}")
        check(not WAKE.exists() and not LOCK.exists() and not runners(), "somebody was woken")
        check(notify(world, package0()) == 0, "the notification was not taken")
        one_session(world)
        over(world)
        check(firsts(world) == [("1A2B", 1200)], f"sessions: {firsts(world)}")
        check({m["session_id"] for m in world.messages_in()} == {"1A2B"}, "another number")
        check(journal_of_sessions() == [("notification", "completed")] and not wanted(), f"listed: {listed()}")
        check("blue" in world.tree("./Vendor/Colour"), "the server's change is not in the tree")
        check(notify(world, package0()) == STARTS_NOTHING, "it came before")
        stays("somebody at work", lambda: WAKE.exists() or runners() or len(world.sessions()) > 1, 1)
        as_scripted(world)


# Rules: NOTI-5 NOTI-6 NOTI-12
def test_notification_asks(directory):
    """As its ui-mode says: asked, with no packet before the yes and none after a no; told; and who began it."""
    with World(directory) as world:
        world.start_server(SCRIPT)
        world.start_capture()
        agent = world.start_agent()
        world.start_card("none")
        world.insert_seen()
        wait_for("the account", lambda: account_is_there(world))
        over(world)
        check(notify(world, package0(1, ASK, nonce=b"server-nonce-01")) == 0, "the notification was not taken")
        agent.expect("The server asks for it.")
        agent.type("n\n")
        over(world)
        check(not world.packets() and not world.sessions(), f"traffic after a no: {world.packets()}")
        check(wanted() == [("notification", "failed")], f"listed: {listed()}")
        check(notify(world, package0(2, ASK, by_server=False)) == 0, "the notification was not taken")
        agent.expect("You asked the server for it.")
        stays("traffic before the yes", world.packets, 1)
        said_yes = time.time()
        agent.type("y\n")
        one_session(world)
        over(world)
        check(min(p.time for p in world.packets()) > said_yes, "a packet is older than the yes")
        check(journal_of_sessions() == [("requested", "completed")] and not wanted(), f"listed: {listed()}")
        asked = agent.text.count("The server asks for it.")
        check(notify(world, package0(3, NOTICE)) == 0, "the notification was not taken")
        one_session(world, 2)
        over(world)
        check(agent.text.count("The server asks for it.") == asked + 1, f"nobody was told:\n{agent.text}")
        check(firsts(world) == [("2", 1200), ("3", 1200)], f"sessions: {firsts(world)}")
        as_scripted(world)


def test_question_waits_for_a_reader(directory):
    """Nobody can be asked without a card to ask beside: nothing is sent, and the card that comes is the end of it."""
    with World(directory) as world:
        world.start_server(SCRIPT, users=USERS)
        world.start_capture()
        agent = world.start_agent()
        account(world)
        check(notify(world, package0(1, ASK)) == 0, "the notification was not taken")
        wait_for("a try", lambda: wanted() == [("notification", "pending")] and listed()[0]["attempts"] != "0")
        check(not world.packets() and runners(), f"traffic: {world.packets()}")
        world.start_card("none")
        world.insert(empty_card(world))
        agent.expect("The server asks for it.")
        check(not world.packets(), f"traffic before the yes: {world.packets()}")
        agent.type("y\n")
        one_session(world)
        over(world)
        check(firsts(world) == [("1", 1200)], f"sessions: {firsts(world)}")


def empty_card(world):
    """One that has no settings for this device."""
    path = world.dir / "card-with-nothing"
    path.write_text(issuer.profile(ICCID_RAW.hex()))
    return path


# --- sessions that are asked for -----------------------------------------------

def test_two_ask_at_once(directory):
    """Two want a session with one server in one moment: there is one, and one who runs it."""
    with World(directory) as world:
        world.start_server(SLOW, users=USERS)
        account(world)
        both = [subprocess.Popen(["dmscctl", "session", "start", SERVER_ID]) for _ in range(2)]
        check([p.wait(30) for p in both] == [0, 0], "not taken")
        wait_for("the session", world.sessions)
        check(len(runners()) == 1, f"at work: {runners()}")
        one_session(world)
        over(world)
        check(firsts(world)[0][1] == 1201 and len(world.sessions()) == 1, f"sessions: {firsts(world)}")
        check(journal_of_sessions() == [("asked", "completed")] and not wanted(), f"listed: {listed()}")


# Rules: ALERT-5
def test_stopped_in_a_session(directory):
    """SIGTERM: the server is told 1223, what was wanted is wanted still, and the next start has it."""
    with World(directory) as world:
        world.start_server(SLOW, users=USERS)
        account(world)
        run("dmscctl", "session", "start", SERVER_ID)
        wait_for("the session", lambda: accepted(world))
        os.kill(runners()[0], signal.SIGTERM)
        over(world)
        check(1223 in world.alert_codes()[-1], f"alerts: {world.alert_codes()}")
        check(not world.ended() and wanted() == [("asked", "pending")], f"listed: {listed()}")
        run("dmsc-helper", "--pending", "--detach")
        with route_soon():
            one_session(world)
            over(world)
        check(len(world.sessions()) == 2 and not wanted(), f"listed: {listed()}")
        check(journal_of_sessions() == [("asked", "completed"), ("asked", "aborted")], f"listed: {listed()}")


# Rules: ALERT-8 ALERT-9 ALERT-12
def test_alert_now(directory):
    """What is told at once is in package 1, and then in no queue any more."""
    with World(directory) as world:
        world.start_server(SCRIPT, users=USERS)
        account(world)
        kind = "Reversed-Domain-Name: org.example.battery"
        run("dmscctl", "alert", "--type", kind, "--source", "./DevInfo", "--mark", "critical", "--correlator", "corr-17",
            "--data", "hot", "--now")
        one_session(world)
        over(world)
        first = [a["items"][0] for a in accepted(world)[0]["alerts"] if a["code"] == 1226]
        check(first == [{"source": "./DevInfo", "format": "chr", "type": kind, "mark": "critical", "value": "hot"}],
              f"alerts of package 1: {first}")
        check(b"corr-17" in sent(world), "the correlator was not sent")
        check(not run("dmscctl", "alert", "list").stdout, "it is in the queue still")
        check(journal_of_sessions() == [("alert", "completed")] and not wanted(), f"listed: {listed()}")
        as_scripted(world)


def sent(world, record=None):
    return b"".join(path.read_bytes() for path in sorted((record or world.record).glob("*-in.*")))


# --- firmware -------------------------------------------------------------------

OBJECT = "./FUMO/dmsc"
PACKAGE = bytes(range(251)) * 12000     # how far it is is told of each MiB
HALF = 2 << 20
PACKAGES = "https://dm.example.net:8444/image"
ORDER = f"""\
server-id {SERVER_ID}
session
package
	replace {OBJECT}/PkgName "image"
		expect 200
	replace {OBJECT}/PkgVersion "2.0"
		expect 200
	replace {OBJECT}/DownloadAndUpdate/PkgURL "{PACKAGES}"
		expect 200
	exec {OBJECT}/DownloadAndUpdate "" corr-7
		expect 202
"""
DONE = f"session\npackage\n\tget {OBJECT}/State\n\t\texpect 200\n\t\texpect-value \"100\"\n"
UPDATER = f"""echo "$*" >>{SEEN}.calls
[ $1 = result ] || cp {SEEN}.input {SEEN}.package
[ $1 = result ] || exit %d
"""


@contextlib.contextmanager
def packages(goes_on=None):
    """A server of packages, that waits half-way for the event; yields the paths it was asked for."""
    asked = []

    class Handler(http.server.BaseHTTPRequestHandler):
        def log_message(self, *_):
            pass

        def do_GET(self):
            asked.append(self.path)
            self.send_response(200)
            self.send_header("Content-Length", str(len(PACKAGE)))
            self.end_headers()
            self.wfile.write(PACKAGE[:HALF])
            if goes_on:
                goes_on.wait(WAIT)
            self.wfile.write(PACKAGE[HALF:])

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 8444), Handler)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(CERTS / "server.pem", CERTS / "server.key")
    server.socket = context.wrap_socket(server.socket, server_side=True)
    threading.Thread(target=server.serve_forever, args=(0.1,), daemon=True).start()
    try:
        yield asked
    finally:
        server.shutdown()
        server.server_close()


def calls():
    path = Path(f"{SEEN}.calls")
    return path.read_text().splitlines() if path.exists() else []


def installed():
    """The program was given the package, once, and all of it."""
    check(calls() == [f"update image 2.0 {len(PACKAGE)}"], f"the program was told {calls()}")
    got = hashlib.sha256(Path(f"{SEEN}.package").read_bytes()).hexdigest()
    check(got == hashlib.sha256(PACKAGE).hexdigest(), "the program got another package")


def result_told(world, record=None):
    told = [a["items"][0] for m in accepted(world, record) for a in m["alerts"] if a["code"] == 1226]
    kind = "Reversed-Domain-Name: org.openmobilealliance.dm.firmwareupdate.downloadandupdate"
    check(told == [{"source": OBJECT, "type": kind, "format": "int", "mark": "informational", "value": "200"}],
          f"told: {told}")


# Rules: FUMO-6 FUMO-7 FUMO-12 ALERT-9
def test_firmware(directory):
    """From the server's Exec over download and program to a session of its own that tells the result; people see
    how far it is."""
    goes_on = threading.Event()
    with World(directory) as world, packages(goes_on) as asked:
        agent = world.start_agent()
        program(UPDATER % 0)
        world.write_conf(update_hook=PROGRAM)
        world.start_server(ORDER + DONE, users=USERS)
        account(world)
        run("dmscctl", "session", "start", SERVER_ID)
        agent.expect(f"{SERVER_ID}: downloading firmware, ")
        check(("firmware", "downloading") in wanted(), f"listed: {listed()}")
        wait_for("how far it is", lambda: f" of {len(PACKAGE)} bytes" in listed()[0]["reason"])
        goes_on.set()
        one_session(world, 2)
        over(world)
        check(asked == ["/image"], f"asked for: {asked}")
        installed()
        result_told(world)
        check(b"corr-7" in sent(world), "the correlator was not sent")
        check([code for _, code in firsts(world)] == [1201] * 2, f"sessions: {firsts(world)}")
        check(sorted(journal_of_sessions()) == [("asked", "completed"), ("firmware", "completed")] and not wanted(),
              f"listed: {listed()}")
        check(not list((STORE / "firmware").iterdir()), "the package is there still")
        as_scripted(world)


# Rules: FUMO-9
def test_firmware_stopped(directory):
    """Whoever stops the helper while the program runs stops that, too; it is not run again, but asked what came of it."""
    with World(directory) as world, packages():
        program(f'echo "$*" >>{SEEN}.calls\n[ $1 = result ] || exec sleep 600\nexit 110\n')
        world.write_conf(update_hook=PROGRAM)
        world.start_server(ORDER + DONE.replace('"100"', '"70"'), users=USERS)
        account(world)
        run("dmscctl", "session", "start", SERVER_ID)
        wait_for("the program", calls)
        os.kill(runners()[0], signal.SIGTERM)
        over(world)
        check(not processes("sleep"), "the program runs still")
        check(wanted() == [("firmware", "updating")], f"listed: {listed()}")
        run("dmsc-helper", "--pending", "--detach")
        one_session(world, 2)
        over(world)
        check(calls() == [f"update image 2.0 {len(PACKAGE)}", "result image 2.0 0"], f"the program was told {calls()}")
        told = [a["items"][0]["value"] for a in world.generic_alerts()]
        check(told == ["410"] and not wanted(), f"told: {told}")
        as_scripted(world)


# Rules: FUMO-9 FUMO-12
def test_firmware_after_a_boot(directory):
    """Status 75: nothing is told, and nobody waits, until there is another boot; then the result is asked for."""
    boot_id = Path("/proc/sys/kernel/random/boot_id")
    with World(directory) as world, packages():
        mine = world.dir / "boot_id"
        mine.write_text(boot_id.read_text())
        run("mount", "--bind", mine, boot_id)
        try:
            program(UPDATER % 75)
            world.write_conf(update_hook=PROGRAM)
            world.start_server(ORDER + DONE, users=USERS)
            account(world)
            run("dmscctl", "session", "start", SERVER_ID)
            one_session(world)
            wait_for("the program", calls)
            over(world)
            installed()
            check(wanted() == [("firmware", "reboot")], f"listed: {listed()}")
            run("dmsc-helper", "--pending", "--detach")     # somebody wakes it in the same boot
            over(world)
            check(len(world.sessions()) == 1 and len(calls()) == 1, f"in the same boot: {calls()}")
            mine.write_text(f"{uuid.uuid4()}\n")
            run("dmsc-helper", "--pending", "--detach")
            one_session(world, 2)
            over(world)
        finally:
            run("umount", boot_id)
        check(calls()[1:] == ["result image 2.0 0"], f"the program was told {calls()}")
        result_told(world)
        as_scripted(world)


# --- connections ------------------------------------------------------------------

POINT = issuer.Point("operator", "internet.example", "apn-user", "apn-pw-5527", "unused", "192.0.2.8")
ACCOUNT = issuer.Account(SERVER_ID, URL, "demo-device", "own-pw-7391", "back-pw-4480", "Operator", nap=POINT.napid)
CONNECTS = f"""echo "$*" >>{SEEN}.calls
[ $1 = up ] || exit 0
cp {SEEN}.input {SEEN}.up
[ -e {SEEN}.network ] || exit 75
touch {SEEN}.done
echo interface lo
"""


def card(world):
    """An operator's: its account is reached over the access point that it describes."""
    path = world.dir / "card-with-a-nap"
    path.write_text(issuer.profile(ICCID_RAW.hex(), cp=issuer.cp_document([ACCOUNT], [POINT]), flags=issuer.indicator()))
    return path


# Rules: CONN-1 CONN-4 CONN-5 CONN-7 CONN-8
def test_connection(directory):
    """The program gets what the card says of the access point; the session waits for it, and again when it says "not
    yet"; a session that no card drives has it set up for the same reader; and it is told that the card has gone."""
    with World(directory) as world:
        program(CONNECTS)
        world.write_conf(connection_hook=PROGRAM)
        world.start_server(SCRIPT, users=ACCOUNT.user_line)
        world.start_card("none")
        words = f"{world.card.slot} virt demo"
        world.insert(card(world))
        wait_for("the program", calls)
        wait_for("the wait", lambda: "cannot be set up yet" in world.helper_log())
        check(not world.sessions() and not child("session-child"), "a session without its connection")
        found = json.loads(Path(f"{SEEN}.up").read_text())
        check(found == {"format": "dmsc-connection-1", "slot": world.card.slot, "transport": "virt", "location": "demo",
                        "server": SERVER_ID, "kind": "apn", "name": POINT.napid, "bearer": "GSM-GPRS", "apn": POINT.apn,
                        "auth": "pap", "user": POINT.user, "password": POINT.secret}, f"the program was told {found}")
        Path(f"{SEEN}.network").touch()
        with route():
            one_session(world)
            world.nothing_more()
        check(calls() == [f"up {words}"] * 2, f"the program was told {calls()}")
        check(Path(f"{SEEN}.done").stat().st_mtime <= time_of(world.messages_in()[0]), "the session did not wait")
        run("dmscctl", "session", "start", SERVER_ID)
        one_session(world, 2)
        over(world)
        check(calls() == [f"up {words}"] * 3, f"the program was told {calls()}")
        world.remove()
        wait_for("the end of the connection", lambda: calls()[3:] == [f"down {words}"])
        world.nothing_more()
        check(POINT.secret not in Path(f"{SEEN}.input").read_text(), "who takes it down needs no password")
        as_scripted(world)


def time_of(event):
    date, _, fraction = event["time"].rstrip("Z").partition(".")
    return time.mktime(time.strptime(date, "%Y-%m-%dT%H:%M:%S")) - time.timezone + float("0." + fraction)


# --- what nobody gets to see ---------------------------------------------------------

class Look(case_privacy.Watch):
    """Gathers command lines and environments, and what is in /run/dmsc, for as long as it runs."""

    def __init__(self):
        self.files = set()
        super().__init__()

    def run(self):
        while not self.over:
            for path in [*Path("/proc").glob("[0-9]*/cmdline"), *Path("/proc").glob("[0-9]*/environ")]:
                with contextlib.suppress(OSError):
                    self.seen.add(path.read_bytes())
            for path in RUN.rglob("*"):
                with contextlib.suppress(OSError):
                    self.files.add(str(path).encode() + b" " + (path.read_bytes() if path.is_file() else b""))
            time.sleep(0.1)


def nonces(world):
    """Each NextNonce that went over the wire, as there and as bytes."""
    found = set()
    for path in world.record.glob("*.xml"):
        for text in re.findall(rb"<NextNonce[^>]*>([A-Za-z0-9+/=]+)<", path.read_bytes()):
            found |= {text, base64.b64decode(text), base64.b64decode(text).hex().encode()}
    check(len(found) >= 6, f"nonces of both sides, twice: {found}")
    return found


def secrets_stay_inside(directory):
    """Holds sessions of every kind; returns what no log of the machine may hold."""
    with World(directory) as world:
        PROGRAM.write_text("#!/bin/sh\ncat >/dev/null\necho interface lo\n")
        PROGRAM.chmod(0o700)
        world.write_conf(connection_hook=PROGRAM, encoding="xml")
        world.start_server(SCRIPT, users=ACCOUNT.user_line)
        agent = world.start_agent()
        world.start_card("none")
        watch = Look()
        world.insert(card(world))
        one_session(world)
        world.nothing_more()
        message = package0(7, ASK, secret=ACCOUNT.server_password)
        check(notify(world, message) == 0, "the notification was not taken")
        agent.expect("The server asks for it.")
        shown = run("dmscctl", "questions").stdout
        agent.type("y\n")
        one_session(world, 2)
        over(world)
        run("dmscctl", "alert", "--type", "Content-Type: text/plain", "--data", "told-9183", "--now")
        one_session(world, 3)
        over(world)
        shown += "".join(run("dmscctl", *words).stdout for words in (
            ("session", "list"), ("session", "show", "1"), ("session", "show", "2"), ("state",), ("accounts",)))
        lines = watch.stop()
        check(watch.files and b"session-child" in lines and b"pending-child" in lines, "nothing was watched")
        secrets = {s.encode() for s in (ACCOUNT.password, ACCOUNT.server_password, POINT.secret, POINT.user)}
        secrets |= nonces(world) | {message[:16], message[:16].hex().encode(), b"told-9183"}
        places = {"our log": world.helper_log().encode(), "kernel log": run("dmesg").stdout.encode(),
                  "output of dmscctl": shown.encode(), "agent": agent.log.read_bytes(), "/run/dmsc": b"\n".join(watch.files),
                  # what the alert says stands where it was given
                  "command lines and environments": lines.replace(b"told-9183", b"")}
        for place, data in places.items():
            check(not holds(data, secrets), f"{place}: {holds(data, secrets)}")
        as_scripted(world)
    return secrets


def holds(data, secrets):
    return [s for s in secrets if s in data] + case_privacy.holds_iccid(data)


# Rules: DECISION-13
def test_secrets_stay_inside(directory):
    """Passwords of account and access point, nonces, a notification's digest and the ICCID are in no log, command
    line, environment or file of /run/dmsc."""
    secrets_stay_inside(directory)
