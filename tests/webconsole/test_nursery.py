"""The nursery: processes that are there at once, end with who asked, and outlive the nursery."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from registry.kit import engine_home
from tests.waiting import eventually
from webconsole import nursery
from webconsole.nursery import Forked

WORDS = ("settings",)
ENVIRONMENT = {"NO_COLOR": "1", "CENTRALE_DEMO": "true"}


def sleep() -> None:
    print(f"asleep in {os.getppid()}")  # noqa: T201 - the log is what is tested
    time.sleep(60)


def refuse() -> None:
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    sleep()


def asleep(log: Path) -> int:
    """The number of the nursery, once the child sleeps."""
    eventually(lambda: log.exists() and "asleep" in log.read_text())
    return int(log.read_text().split()[-1])


def test_a_verb_runs_in_its_own_environment_and_says_how_it_ended(tmp_path: Path) -> None:
    log = tmp_path / "log"
    log.write_text("what was there\n")
    child = nursery.fork(WORDS, ENVIRONMENT, log)
    assert child.wait(30) == 0
    assert child.poll() == 0
    assert log.read_text().startswith("what was there\n")
    assert "CENTRALE_DEMO = on" in log.read_text()


def test_a_verb_that_fails_says_why_in_one_sentence(tmp_path: Path) -> None:
    child = nursery.fork(("settings",), ENVIRONMENT | {"CENTRALE_HTTP_PORT": "x"}, tmp_path / "log")
    assert child.wait(30) == 1
    assert "CENTRALE_HTTP_PORT" in (tmp_path / "log").read_text().splitlines()[-1]


def test_its_name_is_what_it_does_and_the_terminal_is_not_its_own(tmp_path: Path) -> None:
    child = nursery.fork(WORDS, ENVIRONMENT, tmp_path / "log", first=sleep)
    asleep(tmp_path / "log")
    assert psutil.Process(child.pid).cmdline()[0] == "centrale settings"
    assert os.getsid(child.pid) == child.pid
    child.terminate()
    assert child.wait() == -signal.SIGTERM
    child.terminate()  # nobody is there any more, and nobody else is told


def test_who_does_not_end_in_time_is_told_by_an_error(tmp_path: Path) -> None:
    child = nursery.fork(WORDS, ENVIRONMENT, tmp_path / "log", first=refuse)
    asleep(tmp_path / "log")
    child.terminate()
    with pytest.raises(subprocess.TimeoutExpired):
        child.wait(0.2)
    child.kill()
    assert child.wait() == -signal.SIGKILL


def test_children_outlive_the_nursery_and_a_new_one_reads_anew(tmp_path: Path) -> None:
    first = nursery.fork(WORDS, ENVIRONMENT, tmp_path / "first", first=sleep)
    os.kill(asleep(tmp_path / "first"), signal.SIGKILL)
    second = nursery.fork(WORDS, ENVIRONMENT, tmp_path / "second", first=sleep)
    asleep(tmp_path / "second")
    assert first.poll() is None
    for child in (first, second):
        child.terminate()
    assert (first.wait(), second.wait()) == (nursery.UNKNOWN, -signal.SIGTERM)


def test_children_end_with_who_asked_for_them_however_that_ends(tmp_path: Path) -> None:
    script = (
        "import sys, time; from pathlib import Path\n"
        "from tests.webconsole.test_nursery import begin\n"
        "if __name__ == '__main__':\n"
        "    print(begin(Path(sys.argv[1])).pid, flush=True); time.sleep(60)"
    )
    asker = subprocess.Popen([sys.executable, "-c", script, tmp_path], stdout=subprocess.PIPE)
    assert asker.stdout is not None
    pid = int(asker.stdout.readline())
    nursery_pid = asleep(tmp_path / "log")
    asker.kill()
    asker.wait()
    asker.stdout.close()
    assert engine_home.wait_until_gone(pid, 10)
    assert engine_home.wait_until_gone(nursery_pid, 10)


def begin(folder: Path) -> Forked:
    return nursery.fork(WORDS, ENVIRONMENT, folder / "log", first=sleep)
