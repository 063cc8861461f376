"""What the house demands of its own code: layers, sizes, doors, workers, deadlines, words."""

import ast
import re
import subprocess
import sys
import tomllib
from collections.abc import Callable, Iterable, Iterator
from enum import StrEnum
from statistics import median, quantiles
from typing import Any

import pytest
from fastapi.routing import APIRoute, APIWebSocketRoute
from starlette.routing import BaseRoute, Mount

from callcenter import call_states
from dispatch import interventions, standing
from registry import cases, places
from registry.journal import Event
from telecare import alarms, triage
from telecare.protocols.base import Kind
from telecare.triage import Lane
from tests.house import ROOT, Source, sources, tree

LONGEST_MODULE, LONGEST_FUNCTION = 400, 60
# Beyond these the house as a whole has grown fat; the aims of docs are a little lower.
FAT = {"module median": 120, "module p90": 300, "function median": 12, "function p90": 36}

RINGING = {Lane.EMERGENCY, Lane.CONCERN}

# Who may read time, commit and print.
CLOCK = "registry.kit.clock"
TIME = re.compile(r"\b(datetime|date)\.(now|utcnow|today)$|\btime\.time(_ns)?$|\bfunc\.now$")
COMMITTERS = ("registry.kit.db", "registry.kit.engine", "registry.migrations.env")
PRINTERS = ("webconsole.cli",)

# Routes that are no routers of ours.
PLAIN = {"/api/openapi.json", "/static"}
MARKS = {
    "registry.door.allow.<locals>.check",
    "registry.door.allow_at_screen.<locals>.check",
    "registry.door.public.<locals>.check",
    "callcenter.carriers.twilio_hooks._signed",
}
# A folder of somebody's machine: never in a file that others will read.
MACHINE = re.compile(rb"(?<![\w.$}])/(?:work|root|Users|home/\w+)/[\w.]")
INLINE = re.compile(
    r"<script(?![^>]*(?:\bsrc=|application/json))|<style\b|\sstyle\s*=|\son[a-z]+\s*=\s*[\"']"
    r"|javascript:",
    re.IGNORECASE,
)


def test_import_contracts_hold() -> None:
    run = "from importlinter.cli import lint_imports_command; lint_imports_command()"
    said = subprocess.run(
        [sys.executable, "-c", run], cwd=ROOT, capture_output=True, text=True, check=False
    )

    assert said.returncode == 0, said.stdout


def test_the_contract_of_the_kit_names_all_the_rest_of_the_registry() -> None:
    with (ROOT / "pyproject.toml").open("rb") as source:
        contracts = tomllib.load(source)["tool"]["importlinter"]["contracts"]
    (kit,) = (each for each in contracts if each.get("source_modules") == ["registry.kit"])
    rest = {
        ".".join(each.name.split(".")[:2])
        for each in sources()
        if each.name.startswith("registry.")
        and not each.name.startswith(("registry.kit", "registry.migrations"))
    }

    assert rest == {name for name in kit["forbidden_modules"] if name.startswith("registry.")}


def test_modules_and_functions_stay_small() -> None:
    long_modules = [f"{each.name}: {each.lines}" for each in sources()]
    long_functions = [
        f"{each.where(node)} {node.name}: {lines}"
        for each in sources()
        for node, lines in each.functions()
        if lines > LONGEST_FUNCTION
    ]

    assert [each for each in long_modules if int(each.split()[-1]) > LONGEST_MODULE] == []
    assert long_functions == []


def test_house_medians(record_property: Callable[[str, object], None]) -> None:
    modules = [each.lines for each in sources()]
    functions = [lines for each in sources() for _, lines in each.functions()]
    found = {
        "module median": median(modules),
        "module p90": quantiles(modules, n=10)[-1],
        "function median": median(functions),
        "function p90": quantiles(functions, n=10)[-1],
    }
    for name, lines in found.items():
        record_property(name, lines)

    assert {name: lines for name, lines in found.items() if lines > FAT[name]} == {}


def test_every_module_says_what_it_is_for() -> None:
    silent = [each.name for each in sources() if not ast.get_docstring(each.tree)]

    assert silent == []


