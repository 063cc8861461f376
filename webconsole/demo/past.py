"""What happened in Borgo Campione during the past week, so that files and journal are not empty.

Each scene is told by the verbs of a real one, at its own moment, in the order of time: a frame is
decoded and stored, an operator takes the alarm, a team goes.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from callcenter import answering, calls, legs, lines, news
from callcenter.call_states import Outcome
from callcenter.calls import Call
from callcenter.legs import Part
from callcenter.offers import CallOffer
from dispatch import interventions, offers, response, search
from dispatch.interventions import Intervention
from dispatch.interventions import Outcome as Ending
from registry import cases, contacts, deadlines
from registry.kit import clock
from registry.people import Person
from registry.staff import Staff
from telecare import alarms, batch
from telecare.alarms import Alarm
from telecare.batch import Received
from telecare.devices import Device
from telecare.protocols.dc09_crypto import encrypt, timestamp
from telecare.protocols.dc09_frames import wrap
from telecare.protocols.sia_dc09 import SiaDc09
from webconsole.demo.folk import Resident

PEER = "192.0.2.10"  # reserved for documentation: no machine has it
ANSWERED_AFTER, TALKED = timedelta(seconds=9), timedelta(minutes=4)
READY, WAY, STAYED = timedelta(minutes=2), timedelta(minutes=11), timedelta(minutes=35)


@dataclass
class Past:
    """Who is there to make things happen, and the present moment that they are counted from."""

    session: Session
    workers: Mapping[str, Staff]
    people: Mapping[str, Person]
    units: Mapping[str, Device]
    began: datetime = field(default_factory=clock.now)
    told: int = 0

    @contextmanager
    def at(self, moment: datetime, login: str | None = None) -> Iterator[None]:
        """Let it be `moment`, with this worker at the keyboard."""
        self.session.info["actor"] = self.workers[login].actor if login else None
        with clock.at(moment):
            yield
        self.session.info.pop("actor")

    def ago(self, days: int, hour: int, minute: int) -> datetime:
        """That time of day, so many days ago."""
        day = self.began - timedelta(days=days)
        return day.replace(hour=hour, minute=minute, second=7, microsecond=0)

    def next_number(self) -> int:
        self.told += 1
        return self.told


def begin(session: Session, residents: Sequence[Resident], workers: Mapping[str, Staff]) -> Past:
    """People by their whole name, and by the surname, which is their own except in families."""
    by_surname = {each.person.family_name: each.person for each in residents}
    return Past(
        session,
        workers,
        by_surname | {each.person.name: each.person for each in residents},
        {each.person.family_name: each.unit for each in residents if each.unit},
    )


def happen(past: Past) -> None:
    """Tell the week, oldest first."""
    for scene in (_fall_at_night, _family, _small_alarms, _calls, _on_the_street, _quiet_night):
        scene(past)


def _fall_at_night(past: Past) -> None:
    raised = past.ago(6, 2, 12)
    alarm = _alarm(past, "Provastella", "103", raised)
    taken = raised + timedelta(seconds=21)
    with past.at(taken, "anna"):
        alarms.claim(past.session, alarm, past.workers["anna"].id)
    with past.at(taken + timedelta(minutes=2), "anna"):
        home = past.people["Provastella"].addresses[0]
        assert alarm.case_id is not None  # noqa: S101 - claiming has put it on a case
        job = interventions.request(
            past.session,
            case_id=alarm.case_id,
            person_id=alarm.person_id,
            kind="fall",
            priority=interventions.Priority.A,
            place=home.place,
            reason="Caduta in bagno, cosciente, dolore all'anca; la vicina apre",
            needs=frozenset({"elderly"}),
            source="telecare",
        )
    _team_goes(past, job, taken + timedelta(minutes=2), "squadra1", Ending.HELPED)
    with past.at(taken + timedelta(minutes=58), "anna"):
        alarms.close(
            past.session,
            alarm,
            outcome=alarms.Outcome.TEAM_SENT,
            note="Rialzata dalla squadra, nessuna ferita. Il figlio passa domattina.",
        )


def _family(past: Past) -> None:
    with past.at(past.ago(5, 10, 30), "sara"):
        person = past.people["Pryklad"]
        case = cases.open_(
            past.session,
            area=cases.Area.HELPLINE,
            person_id=person.id,
            title="Iscrizione a scuola e mensa",
        )
        contacts.record(
            past.session,
            case_id=case.id,
            person_id=person.id,
            staff_id=past.workers["sara"].id,
            channel=contacts.Channel.DESK,
            outcome="information",
            note="Mediatrice presente. Consegnati i moduli della mensa.",
        )
    with past.at(past.ago(4, 15, 5), "sara"):
        hidden = past.people["Protetti"]
        shelter = cases.open_(
            past.session,
            area=cases.Area.EMERGENCY,
            person_id=hidden.id,
            title="Messa in protezione",
        )
        contacts.record(
            past.session,
            case_id=shelter.id,
            person_id=hidden.id,
            staff_id=past.workers["sara"].id,
            channel=contacts.Channel.VISIT,
            outcome="accompanied",
            note="Accolta. Contatti solo tramite l'assistente sociale.",
        )


def _small_alarms(past: Past) -> None:
    endings = (
        (4, 18, "Esempi", "101", "bruno", "pressed_by_mistake", "Spolverava il telecomando."),
        (3, 19, "Campioni", "101", "anna", "wanted_company", "Due chiacchiere; sta bene."),
        (3, 21, "Figurini", "101", "anna", "near_person_went", "Capogiro: è salito il portiere."),
        (
            2,
            6,
            "Sagoma",
            "102",
            "bruno",
            "helped_by_voice",
            "Dormiva; ha risposto al terzo squillo",
        ),
    )
    for days, hour, name, code, login, outcome, note in endings:
        raised = past.ago(days, hour, 40)
        alarm = _alarm(past, name, code, raised)
        with past.at(raised + timedelta(seconds=14), login):
            alarms.claim(past.session, alarm, past.workers[login].id)
        with past.at(raised + timedelta(minutes=5), login):
            alarms.close(past.session, alarm, outcome=alarms.Outcome(outcome), note=note)


def _calls(past: Past) -> None:
    told = (
        (2, 9, "Tracciati", "anna", Outcome.INFORMATION, "Chiede del bonus per la mensa."),
        (2, 11, "Congettura", "bruno", Outcome.LISTENING, "Molto giù. Richiamare domani alle 11."),
        (2, 17, "Ipotetica", "anna", Outcome.REFERRED, "Inviata al consultorio, ha il numero."),
        (1, 11, "Verosimili", "bruno", Outcome.INFORMATION, "Orari del SerD."),
    )
    for days, hour, name, login, outcome, note in told:
        arrived = past.ago(days, hour, 15)
        call = _arrives(past, arrived, past.people[name].phones[0].number)
        with past.at(arrived + ANSWERED_AFTER, login):
            _answered(past, call, past.workers[login])
        with past.at(arrived + ANSWERED_AFTER + TALKED, login):
            calls.end(past.session, call, because="caller_hung_up")
        with past.at(arrived + ANSWERED_AFTER + TALKED + timedelta(minutes=1), login):
            calls.close(past.session, call, outcome=outcome, note=note)
        _nothing_due(past, call)


def _on_the_street(past: Past) -> None:
    began = past.ago(1, 20, 30)
    person = past.people["Viandante"]
    with past.at(began, "carla"):
        case = cases.open_(
            past.session,
            area=cases.Area.EMERGENCY,
            person_id=person.id,
            title="Senza dimora, porticciolo",
        )
        job = interventions.request(
            past.session,
            case_id=case.id,
            person_id=person.id,
            kind="homeless",
            priority=interventions.Priority.B,
            place=person.addresses[0].place,
            reason="Segnalato al freddo, piede fasciato",
            source="board",
        )
    _team_goes(past, job, began, "squadra1", Ending.ACCOMPANIED)


def _quiet_night(past: Past) -> None:
    """A unit loses the mains for an hour; another is tested by its technician."""
    _frame(past, "Allegoria", "301", "1", past.ago(1, 22, 10))
    _frame(past, "Allegoria", "301", "3", past.ago(1, 23, 10))
    _frame(past, "Statuina", "601", "1", past.ago(1, 23, 40))


def _team_goes(past: Past, job: Intervention, asked: datetime, login: str, ending: Ending) -> None:
    with past.at(asked):
        search.look(past.session, job.id)
    offer = offers.live(past.session, [job.id])[job.id]
    with past.at(asked + timedelta(seconds=40), login):
        response.accept(past.session, job, offer)
    with past.at(asked + READY, login):
        response.set_out(past.session, job)
    with past.at(asked + READY + WAY, login):
        response.arrive(past.session, job)
    with past.at(asked + READY + WAY + STAYED, login):
        response.close(past.session, job, outcome=ending, note="Nulla da segnalare al rientro.")


def _alarm(past: Past, name: str, code: str, at: datetime) -> Alarm:
    received = _frame(past, name, code, "1", at)
    return past.session.scalars(select(Alarm).where(Alarm.signal_id == received.id)).one()


def _frame(past: Past, name: str, code: str, qualifier: str, at: datetime) -> Received:
    """The unit of this person sends a Contact ID report, in plain or with its key."""
    unit = past.units[name]
    report = f"#{unit.account}|{qualifier}{code} 00 001]"
    star = "*" if unit.key else ""
    head = f'"{star}ADM-CID"{past.next_number():04d}L0#{unit.account}['
    body = head.encode() + (
        encrypt(unit.key, b"|" + report.encode() + timestamp(at)) if unit.key else report.encode()
    )
    protocol = SiaDc09()
    (cut,) = protocol.framer().feed(wrap(body))
    with past.at(at):
        message = protocol.decode(cut, lambda _: unit.key, at)
        received = Received(protocol, cut, message, path="tcp", peer=PEER, at=at)
        batch.store(past.session, [received], {})
    return received


def _arrives(past: Past, at: datetime, number: str) -> Call:
    line = lines.default(past.session)
    assert line is not None  # noqa: S101 - the town has lines
    sid = f"CA{past.next_number():032x}"
    with past.at(at):
        call = calls.arrive(past.session, sid=sid, number=number, line=line)
        legs.add(past.session, call.id, sid, Part.CALLER)
        news.caller_waits(past.session, call, "")
    return call


def _answered(past: Past, call: Call, worker: Staff) -> None:
    """Offered, accepted, both in the conference."""
    answering.offer(past.session, call, worker.id)
    answering.accept(past.session, call, worker.id)
    sid = f"CA{past.next_number():032x}"
    voice = legs.add(past.session, call.id, sid, Part.OPERATOR, worker.id)
    voice.enter(conference_sid=None, sequence=0, at=clock.now())
    news.caller_connects(past.session, call, clock.now())


def _nothing_due(past: Past, call: Call) -> None:
    """The carrier never knew of this call: there is nothing to ask it, or to hang up."""
    asked = select(CallOffer.id).where(CallOffer.call_id == call.id)
    for subject in (call.id, *past.session.scalars(asked)):
        for due in deadlines.of(past.session, subject):
            deadlines.cancel(past.session, due.kind, subject)
