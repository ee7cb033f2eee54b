"""How the portal is served: packed or not, kept by browsers or not, with what a browser may do, also over TLS; and what its page
learns from /v1/portal."""
import gzip
import http.client
import json
import os
import re
import shutil
import signal
import ssl
import tempfile
import time
import unittest
from pathlib import Path

import case  # noqa: F401  (finds deploy/)
from stack import Stack, free_port

WAIT = 30
PAGE = b"<!doctype html><title>Neighbors</title>" + b"<p>the portal</p>" * 100
SCRIPT = b"export const numbers = [" + b"1, " * 2000 + b"];\n"
TILES = "https://tiles.example.org:8443/{z}/{x}/{y}.png"
STRICT = {
    "referrer-policy": "no-referrer", "x-content-type-options": "nosniff", "cross-origin-opener-policy": "same-origin",
    "permissions-policy": "geolocation=(self), camera=(), microphone=(), payment=(), usb=()",
}


class Portal(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = Path(tempfile.mkdtemp(prefix="neighbors-portal-"))
        cls.addClassCleanup(shutil.rmtree, cls.folder, True)
        cls.files = cls.folder / "portal"
        (cls.files / "assets").mkdir(parents=True)
        (cls.folder / "secret.html").write_text("secret")
        cls.write("index.html", PAGE)
        cls.write("sw.js", SCRIPT)
        cls.write("assets/index-Qs5Jtav8.js", SCRIPT)
        (cls.files / "icon.svg").write_bytes(b"<svg/>")
        cls.stack = Stack(cls.folder / "stack", tls_port=free_port(), http_port=free_port(), https_port=free_port(), settings={
            "http_rate_per_address": 0, "accept_rate_per_address": 0, "metrics_port": 0, "portal_directory": str(cls.files), "portal_name": "El Monte", "portal_center": "34.0768,-118.0316"})
        cls.addClassCleanup(cls.stack.stop)
        cls.stack.start_redis()
        cls.stack.make_keys()
        cls.stack.start_broker()
        cls.trust = ssl.create_default_context(cafile=cls.stack.keys / "ca.crt")

    @classmethod
    def write(cls, name, content):
        cls.put(name, content)
        cls.put(f"{name}.gz", gzip.compress(content, mtime=0))

    @classmethod
    def put(cls, name, content):
        """Writes it, as if a moment had gone by since it was written before: some kernels' clocks of files go by 4 ms."""
        path = cls.files / name
        before = path.stat().st_mtime_ns if path.exists() else 0
        path.write_bytes(content)
        if path.stat().st_mtime_ns <= before:
            os.utime(path, ns=(before + 1, before + 1))

    def ask(self, path, method="GET", tls=False, body=None, **headers):
        """(status, headers, body as it came)."""
        connection = (http.client.HTTPSConnection("127.0.0.1", self.stack.https_port, context=self.trust, timeout=WAIT) if tls
                      else http.client.HTTPConnection("127.0.0.1", self.stack.http_port, timeout=WAIT))
        self.addCleanup(connection.close)
        connection.request(method, path, body, {name.replace("_", "-"): value for name, value in headers.items()})
        answer = connection.getresponse()
        return answer.status, {name.lower(): value for name, value in answer.getheaders()}, answer.read()

    def test_packed_for_whoever_takes_it(self):
        for tls in (False, True):
            for path, content in (("/", PAGE), ("/index.html", PAGE), ("/sw.js", SCRIPT), ("/assets/index-Qs5Jtav8.js", SCRIPT)):
                status, headers, body = self.ask(path, tls=tls, accept_encoding="gzip, deflate, br")
                self.assertEqual((status, headers["content-encoding"], headers["vary"]), (200, "gzip", "accept-encoding"), path)
                self.assertEqual(gzip.decompress(body), content)
                for refusal in ("identity", "gzip;q=0", "br"):
                    status, headers, body = self.ask(path, tls=tls, accept_encoding=refusal)
                    self.assertEqual((status, body, headers["vary"]), (200, content, "accept-encoding"), path)
                    self.assertNotIn("content-encoding", headers)
        status, headers, body = self.ask("/icon.svg", accept_encoding="gzip")
        self.assertEqual((status, body, headers["content-type"]), (200, b"<svg/>", "image/svg+xml"))
        self.assertNotIn("vary", headers)

    def test_head_is_get_without_the_body(self):
        for encoding in ("gzip", "identity"):
            _, expected, body = self.ask("/", accept_encoding=encoding)
            status, headers, nothing = self.ask("/", "HEAD", accept_encoding=encoding)
            self.assertEqual((status, headers, nothing), (200, expected, b""))
            self.assertEqual(int(headers["content-length"]), len(body))

    def test_how_long_it_is_kept(self):
        self.assertEqual(self.ask("/")[1]["cache-control"], "no-cache")
        self.assertEqual(self.ask("/sw.js")[1]["cache-control"], "no-cache")
        self.assertEqual(self.ask("/assets/index-Qs5Jtav8.js")[1]["cache-control"], "public, max-age=31536000, immutable")

    def test_what_a_browser_has_is_not_sent_again(self):
        _, packed, _ = self.ask("/", accept_encoding="gzip")
        _, plain, _ = self.ask("/")
        self.assertNotEqual(packed["etag"], plain["etag"])
        self.assertRegex(packed["etag"], r'^"[0-9a-f]{32}"$')
        for tls in (False, True):
            status, headers, body = self.ask("/", tls=tls, accept_encoding="gzip", if_none_match=f'"x", {packed["etag"]}')
            self.assertEqual((status, body, headers["etag"]), (304, b"", packed["etag"]))
            self.assertIn("content-security-policy", headers)
        self.assertEqual(self.ask("/", accept_encoding="gzip", if_none_match=plain["etag"])[0], 200)

    def test_a_new_build_is_served_at_once(self):
        self.write("changing.html", b"<p>one</p>" * 20)
        _, before, _ = self.ask("/changing.html", accept_encoding="gzip")
        self.write("changing.html", b"<p>two</p>" * 20)
        status, headers, body = self.ask("/changing.html", accept_encoding="gzip", if_none_match=before["etag"])
        self.assertEqual((status, gzip.decompress(body)), (200, b"<p>two</p>" * 20))
        self.put("changing.html", b"<p>six</p>" * 20)  # the packed copy is still the old one
        status, headers, body = self.ask("/changing.html", accept_encoding="gzip")
        self.assertEqual((status, body), (200, b"<p>six</p>" * 20))
        self.assertNotIn("content-encoding", headers)

    def test_what_a_browser_may_do(self):
        for tls in (False, True):
            for path in ("/", "/sw.js", "/assets/index-Qs5Jtav8.js"):
                _, headers, _ = self.ask(path, tls=tls)
                self.assertLessEqual(STRICT.items(), headers.items())
                policy = dict(part.strip().partition(" ")[::2] for part in headers["content-security-policy"].split(";"))
                self.assertEqual(policy, {
                    "default-src": "'none'", "script-src": "'self'", "style-src": "'self'", "img-src": "'self' data: blob:",
                    "media-src": "blob:", "connect-src": "'self'", "font-src": "'self'", "worker-src": "'self'",
                    "manifest-src": "'self'", "base-uri": "'none'", "form-action": "'none'", "frame-ancestors": "'none'"})

    def test_what_is_not_there(self):
        for tls in (False, True):
            for path in ("/none.html", "/secret.html", "/../secret.html", "/%2e%2e/secret.html", "/index.html.gz", "/assets/",
                         "/assets", "/.hidden"):
                status, headers, body = self.ask(path, tls=tls, accept_encoding="gzip")
                self.assertEqual((status, headers["content-type"]), (404, "application/json"), path)
        self.assertEqual(self.ask("/", "POST", body=b"x")[0], 405)

    def test_many_slow_readers_do_not_keep_others_away(self):
        large = os.urandom(4 << 20)
        (self.files / "large.wasm").write_bytes(large)
        slow = []
        for _ in range(40):  # together more than http_memory
            connection = http.client.HTTPConnection("127.0.0.1", self.stack.http_port, timeout=WAIT)
            self.addCleanup(connection.close)
            connection.request("GET", "/large.wasm")
            slow.append(connection)
        self.assertEqual(self.ask("/")[0], 200)
        self.assertEqual(slow[0].getresponse().read(), large)

    def test_what_the_page_learns(self):
        status, headers, body = self.ask("/v1/portal")
        self.assertEqual((status, headers["content-type"]), (200, "application/json"))
        self.assertEqual(json.loads(body), {"name": "El Monte", "tiles": None,
                                            "look": {"latitude": 34.0768, "longitude": -118.0316, "zoom": 14}})
        self.assertEqual(self.ask("/v1/portal", if_none_match=headers["etag"])[0], 304)

    def test_street_tiles_are_let_in(self):
        process = self.stack.processes["neighborsd"]
        file = next(self.stack.folder.glob("**/neighborsd.conf"))
        before = file.read_text()

        def set_to(text):
            file.write_text(text)
            process.send_signal(signal.SIGHUP)
        self.addCleanup(set_to, before)
        set_to(before + f'portal_tiles = "{TILES}";\nportal_tiles_attribution = "© Somebody";\nportal_tiles_zoom = 17;\n')
        deadline = time.monotonic() + WAIT
        while not (tiles := json.loads(self.ask("/v1/portal")[2])["tiles"]) and time.monotonic() < deadline:
            time.sleep(0.02)
        self.assertEqual(tiles, {"url": TILES, "attribution": "© Somebody", "zoom": 17})
        policy = self.ask("/")[1]["content-security-policy"]
        self.assertIn("img-src 'self' data: blob: https://tiles.example.org:8443;", policy)
        self.assertEqual(len(re.findall("tiles.example.org", policy)), 1)


if __name__ == "__main__":
    unittest.main()
