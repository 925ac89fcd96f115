"""A server for one run of the case. It ends when it is told to, or by itself after five minutes."""

import base64
import io
import json
import os
import ssl
import sys
import tarfile
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

SINCE = "Thu, 02 Jan 2020 03:04:05 GMT"
SUMS = "434728a410a78f56fc1b5899c3593436e61ab0c731e9072d95e96db290205e53  file.txt\n"
KEY = """-----BEGIN PGP PUBLIC KEY BLOCK-----

mDMEXgvhABYJKwYBBAHaRw8BAQdA7Arh2SF6ksXwt1GDSyYedfrP23twrN6FxQ5/
qCy+FNi0F1R3aW4gPHR3aW5AZXhhbXBsZS5vcmc+iJAEExYIADgWIQR3x4RBHLDv
XARqxdjXiV/u4sOkGwUCXgvhAAIbAwULCQgHAgYVCgkICwIEFgIDAQIeAQIXgAAK
CRDXiV/u4sOkG2z2AQDvvVTrCxQEMX+KF77Zq1RcGZtJmjwbVEJI1DNSSuQclwD/
RTsWUn+Xg3dNRL26SAebgq53bxrZy3qWCiBBsKfwMgw=
=tu3l
-----END PGP PUBLIC KEY BLOCK-----
"""


def archive():
    """A packed folder with one file, of a fixed time."""
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz") as members:
        member = tarfile.TarInfo("some/file")
        member.size, member.mtime = 4, 981173106
        members.addfile(member, io.BytesIO(b"some"))
    return packed.getvalue()


class Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        path = self.path.partition("?")[0]
        if path in ("/file.txt", "/given"):
            # Not newer than what is there: a file that was fetched has the time of the fetching.
            if self.headers.get("If-Modified-Since"):
                return self.answer(304)
            named = [("Content-Disposition", 'attachment; filename="named.txt"')] if path == "/given" else []
            return self.answer(200, "content\n", [("Last-Modified", SINCE), *named])
        if path == "/other":
            return self.answer(200, "other content\n")
        if path == "/some.tar.gz":
            return self.answer(200, archive())
        if path == "/key.asc":
            return self.answer(200, KEY)
        if path == "/sums":
            return self.answer(200, SUMS)
        if path == "/moved":
            return self.answer(302, "", [("Location", "/echo?moved"), ("Set-Cookie", "seen=yes; Path=/")])
        if path == "/private":
            wanted = "Basic " + base64.b64encode(b"me:s3cret").decode()
            if self.headers.get("Authorization") != wanted:
                return self.answer(401, "who are you", [("WWW-Authenticate", 'Basic realm="x"')])
            return self.answer(200, "private")
        if path == "/echo":
            sent = self.rfile.read(int(self.headers.get("Content-Length") or 0)).decode()
            told = {
                "method": self.command,
                "body": sent,
                "type": self.headers.get("Content-Type"),
                "agent": self.headers.get("User-Agent"),
                "own": self.headers.get("X-Own"),
                "fresh": self.headers.get("Cache-Control"),
                "cookie": self.headers.get("Cookie"),
            }
            return self.answer(200, json.dumps(told), [("Content-Type", "application/json")])
        if path == "/quit":
            self.answer(200, "gone")
            os._exit(0)
        return self.answer(404, "there is nothing")

    do_HEAD = do_POST = do_PUT = do_DELETE = do_GET

    def answer(self, status, text="", headers=()):
        encoded = text if isinstance(text, bytes) else text.encode()
        self.send_response(status)
        for name, value in headers:
            self.send_header(name, value)
        if status != 304:
            self.send_header("Content-Length", str(len(encoded)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(encoded)

    def log_message(self, *_):
        pass


address, folder = sys.argv[1:]
threading.Timer(300, os._exit, [0]).start()
secure = ThreadingHTTPServer((address, 8472), Handler)
context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.load_cert_chain(f"{folder}/cert.pem", f"{folder}/key.pem")
secure.socket = context.wrap_socket(secure.socket, server_side=True)
threading.Thread(target=secure.serve_forever, daemon=True).start()
ThreadingHTTPServer((address, 8471), Handler).serve_forever()
