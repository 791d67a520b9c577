# SPDX-License-Identifier: GPL-2.0-or-later
"""Tests of `test`: management objects of integrators, in a library and behind a program."""
import os
import re
import shutil
import socket
import sqlite3
import struct
import subprocess
import time

from __main__ import OK, SERVER_ID, TOP, test
from replays import replayed

EXAMPLES = os.path.join(TOP, "tests/mo-example")


def is_root():
    if os.geteuid() != 0:
        print("  skipped: only root can own a library or a hook")
    return os.geteuid() == 0


def configure(e, **keys):
    with open(e.conf, "a") as f:
        for key, value in keys.items():
            f.write("%s = %s\n" % (key.replace("_", "-"), value))


def battery(e):
    """The example library in a directory of its own."""
    d = e.path("mo")
    os.mkdir(d, 0o755)
    shutil.copy(os.path.join(e.build, "mo-battery.so"), d)
    os.chmod(os.path.join(d, "mo-battery.so"), 0o644)
    configure(e, mo_libraries=d)
    return os.path.join(d, "mo-battery.so")


def hook(e, name="lamp", text=None):
    path = e.path(name)
    if text is None:
        shutil.copy(os.path.join(EXAMPLES, name), path)
    else:
        e.write(name, text)
    os.chmod(path, 0o755)
    os.chmod(e.dir, 0o755)
    return path


def play(e, packages, *options, expect=OK):
    script = "server-id %s\n" % SERVER_ID + packages
    with e.server(script) as s:
        if not os.path.exists(e.store):
            e.account(s.url)
        else:
            e.run("account", "remove", "--server-id", SERVER_ID)
            e.account(s.url)
        return e.session("--allow-http", *options, expect=expect)


BATTERY = """package
	get ./Battery
		expect 200
		expect-value "Level/Calibrate/WarnAt"
	get ./Battery/Level
		expect 200
		expect-value "87"
	get ./Battery/WarnAt
		expect 200
		expect-value "15"
	replace ./Battery/Level "99"
		expect 405
	replace ./Battery/WarnAt "99"
		expect 416
	replace ./Battery/WarnAt chr "20"
		expect 405
	add ./Battery/Other chr text/plain "x"
		expect 405
	delete ./Battery/WarnAt
		expect 405
	begin atomic
		replace ./Battery/WarnAt "30"
		delete ./Nothing
	end
		expect 507
	exec ./Battery/Calibrate
		expect 200
	replace ./Battery/WarnAt "25"
		expect 200
	add ./Battery/Ext/Maker/Any chr text/plain "thing"
		expect 200
package
	get ./Battery/Level
		expect 200
		expect-value "100"
	get ./Battery/Level?prop=Size
		expect 200
		expect-value "3"
"""


@test
def object_in_a_library(e):
    """The example of Documentation/management-objects.rst, as it is described there."""
    if not is_root():
        return
    battery(e)
    r = play(e, BATTERY)
    assert re.findall(r"battery: .*", r.err) == ["battery: warn at 25"], r.err
    # What was set stays, and what is measured is not kept.
    play(e, "package\n\tget ./Battery/WarnAt\n\t\texpect-value \"25\"\n"
         "\tget ./Battery/Level\n\t\texpect-value \"87\"\n")
    assert "./Battery/Ext/Maker/Any = thing" in e.tree("./Battery")


@test
def libraries_side_by_side(e):
    """Each is loaded, whatever lies before it in the directory and was not."""
    if not is_root():
        return
    with open(battery(e), "rb") as f:
        code = f.read()
    mo = e.path("mo")
    other = code.replace(b"./Battery", b"./Flywhee")
    for name, text in (("0.so", b""), ("1.so", b"no library\n"), ("other.so", other),
                       ("twin.so", code), ("young.so", code.replace(b"dmsc_mo_entry_1", b"dmsc_mo_entry_9"))):
        with open(os.path.join(mo, name), "wb") as f:
            f.write(text)
        os.chmod(os.path.join(mo, name), 0o644)
    os.symlink("other.so", os.path.join(mo, "link.so"))
    r = play(e, BATTERY + BATTERY.replace("./Battery", "./Flywhee"))
    said = dict(re.findall(r"management object (\S+): not loaded: (.*)", r.err))
    assert sorted(said) == ["0.so", "1.so", "link.so", "twin.so", "young.so"], r.err
    assert "another object stands" in said["twin.so"], r.err
    assert "no plain file" in said["link.so"], r.err
    assert "another version" in said["young.so"], r.err


