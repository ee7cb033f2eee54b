"""Certificates of every kind, good and bad, by the openssl command: what no authority of good will would sign."""
import subprocess
from pathlib import Path

GOOD = {"key": ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"], "digest": "sha256", "from": "20200101000000Z",
        "until": "20991231235959Z", "extensions": "basicConstraints=critical,CA:FALSE\nkeyUsage=critical,digitalSignature\n"
                                                  "extendedKeyUsage=clientAuth\n"}
AUTHORITY = "basicConstraints=critical,CA:TRUE\nkeyUsage=critical,keyCertSign,cRLSign\n"


def run(*words, **more):
    done = subprocess.run(["openssl", *map(str, words)], capture_output=True, text=True, timeout=60, **more)
    if done.returncode != 0:
        raise AssertionError(f"openssl {' '.join(map(str, words))}: {done.stderr}")
    return done.stdout


class Maker:
    """Makes them in one folder. An authority is the path of its files without .crt and .key."""

    def __init__(self, folder):
        self.folder = Path(folder)
        self.folder.mkdir(parents=True, exist_ok=True)

    def request(self, name, subject, key):
        base = self.folder / name
        run("req", "-new", "-nodes", *key, "-keyout", f"{base}.key", "-out", f"{base}.csr", "-subj", subject)
        return base

    def make(self, name, authority, subject, **more):
        """A certificate of `subject` by an authority (None: by itself); its path without .crt and .key."""
        about = GOOD | more
        base = self.request(name, subject, about["key"])
        issuer = authority or base
        Path(f"{base}.ext").write_text(about["extensions"])
        Path(f"{base}.index").write_text("")
        Path(f"{base}.cnf").write_text(
            f"[ca]\ndefault_ca=own\n[own]\ndatabase={base}.index\nnew_certs_dir={self.folder}\nrand_serial=yes\n"
            f"policy=any\nunique_subject=no\n[any]\ncommonName=optional\n")
        signer = ["-selfsign", "-keyfile", f"{base}.key"] if authority is None else \
            ["-cert", f"{issuer}.crt", "-keyfile", f"{issuer}.key"]
        run("ca", "-batch", "-notext", "-config", f"{base}.cnf", "-in", f"{base}.csr", "-out", f"{base}.crt", "-extfile",
            f"{base}.ext", "-md", about["digest"], "-startdate", about["from"], "-enddate", about["until"], *signer)
        return base
