"""Whatever the umask of whoever runs the command line: secrets are for their owner alone, what is no secret anybody may read."""
import json
import subprocess
from pathlib import Path

import case
from case import HERE, unique
from stack import ENVIRONMENT

SECRET, PUBLIC = 0o600, 0o644
PUBLIC_ENDINGS = {".pub", ".crt", ".crl"}


class FileModes(case.LiveCase):
    def does(self, *words):
        done = subprocess.run(self.home.stack.command(*words, "--keys", self.keys, "--json"), capture_output=True, text=True, timeout=120,
                              env=ENVIRONMENT, stdin=subprocess.DEVNULL, umask=self.umask)
        self.assertEqual(done.returncode, 0, done.stderr)
        return json.loads(done.stdout.splitlines()[-1])

    def hold_all(self, after):
        """Every file there, by what it is."""
        for path in sorted(Path(self.keys).iterdir()):
            expected = PUBLIC if path.suffix in PUBLIC_ENDINGS else SECRET
            self.assertEqual(oct(path.stat().st_mode & 0o777), oct(expected), f"{path.name} after {after}, umask {self.umask:o}")

    def write_everything(self, umask):
        self.umask, self.keys = umask, self.home.folder / unique("keys")
        self.does("ca", "init")
        self.does("ca", "redis")
        self.hold_all("ca init")
        name = unique("camera")
        base = self.keys / name
        self.does("enroll", "device", name, "--household", name, "--at", "%f,%f" % HERE, "--token-file", f"{base}.token",
                  "--certificate-out", base)
        agency = unique("agency")
        code = self.does("agency", "invite", agency, "--name", "Fire", "--jurisdiction", "everywhere")["code"]
        self.does("agency", "request", agency, "--code", code, "--out", self.keys / agency)
        self.does("agency", "join", self.keys / f"{agency}.csr", "--out", self.keys / agency)
        self.hold_all("enrolling")
        # What a run that was killed left, and what a version of before made.
        for left in ("server.key.new", "ca.crl.new", f"{name}.key.new", f"{name}.token.new"):
            (self.keys / left).touch()
            (self.keys / left).chmod(0o666)
        for public in ("ca.crl", "server.crt", "token.pub", f"{name}.crt"):
            (self.keys / public).chmod(0o600)
        self.does("ca", "revoke", f"{base}.crt")
        self.does("ca", "renew")
        self.does("ca", "issue", f"device/{name}", "--out", base)
        self.does("ca", "rotate-token-key")
        self.does("enroll", "device", name, "--token-file", f"{base}.token")
        self.hold_all("all that writes anew")

    def test_with_a_strict_umask(self):
        self.write_everything(0o077)

    def test_with_none(self):
        self.write_everything(0)
