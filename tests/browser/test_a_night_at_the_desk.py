"""One call and one alarm from beginning to end, in Italian, with the keyboard alone."""

import re

import pytest
from playwright.sync_api import expect
from sqlalchemy import select

from callcenter.calls import Call
from callcenter.carriers.simulated_town import Town
from dispatch.interventions import Intervention
from registry.kit import db
from registry.people import Person
from telecare import devices, unit_lines, voice_profiles
from telecare.alarms import Alarm, AlarmState
from tests.browser.conftest import ACCOUNT, LINE
from tests.browser.console import Console, press_button
from tests.stories.conftest import House
from tests.waiting import eventually

pytestmark = pytest.mark.browser
SIM = "+393335550131"
ATTEMPTS = 3


def test_a_call_from_its_ring_to_its_outcome(anna: Console, town: Town) -> None:
    town.ring(from_="+393335550177", to=LINE)
    anna.reads("Una chiamata per Lei")
    anna.press("Enter")
    anna.reads("Riaggancia")

    anna.tab_to("#given")
    anna.type("Pina")
    anna.press("Tab")
    anna.type("Inventata")
    anna.press("Enter")
    expect(anna.page.locator(".held-title h1")).to_have_text("Pina Inventata")

    anna.tab_to("#note")
    anna.type("Chiede quando apre la mensa.")
    anna.saved()
    anna.press("Control+Enter")
    anna.reads("scriva l’esito")
    anna.tab_to("#outcome")
    anna.type("Informazioni")
    anna.press("Control+Enter")
    anna.reads("Nulla in carico")

    with db.transaction() as session:
        call = session.scalars(select(Call).where(Call.number == "+393335550177")).one()
        assert (call.outcome, call.note) == ("information", "Chiede quando apre la mensa.")
        pina = session.get(Person, call.person_id)
        assert pina is not None
        assert pina.name == "Pina Inventata"


def test_an_alarm_from_the_button_to_its_closing(anna: Console, town: Town, house: House) -> None:
    town.behave("+390815550101", answers_after="0", talks_for="60")
    assert b"ACK" in press_button(house, ACCOUNT, 1)
    anna.reads("Pulsante")
    anna.press("n")
    anna.reads("Piano: pulsante")
    anna.reads("udito debole")

    anna.press("Control+Enter")
    anna.reads("in conversazione")
    anna.press("Control+Enter")
    anna.reads("ha risposto")
    anna.press("Alt+3")
    expect(anna.page.locator("#team-where")).to_be_focused()
    anna.press("Control+Enter")
    eventually(_a_team_is_wanted)

    anna.tab_to("#note")
    anna.type("È caduta, sta bene, va la squadra.")
    anna.saved()
    anna.tab_to("#outcome")
    anna.type("Inviata")
    anna.press("Control+Enter")
    anna.reads("Nulla in carico")

    with db.transaction() as session:
        alarm = session.scalars(select(Alarm)).one()
        assert (alarm.state, alarm.outcome) == (AlarmState.CLOSED, "team_sent")
        assert alarm.note == "È caduta, sta bene, va la squadra."


def test_an_alarm_by_keyboard_while_another_arrives(
    anna: Console, town: Town, house: House
) -> None:
    """The second press is on the board at once; what is in hand, and what is typed, stays."""
    assert town.url
    assert b"ACK" in press_button(house, ACCOUNT, 31)
    anna.reads("Pulsante")
    anna.press("n")
    anna.reads("Piano: pulsante")
    anna.tab_to("#note")
    anna.type("Sta bene, ")
    assert b"ACK" in press_button(house, ACCOUNT, 32)
    expect(anna.page.locator(".entry .chip").get_by_text("Anna Riva")).to_be_visible()
    expect(anna.page.locator("#note")).to_be_focused()
    expect(anna.page.get_by_label("Chiudi insieme un altro allarme")).not_to_be_checked()
    anna.type("voleva compagnia.")
    anna.saved()
    expect(anna.page.locator("#note")).to_have_value("Sta bene, voleva compagnia.")
    anna.tab_to("#outcome")
    anna.type("Voleva")
    anna.press("Control+Enter")
    anna.reads("Nulla in carico")
    anna.press("n")
    anna.reads("Piano: pulsante")
    assert b"ACK" in press_button(house, ACCOUNT, 33)
    anna.tab_to("#note")
    anna.type("Di nuovo, per errore.")
    anna.saved()
    anna.tab_to("#outcome")
    anna.type("Premuto")
    anna.tab_to(".others input")
    anna.press(" ")
    anna.press("Control+Enter")
    anna.reads("Nulla in carico")
    anna.reads("Nessuno in attesa")
    with db.transaction() as session:
        ended = session.scalars(select(Alarm.outcome).order_by(Alarm.id.desc()).limit(3)).all()
    assert ended == ["pressed_by_mistake", "pressed_by_mistake", "wanted_company"]


