"""Life in the sample town: callers ring, home units raise alarms, teams answer their phones.

Each play is a thread that can be halted: a team rests while a person is signed in as that team, and
the homes rest while more alarms wait than a room can take.
"""

import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial
from uuid import UUID

import structlog
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from callcenter import simulator as callers
from callcenter.lines import Line
from callcenter.simulator import Caller
from dispatch import simulator as teams
from registry import tokens
from registry.kit import clock
from registry.kit.db import transaction
from registry.kit.errors import Unavailable
from registry.kit.settings import Settings, settings
from registry.people import Phone
from registry.sessions import SignIn
from registry.staff import Staff
from registry.tokens import Token
from telecare import device_tokens, devices, simulator, simulator_doors, simulator_scaip
from telecare.alarms import TO_ANSWER, Alarm
from telecare.devices import Device
from telecare.receivers import broker, simulated
from telecare.simulator_doors import Send
from telecare.simulator_doors import Unit as Speaker
from webconsole import doors
from webconsole.demo import storm

LABEL = "simulated team"
LOOK_EVERY = 3.0  # seconds
STOP_WITHIN = 6.0  # seconds
AT_THE_PHONE = timedelta(minutes=3)  # since a signed-in team last did something
ENOUGH_WAITING = 5  # alarms: more than one newcomer can take is a red wall, not a room

log = structlog.get_logger()


@dataclass
class Play:
    """Something that goes on in the town while it is wanted."""

    name: str
    begin: Callable[[threading.Event], object]
    wanted: Callable[[Session], bool] = lambda _: True
    failed: bool = False
    _halt: threading.Event = field(default_factory=threading.Event)
    _thread: threading.Thread | None = None

    def keep(self, wanted: bool) -> None:
        """Start it or halt it, as wanted."""
        running = self._thread is not None and self._thread.is_alive()
        if wanted and not running:
            self._halt = threading.Event()
            self._thread = threading.Thread(target=self._run, name=self.name, daemon=True)
            self._thread.start()
        elif running and not wanted:
            self.halt()

    def halt(self) -> None:
        self._halt.set()

    def join(self) -> None:
        if self._thread is not None:
            self._thread.join(STOP_WITHIN)

    def _run(self) -> None:
        try:
            self.begin(self._halt)
        except Exception:
            log.exception("life.play_failed", play=self.name)
            self.failed = True


def run(stop: threading.Event) -> None:
    """Let the town live until told to stop. Raises Unavailable when a part of it dies."""
    with transaction() as session:
        plays = list(_plays(session))
    try:
        while not stop.is_set():
            with transaction() as session:
                wanted = [each.wanted(session) for each in plays]
            for play, yes in zip(plays, wanted, strict=True):
                play.keep(yes)
            stop.wait(LOOK_EVERY)
            if failed := [each.name for each in plays if each.failed]:
                raise Unavailable(f"These simulators have died: {', '.join(failed)}")
    finally:
        for play in plays:
            play.halt()
        for play in plays:
            play.join()


def _plays(session: Session) -> Iterator[Play]:
    chosen = settings()
    host = doors.local_host(chosen)
    ringing = _callers(session)
    if chosen.carrier == "simulated" and ringing:
        yield Play("callers", lambda halt: callers.run(ringing, stop=halt))
    dialling = [
        simulator.Home(account=unit.account, key=unit.key, heartbeat_s=unit.heartbeat_s)
        for unit in _units(session, devices.DC09)
    ]
    if dialling:
        yield Play(
            "homes",
            lambda halt: simulator.run(dialling, host, chosen.dc09_port, stop=halt),
            _room_for_more,
        )
    speaking = [
        simulator_scaip.Home(account=unit.account, password=(unit.key or b"").decode())
        for unit in _units(session, devices.SCAIP)
    ]
    if speaking:
        yield Play(
            "scaip homes",
            lambda halt: simulator_scaip.run(speaking, host, chosen.sip_port, stop=halt),
            _room_for_more,
        )
    yield from _other_doors(session, chosen, host)
    yield from _teams(session)


