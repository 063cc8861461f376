"""The verbs of those who change Centrale: `check` looks at the code, `test` runs it."""

import os
import shutil
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from pathlib import Path

import typer
from rich.console import Console

from registry.kit.errors import Problem
from registry.kit.settings import CHECKOUT
from webconsole import house

CODE = ("registry", "callcenter", "telecare", "dispatch", "webconsole", "tests", "bench")
WINDOWED = ("chromium", "chromium-browser", "google-chrome")
# The first has no window, and no camera: a page takes a fifth of the time that it takes the others.
CHROMIUM = ("chromium-headless-shell", *WINDOWED)


class Failed(Problem):
    """Something does not hold."""


@dataclass(frozen=True)
class Step:
    """One check: a name people say, and its command."""

    name: str
    words: tuple[str, ...]


def _python(*words: str) -> tuple[str, ...]:
    return (sys.executable, "-m", *words)


def _program(name: str) -> str:
    """A program that came with a package."""
    return str(Path(sys.executable).with_name(name))


CONTRACTS = "from importlinter.cli import lint_imports_command; lint_imports_command()"

# The slowest first, so that they share the time of the others.
STEPS = (
    Step("types", _python("mypy")),
    Step("migrations", house.verb("check-migrations")),
    Step("contracts", (sys.executable, "-c", CONTRACTS)),
    Step("dependencies", _python("deptry", ".")),
    Step("known faults", (sys.executable, "scripts/audit")),
    Step("templates", _python("djlint", "webconsole/templates", "--lint", "--quiet")),
    Step("spelling", _python("codespell_lib", *CODE, "docs", "README.md", "CHANGELOG.md")),
    Step("lint", _python("ruff", "check", "--no-cache", ".")),
    Step("scripts", (_program("oxlint"), "--deny-warnings", "webconsole/static")),
    Step("format", _python("ruff", "format", "--check", ".")),
)


def check() -> None:
    """Format, lint, contracts, types, spelling, templates, scripts, dependencies, migrations."""
    console = Console(highlight=False, soft_wrap=True)
    failed = []
    with ThreadPoolExecutor(max(2, os.cpu_count() or 2)) as hands:
        waiting = {hands.submit(_run, step): step for step in STEPS}
        for done in as_completed(waiting):
            step, (ended, seconds) = waiting[done], done.result()
            if ended.returncode == 0:
                console.print(f"[green]✓[/] {step.name} [dim]{seconds:.1f} s[/]")
                _say_loudly(console, ended.stdout)
                continue
            failed.append(step.name)
            console.print(f"[red]✗ {step.name}[/] [dim]{' '.join(step.words)}[/]")
            console.print(ended.stdout.rstrip(), markup=False)
    if failed:
        raise Failed(f"{len(failed)} of {len(STEPS)} checks failed: {', '.join(failed)}")
    console.print(f"All {len(STEPS)} checks passed")


def _say_loudly(console: Console, said: str) -> None:
    """What did not fail and yet was not looked at must not pass in silence."""
    for line in said.splitlines():
        if line.startswith("LOUD: "):
            console.print(f"  [yellow]! {line.removeprefix('LOUD: ')}[/]")


def _run(step: Step) -> tuple[subprocess.CompletedProcess[str], float]:
    started = time.monotonic()
    ended = subprocess.run(  # noqa: S603 - the commands above
        step.words,
        cwd=CHECKOUT,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    return ended, time.monotonic() - started


def test(context: typer.Context) -> None:
    """Run every test, browser tests included; further words go to pytest."""
    _have_chromium()
    processes = str(min(8, max(2, os.cpu_count() or 2)))
    # By file, so that a running house is started once; the long files come first.
    by_file = ("--dist", "loadfile", "--no-loadscope-reorder")
    words = _python("pytest", "-n", processes, *by_file, *context.args)
    os.chdir(CHECKOUT)
    sys.stdout.flush()
    os.execv(words[0], words)  # noqa: S606 - the last word is pytest's


def _have_chromium() -> None:
    """Install Chromium where that is possible; without it the browser tests skip, and say so."""
    missing = [each for each in (CHROMIUM[0], WINDOWED[0]) if shutil.which(each) is None]
    if not missing:
        return
    names = " and ".join(missing)
    if os.geteuid() != 0 or shutil.which("apt-get") is None:
        typer.echo(f"{names} missing: browser tests are slower, or skipped", err=True)
        return
    typer.echo(f"{names} missing: installing for the browser tests", err=True)
    told = dict(os.environ) | {"DEBIAN_FRONTEND": "noninteractive"}
    for words in (
        ("apt-get", "update", "-q"),
        ("apt-get", "install", "-y", "-q", "--no-install-recommends", *missing),
    ):
        if subprocess.run(words, env=told, check=False).returncode != 0:  # noqa: S603
            typer.echo(f"{names} could not be installed: browser tests may skip", err=True)
            return
