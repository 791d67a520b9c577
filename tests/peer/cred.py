# SPDX-License-Identifier: GPL-2.0-or-later
"""Credentials of OMA DM as the peer computes them, from the formulas of DM Security 5.1.3
and 5.1.4 and DM Notification 6.2.2. It shares nothing with any other program here."""

import base64
import hashlib
import re

BASIC, MD5, MAC = "syncml:auth-basic", "syncml:auth-md5", "syncml:auth-MAC"


def H(octets):
    return hashlib.md5(octets).digest()


def B64(octets):
    return base64.b64encode(octets).decode("ascii")


def unb64(text):
    """Strict: white space around is dropped, all else has to be the alphabet."""
    return base64.b64decode("".join(text.split()), validate=True)


def _utf8(text):
    return text if isinstance(text, bytes) else text.encode("utf-8")


def key(user, password):
    """B64(H(user:password)), what an authenticator may keep in place of a password."""
    return B64(H(_utf8(user) + b":" + _utf8(password))).encode("ascii")


def basic(user, password):
    return B64(_utf8(user) + b":" + _utf8(password))


def md5(user, password, nonce):
    """Security 5.1.3.2; *nonce* is bytes, the decoded NextNonce."""
    return B64(H(key(user, password) + b":" + nonce))


def mac(user, password, nonce, body):
    """Security 5.1.4.2; *body* is the message as it is on the wire."""
    return B64(H(key(user, password) + b":" + nonce + b":" + B64(H(body)).encode("ascii")))


def package0_digest(server_id, password, nonce, trigger):
    """Notification 6.2.2.2: 16 octets."""
    return H(key(server_id, password) + b":" + nonce + b":" + B64(H(trigger)).encode("ascii"))


def hmac_header(user, password, nonce, body):
    return 'algorithm=MD5, username="%s", mac=%s' % (
        user.replace("\\", "\\\\").replace('"', '\\"'), mac(user, password, nonce, body))


_PARAM = re.compile(r'\s*([!#$%&\'*+.^_`|~0-9A-Za-z-]+)\s*=\s*'
                    r'(?:"((?:[^"\\]|\\.)*)"|([^\s,"]+))\s*(?:,|$)')


def parse_hmac(value):
    """A header's parameters and what is wrong with its form (Security 5.1.4.3)."""
    found, wrong, at = {}, [], 0
    while at < len(value):
        hit = _PARAM.match(value, at)
        if not hit:
            return found, wrong + ["x-syncml-hmac is not a list of parameters: %r" % value[at:]]
        name = hit.group(1).lower()
        quoted = hit.group(2) is not None
        if name in found:
            wrong.append("x-syncml-hmac has %s twice" % name)
        if name == "username" and not quoted:
            wrong.append("the username of x-syncml-hmac is not quoted")
        if name == "mac" and quoted:
            wrong.append("the mac of x-syncml-hmac is quoted")
        found[name] = re.sub(r"\\(.)", r"\1", hit.group(2)) if quoted else hit.group(3)
        at = hit.end()
    for name in ("username", "mac"):
        if name not in found:
            wrong.append("x-syncml-hmac lacks %s" % name)
    if found.get("algorithm", "MD5") != "MD5":
        wrong.append("x-syncml-hmac: algorithm %s" % found["algorithm"])
    if "mac" in found:
        try:
            if len(unb64(found["mac"])) != 16:
                wrong.append("the mac of x-syncml-hmac is no MD5")
        except ValueError:
            wrong.append("the mac of x-syncml-hmac is no base64")
    return found, wrong
