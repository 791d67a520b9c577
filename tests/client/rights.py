# SPDX-License-Identifier: GPL-2.0-or-later
"""Tests of `test`: what a command gives up before it looks at what a server wrote."""
import os
import stat
import subprocess

from __main__ import CONFIG, DEVICE_ID, OK, SERVER_ID, SLOW, make_certs, test, wait_for
from objects import is_root
from replays import replayed
from transport import between, hand_on
from trust import server_dir

SANDBOX = 11
NOBODY = 65534


def status_of(pid):
    with open("/proc/%d/status" % pid) as f:
        return dict(line.rstrip("\n").split(":\t", 1) for line in f if ":\t" in line)


def confined(pid, uid):
    s = status_of(pid)
    for name in "Uid", "Gid":
        assert s[name].split() == [str(uid)] * 4, s[name]
    assert s["Groups"].split() == [] or uid == os.geteuid(), s["Groups"]
    for name in "CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb":
        assert int(s[name], 16) == 0 or os.geteuid(), (name, s[name])
    assert s["NoNewPrivs"] == "1" and s["Seccomp"] == "2", s


def in_session(e, uid, *args):
    """Runs a slow session, looks at its process meanwhile, and returns what it printed."""
    with e.server(SLOW) as s:
        e.account(s.url)
        if uid != os.geteuid():
            os.chmod(e.dir, 0o711)
            for d, _, files in os.walk(e.store):
                for name in [d] + [os.path.join(d, f) for f in files]:
                    os.chown(name, uid, uid)
        p = e.start("session", "--server", SERVER_ID, "--allow-http", *args)
        wait_for(lambda: s.requests())
        confined(p.pid, uid)
        ns = {name: os.readlink("/proc/%d/ns/%s" % (p.pid, name)) for name in ("mnt", "net")}
        out, err = p.communicate(timeout=60)
        assert p.returncode == OK, err.decode()
    assert ns["net"] == os.readlink("/proc/self/ns/net")
    return out.decode()


@test
def rights_of_a_session(e):
    """Whoever runs it: a filter, no capability, no new privileges."""
    in_session(e, os.geteuid())


@test
def rights_of_roots_session(e):
    """Root becomes the owner of the store; the trace it asks for is written, and is the owner's."""
    if not is_root():
        return
    trace = e.path("trace")
    in_session(e, NOBODY, "--trace", trace)
    for name in ["."] + os.listdir(trace):
        st = os.stat(os.path.join(trace, name))
        assert st.st_uid == NOBODY and not st.st_mode & 0o077, (name, oct(st.st_mode))
    replayed(e, trace)
    for name in os.listdir(e.store):
        assert os.stat(os.path.join(e.store, name)).st_uid == NOBODY, name
    # A directory that is root's own is not given away, and cannot be written to.
    os.mkdir(e.path("mine"), 0o700)
    with e.server(SLOW, strict=False) as s:
        e.run("account", "remove", "--server-id", SERVER_ID)
        e.account(s.url)
        assert "trace directory cannot be used" in e.session("--allow-http", "--trace", e.path("mine"), expect=2).err
        assert not s.requests()
    assert os.stat(e.path("mine")).st_uid == 0


@test
def rights_without_the_user(e):
    """The system's store, which is not there yet, is the user dmsc's: without one nothing is made."""
    if not is_root():
        return
    # As a system with this configuration and no such user has it; nothing of the host's is used.
    os.mkdir(e.path("etc"))
    e.write("etc/dmsc.conf", "store = %s\n" % e.store)
    pw = e.write("pw", "secret\n")
    client = os.path.join(e.build, "dmsc-client")
    script = ("set -e; mount -t tmpfs none /etc; mkdir /etc/dmsc; echo 'root:x:0:0::/root:/bin/sh' >/etc/passwd; "
              "cp %s /etc/dmsc/dmsc.conf; exec \"$@\"" % e.path("etc/dmsc.conf"))
    argv = ["unshare", "-m", "sh", "-c", script, "sh", client, "--device-id", DEVICE_ID]
    add = ["account", "add", "--server-id", SERVER_ID, "--url", "https://dm.example.net/", "--user", "u",
           "--password-file", pw]
    p = subprocess.run(argv + add, capture_output=True)
    assert p.returncode == SANDBOX, (p.returncode, p.stderr)
    assert b"no user dmsc" in p.stderr and b"nothing was read or changed" in p.stderr, p.stderr
    assert not os.path.exists(e.store)
    # With it, the store is made, and is that user's.
    argv[4] = script.replace("exec", "echo 'dmsc:x:%d:%d::/:/bin/false' >>/etc/passwd; exec" % (NOBODY, NOBODY))
    os.chmod(e.dir, 0o711)
    p = subprocess.run(argv + add, capture_output=True)
    assert p.returncode == OK, p.stderr
    st = os.stat(e.store)
    assert st.st_uid == NOBODY and stat.S_IMODE(st.st_mode) == 0o700, st
    assert all(os.stat(os.path.join(e.store, name)).st_uid == NOBODY for name in os.listdir(e.store))


# Rules: HTTP-20
@test
def rights_to_the_files_of_a_server(e):
    """They are read as the session child reads them: by the store's owner, who needs the group's right."""
    if not is_root():
        return
    tls = make_certs(e)
    with between(e, hand_on, tls, client_ca=e.path("ca.pem")):
        d = server_dir(e, ca="ca.pem", cert="srv.pem", key="srv.key")
        key = os.path.join(d, "key.pem")
        os.chmod(e.dir, 0o711)
        os.chmod(os.path.join(d, "ca.pem"), 0o644)
        os.chmod(os.path.join(d, "cert.pem"), 0o644)
        for name in [e.store] + [os.path.join(e.store, f) for f in os.listdir(e.store)]:
            os.chown(name, NOBODY, NOBODY)
        r = e.session(expect=CONFIG)
        assert "key.pem cannot be read: Permission denied" in r.err, r.err
        os.chown(key, 0, NOBODY)
        os.chmod(key, 0o640)
        e.session()
        # A directory that is out of reach may hide a file that counts.
        os.chmod(d, 0o700)
        assert "ca.pem cannot be read: Permission denied" in e.session(expect=CONFIG).err