@test
def library_that_stays(e):
    """One with nothing to manage here, and that cannot be unloaded (as many in C++), is not
    taken for the next."""
    if not is_root():
        return
    library = battery(e)
    source = e.write("none.c", "#include <dmsc/mo.h>\nconst struct dmsc_mo *DMSC_MO_ENTRY(void) { return NULL; }\n")
    none = e.path("mo/first.so")
    subprocess.run([os.environ.get("CC", "cc"), "-shared", "-fPIC", "-Wl,-z,nodelete", "-I", os.path.join(TOP, "userspace"),
                    "-o", none, source], check=True)
    os.chmod(none, 0o644)
    assert os.path.basename(none) < os.path.basename(library)
    assert "not loaded" not in play(e, BATTERY).err


LAMP = """package
	get ./Lamp/Minutes
		expect 200
		expect-value "1"
	get ./Lamp/Minutes
		expect 200
		expect-value "2"
	replace ./Lamp/Brightness "101"
		expect 416
	replace ./Lamp/Brightness "70"
		expect 200
	begin atomic
		replace ./Lamp/Brightness "10"
		delete ./Nothing
	end
		expect 507
	exec ./Lamp/Blink "x" "job 1"
		expect 202
	add ./Lamp/Scene/evening chr text/plain "50% red"
		expect 200
package
	delete ./Lamp/Scene/evening
		expect 200
	get ./Lamp/Brightness
		expect 200
		expect-value "70"
"""


@test
def object_behind_a_program(e):
    """The other example: asked, told after the commit, and never of what an Atomic took back."""
    if not is_root():
        return
    configure(e, mo_hooks=hook(e))
    r = play(e, LAMP)
    assert re.findall(r"^lamp: (.*)", r.err, re.M) == [
        "blinks for job%201", "./Lamp/Brightness is 70", "./Lamp/Scene/evening is 50%25 red",
        "./Lamp/Scene/evening is gone"], r.err
    play(e, "package\n\tget ./Lamp/Brightness\n\t\texpect-value \"70\"\n")


START_SESSION, OUTCOME, DONE = 7, 6, 0		# userspace/ipc/ipc.h


@test
def objects_of_a_session_child(e):
    """The same as an unprivileged user, behind the filter where nothing can be started or loaded."""
    if not is_root():
        return
    nobody = 65534
    battery(e)
    configure(e, mo_hooks=hook(e), allow_http=SERVER_ID, device_id="IMEI:493005100592800")
    os.chmod(e.conf, 0o644)
    client = shutil.copy(os.path.join(e.build, "dmsc-client"), e.dir)

    def become():
        os.dup2(theirs.fileno(), 3)
        os.setgroups([])
        os.setresgid(nobody, nobody, nobody)
        os.setresuid(nobody, nobody, nobody)

    with e.server("server-id %s\n" % SERVER_ID + BATTERY + LAMP) as s:
        e.account(s.url)
        for name in "", "store.db", "store.lock":
            os.chown(os.path.join(e.store, name), nobody, nobody)
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        p = subprocess.Popen([client, "session-child", "--config", e.conf], pass_fds=(3,),
                             preexec_fn=become, stdin=subprocess.DEVNULL, stderr=subprocess.PIPE)
        theirs.close()
        ours.send(struct.pack("=HHIQ32s256s16s32sIIII", 1, START_SESSION, 0, 1, b"uicc0",
                              SERVER_ID.encode(), b"", b"card", 0, 0, 0, 0))
        ours.settimeout(30)
        answer = ours.recv(65536)
        err = p.stderr.read().decode()
        assert p.wait(10) == 0, err
    assert struct.unpack_from("=HHII", answer)[1::2] == (OUTCOME, DONE), answer
    assert "battery: warn at 25" in err and "lamp: ./Lamp/Brightness is 70" in err, err


