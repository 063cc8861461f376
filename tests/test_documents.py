"""The documents: what they point at is there."""

import re
from pathlib import Path

import pytest

from tests.house import ROOT, Function, sources, tree

DOCUMENTS = sorted(path for path in tree() if path.suffix == ".md")
LINK = re.compile(r"\]\(([^)#\s]+)(?:#[^)]*)?\)")
NAMED = re.compile(r"`([a-z_/0-9]+\.(?:py|mjs|sh))(?::([A-Za-z_]+))?`")
YOURS = "yours"  # what a reader of a guide is to write
ELSEWHERE = ("http://", "https://", "mailto:")


def name_of(path: Path) -> str:
    return str(path.relative_to(ROOT))


@pytest.mark.parametrize("document", DOCUMENTS, ids=name_of)
def test_links_lead_somewhere(document: Path) -> None:
    text = document.read_text(encoding="utf-8")
    links = [each for each in LINK.findall(text) if not each.startswith(ELSEWHERE)]

    assert [each for each in links if not (document.parent / each).exists()] == []


@pytest.mark.parametrize("document", DOCUMENTS, ids=name_of)
def test_files_and_verbs_that_are_named_exist(document: Path) -> None:
    defined = {
        str(each.path.relative_to(ROOT)): {
            node.name for node in each.tree.body if isinstance(node, Function)
        }
        | set(re.findall(r"^class (\w+)", each.text, re.MULTILINE))
        for each in sources()
    }
    named = NAMED.findall(document.read_text(encoding="utf-8"))
    there = "\n".join(f"/{name_of(path)}" for path in tree()) + "\n"

    assert [path for path, _ in named if YOURS not in path and f"/{path}\n" not in there] == []
    assert [
        f"{path}:{verb}" for path, verb in named if verb and verb not in defined.get(path, ())
    ] == []
