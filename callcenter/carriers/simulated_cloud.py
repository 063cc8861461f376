"""The built-in carrier's world: who rings whom, who waits, who is in which conference."""

import asyncio
from datetime import datetime, timedelta
from email.utils import format_datetime

from callcenter.carriers import simulated_twiml as twiml
from callcenter.carriers.account import Account
from callcenter.carriers.base import LegState
from callcenter.carriers.simulated_legs import (
    HungUp,
    Interrupt,
    Kicked,
    Leg,
    Manners,
    Participant,
    Queue,
    Room,
)
from callcenter.carriers.simulated_wire import Faults, Wire
from registry.kit import clock

API_VERSION = "2010-04-01"
# What a callback is called when a leg reaches a state.
PROGRESS = {
    LegState.INITIATED: "initiated",
    LegState.RINGING: "ringing",
    LegState.IN_PROGRESS: "answered",
}
RING_AFTER = 0.3  # seconds from dialling to the first ring


class Cloud:
    """All calls of the account. `pace` is how many seconds pass here in one real second."""

    def __init__(
        self,
        account: Account,
        *,
        voice_path: str,
        app_path: str,
        status_path: str,
        pace: float = 1.0,
        faults: Faults | None = None,
        seed: int = 1,
    ) -> None:
        self.account = account
        self.voice_url = account.url(voice_path)
        self.app_url = account.url(app_path)
        self.status_url = account.url(status_path)
        self.pace = pace
        self.wire = Wire(account.tokens[0], faults=faults or Faults(), pace=pace, seed=seed)
        self.legs: dict[str, Leg] = {}
        self.queues: dict[str, Queue] = {}
        self.rooms: dict[str, Room] = {}
        self.texts: dict[str, dict[str, str]] = {}
        self.manners: dict[str, Manners] = {}
        self._born = clock.now()
        self._loop = asyncio.get_running_loop()
        self._ticks = self._loop.time()

    def now(self) -> datetime:
        """The moment in this world, which may run faster than ours."""
        return self._born + timedelta(seconds=(self._loop.time() - self._ticks) * self.pace)

    # Calls

    def leg(self, from_: str, to: str, direction: str) -> Leg:
        made = Leg(from_=from_, to=to, direction=direction, now=self.now, pace=self.pace)
        self.legs[made.sid] = made
        return made

    def ring_in(self, from_: str, to: str) -> Leg:
        """Somebody outside dials one of our numbers."""
        leg = self.leg(from_, to, "inbound")
        leg.status_url = self.status_url
        leg.state = LegState.RINGING
        self.wire.start(self._inbound(leg, self.voice_url))
        return leg

    def ring_from_browser(self, identity: str, params: dict[str, str]) -> Leg:
        """A softphone calls out to the TwiML App, with parameters of its own."""
        leg = self.leg(f"client:{identity}", "", "inbound")
        leg.params = params
        leg.state = LegState.RINGING
        self.wire.start(self._inbound(leg, self.app_url))
        return leg

    def ring_out(self, leg: Leg, url: str, *, patience: float) -> None:
        """A number we dial by the API; the document is asked for when somebody answers."""
        self.wire.start(self._outbound(leg, url, patience))

    def ring_into(self, room: Room, who: Participant, *, patience: float) -> None:
        """A number we dial straight into a conference."""
        self.wire.start(self._into(room, who, patience))

    async def answered(self, leg: Leg, patience: float) -> bool:
        """Let it ring until the person behind the number answers, or does not."""
        manners = self.manners.get(leg.to, Manners())
        self.become(leg, LegState.INITIATED)
        await leg.wait(RING_AFTER)
        if manners.outcome is not LegState.IN_PROGRESS:
            self.become(leg, manners.outcome)
            return False
        self.become(leg, LegState.RINGING)
        if manners.answers_after is None or manners.answers_after > patience:
            await leg.wait(patience)
            self.become(leg, LegState.NO_ANSWER)
            return False
        await leg.wait(manners.answers_after)
        self.become(leg, LegState.IN_PROGRESS)
        if manners.talks_for is not None:
            self.wire.start(self._hang_up_later(leg, manners.talks_for))
        return True

    def become(self, leg: Leg, state: LegState) -> None:
        """A new state of a leg, and the callback about it for whoever asked for it."""
        if leg.over or state is leg.state:
            return
        leg.state = state
        if state is LegState.IN_PROGRESS:
            leg.started_at = self.now()
        if state.over:
            leg.ended_at = self.now()
        if leg.status_url and PROGRESS.get(state, "completed") in leg.status_events:
            fields = self.fields(leg) | self._progress(leg)
            self.wire.tell(leg.status_url, fields)

    async def live(self, leg: Leg, url: str) -> None:
        """The leg's life from its first document to its end."""
        try:
            await twiml.Script(self, leg).run(url)
        except HungUp:
            pass
        finally:
            self.become(leg, LegState.COMPLETED)

    def fields(self, leg: Leg) -> dict[str, str]:
        """What the carrier sends with each request about a call."""
        return leg.params | {
            "CallSid": leg.sid,
            "AccountSid": self.account.sid,
            "From": leg.from_,
            "To": leg.to,
            "CallStatus": leg.state.value,
            "Direction": leg.direction,
            "ApiVersion": API_VERSION,
        }

    def _progress(self, leg: Leg) -> dict[str, str]:
        fields = {
            "SequenceNumber": str(leg.sequence),
            "Timestamp": format_datetime(self.now()),
            "CallbackSource": "call-progress-events",
        }
        leg.sequence += 1
        if leg.over and leg.started_at and leg.ended_at:
            fields["CallDuration"] = str(round((leg.ended_at - leg.started_at).total_seconds()))
        return fields

    async def _inbound(self, leg: Leg, url: str) -> None:
        leg.started_at = self.now()
        await self.live(leg, url)

    async def _outbound(self, leg: Leg, url: str, patience: float) -> None:
        try:
            picked_up = await self.answered(leg, patience)
        except Interrupt:
            self.become(leg, LegState.CANCELED)
            return
        if picked_up:
            await self.live(leg, url)

    async def _into(self, room: Room, who: Participant, patience: float) -> None:
        try:
            if not await self.answered(who.leg, patience):
                return
            self.enter(room, who)
            await who.leg.wait(None)
        except Interrupt:
            self.leave(room, who.leg, "participant_hung_up")
        finally:
            self.become(who.leg, LegState.COMPLETED)

    async def _hang_up_later(self, leg: Leg, seconds: float) -> None:
        await asyncio.sleep(seconds / self.pace)
        leg.interrupt(HungUp())

    # Queues

    def queue(self, name: str) -> Queue:
        for queue in self.queues.values():
            if queue.name == name:
                return queue
        made = Queue(name)
        self.queues[made.sid] = made
        return made

    # Conferences

    def room(self, name: str) -> Room:
        """The live conference of this name; one that has ended is never entered again."""
        for room in self.rooms.values():
            if room.name == name and room.state != "completed":
                return room
        made = Room(name, self.now())
        self.rooms[made.sid] = made
        return made

    def enter(self, room: Room, who: Participant) -> None:
        room.people[who.leg.sid] = who
        self.say(room, "participant-join", who)
        begun = len(room.people) > 1 and any(each.starts for each in room.people.values())
        if room.state == "init" and begun:
            room.state = "in-progress"
            self.say(room, "conference-start")

    def leave(self, room: Room, leg: Leg, reason: str) -> None:
        who = room.people.pop(leg.sid, None)
        if who is None or room.state == "completed":
            return
        status = LegState.COMPLETED if reason == "participant_hung_up" else leg.state
        more = {"ReasonParticipantLeft": reason, "ParticipantCallStatus": status.value}
        self.say(room, "participant-leave", who, **more)
        if who.ends:
            self.end(room, "participant-with-end-conference-on-exit-left", leg)
        elif not room.people:
            self.end(room, "last-participant-left", leg)

    def end(self, room: Room, reason: str, leg: Leg | None = None) -> None:
        """Over for everybody who is still inside."""
        if room.state == "completed":
            return
        inside = list(room.people.values())
        for each in inside:
            more = {
                "ReasonParticipantLeft": "conference_ended_via_api",
                "ParticipantCallStatus": each.leg.state.value,
            }
            self.say(room, "participant-leave", each, **more)
            each.leg.interrupt(Kicked())
        room.state = "completed"
        room.reason = reason
        room.people.clear()
        more = {"ReasonConferenceEnded": reason}
        if leg is not None:
            more["CallSidEndingConference"] = leg.sid
        self.say(room, "conference-end", None, **more)

    def say(self, room: Room, event: str, who: Participant | None = None, **more: str) -> None:
        """An event of a conference, for whoever asked for it."""
        if not room.url or event.rpartition("-")[2] not in room.events:
            return
        room.sequence += 1
        fields = {
            "AccountSid": self.account.sid,
            "ConferenceSid": room.sid,
            "FriendlyName": room.name,
            "StatusCallbackEvent": event,
            "SequenceNumber": str(room.sequence),
            "Timestamp": format_datetime(self.now()),
        }
        if who is not None:
            fields |= {
                "CallSid": who.leg.sid,
                "ParticipantLabel": who.label,
                "Muted": _said(who.muted),
                "Hold": _said(who.held),
                "Coaching": _said(who.coaching),
                "EndConferenceOnExit": _said(who.ends),
                "StartConferenceOnEnter": _said(who.starts),
            }
        self.wire.tell(room.url, fields | more)


def _said(flag: bool) -> str:
    return "true" if flag else "false"