def _routes(
    routes: Iterable[BaseRoute], prefix: str = "", given: tuple[Any, ...] = ()
) -> Iterator[tuple[str, set[str]]]:
    """Every path with the names of all it depends on, those of included routers too."""
    for route in routes:
        inner = getattr(route, "original_router", None)
        if inner is not None:
            context: Any = route.include_context  # type: ignore[attr-defined]
            more = tuple(each.dependency for each in context.dependencies)
            yield from _routes(inner.routes, prefix + context.prefix, given + more)
        elif isinstance(route, (APIRoute, APIWebSocketRoute)):
            calls = {_name(call) for call in (*given, *_calls(route.dependant))}
            yield prefix + route.path, calls
        else:
            path = str(getattr(route, "path", route))
            yield prefix + path, {"plain"} if isinstance(route, Mount) else set()


def _calls(dependant: Any) -> Iterator[Any]:
    for each in dependant.dependencies:
        yield each.call
        yield from _calls(each)


def _name(call: Any) -> str:
    return f"{call.__module__}.{call.__qualname__}"


def test_every_route_says_who_may_ask() -> None:
    from webconsole.app import make

    found = dict(_routes(make().routes))

    assert len(found) > len(PLAIN)
    unmarked = {path for path, calls in found.items() if not calls & MARKS}
    assert unmarked - PLAIN == set()


def test_webhooks_of_the_carrier_are_signed() -> None:
    from webconsole.app import make

    hooks = {path: calls for path, calls in _routes(make().routes) if path.startswith("/twilio")}

    assert hooks
    signed = "callcenter.carriers.twilio_hooks._signed"
    assert [path for path, calls in hooks.items() if signed not in calls] == []


def _named(call: ast.Call) -> str:
    return ast.unparse(call.func)


@pytest.mark.usefixtures("_database")
def test_every_task_sent_has_a_worker() -> None:
    from webconsole.worker import app

    sent, written = dict[str, str](), dict[str, str]()
    for each in sources():
        for call in each.calls():
            if _named(call) == "jobs.send":
                sent[each.value(call.args[0])] = each.where(call)
            if _named(call) == "shared_task":
                name = next(word.value for word in call.keywords if word.arg == "name")
                written[each.value(name)] = each.where(call)

    assert sent
    assert {name: at for name, at in (sent | written).items() if name not in app.tasks} == {}


def _constant(word: ast.expr) -> bool:
    plain = isinstance(word, ast.Name | ast.Attribute)
    return plain and ast.unparse(word).rpartition(".")[2].isupper()


def _deadlines_set() -> dict[str, str]:
    """Every kind of deadline that is set anywhere, and one place where it is."""
    found = dict[str, str]()
    for each in sources():
        if each.name == "registry.deadlines":
            continue
        for call in each.calls():
            name = _named(call)
            if name in {"deadlines.set_", "deadlines.set_many", "deadlines.keep", "rows.deadline"}:
                # A kind that a function is handed is a constant of whoever calls it.
                kinds = [word for word in call.args if _constant(word)]
                found |= {each.value(kind): each.where(call) for kind in kinds}
    return found


def test_every_deadline_that_is_set_is_kept_by_somebody() -> None:
    from webconsole import wiring

    found = _deadlines_set()
    kept = {**wiring.INSIDE, **wiring.OUTSIDE}

    assert {kind: at for kind, at in found.items() if kind not in kept} == {}
    assert set(kept) - set(found) == set()
    assert set(wiring.INSIDE) & set(wiring.OUTSIDE) == set()


def test_every_listener_waits_for_something_that_is_recorded() -> None:
    from webconsole import wiring

    recorded = {_named(call).rpartition(".")[2] for each in sources() for call in each.calls()}

    for event, listeners in wiring.LISTENERS.items():
        assert Event.kinds[event.kind] is event
        assert event.__name__ in recorded
        assert all(callable(each) for each in listeners)


