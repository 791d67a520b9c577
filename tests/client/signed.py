# SPDX-License-Identifier: GPL-2.0-or-later
"""Tests of `test`: sessions whose messages are signed (x-syncml-hmac), both sides."""
import re
import shutil

from __main__ import AUTH, DIFFERS, OK, ONE_GET, PROTOCOL, test
from replays import replayed, trace_lines, write_trace

TWO_GETS = ONE_GET + 'package\n\tget ./DevInfo/Man\n\t\texpect 200\n'
SIGNING = 'device secret hmac server-name=srv server-password=topsecret server-scheme=hmac'


def hmac_account(e, s):
    e.account(s.url, auth="hmac", extra=("--server-user", "srv", "--server-password-file",
                                         e.write("srvpw", "topsecret\n")))


def hmac_session(e, *options):
    """Both sides sign, two packages; then once more, with the nonces of the first session."""
    with e.server(TWO_GETS + 'session\n' + TWO_GETS.split("\n", 1)[1], SIGNING) as s:
        hmac_account(e, s)
        first = e.session("--allow-http", *options).out
        second = e.session("--allow-http", *options).out
        seen = s.events()
    assert "<- 1: Status 407 SyncHdr" in first and "<- 1: Status 200 SyncHdr" in second, second
    assert "212" not in first + second, second
    assert [x["outcome"] for x in seen if x["event"] == "session-end"] == ["done", "done"], seen
    # The server signed its goodbye with the nonce it had: the next one is new to it.
    assert "-> 2: Status 401 SyncHdr, challenge syncml:auth-MAC" in second, second
    assert len(re.findall("^-> ", second, re.M)) == 4, second


# Rules: AUTH-40 AUTH-46 AUTH-52
@test
def hmac_wbxml(e):
    hmac_session(e)


# Rules: AUTH-40 AUTH-46
@test
def hmac_xml(e):
    hmac_session(e, "--xml")


# Rules: AUTH-47 AUTH-48 AUTH-49 AUTH-50 AUTH-51
@test
def hmac_broken(e):
    """What the second package does wrong ends the session, and nothing of it is done."""
    for line, why, outcome in (("wrong", "wrong credentials", AUTH),
                               ("missing", "no credentials", AUTH),
                               ("reused", "wrong credentials", AUTH),
                               ("no-nonce", "no nonce for the next message", PROTOCOL),
                               ("session", "more than one message", PROTOCOL)):
        shutil.rmtree(e.store, ignore_errors=True)
        script = ONE_GET + "package\n\thmac %s\n\tadd ./Kept chr text/plain x\n" % line
        with e.server(script, SIGNING, strict=False) as s:
            hmac_account(e, s)
            r = e.session("--allow-http", expect=outcome)
        assert why in r.out + r.err, r.out + r.err
        assert "Kept" not in e.tree()


@test
def hmac_session_replays(e):
    """What was signed then is signed alike now, and what came is judged alike."""
    for line, code in ("delay 1", OK), ("hmac wrong", AUTH):
        shutil.rmtree(e.store, ignore_errors=True)
        d = e.path("trace" + str(code))
        with e.server(TWO_GETS + "\t%s\n" % line, SIGNING, strict=False) as s:
            hmac_account(e, s)
            e.session("--allow-http", "--trace", d, expect=code)
        replayed(e, d)
        lines = trace_lines(d)[:-1]
        assert sum(x.startswith(b"hmac =") for x in lines) > 1
        assert sum(x.startswith(b"signed =") for x in lines) > 1
        write_trace(d, [x for x in lines if not x.startswith(b"signed ")])
        assert "another x-syncml-hmac" in replayed(e, d, expect=DIFFERS).out
        write_trace(d, [x for x in lines if not x.startswith(b"hmac ")])
        replayed(e, d, expect=DIFFERS)


@test
def hmac_with_the_wrong_password(e):
    with e.server(ONE_GET, SIGNING, strict=False) as s:
        e.account(s.url, password="guess", auth="hmac")
        r = e.session("--allow-http", expect=AUTH)
    assert "refused our credentials again" in r.out + r.err, r.out + r.err
