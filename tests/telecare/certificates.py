"""Certificates of our own for whoever speaks TLS in tests."""

import subprocess
from pathlib import Path

KIND = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2"]
NAMES = ["-addext", "subjectAltName=IP:127.0.0.1"]
LEAF = ["-addext", "basicConstraints=critical,CA:FALSE"]


def certificate(folder: Path) -> tuple[Path, Path]:
    """The certificate and its private key, for 127.0.0.1."""
    chain, key = folder / "cert.pem", folder / "key.pem"
    _openssl(*NAMES, "-subj", "/CN=localhost", "-keyout", str(key), "-out", str(chain))
    return chain, key


class Authority:
    """Somebody who vouches for certificates, as an operator makes it with three commands."""

    def __init__(self, folder: Path, name: str) -> None:
        self.certificate, self._key = folder / f"{name}.pem", folder / f"{name}.key"
        own = ["-keyout", str(self._key), "-out", str(self.certificate)]
        _openssl("-subj", f"/CN={name}", *own)

    def vouch(self, name: str) -> tuple[Path, Path]:
        """A certificate and its private key for 127.0.0.1."""
        chain, key = (self.certificate.with_name(f"{name}{ending}") for ending in (".crt", ".key"))
        by = ["-CA", str(self.certificate), "-CAkey", str(self._key)]
        own = ["-subj", f"/CN={name}", "-keyout", str(key), "-out", str(chain)]
        _openssl(*by, *NAMES, *LEAF, *own)
        return chain, key


def _openssl(*more: str) -> None:
    command = ["openssl", "req", "-x509", *KIND, *more]
    subprocess.run(command, check=True, capture_output=True)
