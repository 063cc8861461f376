"""What we are made of: a bill of materials, and an audit that never passes in silence."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.house import ROOT

LOCKED = re.compile(r"^([\w.-]+)==(\S+)", re.MULTILINE)


def run(*words: str, path: str = "") -> subprocess.CompletedProcess[str]:
    told = os.environ | ({"PYTHONPATH": path} if path else {})
    return subprocess.run(words, cwd=ROOT, env=told, capture_output=True, text=True, check=False)


def test_the_bill_names_every_package_of_the_lock_and_nothing_that_changes_by_itself() -> None:
    said = run("scripts/sbom")
    assert said.returncode == 0, said.stderr
    bill = json.loads(said.stdout)
    named = {(each["name"].lower(), each["version"]) for each in bill["components"]}
    locked = LOCKED.findall((ROOT / "requirements.lock").read_text(encoding="utf-8"))
    assert {(name.lower(), version) for name, version in locked} == named
    assert "serialNumber" not in bill
    assert "timestamp" not in bill["metadata"]


FINE = {"name": "x", "version": "1", "vulns": []}
UNKNOWN = {"name": "y", "skip_reason": "not found"}
FAULTY = FINE | {"vulns": [{"id": "CVE-1", "fix_versions": ["2"]}]}
NOBODY = "LOUD: the advisory service could not be asked"


@pytest.mark.parametrize(
    ("asked", "ended", "says"),
    [
        (None, 0, NOBODY),
        ([UNKNOWN], 0, NOBODY),
        ([FINE, UNKNOWN], 0, "LOUD: not known to the advisory service: y"),
        ([FINE, FAULTY], 1, "x 1: CVE-1, mended in 2"),
    ],
)
def test_the_audit_fails_for_faults_alone_and_says_when_nobody_answered(
    tmp_path: Path, asked: object, ended: int, says: str
) -> None:
    answer = json.dumps({"dependencies": asked}) if asked else ""
    double = tmp_path / "pip_audit"
    double.mkdir()
    (double / "__init__.py").touch()
    (double / "__main__.py").write_text(f"print({answer!r})", encoding="utf-8")
    said = run(sys.executable, "scripts/audit", path=str(tmp_path))
    assert (said.returncode, says in said.stdout) == (ended, True), said.stdout + said.stderr
