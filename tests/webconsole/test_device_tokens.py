"""The verbs `devices token …` on the real database."""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from typer.testing import CliRunner

from registry.kit import db
from registry.kit.errors import Invalid, NotSignedIn
from telecare import device_tokens, devices
from webconsole import cli_device_tokens, house


@pytest.fixture
def run(database: None, monkeypatch: pytest.MonkeyPatch) -> CliRunner:
    @contextmanager
    def running() -> Iterator[None]:
        yield

    monkeypatch.setattr(house, "open_", running)
    return CliRunner()


def test_a_token_is_issued_listed_and_revoked(run: CliRunner) -> None:
    with db.transaction() as session:
        devices.add(session, account="APP7", protocol="json")
    issued = run.invoke(cli_device_tokens.verbs, ["issue", "app7", "--label", "telefono"])
    secret = issued.output.strip().splitlines()[-1]
    with db.transaction() as session:
        assert device_tokens.check(session, secret).account == "APP7"

    listed = run.invoke(cli_device_tokens.verbs, ["list", "APP7"]).output
    assert "in force" in listed
    assert "telefono" in listed
    assert secret not in listed
    revoked = run.invoke(cli_device_tokens.verbs, ["revoke", listed.split()[0]])
    assert revoked.exit_code == 0
    with db.transaction() as session, pytest.raises(NotSignedIn):
        device_tokens.check(session, secret)
    assert "revoked" in run.invoke(cli_device_tokens.verbs, ["list", "APP7"]).output


def test_an_unknown_device_is_said(run: CliRunner) -> None:
    refused = run.invoke(cli_device_tokens.verbs, ["issue", "4711"])
    assert isinstance(refused.exception, Invalid)