def _other_doors(session: Session, chosen: Settings, host: str) -> Iterator[Play]:
    """Apps, and whatever has units in the archive and a port here."""
    for protocol, ways in _ways(chosen, host).items():
        there = [
            Speaker(unit.account, _secret(session, unit)) for unit in _units(session, protocol)
        ]
        for number, send in enumerate(ways):
            if own := there[number :: len(ways)]:
                yield Play(
                    f"{protocol} {number + 1}",
                    partial(_speak, own, send, f"{protocol} {number}"),
                    _room_for_more,
                )


def _ways(chosen: Settings, host: str) -> dict[str, list[Send]]:
    """How the units of a protocol may come in; they are dealt out to all of these ways."""
    pages, plan = doors.local_url(chosen), broker.plan_of(chosen)
    apps = [simulator_doors.over_http(pages), simulated.over_socket(pages)]
    ways = {
        devices.JSON: [*apps, *([simulated.over_broker(plan)] if plan else [])],
        devices.BS8521: [simulated.over_bs8521(host, chosen.sip_port)],
    }
    if chosen.receiver_lines_port:
        ways[devices.RECEIVER_LINES] = [
            simulator_doors.over_lines(host, chosen.receiver_lines_port)
        ]
    if chosen.sos_access_port:
        ways[devices.SOS_ACCESS] = [simulator_doors.over_sos_access(host, chosen.sos_access_port)]
    return ways


def _speak(units: list[Speaker], send: Send, seed: str, halt: threading.Event) -> None:
    """Each way has a seed of its own, or all would say the same at the same moment."""
    simulator_doors.run(units, send, stop=halt, seed=seed)


def _secret(session: Session, unit: Device) -> str:
    """What the unit shows of itself: an app a token, which is made anew at each start."""
    if unit.protocol != devices.JSON:
        return (unit.key or b"").decode()
    for token in device_tokens.of_device(session, unit.id):
        if token.label == LABEL:
            device_tokens.revoke(session, token)
    return device_tokens.issue(session, unit, label=LABEL)[1]


def _teams(session: Session) -> Iterator[Play]:
    """Each team acts through the API with a token of its own, as its phone would."""
    address = doors.local_url(settings())
    earlier = select(Token).where(Token.label == LABEL, Token.revoked_at.is_(None))
    for token in session.scalars(earlier).all():
        tokens.revoke(session, token)
    crews = select(Staff).where(Staff.team_id.is_not(None), Staff.active).order_by(Staff.login)
    for number, crew in enumerate(session.scalars(crews).all()):
        token_of_crew = tokens.issue(session, crew, LABEL)
        yield Play(
            crew.login,
            partial(teams.run, address, [token_of_crew], number),
            partial(_nobody_at_the_phone, crew.id),
        )


def _nobody_at_the_phone(crew_id: UUID, session: Session) -> bool:
    present = select(SignIn.id).where(
        SignIn.staff_id == crew_id,
        SignIn.ended_at.is_(None),
        SignIn.used_at > clock.now() - AT_THE_PHONE,
    )
    return session.scalar(present.limit(1)) is None


def _callers(session: Session) -> list[Caller]:
    lines = session.scalars(select(Line.number).order_by(Line.number)).all()
    numbers = session.scalars(select(Phone.number).order_by(Phone.number).distinct()).all()
    return [Caller(number=number, line=line) for number in numbers for line in lines]


def _units(session: Session, protocol: str) -> list[Device]:
    return list(
        session.scalars(
            select(Device)
            .where(Device.protocol == protocol, Device.label != storm.LABEL)
            .order_by(Device.account)
        )
    )


def _room_for_more(session: Session) -> bool:
    open_ = select(func.count()).where(Alarm.state.in_(TO_ANSWER))
    return (session.scalar(open_) or 0) < ENOUGH_WAITING
