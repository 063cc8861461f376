"""Logs: JSON lines that tell an exception's kind and way, and never its words."""

import json
import logging
from collections.abc import Iterator

import pytest
import structlog

from registry.kit.settings import Settings
from webconsole import logs


@pytest.fixture
def _as_before() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    root.handlers[:], root.level = handlers, level
    structlog.reset_defaults()


@pytest.mark.usefixtures("_as_before")
def test_an_exception_leaves_its_kind_and_not_its_words(capsys: pytest.CaptureFixture[str]) -> None:
    logs.configure(Settings(log_json=True))
    for logger in (structlog.get_logger(), logging.getLogger("elsewhere")):
        try:
            int("Key (phone)=(+390815550101) already exists")
        except ValueError:
            logger.exception("row.refused")

    lines = [json.loads(line) for line in capsys.readouterr().err.splitlines()]

    assert [line["event"] for line in lines] == ["row.refused"] * 2
    for line in lines:
        assert line["error"] == "ValueError"
        assert line["level"] == "error"
        assert line["timestamp"].endswith("Z")
        assert "test_an_exception" in line["way"][-1]
        assert "+39" not in json.dumps(line)