@test
def session_with_objects_replays(e):
    if not is_root():
        return
    battery(e)
    configure(e, mo_hooks=hook(e))
    d = e.path("trace")
    play(e, BATTERY + LAMP, "--trace", d)
    # Neither is there any more: what they said is in the trace.
    shutil.rmtree(e.path("mo"))
    os.unlink(e.path("lamp"))
    replayed(e, d)


@test
def replay_with_objects(e):
    """Canned messages ask no object unless they are to."""
    if not is_root():
        return
    battery(e)
    m = e.write("m.xml", """<SyncML xmlns='SYNCML:SYNCML1.2'><SyncHdr><VerDTD>1.2</VerDTD>
<VerProto>DM/1.2</VerProto><SessionID>1</SessionID><MsgID>1</MsgID><Target><LocURI>IMEI:1</LocURI>
</Target><Source><LocURI>x</LocURI></Source></SyncHdr><SyncBody><Get><CmdID>1</CmdID><Item><Target>
<LocURI>./Battery/Level</LocURI></Target></Item></Get><Final/></SyncBody></SyncML>""")
    for options, status in ((), "404"), (("--objects",), "200"):
        out = e.path("out" + status)
        # The command's own --device-id is not that of the message.
        e.run("--device-id", "IMEI:1", "replay", *options, "--out", out, m)
        said = "".join(open(os.path.join(out, f)).read() for f in sorted(os.listdir(out)))
        assert "<Cmd>Get</Cmd>" in said and "<Data>%s</Data>" % status in said, said


@test
def hook_that_fails(e):
    """The session goes on, and what the hook would have been asked is 500, soon."""
    if not is_root():
        return
    head = ("#!/bin/sh\nwhile read -r verb rest; do case $verb in\n"
            "describe) printf 'id urn:x:1\\nroot ./H\\nacl Get=*&Replace=*\\nnode . node get one permanent\\n"
            "node L chr get,replace one permanent live\\nput ./H/L chr x\\nok\\n';;\n")
    for what in "sleep 60", "exit 1", "echo nonsense", "while :; do echo flood; done":
        shutil.rmtree(e.store, ignore_errors=True)
        e.write("dmsc.conf", "store = %s\n" % e.store)
        configure(e, mo_hooks=hook(e, "bad", head + "*) " + what + ";;\nesac; done\n"))
        begun = time.monotonic()
        r = play(e, "package\n\tget ./H/L\n\t\texpect 500\n\treplace ./H/L \"y\"\n\t\texpect 500\n"
                 "\tget ./DevInfo/DevId\n\t\texpect 200\n")
        assert time.monotonic() - begun < 15
        assert "it is not asked again" in r.err, r.err
        assert "y" not in e.tree("./H")


@test
def hook_that_cannot_be(e):
    """Whoever wrote it reads in the log what is wrong with it."""
    if not is_root():
        return
    def says(text, mode=0o755):
        e.write("dmsc.conf", "store = %s\nmo-libraries =\n" % e.store)
        path = hook(e, "odd", text)
        os.chmod(path, mode)
        configure(e, mo_hooks=path)
        return play(e, "package\n\tget ./H\n\t\texpect 404\n").err

    good = "id x:1\nroot ./H\nnode . node get one permanent\nok\n"
    cases = (
        ("#!/bin/sh\n", 0o644, "cannot be run: Permission denied"),
        ("#!/nonexistent/interpreter\n", 0o755, "cannot be run: its interpreter is not there"),
        ("no program\n", 0o755, "cannot be run: Exec format error"),
        ("#!/bin/sh\nexit 3\n", 0o755, "it is gone"),
        ("#!/bin/sh\nread -r line\ncat <<'END'\nid x:1\nroot ./H\nnode . integer SECRET\nok\nEND\n", 0o755,
         "line 3 of its description ('node') is none"),
        ("#!/bin/sh\nread -r line\ncat <<'END'\n%sEND\n" % good.replace("./H", "./DMAcc/H"), 0o755,
         "another object stands where it wants to"),
        ("#!/bin/sh\nread -r line\ncat <<'END'\n%sEND\n" % good.replace("node .", "acl Bad=*\nnode ."), 0o755,
         "what it describes cannot be"))
    for text, mode, expected in cases:
        err = says(text, mode)
        assert expected in err and "SECRET" not in err, (expected, err)


