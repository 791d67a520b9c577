#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Package 0, the notification that asks a client for a session, made from the ABNF of DM
Notification 6.2.2: `package0.py --server ID --password-file F --nonce HEX --session N` writes
the octets to standard output."""

import argparse
import sys

import cred

UI_MODES = {"unspecified": 0, "background": 1, "informative": 2, "interactive": 3}


def trigger(server_id, session_id, ui="unspecified", by_server=True, version=11, future=0,
            vendor=b"", length=None):
    """The octets behind the digest. *version* is in tenths; *length* lies where it is given."""
    name = server_id.encode("utf-8")
    bits = version
    for value, width in ((UI_MODES[ui] if isinstance(ui, str) else ui, 2),
                         (1 if by_server else 0, 1), (future, 27), (session_id, 16),
                         (len(name) if length is None else length, 8)):
        assert 0 <= value < 1 << width
        bits = bits << width | value
    return bits.to_bytes(8, "big") + name + vendor


def package0(server_id, password, nonce, session_id, **how):
    octets = trigger(server_id, session_id, **how)
    return cred.package0_digest(server_id, password, nonce, octets) + octets


def main():
    ask = argparse.ArgumentParser()
    ask.add_argument("--server", required=True)
    ask.add_argument("--password-file", required=True)
    ask.add_argument("--nonce", default="", help="hexadecimal")
    ask.add_argument("--session", type=int, required=True)
    ask.add_argument("--ui", choices=UI_MODES, default="unspecified")
    ask.add_argument("--by-user", action="store_true")
    said = ask.parse_args()
    with open(said.password_file, encoding="utf-8") as file:
        password = file.readline().rstrip("\n")
    sys.stdout.buffer.write(package0(said.server, password, bytes.fromhex(said.nonce),
                                     said.session, ui=said.ui, by_server=not said.by_user))


if __name__ == "__main__":
    main()
