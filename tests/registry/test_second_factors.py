"""Second factors as nouns: digits once only, codes on paper once each, secrets unreadable."""

from datetime import timedelta

import pyotp
import pytest
import time_machine
from sqlalchemy import text
from sqlalchemy.orm import Session

from registry import authenticators, factors, identities, passkeys, recovery_codes
from registry.access import Role
from registry.authenticators import PERIOD
from registry.kit import clock
from registry.kit.errors import Conflict, NotAllowed
from registry.kit.settings import settings
from registry.staff import Staff
from tests.conftest import somebody


def digits(secret: str, *, ahead: int = 0) -> str:
    """What the app on the phone shows now, or some periods on."""
    return pyotp.TOTP(secret).generate_otp(int(clock.now().timestamp()) // PERIOD + ahead)


@pytest.fixture
def secret(session: Session, anna: Staff) -> str:
    """Anna's app was confirmed a while ago."""
    with time_machine.travel(clock.now() - timedelta(minutes=5), tick=False):
        made = authenticators.begin(session, anna)
        authenticators.confirm(session, anna.id, digits(made.secret))
    return made.secret


def test_an_app_counts_only_once_its_digits_were_written(session: Session, anna: Staff) -> None:
    made = authenticators.begin(session, anna)
    assert not factors.has(session, anna.id)
    with pytest.raises(NotAllowed):
        authenticators.confirm(session, anna.id, "000000")
    authenticators.confirm(session, anna.id, digits(made.secret))

    assert factors.has(session, anna.id)


def test_the_same_digits_open_once(session: Session, anna: Staff, secret: str) -> None:
    shown = digits(secret)

    assert factors.accept(session, anna.id, f" {shown[:3]} {shown[3:]} ") == "app"
    assert factors.accept(session, anna.id, shown) == ""


def test_older_digits_open_nothing_after_newer_ones(
    session: Session, anna: Staff, secret: str
) -> None:
    before, now, after = (digits(secret, ahead=at) for at in (-1, 0, 1))

    assert factors.accept(session, anna.id, after) == "app"
    assert [factors.accept(session, anna.id, each) for each in (before, now)] == ["", ""]


@pytest.mark.parametrize("ahead", [-2, 2, 100])
def test_digits_of_another_minute_open_nothing(
    session: Session, anna: Staff, secret: str, ahead: int
) -> None:
    assert factors.accept(session, anna.id, digits(secret, ahead=ahead)) == ""


def test_a_new_phone_takes_the_place_of_the_old_one(
    session: Session, anna: Staff, secret: str
) -> None:
    new = authenticators.begin(session, anna)
    assert authenticators.accept(session, anna.id, digits(secret)), "the old one holds till then"
    authenticators.confirm(session, anna.id, digits(new.secret))
    with time_machine.travel(clock.now() + timedelta(minutes=1), tick=False):
        assert not authenticators.accept(session, anna.id, digits(secret))
        assert authenticators.accept(session, anna.id, digits(new.secret))


def test_no_secret_can_be_read_in_the_database(session: Session, anna: Staff, secret: str) -> None:
    codes = recovery_codes.make(session, anna.id)
    session.flush()
    rows = [
        str(row)
        for table in ("authenticators", "recovery_codes")
        for row in session.execute(text(f"SELECT {table}::text FROM {table}")).scalars()
    ]

    assert rows
    stored = "".join(rows) + "".join(bytes.fromhex(hexed).decode("latin-1") for hexed in _hex(rows))
    assert secret not in stored
    assert not [code for code in codes if code.replace("-", "") in stored.replace("-", "")]


def _hex(rows: list[str]) -> list[str]:
    """What PostgreSQL writes in hexadecimal in these rows."""
    return [part.split('"')[0] for row in rows for part in row.split("\\\\x")[1:]]


def test_each_recovery_code_opens_once(session: Session, anna: Staff) -> None:
    codes = recovery_codes.make(session, anna.id)
    first = codes[0].lower().replace("-", " ")

    assert factors.accept(session, anna.id, first) == "recovery"
    assert factors.accept(session, anna.id, codes[0]) == ""
    assert recovery_codes.left(session, anna.id) == recovery_codes.HOW_MANY - 1
    recovery_codes.make(session, anna.id)
    assert factors.accept(session, anna.id, codes[1]) == "", "those of before are no good"


def test_codes_are_their_owners(session: Session, anna: Staff, bruno: Staff) -> None:
    codes = recovery_codes.make(session, anna.id)

    assert factors.accept(session, bruno.id, codes[0]) == ""
    assert factors.accept(session, anna.id, "") == ""


def test_the_last_factor_stays_where_the_house_wants_one(
    session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    ada = somebody(session, "ada", "Ada Facsimile", Role.ADMINISTRATOR)
    made = authenticators.begin(session, ada)
    authenticators.confirm(session, ada.id, digits(made.secret))
    authenticators.remove(session, ada.id)
    factors.keep_one(session, ada.actor)
    monkeypatch.setenv("CENTRALE_SECOND_FACTOR_FOR", "administrators")
    settings.cache_clear()
    try:
        with pytest.raises(Conflict):
            factors.keep_one(session, ada.actor)
    finally:
        monkeypatch.undo()
        settings.cache_clear()


def test_a_log_in_elsewhere_is_bound_to_its_subject(session: Session, anna: Staff) -> None:
    def come(subject: str, login: str) -> Staff:
        return identities.recognise(session, issuer="https://i", subject=subject, login=login)

    assert come("s-1", "anna") is anna
    assert come("s-1", "renamed") is anna, "names there change, subjects do not"
    with pytest.raises(NotAllowed, match="belonged to somebody else"):
        come("s-2", "anna")
    with pytest.raises(NotAllowed, match="Nobody of the staff"):
        come("s-3", "nobody")
    identities.unlink(session, anna.id)
    assert come("s-2", "anna") is anna


def test_whoever_lost_everything_begins_anew(session: Session, anna: Staff, secret: str) -> None:
    codes = recovery_codes.make(session, anna.id)
    factors.forget(session, anna.id)

    assert not factors.has(session, anna.id)
    assert passkeys.of(session, anna.id) == []
    assert factors.accept(session, anna.id, codes[0]) == ""