@test
def objects_that_are_not_roots(e):
    if not is_root():
        return
    library, lamp = battery(e), hook(e)
    configure(e, mo_hooks=lamp)
    os.chmod(library, 0o664)
    os.chmod(lamp, 0o757)
    get = "package\n\tget ./Battery\n\t\texpect 404\n\tget ./Lamp\n\t\texpect 404\n"
    r = play(e, get)
    assert len(re.findall("not root's, or others may write it", r.err)) == 2, r.err
    os.chown(library, 65534, 0)
    os.chmod(library, 0o644)
    os.unlink(lamp)
    r = play(e, get)
    assert "not root's" in r.err and "lamp: not used: No such file" in r.err, r.err


@test
def directory_that_is_not_there(e):
    """The default one need not exist; one that somebody named does."""
    get = "package\n\tget ./DevInfo/DevId\n\t\texpect 200\n"
    assert "mo-libraries" not in play(e, get).err
    configure(e, mo_libraries=e.path("none"))
    r = play(e, get)
    assert "mo-libraries: %s: No such file" % e.path("none") in r.err, r.err


# Rules: INFO-6
@test
def configured_facts(e):
    configure(e, maker="ACME", model="Model 7", device_type="gateway", firmware_version="F1",
              software_version="S2", hardware_version="H3", language="de-AT", oem="OEM Ltd")
    play(e, "package\n" + "".join(
        "\tget ./%s\n\t\texpect 200\n\t\texpect-value \"%s\"\n" % pair for pair in (
            ("DevInfo/Man", "ACME"), ("DevInfo/Mod", "Model 7"), ("DevInfo/Lang", "de-AT"),
            ("DevDetail/DevTyp", "gateway"), ("DevDetail/OEM", "OEM Ltd"), ("DevDetail/FwV", "F1"),
            ("DevDetail/SwV", "S2"), ("DevDetail/HwV", "H3"))))
    assert "./DevInfo/Man = ACME" in e.tree("./DevInfo")


@test
def only_a_session_says_what_the_device_is(e):
    """Who only changes accounts knows less of the device, and leaves what is stored."""
    play(e, "package\n\tget ./DevInfo/DevId\n\t\texpect 200\n")
    with e.server() as s:
        e.run("account", "remove", "--server-id", SERVER_ID)
        e.account(s.url)
    e.run("bootstrap", os.path.join(TOP, "tests/simcard/profiles/bootstrap-two.wbxml"))
    with sqlite3.connect(os.path.join(e.store, "store.db")) as db:
        rows = db.execute("SELECT value, verno FROM node WHERE name = 'DevId'").fetchall()
    assert rows == [(b"IMEI:493005100592800", 0)], rows


@test
def documentation_shows_the_examples(e):
    """Every block of code of the document is one of the examples', word for word."""
    with open(os.path.join(TOP, "Documentation/management-objects.rst")) as f:
        blocks = re.findall(r"\n\.\. code:: (?:c|sh)\n\n((?:    .*\n|\n)+)", f.read())
    sources = ""
    for name in "battery.c", "lamp":
        with open(os.path.join(EXAMPLES, name)) as f:
            sources += f.read().expandtabs()
    assert len(blocks) > 4
    for block in blocks:
        text = re.sub(r"(?m)^    ", "", block.expandtabs()).strip("\n")
        assert text in sources, text
