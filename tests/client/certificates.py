"""Authorities and certificates made on the spot."""

import shutil
import subprocess
from pathlib import Path

import pytest


def _openssl(*arguments: str) -> None:
    subprocess.run(["openssl", *arguments], check=True, capture_output=True)


class Authority:
    """Signs certificates for 127.0.0.1."""

    def __init__(self, folder: Path, name: str = "ca") -> None:
        if shutil.which("openssl") is None:
            pytest.skip("openssl is not installed")
        self.folder, self.name = folder, name
        key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", str(folder / f"{name}.key")]
        _openssl("req", "-x509", *key, "-days", "2", "-subj", f"/CN={name}", "-out", str(self.certificate))

    @property
    def certificate(self) -> Path:
        return self.folder / f"{self.name}.crt"

    def sign(self, name: str, *, days: int = 2) -> tuple[Path, Path]:
        """Return a certificate and its key; below 0 days it has expired."""
        key, request, certificate = (self.folder / f"{name}.{end}" for end in ("key", "csr", "crt"))
        made = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", str(key)]
        _openssl("req", *made, "-subj", f"/CN={name}", "-out", str(request))
        names = self.folder / "names"
        names.write_text("subjectAltName=IP:127.0.0.1\n", encoding="ascii")
        by = ["-CA", str(self.certificate), "-CAkey", str(self.folder / f"{self.name}.key"), "-CAcreateserial", "-extfile", str(names)]
        _openssl("x509", "-req", "-in", str(request), "-out", str(certificate), *by, "-days", str(days))
        return certificate, key