def test_what_is_typed_outlives_a_lost_server_and_a_reload(
    anna: Console, house: House, town: Town
) -> None:
    assert town.url
    press_button(house, ACCOUNT, 2)
    anna.reads("Pulsante")
    anna.press("n")
    anna.tab_to("#note")

    house.kill("web")
    anna.type("Scritto senza collegamento.")
    anna.reads("non ancora salvato")
    anna.reads("Nessun collegamento da più di 10 s")
    house.start("web")
    house.wait_until_ready()
    anna.saved()
    expect(anna.page.get_by_text("Nessun collegamento")).to_have_count(0)

    anna.page.route("**/api/v1/alarms/*", lambda route: route.abort())
    anna.press("End")
    anna.type(" E ancora.")
    anna.reads("non ancora salvato")
    anna.page.unroute("**/api/v1/alarms/*")
    anna.page.reload()
    anna.saved()
    expect(anna.page.locator("#note")).to_have_value("Scritto senza collegamento. E ancora.")


def _a_team_is_wanted() -> bool:
    with db.transaction() as session:
        return session.scalar(select(Intervention.id)) is not None


def told(anna: Console, key: str, command: str, *, sure: bool = False) -> None:
    """Command the unit, and do it again where the line did not take it in time."""
    said = anna.page.locator("[data-told]")
    for _ in range(ATTEMPTS):
        if sure:
            anna.press("Alt+v")
            anna.press(key)
            anna.reads("Premi di nuovo")
        anna.press("Alt+v")
        anna.press(key)
        expect(said).to_have_text(re.compile(f"{command}: (?!non )"))
        expect(said).to_have_text(re.compile(f"{command}: (non )?inviato"))
        if said.inner_text() == f"{command}: inviato":
            return
    raise AssertionError(f"{command} was not sent")


def test_the_home_rings_and_its_unit_is_told_what_to_do(
    anna: Console, town: Town, house: House
) -> None:
    with db.transaction() as session:
        unit = devices.by_account(session, ACCOUNT)
        assert unit is not None
        profile = voice_profiles.write(session, "Casa 3", voice_profiles.SCAIP)
        unit_lines.write(session, unit, number=SIM, profile_id=profile.id)
    assert b"ACK" in press_button(house, ACCOUNT, 2)
    anna.reads("Pulsante")
    anna.press("n")
    anna.reads("Piano: pulsante")
    sid = town.ring(from_=SIM, to=LINE)
    anna.reads("La casa è in linea")
    anna.press("Control+Enter")
    anna.reads("in conversazione")
    expect(anna.page.locator("[data-command=a]")).to_be_enabled()

    told(anna, "a", "Ascolta")
    anna.tab_to("#note")
    anna.type("Chiede acqua")
    told(anna, "+", "Più forte")
    expect(anna.page.locator("#note")).to_have_value(re.compile("Chiede acqua$"))
    told(anna, "o", "Apri la porta", sure=True)
    anna.press("Control+Enter")

    def heard() -> list[str]:
        return next(list(each["tones"]) for each in town.calls() if each["sid"] == sid)

    # The clear-down is the last thing the unit hears, whoever hangs up.
    eventually(lambda: heard() == ["7", "3", "9", "0"])
