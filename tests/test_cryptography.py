"""Where cryptography is used stands in docs/security.md, every file of it and nothing else."""

import ast
import re
from collections.abc import Iterator

from tests.house import ROOT, sources

# Libraries that encrypt, sign, hash passwords or speak TLS.
LIBRARIES = {"cryptography", "joserfc", "webauthn", "pwdlib", "pyotp", "ssl", "authlib", "argon2"}
ROW = re.compile(r"^\| `([\w/]+\.py)`", re.MULTILINE)


def imported(tree: ast.Module) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (each.name.partition(".")[0] for each in node.names)
        elif isinstance(node, ast.ImportFrom) and node.level == 0:
            yield (node.module or "").partition(".")[0]


def test_every_file_that_uses_cryptography_is_in_the_inventory() -> None:
    using = {
        str(each.path.relative_to(ROOT)) for each in sources() if LIBRARIES & {*imported(each.tree)}
    }
    text = (ROOT / "docs" / "security.md").read_text(encoding="utf-8")
    inventory = text.split("## Where cryptography is used")[1].split("\n## ")[0]
    assert sorted(ROW.findall(inventory)) == sorted(using)
