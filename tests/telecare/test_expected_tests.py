"""The calendar of expected tests: each unit on its day, what was missed apart, nothing personal."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import time_machine
from starlette.testclient import TestClient

from registry.access import Role
from registry.kit import db
from telecare import devices, expected_tests, faults
from telecare.expected_tests import DAYS
from telecare.protocols.base import Kind

SignIn = Callable[..., TestClient]
DAY = 86_400
# Half past eleven at night in Rome: the day of the house is not that of UTC for long.
NOW = datetime(2026, 11, 23, 22, 30, tzinfo=UTC)


@time_machine.travel(NOW, tick=False)
def test_each_unit_stands_on_its_day_and_what_was_missed_is_counted_apart(database: None) -> None:
    with db.transaction() as session:
        devices.add(session, account="1001", test_every_s=3600)
        devices.add(session, account="1002", test_every_s=7 * DAY)
        devices.add(session, account="1003", test_every_s=30 * DAY)
        devices.add(session, account="1004")
        late = devices.add(session, account="1005", test_every_s=DAY)
        late.test_due_at = NOW + timedelta(minutes=10)
        coming = devices.add(session, account="1006", test_every_s=DAY)
        coming.test_due_at = NOW + timedelta(minutes=1)
        session.flush()
        faults.keep(session, Kind.TEST_MISSED, {late.id}, set())
        days = expected_tests.days(session)
        first = expected_tests.today()
        assert [each.on for each in days] == [first + timedelta(days=n) for n in range(DAYS)]
        counted = {each.on.isoformat(): each.tests for each in days if each.tests}
        # The test of 1006 is over two hours late, and has a minute left.
        assert counted == {"2026-11-23": 1, "2026-11-24": 1, "2026-11-30": 1}
        assert expected_tests.missed(session) == 1
        (unit,) = expected_tests.of_day(session, first + timedelta(days=7))
        assert (unit.device.account, unit.at) == ("1002", NOW + timedelta(days=7))
        assert [each.device.account for each in expected_tests.of_day(session, first)] == ["1006"]


def test_technicians_leaf_through_it_and_nobody_else(signed_in: SignIn) -> None:
    with db.transaction() as session:
        devices.add(session, account="4711", test_every_s=DAY, label="Casa di Rosa")
    client = signed_in("tea", Role.TECHNICIAN)
    told = client.get("/api/v1/expected-tests").json()
    assert (len(told["days"]), told["missed"]) == (DAYS, 0)
    tomorrow = told["days"][1]
    assert tomorrow["tests"] == 1
    page = client.get(f"/prove-attese?giorno={tomorrow['on']}").text
    assert "4711" in page
    assert "Casa di Rosa" not in page
    assert "Nessuna prova attesa" in client.get("/prove-attese?giorno=mai").text
    signed_in("anna", Role.OPERATOR)
    assert client.get("/prove-attese").status_code == 403
