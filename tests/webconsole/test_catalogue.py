"""The words and files of the console: all Italian, all as their manifests say, small enough."""

import gzip
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.house import ROOT

STATIC = ROOT / "webconsole" / "static"
CONSOLE_LIMIT = 60_000  # bytes of gzip, without the map library and the carrier's telephone
LAYERS_LIMIT = 700_000


def test_every_sentence_has_its_italian() -> None:
    found = subprocess.run(
        [sys.executable, "scripts/catalogue", "--check"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert found.stdout == ""


def test_the_vendored_files_are_those_their_manifests_name() -> None:
    found = subprocess.run(
        [sys.executable, "scripts/vendor", "--check"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (found.returncode, found.stdout) == (0, "")


def test_the_console_stays_light() -> None:
    modules = [
        *(STATIC / "console").glob("*.mjs"),
        *(STATIC / "vendor" / "preact").glob("*.mjs"),
        STATIC / "vendor" / "htm" / "htm.mjs",
    ]
    assert sum(len(gzip.compress(each.read_bytes())) for each in modules) < CONSOLE_LIMIT
    layers = (STATIC / "boundaries").glob("*.geojson")
    assert sum(each.stat().st_size for each in layers) < LAYERS_LIMIT


@pytest.mark.parametrize("file", sorted((ROOT / "webconsole" / "templates").glob("*.html")))
def test_no_template_has_script_or_style_inside(file: Path) -> None:
    """What the content-security policy would refuse."""
    text = file.read_text(encoding="utf-8")
    inline = re.findall(r"<script(?![^>]*(?:src=|application/json))|<style| style=| on\w+=", text)
    assert inline == []
