# SPDX-License-Identifier: GPL-2.0-or-later
"""HTTP, plain or within TLS, for the peer, and runs of dmsc-client against it."""

import http.server
import os
import socketserver
import ssl
import subprocess
import threading

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
BUILD = os.environ.get("DMSC_BUILD", os.path.join(TOP, "build", "rel"))
CLIENT = os.path.join(BUILD, "dmsc-client")


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = -1

    def log_message(self, *_):
        pass

    def do_POST(self):
        if (self.headers.get("Transfer-Encoding") or "").lower() == "chunked":
            octets = b""
            while size := int(self.rfile.readline().split(b";")[0], 16):
                octets += self.rfile.read(size)
                self.rfile.readline()
            self.rfile.readline()
        else:
            octets = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        answer = self.server.answer(self.path, self.headers, octets)
        if answer is None:
            self.close_connection = True
            return
        status, headers, octets, *times = answer
        for _ in range(times[0] if times else 1):
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(octets)))
            self.end_headers()
            self.wfile.write(octets)
        self.wfile.flush()


class Web(socketserver.ThreadingMixIn, http.server.HTTPServer):
    """*answer(path, headers, octets)* gives (status, headers, octets), and how often it is sent
    where that is not once; or None to hang up."""

    daemon_threads = True
    allow_reuse_address = True

    def __init__(self, answer, certificate=None):
        super().__init__(("127.0.0.1", 0), Handler)
        self.answer, self.lock = answer, threading.Lock()
        self.tls = None
        if certificate:
            self.tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            self.tls.load_cert_chain(*certificate)
        self.url = "%s://localhost:%d/dm" % ("https" if certificate else "http",
                                             self.server_address[1])
        self.thread = threading.Thread(target=self.serve_forever, args=(0.02,), daemon=True)
        self.thread.start()

    def finish_request(self, request, client_address):
        if self.tls:
            request.settimeout(20)
            try:
                request = self.tls.wrap_socket(request, server_side=True)
            except OSError:
                return
        try:
            super().finish_request(request, client_address)
        except OSError:
            pass
        finally:
            if self.tls:
                request.close()

    def stop(self):
        self.shutdown()
        self.server_close()
        self.thread.join()


def certificate(folder):
    """A certificate of localhost that signs itself: (file, key)."""
    cert, key = os.path.join(folder, "cert.pem"), os.path.join(folder, "key.pem")
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt",
                    "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2", "-subj",
                    "/CN=localhost", "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1",
                    "-keyout", key, "-out", cert], check=True, capture_output=True)
    return cert, key


class PeerWeb:
    """The peer behind HTTP: each session takes the next of *prepare()*, a Session."""

    TYPES = ("application/vnd.syncml.dm+xml", "application/vnd.syncml.dm+wbxml")

    def __init__(self, prepare, tls=None):
        self.prepare, self.session, self.sessions = prepare, None, []
        self.traffic = []
        self.web = Web(self.answer, tls)
        self.url = self.web.url

    def answer(self, path, headers, octets):
        with self.web.lock:
            if self.session is None or self.session.over and b"" != octets:
                fresh = self.prepare(self)
                if fresh is None:
                    if self.session:
                        self.session.find("a message behind the end of the session")
                    return 503, {}, b""
                self.session = fresh
                self.sessions.append(fresh)
            session = self.session
            session.want(session.url.endswith(path), "posted to %s, not to %s", path, session.url)
            self.check_headers(session, headers)
            answer = session.handle(octets, headers.get("Content-Type"),
                                    headers.get("x-syncml-hmac"))
            self.traffic.append((octets, dict(headers.items()), answer))
            if answer is None:
                return 400, {}, b""
            octets, mime, hmac = answer
            out = {"Content-Type": mime, "Cache-Control": "no-store"}
            if hmac:
                out["x-syncml-hmac"] = hmac
            return 200, out, octets

    def check_headers(self, session, headers):
        """What the HTTP binding asks of a request."""
        accept = [one.split(";")[0].strip() for one in (headers.get("Accept") or "").split(",")]
        session.want(session.notation in ("xml", "wbxml") and
                     "application/vnd.syncml.dm+" + session.notation in accept,
                     "Accept %s", headers.get("Accept"))
        session.want(headers.get("Host"), "no Host")
        session.want(headers.get("User-Agent"), "no User-Agent")

    def stop(self):
        self.web.stop()


class Device:
    """A store of dmsc-client's, and an account in it."""

    ID = "IMEI:493005100592800"

    def __init__(self, folder):
        self.store = os.path.join(folder, "store")
        self.folder = folder
        self.config = os.path.join(folder, "dmsc.conf")
        os.makedirs(folder, exist_ok=True)
        with open(self.config, "w", encoding="utf-8") as file:
            file.write("device-id = %s\nmo-libraries =\n" % self.ID)
        os.chmod(self.config, 0o644)

    def run(self, *words, timeout=60):
        done = subprocess.run([CLIENT, "--store", self.store, "--config", self.config, *words],
                              capture_output=True, timeout=timeout, check=False)
        done.text = (done.stdout + done.stderr).decode("utf-8", "replace")
        return done

    def account(self, account, url):
        words = ["account", "add", "--server-id", account.server_id, "--url", url]
        auth = account.scheme if account.scheme != "mac" else "hmac"
        if account.scheme != "none":
            words += ["--user", account.user, "--password-file",
                      self._secret("pw", account.password), "--auth", auth]
        if account.own:
            words += ["--server-user", account.own_user, "--server-password-file",
                      self._secret("spw", account.own_password)]
        return self.run(*words)

    def _secret(self, name, text):
        path = os.path.join(self.folder, name)
        with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w",
                  encoding="utf-8") as file:
            file.write(text + "\n")
        return path

    def session(self, server_id, notation, ca=None, *more, timeout=60):
        words = ["session", "--server", server_id, "--" + notation]
        words += ["--ca", ca] if ca else ["--allow-http"]
        return self.run(*words, *more, timeout=timeout)
