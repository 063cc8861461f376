"""What the desks and the social service of Borgo Campione have on their hands: invented, like all.

Each scene says when it goes on and who is at the keyboard; all are told together, in the order of
time, so that the journal of the town reads like that of a real one.
"""

import heapq
from collections.abc import Callable, Iterable, Iterator
from datetime import datetime, timedelta

from sqlalchemy import select

from registry import (
    access_points,
    bookings,
    calendars,
    case_managers,
    case_notes,
    case_targets,
    cases,
    directory,
    households,
    referrals,
    requests,
    triage,
)
from registry.access import Actor
from registry.access_points import PointKind
from registry.bookings import Booking
from registry.calendars import Calendar, Slot
from registry.case_managers import Part
from registry.cases import Area, Case
from registry.circles import Circle
from registry.contacts import Channel
from registry.households import Place
from registry.kit import clock
from registry.referrals import Referral, ReferralState
from registry.requests import AsksAs, Request
from webconsole.demo.past import Past

# The moment at which a scene goes on, and who is at the keyboard then.
Scene = Iterator[tuple[datetime, str]]
HOMES = (
    ("Marianna Tracciati", "Simone Tracciati"),
    ("Marianna Tracciati", "Emma Tracciati"),
    ("Debora Provini", "Kevin Provini"),
    ("Oksana Pryklad", "Daryna Pryklad"),
)
POINTS = {
    Channel.DESK: PointKind.DESK,
    Channel.PHONE: PointKind.LINE,
    Channel.STREET: PointKind.STREET,
}


def weeks_before(past: Past) -> None:
    """What was before the week of which `past` tells."""
    scenes = (_homes, _finished, _family, _street, _answered, _young_mother, _hospital, _desk)
    _tell(past, scenes)


def last_minutes(past: Past) -> None:
    """What has just come in."""
    _tell(past, (_waiting, _to_come))


def _tell(past: Past, scenes: Iterable[Callable[[Past], Scene]]) -> None:
    going_on = [(*next(scene), at, scene) for at, scene in enumerate(each(past) for each in scenes)]
    heapq.heapify(going_on)
    while going_on:
        moment, login, at, scene = heapq.heappop(going_on)
        with past.at(moment, login):
            then = next(scene, None)
        if then is not None:
            heapq.heappush(going_on, (*then, at, scene))


def _me(past: Past, login: str) -> Actor:
    return past.workers[login].actor


def _asked(
    past: Past,
    login: str,
    name: str | None,
    said: str,
    need: str,
    *,
    channel: Channel = Channel.DESK,
    asks_as: AsksAs = AsksAs.SELF,
    barriers: Iterable[str] = (),
) -> Request:
    points = {each.kind: each.id for each in access_points.active(past.session)}
    return requests.receive(
        past.session,
        _me(past, login),
        channel=channel,
        expressed=said,
        expressed_need=need,
        person_id=past.people[name].id if name else None,
        asks_as=asks_as,
        barriers=barriers,
        access_point_id=points.get(POINTS.get(channel, PointKind.WEB)),
    )


def _taken_on(past: Past, request: Request, why: str, need: str, target: str) -> Case:
    """Found complex by Sara, who follows the case."""
    sara = _me(past, "sara")
    requests.change(past.session, request, recognised_needs=[need])
    triage.take_on(past.session, request, sara, reason=why)
    assert request.case_id is not None  # noqa: S101 - taking it on has opened one
    case = cases.held(past.session, request.case_id, sara)
    _given(past, case, "sara", "sara")
    case_targets.set_(past.session, case, sara, [target])
    return case


def _given(past: Past, case: Case, by: str, to: str, part: Part = Part.MANAGER) -> None:
    note = "Per le urgenze, quando sono fuori sede" if part is Part.DEPUTY else ""
    to_id = past.workers[to].id
    case_managers.assign(past.session, case, _me(past, by), to_id, part=part, note=note)


def _sent(past: Past, case: Case, to: str, why: str, *, days: int) -> Referral:
    body = next(each for each in directory.bodies(past.session) if each.name == to)
    by = clock.now() + timedelta(days=days)
    sara = _me(past, "sara")
    return referrals.send(past.session, case, sara, reason=why, answer_by=by, body_id=body.id)


