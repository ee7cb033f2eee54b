"""Who comes with many connections: in all, of an address, new ones in a second."""
import mqtt
from case import unique
from limits_case import LimitsCase


class Alone(LimitsCase):
    """Limits of connections: nobody but the test is on this broker."""

    quiet = True
    broker_settings = {"max_connections_per_address": 20, "max_connections": 30, "accept_rate": 0,
                       "accept_rate_per_address": 0, "connect_timeout_ms": 60000}

    def setUp(self):
        super().setUp()
        self.eventually(lambda: self.counters()["connections"] == 0, lambda: self.counters()["connections"])

    def admitted(self, plain):
        """True when the broker answers; false when it closed at once."""
        try:
            plain.sendall(mqtt.connect(client_id=unique("counted"), **self.credentials("user/ann")))
            return bool(plain.recv(100))
        except ConnectionError:
            return False


class Counts(Alone):
    def test_connections_of_an_address(self):
        before = self.counters()
        crowd = [self.plain("127.0.0.2") for _ in range(20)]
        self.assertTrue(all(map(self.admitted, crowd)))
        for _ in range(5):
            self.assertFalse(self.admitted(self.plain("127.0.0.2")), "one too many")
        self.assertTrue(self.admitted(self.plain("127.0.0.3")), "another address is not concerned")
        self.counted(before, connections_refused_limit=5)
        crowd[0].close()
        self.eventually(lambda: self.admitted(self.plain("127.0.0.2")), lambda: "the place of one that left stays taken")

    def test_connections_in_all(self):
        before = self.counters()
        crowd = [self.plain(f"127.0.0.{4 + n // 10}") for n in range(30)]
        self.assertTrue(all(map(self.admitted, crowd)))
        for _ in range(5):
            self.assertFalse(self.admitted(self.plain("127.0.0.9")))
        self.counted(before, connections_refused_limit=5)
        for plain in crowd:  # those that are in stay
            plain.sendall(mqtt.PING)
            self.assertTrue(plain.recv(100))


class Rates(Alone):
    broker_settings = Alone.broker_settings | {"max_connections_per_address": 0, "max_connections": 1000,
                                               "accept_rate_per_address": 10}

    def test_new_connections_of_an_address(self):
        before = self.counters()
        crowd = [self.plain("127.0.0.2") for _ in range(100)]
        inside = [plain for plain in crowd if self.admitted(plain)]
        self.assertTrue(10 <= len(inside) < 100, len(inside))
        self.assertTrue(self.admitted(self.plain("127.0.0.3")))
        self.counted(before, connections_refused_limit=100 - len(inside))
