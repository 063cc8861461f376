"""A pytest plugin: with CENTRALE_NO_SKIPS=1 a skipped test fails the run, as `.ci/run` wants."""

import os

import pytest

WANTED = os.environ.get("CENTRALE_NO_SKIPS") == "1"


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session, exitstatus: int) -> None:
    """Turn a run that passed but skipped something into a failed one."""
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")
    if not WANTED or reporter is None or hasattr(session.config, "workerinput"):
        return
    skipped = len(reporter.stats.get("skipped", []))
    if skipped and exitstatus == pytest.ExitCode.OK:
        reporter.write_line(f"CENTRALE_NO_SKIPS=1: {skipped} tests were skipped", red=True)
        session.exitstatus = pytest.ExitCode.TESTS_FAILED
