"""TLS: HTTPS and WebSocket, by certificate and by token."""
import http.client
import json
import shutil
import socket
import ssl
import time
import unittest

import mqtt
from case import alert, unique
from tls_case import WAIT, TlsCase


class Web(TlsCase):
    def test_an_agency_posts_by_certificate(self):
        status, body = self.over_https(self.context(self.good), "POST", "/v1/alerts", alert(), {"content-type": "application/json"})
        self.assertEqual(status, 201, body)
        self.assertIn("public_id", json.loads(body))

    def test_a_token_must_be_the_certificates(self):
        token = self.stack.enroll("agency/police", "--name", "Police", "--second-officer", "no", "--drill", "no")
        own = self.stack.enroll("agency/fire", "--officer", "kim")
        for bearer, expected in ((token, 401), (own, 201)):
            status, body = self.over_https(self.context(self.good), "POST", "/v1/alerts", alert(),
                                           {"content-type": "application/json", "authorization": f"Bearer {bearer}"})
            self.assertEqual(status, expected, body)

    def test_neither_or_the_wrong_role(self):
        json_type = {"content-type": "application/json"}
        device = self.enrolled("device/web", "--household", "h-3", "--at", "34.07,-118.03")
        self.assertEqual(self.over_https(self.context(), "POST", "/v1/alerts", alert(), json_type)[0], 401)
        self.assertEqual(self.over_https(self.context(device), "POST", "/v1/alerts", alert(), json_type)[0], 403)

    def test_a_revoked_one_posts_no_more(self):
        base = self.enrolled("agency/former", "--name", "Former", "--second-officer", "no", "--drill", "no")
        shutil.copy(self.stack.keys / "ca.crl", self.folder / "list")
        json_type = {"content-type": "application/json"}
        self.assertEqual(self.over_https(self.context(base), "POST", "/v1/alerts", alert(), json_type)[0], 201)
        self.stack.neighbors("revoke", "agency/former")
        deadline = time.monotonic() + WAIT
        while True:
            try:
                status = self.over_https(self.context(base), "POST", "/v1/alerts", alert(), json_type)[0]
            except (ssl.SSLError, ConnectionError, http.client.HTTPException):
                break  # the list was read
            if status == 401:
                break
            self.assertLess(time.monotonic(), deadline, status)

    def test_anybody_reads(self):
        status, body = self.over_https(self.context(), "GET", "/v1/feed?cells=9qh1f5")
        self.assertEqual(status, 200)
        self.assertEqual(json.loads(body)["type"], "FeatureCollection")
        self.assertEqual(self.over_https(self.context(), "GET", "/healthz")[0], 200)

    def test_many_requests_and_large_ones(self):
        connection = http.client.HTTPSConnection("127.0.0.1", self.stack.https_port, context=self.context(self.good), timeout=WAIT)
        self.addCleanup(connection.close)
        for size in (10, 100000, 3000000, 10):
            connection.request("POST", "/v1/alerts", alert(description="x" * size), {"content-type": "application/json"})
            answer = connection.getresponse()
            self.assertIn(answer.status, (201, 422), answer.read())
            answer.read()

    def test_mqtt_over_websocket(self):
        by_certificate = mqtt.connect(client_id=unique("wss"))
        self.assertEqual(self.connack(self.websocket(self.context(self.good)), by_certificate), 0)
        token = self.stack.enroll("user/web")
        by_token = mqtt.connect(client_id=unique("wss"), username="user/web", password=token.encode())
        self.assertEqual(self.connack(self.websocket(self.context()), by_token), 0)
        self.assertEqual(self.connack(self.websocket(self.context()), mqtt.connect(client_id=unique("wss"))), 0x87)

    def test_refused_here_too(self):
        base = self.maker.make("web-expired", self.authority, "/CN=agency\\/fire", until="20210101000000Z")
        since = len(self.log())
        with self.assertRaises((ssl.SSLError, ConnectionError, http.client.HTTPException)):
            self.over_https(self.context(base), "GET", "/healthz")
        self.told(since, "tls_refused", "certificate has expired")
        since = len(self.log())
        with socket.create_connection(("127.0.0.1", self.stack.https_port), timeout=WAIT) as plain:
            plain.sendall(b"GET / HTTP/1.1\r\n\r\n")
            while plain.recv(4096):
                pass
        self.told(since, "tls_refused", "http request")


if __name__ == "__main__":
    unittest.main()
