"""Settings: read from the environment, never printing a secret, one home per checkout."""

from pathlib import Path

import pytest
from pydantic import ValidationError

from registry.kit import settings as module
from registry.kit.settings import Settings


def test_the_environment_sets_them(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CENTRALE_HTTP_PORT", "8123")
    monkeypatch.delenv("CENTRALE_PUBLIC_URL", raising=False)
    chosen = Settings()
    assert chosen.http_port == 8123
    assert chosen.public_url == "http://127.0.0.1:8123"


def test_an_empty_variable_is_as_good_as_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CENTRALE_HTTP_PORT", "")
    assert Settings().http_port == 8080


def test_secrets_are_never_printed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CENTRALE_DATABASE_URL", "postgresql+psycopg://u:parola@h/d")
    monkeypatch.setenv("CENTRALE_TWILIO_AUTH_TOKEN", "parola")
    assert "parola" not in f"{Settings()!r} {Settings()}"


def test_root_has_a_home_per_checkout(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.geteuid", lambda: 0)
    monkeypatch.setattr(module, "CHECKOUT", Path("/srv/one"))
    one = module.default_home()
    monkeypatch.setattr(module, "CHECKOUT", Path("/srv/two"))
    assert one.parent == Path("/var/lib")
    assert one != module.default_home()


def test_others_keep_it_in_the_checkout(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.geteuid", lambda: 1000)
    monkeypatch.setattr(module, "CHECKOUT", Path("/srv/one"))
    assert module.default_home() == Path("/srv/one/var")


def test_every_setting_says_what_it_means() -> None:
    for name, field in Settings.model_fields.items():
        assert field.description, name


@pytest.mark.parametrize("name", ["CENTRALE_DATABASE_URL", "CENTRALE_DATABASE_OWNER_URL"])
def test_an_address_of_another_kind_is_named_at_once(
    monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.setenv(name, "mysql://u:parola@h/d")
    with pytest.raises(ValidationError, match=f"{name} begins with postgresql") as refused:
        Settings()
    assert "parola" not in str(refused.value)