def _facts() -> list[str]:
    """The kind of every fact that the code can record, each one's module imported."""
    return [
        each.value(ast.Name(node.name)).kind
        for each in sources()
        for node in ast.walk(each.tree)
        if isinstance(node, ast.ClassDef) and "journal.Event" in map(ast.unparse, node.bases)
    ]


def test_no_two_facts_share_a_kind() -> None:
    facts = _facts()

    assert facts
    assert len(facts) == len(set(facts))


def test_the_console_listens_to_facts_that_exist() -> None:
    kind = re.compile(r"[\"'`]((?:registry|callcenter|dispatch|telecare)\.[a-z_]+)[\"'`]")
    modules = (ROOT / "webconsole" / "static" / "console").glob("*.mjs")
    heard = {name for path in modules for name in kind.findall(path.read_text(encoding="utf-8"))}

    assert heard - set(_facts()) == set()


def test_only_the_clock_reads_time() -> None:
    assert [at for each, at in _calling(TIME.search) if each.name != CLOCK] == []


def test_only_the_kit_commits() -> None:
    committing = _calling(lambda name: name.endswith(".commit"))

    assert [at for each, at in committing if not each.name.startswith(COMMITTERS)] == []


def test_only_the_command_line_prints() -> None:
    printing = _calling(lambda name: name == "print")

    assert [at for each, at in printing if not each.name.startswith(PRINTERS)] == []


def _calling(wanted: Callable[[str], object]) -> Iterator[tuple[Source, str]]:
    for each in sources():
        for call in each.calls():
            if wanted(_named(call)):
                yield each, each.where(call)


@pytest.mark.parametrize("lock", ["requirements.lock", "requirements-dev.lock"])
def test_lock_files_name_no_index(lock: str) -> None:
    text = (ROOT / lock).read_text(encoding="utf-8")

    assert (
        re.findall(r"^.*(?:://|--(?:extra-)?index-url|--find-links).*$", text, re.MULTILINE) == []
    )
    packages = re.findall(r"^[a-z0-9][^ ]*==", text, re.MULTILINE)
    assert len(packages) == len(re.findall(r"^[a-z0-9].*\\\n    --hash=", text, re.MULTILINE))


def test_no_file_carries_a_path_of_somebodys_machine() -> None:
    assert [
        f"{path.relative_to(ROOT)}: {found[0].decode()}"
        for path in tree()
        if "vendor" not in path.parts and (found := MACHINE.search(path.read_bytes()))
    ] == []


def test_templates_hold_no_script_and_no_style() -> None:
    templates = sorted((ROOT / "webconsole" / "templates").rglob("*.html"))

    assert templates
    assert [
        f"{path.name}: {found[0]}"
        for path in templates
        if (found := INLINE.search(path.read_text(encoding="utf-8")))
    ] == []


@pytest.mark.parametrize("script", ["catalogue", "states"])
def test_what_scripts_make_is_up_to_date(script: str) -> None:
    """Every sentence has its Italian; docs/states.md says what the STEPS tables say."""
    said = subprocess.run(
        [sys.executable, ROOT / "scripts" / script, "--check"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )

    assert said.returncode == 0, said.stdout + said.stderr


def test_only_the_sample_town_has_a_past() -> None:
    told = _calling(lambda name: name == "clock.at")

    assert [at for each, at in told if not each.name.startswith("webconsole.demo")] == []


def test_every_code_that_a_screen_shows_has_a_word() -> None:
    from webconsole import words

    alarming = {kind.value for kind in Kind if triage.lane_of(kind) in RINGING}
    tables: dict[str, type[StrEnum]] = {
        "ALARM_OUTCOMES": alarms.Outcome,
        "CALL_OUTCOMES": call_states.Outcome,
        "JOB_OUTCOMES": interventions.Outcome,
        "JOB_STATES": interventions.InterventionState,
        "STANDINGS": standing.Standing,
        "AREAS": cases.Area,
        "ADDRESSES": places.AddressKind,
    }
    lacking = {
        name: {each.value for each in kind} - set(getattr(words, name))
        for name, kind in tables.items()
    }

    assert {name: codes for name, codes in lacking.items() if codes} == {}
    assert alarming - set(words.KINDS) == set()
