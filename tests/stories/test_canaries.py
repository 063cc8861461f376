"""A name, a number and a tax code that nobody else has, followed through the whole running house.

They are said in a call, an alarm, an intervention, a search and a request; then the logs of every
process, the figures, and all that lies in Redis (the broker's messages too) are searched for them.
"""

import base64
import re
from typing import Any

import httpx2
import redis

from callcenter import calls, lines
from callcenter.calls import Call
from callcenter.carriers import account as accounts
from callcenter.carriers.simulated_town import town
from registry import people
from registry.access import Role
from registry.kit import db
from registry.kit.db import locked
from registry.kit.settings import settings
from telecare import devices, subscribers
from tests.stories import units
from tests.stories.conftest import House
from tests.waiting import eventually

LINE = "081 555 0100"
PHONE = "+390815557713"
CODE = "QWZCNR77L41F839O"
# What is written of her, which the database itself cannot read.
WORDS = ("qwzreason", "qwzhealth", "qwzdoor", "qwznote", CODE)
CANARIES = ("Qwzverina", "Canarwzqi", "815557713", "qwzstreet", "qwznear", *WORDS)


def plain(text: str) -> str:
    """Without what people put between digits, and in one case."""
    return re.sub(r"(?<=\d)[\s.-](?=\d)", "", text).lower()


def sung(text: str) -> list[str]:
    return [each for each in CANARIES if each.lower() in plain(text)]


def test_nothing_of_a_person_is_in_logs_figures_or_hints(house: House) -> None:
    house.kill("work")  # what it is sent stays in the broker, and can be read
    anna = house.somebody("anna", "Anna Riva", Role.OPERATOR, Role.COORDINATOR)
    person = known(house)
    speak(house, anna, person)

    hints = eventually(lambda: in_redis(house))
    logs = {path.name: path.read_text(encoding="utf-8") for path in house.logs.iterdir()}
    figures = httpx2.get(f"{house.url}/metrics", timeout=10).text
    house.start("work")

    assert any("registry.keep_deadline" in value for value in hints), "no message was looked at"
    assert {name: sung(text) for name, text in logs.items() if sung(text)} == {}
    assert sung(figures) == []
    assert [value for value in hints if sung(value)] == []
    assert sung(journal()) == []
    kept = archive()
    assert "Qwzverina" in kept
    assert [each for each in WORDS if each in kept or each.encode().hex() in kept] == []


def known(house: House) -> Any:
    """The person, with a number, a home, a unit in it, and somebody near."""
    with db.transaction() as session:
        lines.add(session, number=LINE, name="Linea sociale", greeting="Buongiorno.")
        person = people.create(
            session, given_name="Qwzverina", family_name="Canarwzqi", birth_year=1977
        )
        people.add_phone(session, person, PHONE)
        people.add_address(session, person, street="qwzstreet 7", town="Borgo Prova")
        people.add_contact(session, person, name="qwznear", phone="081 555 7714")
        people.add_alert(session, person, kind="health", text="qwzhealth")
        subscribers.write(session, person.id, way_in="qwzdoor", health="qwzhealth")
        devices.add(session, account="7713", person_id=person.id)
        return person.id


def speak(house: House, anna: httpx2.Client, person: Any) -> None:
    """Every flow once, by the doors that people and units use; wrong requests, too."""
    outside = town(accounts.of(settings()))
    outside.ring(from_=PHONE, to="+390815550100")
    units.report(house.dc09, units.plain("7713", 1, "1101"))
    (call,) = eventually(lambda: done(anna.get("/calls"))["items"])
    with db.transaction() as session:
        calls.write_note(locked(session, Call, call["id"]), "qwznote")
    alarm = eventually(lambda: done(anna.get("/alarms"))["items"])[0]
    done(anna.post(f"/alarms/{alarm['id']}/claim"))
    ending = {"outcome": "pressed_by_mistake", "note": "qwznote"}
    done(anna.post(f"/alarms/{alarm['id']}/close", json=ending))
    for asked in ("Qwzverina Canarwzqi", PHONE, CODE, "qwzstreet 7"):
        done(anna.get("/people", params={"q": asked}))
    done(anna.post(f"/people/{person}/identifiers", json={"kind": "tax_code", "value": CODE}))
    done(
        anna.post(
            "/interventions",
            json={
                "priority": "A",
                "place": {"text": "qwzstreet 7"},
                "reason": "qwzreason",
                "person_id": str(person),
            },
        )
    )
    done(anna.post("/calls", json={"to": PHONE, "person_id": str(person)}))
    wanted = {"channel": "desk", "expressed": "qwzreason", "person_id": str(person)}
    done(anna.post("/requests", json=wanted))
    for wrong in ({"given_name": ["Qwzverina"]}, {"given_name": "Qwzverina" * 200, "phone": PHONE}):
        assert anna.post("/people", json=wrong).status_code in {409, 422}
    assert anna.get(f"/people/{CODE}").status_code == 422
    httpx2.get(f"{house.url}/persone", params={"q": "Qwzverina"}, timeout=10)


def done(answer: httpx2.Response) -> Any:
    assert answer.is_success, answer.text
    return answer.json()


def in_redis(house: House) -> list[str]:
    """Every key and value of this house's database there, once a message waits."""
    with redis.Redis.from_url(house.environment["CENTRALE_REDIS_URL"]) as hints:
        found = []
        for key in hints.scan_iter():
            kind = hints.type(key)
            read = {
                b"string": lambda at: [hints.get(at)],
                b"list": lambda at: hints.lrange(at, 0, -1),
                b"set": hints.smembers,
                b"hash": lambda at: [*hints.hgetall(at).items()],
                b"zset": lambda at: hints.zrange(at, 0, -1),
            }[kind](key)
            found += [str(key), *(str(each) for each in read)]
    return (
        [decoded(each) for each in found] if any("keep_deadline" in each for each in found) else []
    )


def decoded(value: str) -> str:
    """With what Celery wraps in base64 unwrapped beside it."""
    inside = re.findall(r'"body": "([A-Za-z0-9+/=]+)"', value)
    return value + "".join(base64.b64decode(each).decode() for each in inside)


def archive() -> str:
    """Every row of every table, as the database itself writes it."""
    asked = "SELECT string_agg(t::text, '') FROM {} t"
    with db.engine().connect() as connection:
        return "".join(
            str(connection.exec_driver_sql(asked.format(table)).scalar())
            for table in db.Base.metadata.tables
        )


def journal() -> str:
    with db.engine().connect() as connection:
        return str(connection.exec_driver_sql("SELECT json_agg(facts) FROM journal").scalar())
