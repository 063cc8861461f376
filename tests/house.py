"""The house's own code as data, for the tests that it does about itself."""

import ast
import gc
import importlib
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
PACKAGES = ("registry", "callcenter", "dispatch", "telecare", "webconsole")

Function = ast.FunctionDef | ast.AsyncFunctionDef


@dataclass(frozen=True)
class Source:
    """One Python file of the product."""

    path: Path
    text: str
    tree: ast.Module

    @property
    def name(self) -> str:
        parts = self.path.relative_to(ROOT).with_suffix("").parts
        return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)

    @property
    def lines(self) -> int:
        return len(self.text.splitlines())

    def where(self, node: ast.AST) -> str:
        return f"{self.path.relative_to(ROOT)}:{getattr(node, 'lineno', 0)}"

    def calls(self) -> Iterator[ast.Call]:
        return (node for node in ast.walk(self.tree) if isinstance(node, ast.Call))

    def functions(self) -> Iterator[tuple[Function, int]]:
        """Each function with its lines, decorators left out."""
        for node in ast.walk(self.tree):
            if isinstance(node, Function):
                yield node, (node.end_lineno or node.lineno) - node.lineno + 1

    def module(self) -> ModuleType:
        return importlib.import_module(self.name)

    def value(self, written: ast.expr) -> Any:
        """What a constant or a dotted name means in this module."""
        return eval(ast.unparse(written), dict(vars(self.module())))  # noqa: S307 - our own code


def parsed(text: str) -> ast.Module:
    """Its syntax; what complains while it is collected makes Python 3.11 lose count of depth."""
    gc.disable()
    try:
        return ast.parse(text)
    finally:
        gc.enable()


@cache
def sources() -> tuple[Source, ...]:
    """Every module of the product; migrations, which are history, apart."""
    paths = sorted(path for package in PACKAGES for path in (ROOT / package).rglob("*.py"))
    texts = ((path, path.read_text(encoding="utf-8")) for path in paths)
    return tuple(
        Source(path, text, parsed(text))
        for path, text in texts
        if "versions" not in path.parts and "vendor" not in path.parts
    )


@cache
def tree() -> tuple[Path, ...]:
    """Every file that belongs to the project, also those not yet committed."""
    said = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    found = (ROOT / name for name in said.stdout.split("\0") if name)
    return tuple(path for path in found if path.is_file())