def _homes(past: Past) -> Scene:
    yield past.ago(19, 9, 0), "sara"
    for one, other in HOMES:
        households.join(past.session, past.people[one], past.people[other], place=Place.CHILD)


def _finished(past: Past) -> Scene:
    yield past.ago(19, 10, 0), "sara"
    case = cases.open_(
        past.session,
        area=Area.SOCIAL_SERVICES,
        person_id=past.people["Sergio Verosimili"].id,
        title="Ritorno al lavoro dopo il SerD",
        reason="Chiede aiuto per ricominciare",
    )
    _given(past, case, "sara", "sara")
    cases.set_stage(past.session, case, "monitoring", reason="Tirocinio di prova alla fine")
    yield past.ago(7, 12, 0), "sara"
    reason = "Assunto dalla cooperativa Esempio; il SerD continua a vederlo"
    cases.close(past.session, case, reason=reason, outcome="goals_reached")


def _family(past: Past) -> Scene:
    yield past.ago(17, 9, 40), "anna"
    words = "Vorrebbe imparare l'italiano e lavorare, ma non sa a chi lasciare la bambina"
    request = _asked(past, "anna", "Oksana Pryklad", words, "work", barriers=["language"])
    yield past.ago(17, 11, 40), "sara"
    why = "Lingua, lavoro e cura della figlia insieme: serve un progetto"
    case = _taken_on(past, request, why, "education", "mother_child")
    yield past.ago(16, 10, 0), "sara"
    cases.set_stage(past.session, case, "going_on", reason="Progetto scritto con la signora")
    _given(past, case, "sara", "carla", Part.DEPUTY)
    school = _sent(past, case, "Scuola serale Esempio", "Corso A1, con spazio bimbi", days=5)
    yield past.ago(13, 9, 15), "sara"
    sara, told = _me(past, "sara"), "segreteria della scuola"
    referrals.step(past.session, school, sara, ReferralState.ACCEPTED, told_by=told)
    yield past.ago(8, 18, 30), "sara"
    words = "Iscritta: martedì e giovedì alle 18"
    concluded = ReferralState.CONCLUDED
    referrals.step(past.session, school, sara, concluded, words=words, told_by=told)
    note = "Contenta del corso. Intanto Daryna sta dai vicini, che le vogliono bene."
    case_notes.write(past.session, case, sara, text=note)


def _street(past: Past) -> Scene:
    yield past.ago(11, 21, 15), "bruno"
    request = _asked(
        past,
        "bruno",
        "Renato Viandante",
        "Dorme sulle panchine da tre settimane, ha freddo, non vuole il dormitorio",
        "housing",
        channel=Channel.STREET,
        barriers=["trust", "papers"],
    )
    yield past.ago(10, 9, 0), "sara"
    why = "Senza casa, senza documenti, diffidente: un incontro non basta"
    case = _taken_on(past, request, why, "housing", "homeless")
    supper = _sent(past, case, "Caritas di Campione", "Cena e docce, senza documenti", days=20)
    sara = _me(past, "sara")
    note = "Parla volentieri della Finta Marina, dove lavorava. Si fida di Bruno."
    case_notes.write(past.session, case, sara, text=note, circle=Circle.OFFICE)
    yield past.ago(8, 19, 40), "sara"
    accepted = ReferralState.ACCEPTED
    referrals.step(past.session, supper, sara, accepted, told_by="un volontario della mensa")


