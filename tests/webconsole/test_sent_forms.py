"""A form sent twice, by a second click or because its answer was lost, is done once."""

import re
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from uuid import UUID

import pytest
import time_machine
from sqlalchemy import func, select
from starlette.testclient import TestClient

from registry import people, sent_forms
from registry.access import Role
from registry.consents import Notice
from registry.kit import clock, db
from registry.people import Phone
from registry.sent_forms import SentForm
from webconsole import rendering

SignedIn = Callable[..., TestClient]
WAY_IN = {"login", "first_access", "second_factor", "lock"}


@pytest.fixture
def nina(database: None) -> UUID:
    with db.transaction() as session:
        return people.create(session, given_name="Nina", family_name="Prova").id


@pytest.fixture
def anna(signed_in: SignedIn) -> Iterator[TestClient]:
    client = signed_in("anna", Role.OPERATOR)
    client.headers["accept"] = "text/html"
    client.follow_redirects = False
    yield client
    del client.headers["accept"]
    client.follow_redirects = True


def key_on(page: str) -> str:
    found = re.search(r'name="once" value="([\w-]+)"', page)
    assert found is not None
    return found[1]


def notices() -> int:
    with db.transaction() as session:
        return session.scalar(select(func.count(Notice.id))) or 0


def test_a_second_click_leads_where_the_first_one_led(nina: UUID, anna: TestClient) -> None:
    there = f"/persone/{nina}/privacy"
    said = {"edition": "2026", "once": key_on(anna.get(there).text)}

    answers = [anna.post(f"{there}/informative", data=said) for _ in range(3)]

    assert {(each.status_code, each.headers["location"]) for each in answers} == {(303, there)}
    assert notices() == 1


def test_clicks_at_the_same_moment_make_one_thing(nina: UUID, anna: TestClient) -> None:
    there = f"/persone/{nina}/privacy"
    said = {"edition": "2026", "once": key_on(anna.get(there).text)}

    with ThreadPoolExecutor(6) as hands:
        sent = [hands.submit(anna.post, f"{there}/informative", data=said) for _ in range(6)]
        answers = [each.result() for each in sent]

    assert {(each.status_code, each.headers["location"]) for each in answers} == {(303, there)}
    assert notices() == 1


def test_what_was_refused_may_come_again(nina: UUID, anna: TestClient) -> None:
    there = f"/persone/{nina}/privacy"
    said = {"edition": " ", "once": key_on(anna.get(there).text)}
    for _ in range(2):
        refused = anna.post(f"{there}/informative", data=said)
        assert refused.status_code == 422
        assert "wrong-edition" in refused.text

    # Gone back to, mended, and sent with the key of the page as it was.
    assert anna.post(f"{there}/informative", data=said | {"edition": "2026"}).status_code == 303
    assert notices() == 1


def test_other_words_and_other_people_are_another_sending(
    nina: UUID, anna: TestClient, signed_in: SignedIn
) -> None:
    there = f"/persone/{nina}/privacy/informative"
    said = {"edition": "2026", "once": "the-key-of-a-page"}
    anna.post(there, data=said)
    anna.post(there, data=said | {"edition": "2027"})
    signed_in("bruno", Role.OPERATOR)
    anna.post(there, data=said)

    assert notices() == 3


def test_without_an_answer_of_the_first_it_is_asked_to_look(
    nina: UUID, anna: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    there = f"/persone/{nina}/privacy/informative"
    said = {"edition": "2026", "once": "the-key-of-a-page"}
    monkeypatch.setattr(sent_forms, "LOOKS", 2)
    monkeypatch.setattr(sent_forms, "led", lambda _taken, _to: None)  # it died before it answered
    anna.post(there, data=said)

    again = anna.post(there, data=said)

    assert again.status_code == 409
    assert "già" in again.text
    assert notices() == 1


def test_a_form_sent_as_json_is_told_that_it_is_done(nina: UUID, anna: TestClient) -> None:
    there = f"/api/v1/people/{nina}/phones"
    key = {"X-Form-Key": "0190a000-0000-7000-8000-000000000001"}
    first = anna.post(there, json={"number": "081 555 0101"}, headers=key)
    again = anna.post(there, json={"number": "081 555 0101"}, headers=key)

    assert (first.status_code, again.status_code, again.json()["done"]) == (201, 409, True)
    with db.transaction() as session:
        assert session.scalar(select(func.count(Phone.id))) == 1


def test_old_keys_are_forgotten(nina: UUID, anna: TestClient) -> None:
    anna.post(f"/persone/{nina}/privacy/informative", data={"edition": "2026", "once": "a-key"})
    sent_forms.forget_old()
    kept = select(func.count(SentForm.id))
    with db.transaction() as session:
        assert session.scalar(kept) == 1
    with time_machine.travel(clock.now() + sent_forms.KEPT + timedelta(minutes=1)):
        sent_forms.forget_old()
    with db.transaction() as session:
        assert session.scalar(kept) == 0


def test_every_form_that_is_sent_as_a_page_has_a_key() -> None:
    keyed = rendering.Keyed(rendering.environment("it"))
    looked_at = 0
    for path in rendering.TEMPLATES.rglob("*.html"):
        source = keyed.preprocess(path.read_text(encoding="utf-8"), None)
        for form in re.findall(r"<form\b.*?</form>", source, re.DOTALL):
            head = form.split(">", 1)[0]
            # Those with data-post get their key in the browser; the way in is not yet signed in.
            if 'method="post"' not in head or "data-p" in head or path.stem in WAY_IN:
                continue
            assert re.search(r"\bname=\"once\"|(csrf|version)_field\(\)", form), (
                f"{path.name}: {head}"
            )
            looked_at += 1
    assert looked_at > 50