def _answered(past: Past) -> Scene:
    told = (
        (14, "Loredana Ipotetica", "Quando esce il bando per l'affitto?", "housing", Channel.DESK,
         "Bando a gennaio; consegnato l'elenco dei documenti"),
        (9, "Ada Congettura", "Da quando è sola non esce più, le mancano le amiche", "listening",
         Channel.PHONE, "Prova al centro diurno Il Glicine; trasporto amico il martedì"),
        (7, None, "Un vicino chiede come si segnala un anziano solo", "information", Channel.PHONE,
         "Spiegato come fare, anche senza dire il proprio nome"),
    )  # fmt: skip
    for days, name, said, need, channel, answer in told:
        yield past.ago(days, 11, 20), "anna"
        asks_as = AsksAs.SELF if name else AsksAs.ANONYMOUS
        request = _asked(past, "anna", name, said, need, channel=channel, asks_as=asks_as)
        yield past.ago(days, 11, 29), "anna"
        requests.change(past.session, request, recognised_needs=[need])
        anna, reason = _me(past, "anna"), "Basta un'informazione"
        triage.solve(past.session, request, anna, reason=reason, answer=answer)


def _young_mother(past: Past) -> Scene:
    yield past.ago(8, 10, 5), "anna"
    words = "Sola con il bambino, ha perso il lavoro e il frigo è vuoto"
    request = _asked(past, "anna", "Debora Provini", words, "food")
    yield past.ago(8, 11, 0), "sara"
    why = "Cibo subito, poi reddito e lavoro: da seguire insieme"
    case = _taken_on(past, request, why, "economic", "mother_child")
    yield past.ago(8, 12, 30), "sara"
    cases.set_stage(past.session, case, "planning", reason="Primo colloquio fatto")
    note = "Kevin mangia alla mensa della scuola. La sera si arrangia con poco."
    case_notes.write(past.session, case, _me(past, "sara"), text=note)
    # Nobody has answered by that day: it stands out as late.
    _sent(past, case, "Centro per l'impiego di Prova", "Colloquio e corsi retribuiti", days=5)


def _hospital(past: Past) -> Scene:
    yield past.ago(15, 9, 0), "carla"
    case = cases.open_(
        past.session,
        area=Area.SOCIAL_SERVICES,
        person_id=past.people["Ion Exemplu"].id,
        title="Alloggio vicino al cantiere",
        reason="Il contratto della stanza finisce a dicembre",
    )
    _given(past, case, "carla", "carla")
    yield past.ago(7, 16, 0), "carla"
    cases.suspend(past.session, case, reason="Ricoverato in ortopedia fino a fine mese")


def _desk(past: Past) -> Scene:
    """A morning that was, with one who came and one who did not."""
    yield past.ago(12, 12, 0), "anna"
    first, second = _offered(past, 2)
    came = _booked(past, first, "Loredana Ipotetica")
    missed = _booked(past, second, "Mirela Shembull")
    yield second.ends_at, "anna"
    bookings.kept(past.session, came)
    bookings.no_show(past.session, missed)


def _waiting(past: Past) -> Scene:
    yield past.began - timedelta(minutes=18), "bruno"
    _asked(
        past,
        "bruno",
        "Tommasina Figurata",
        "La figlia chiede un aiuto in casa dopo l'operazione all'anca",
        "home_care",
        channel=Channel.PHONE,
        asks_as=AsksAs.FAMILY,
        barriers=["mobility"],
    )
    yield past.began - timedelta(minutes=6), "anna"
    words = "Gli hanno tolto la residenza e non può rinnovare il permesso"
    known = ["language", "papers"]
    _asked(past, "anna", "Nimal Udaharana", words, "documents", barriers=known)


def _to_come(past: Past) -> Scene:
    yield past.began - timedelta(minutes=11), "anna"
    first, *later = _offered(past, 3)
    _booked(past, first, "Debora Provini")
    nimal = past.people["Nimal Udaharana"]
    bookings.book(past.session, _me(past, "anna"), first.id, nimal.id, wait=True)
    for slot, name in zip(later, ("Ada Congettura", "Tommasina Figurata"), strict=False):
        _booked(past, slot, name)


def _offered(past: Past, most: int) -> list[Slot]:
    """The next times of the first calendar."""
    calendar = past.session.scalars(select(Calendar.id).order_by(Calendar.id).limit(1)).one()
    return calendars.slots(past.session, calendar, limit=most)


def _booked(past: Past, slot: Slot, name: str) -> Booking:
    return bookings.book(past.session, _me(past, "anna"), slot.id, past.people[name].id)
