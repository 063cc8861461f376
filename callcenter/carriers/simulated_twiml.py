"""Executes TwiML for the built-in carrier: what a document says is what happens to the leg."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from xml.etree.ElementTree import Element, ParseError, fromstring

import httpx2

from callcenter.carriers.base import LegState
from callcenter.carriers.simulated_legs import (
    HungUp,
    Interrupt,
    Kicked,
    Leg,
    Participant,
    Redirected,
    Room,
    new_sid,
)

if TYPE_CHECKING:
    from callcenter.carriers.simulated_cloud import Cloud

SECONDS_PER_LETTER = 0.06
PLAY_SECONDS = 4.0
SECONDS_PER_TONE = 0.5
SHORTEST_WAIT = 1.0  # seconds: an empty wait document is asked for again, but not at once
GATHER_SECONDS = 5.0
DIAL_SECONDS = 30.0
RECORD_SECONDS = 8.0
MOST_DOCUMENTS = 1000


class Left(Interrupt):
    """The wait document said <Leave>."""


@dataclass(frozen=True)
class Next:
    """The document that comes after this one."""

    url: str
    fields: dict[str, str] = field(default_factory=dict)


Verb = Callable[[Element], Awaitable[Next | None]]


class Script:
    """One leg going through its documents."""

    def __init__(self, cloud: "Cloud", leg: Leg) -> None:
        self.cloud = cloud
        self.leg = leg
        self.verbs: dict[str, Verb] = {
            "Say": self._say,
            "Play": self._play,
            "Pause": self._pause,
            "Gather": self._gather,
            "Enqueue": self._enqueue,
            "Leave": self._leave,
            "Redirect": self._redirect,
            "Dial": self._dial,
            "Record": self._record,
            "Hangup": self._hangup,
            "Reject": self._reject,
        }

    async def run(self, url: str) -> None:
        """From the first document to the last; the call ends when no verb is left."""
        step: Next | None = Next(url)
        for _ in range(MOST_DOCUMENTS):
            if step is None:
                return
            try:
                step = await self._document(step)
            except Redirected as news:
                step = Next(news.url, news.fields)
        self.cloud.wire.fault("12100 documents in a circle")

    async def _document(self, step: Next) -> Next | None:
        self.leg.check()
        for verb in await self._fetch(step):
            self.leg.check()
            after = await self._verb(verb)
            if after is not None:
                return after
        return None

    async def _verb(self, verb: Element) -> Next | None:
        execute = self.verbs.get(verb.tag)
        if execute is None:
            self.cloud.wire.fault(f"12200 <{verb.tag}> is not known here")
            raise HungUp
        return await execute(verb)

    async def _fetch(self, step: Next) -> list[Element]:
        """A document that cannot be had or read costs the caller the call, as it really does."""
        # Inbound: the first document is asked for while it rings, and having it is the answer.
        fields = self.cloud.fields(self.leg) | step.fields
        try:
            root = fromstring(await self.cloud.wire.ask(step.url, fields))  # noqa: S314 - our own answer
        except (httpx2.HTTPError, ParseError) as error:
            self.cloud.wire.fault(f"11200 {type(error).__name__} at {httpx2.URL(step.url).path}")
            raise HungUp from error
        self.cloud.become(self.leg, LegState.IN_PROGRESS)
        return list(root)

    async def _say(self, verb: Element) -> None:
        text = (verb.text or "").strip()
        self.leg.heard.append(text)
        await self.leg.wait(len(text) * SECONDS_PER_LETTER)

    async def _play(self, verb: Element) -> None:
        digits = verb.get("digits", "")
        if digits:
            self.leg.tones.append(digits)
            await self.leg.wait(len(digits) * SECONDS_PER_TONE)
            return
        self.leg.heard.append(f"♪ {(verb.text or '').strip()}")
        await self.leg.wait(PLAY_SECONDS)

    async def _pause(self, verb: Element) -> None:
        await self.leg.wait(float(verb.get("length", "1")))

    async def _gather(self, verb: Element) -> Next | None:
        """A key stops what is being said; without any key the document goes on."""
        self.leg.listen(True)
        for inner in verb:
            if not self.leg.pressed:
                await self._verb(inner)
        self.leg.listen(False)
        wanted = int(verb.get("numDigits", "99"))
        finish = verb.get("finishOnKey", "#")
        timeout = float(verb.get("timeout", str(GATHER_SECONDS)))
        keys = ""
        while len(keys) < wanted:
            key = await self.leg.key(timeout)
            if not key or key == finish:
                break
            keys += key
        if not keys and verb.get("actionOnEmptyResult") != "true":
            return None
        return Next(verb.get("action", ""), {"Digits": keys}) if verb.get("action") else None

    async def _enqueue(self, verb: Element) -> Next | None:
        queue = self.cloud.queue((verb.text or "").strip())
        queue.max_size = int(verb.get("maxQueueSize", str(queue.max_size)))
        entered = self.cloud.now()
        result, ending = "queue-full", None
        if len(queue.callers) < queue.max_size:
            queue.callers[self.leg.sid] = (self.leg, entered)
            result, ending = await self._in_queue(verb.get("waitUrl", ""), queue.sid)
            del queue.callers[self.leg.sid]
            queue.waits.append((self.cloud.now() - entered).total_seconds())
        waited = str(round((self.cloud.now() - entered).total_seconds()))
        after = {"QueueResult": result, "QueueSid": queue.sid, "QueueTime": waited}
        action = verb.get("action", "")
        if ending is None:
            return Next(action, after) if action else None
        if action:
            # The answer is asked for and not followed: the leg already goes elsewhere.
            over = {"CallStatus": LegState.COMPLETED.value} if result == "hangup" else {}
            self.cloud.wire.tell(action, self.cloud.fields(self.leg) | after | over)
        raise ending

    async def _in_queue(self, wait_url: str, queue_sid: str) -> tuple[str, Interrupt | None]:
        """How the wait ended, and what the leg was told if it was told something."""
        try:
            while True:
                await self._wait_once(wait_url, queue_sid)
        except Left:
            return "leave", None
        except HungUp as news:
            return "hangup", news
        except Redirected as news:
            return "redirected", news

    async def _wait_once(self, url: str, queue_sid: str) -> None:
        """The wait document, once over; a key's document is followed inside the queue too."""
        if not url:
            await self.leg.wait(None)
            return
        queue = self.cloud.queues[queue_sid]
        started = self.cloud.now()
        entered = queue.callers[self.leg.sid][1]
        step: Next | None = Next(
            url,
            {
                "QueueSid": queue.sid,
                "QueuePosition": str(queue.position(self.leg)),
                "QueueTime": str(round((started - entered).total_seconds())),
                "AvgQueueTime": str(queue.average_wait),
                "CurrentQueueSize": str(len(queue.callers)),
                "MaxQueueSize": str(queue.max_size),
            },
        )
        while step is not None:
            step = await self._document(step)
        if (self.cloud.now() - started).total_seconds() < SHORTEST_WAIT:
            await self.leg.wait(SHORTEST_WAIT)

    async def _leave(self, verb: Element) -> None:
        raise Left(verb.tag)

    async def _redirect(self, verb: Element) -> Next:
        return Next((verb.text or "").strip())

    async def _hangup(self, verb: Element) -> None:
        raise HungUp(by_api=verb.tag == "Hangup")

    async def _reject(self, verb: Element) -> None:
        self.cloud.become(
            self.leg, LegState.BUSY if verb.get("reason") == "busy" else LegState.NO_ANSWER
        )
        raise HungUp

    async def _record(self, verb: Element) -> Next | None:
        longest = float(verb.get("maxLength", "3600"))
        await self.leg.wait(min(longest, RECORD_SECONDS))
        sid = new_sid("RE")
        done = {
            "RecordingSid": sid,
            "RecordingUrl": f"{self.cloud.account.api_base}/recordings/{sid}",
            "RecordingDuration": str(round(min(longest, RECORD_SECONDS))),
        }
        return Next(verb.get("action", ""), done) if verb.get("action") else None

    async def _dial(self, verb: Element) -> Next | None:
        inner = next(iter(verb), None)
        if inner is not None and inner.tag == "Conference":
            status = await self._conference(inner)
        elif inner is not None and inner.tag in {"Number", "Client"}:
            status = await self._number(inner, float(verb.get("timeout", str(DIAL_SECONDS))))
        else:
            self.cloud.wire.fault("13221 <Dial> of something not known here")
            raise HungUp
        action = verb.get("action", "")
        return Next(action, {"DialCallStatus": status}) if action else None

    async def _conference(self, inner: Element) -> str:
        room = self.cloud.room((inner.text or "").strip())
        label = inner.get("participantLabel", "")
        if room.taken(label):
            # Error 16025: not joined, and the call goes on with the next verb.
            self.cloud.wire.fault("16025 the label is taken")
            return "failed"
        if not room.url:
            room.url = inner.get("statusCallback", "")
            room.events = frozenset(inner.get("statusCallbackEvent", "").split())
        who = Participant(
            self.leg,
            label=label,
            muted=inner.get("muted") == "true",
            starts=inner.get("startConferenceOnEnter", "true") == "true",
            ends=inner.get("endConferenceOnExit") == "true",
        )
        self.cloud.enter(room, who)
        return await self._inside(room, inner.get("waitUrl", ""))

    async def _inside(self, room: Room, wait_url: str) -> str:
        reason = "participant_hung_up"
        try:
            while room.state == "init" and wait_url:
                await self._document(Next(wait_url))
                await self.leg.wait(SHORTEST_WAIT)
            await self.leg.wait(None)
        except Kicked:
            reason = "participant_updated_via_api"
        except Redirected:
            reason = "participant_updated_via_api"
            raise
        finally:
            self.cloud.leave(room, self.leg, reason)
        return "completed"

    async def _number(self, inner: Element, patience: float) -> str:
        """Ring somebody else and stay together until one of the two hangs up."""
        prefix = "client:" if inner.tag == "Client" else ""
        to = prefix + (inner.text or "").strip()
        other = self.cloud.leg(self.leg.from_, to, "outbound-dial")
        other.parent_sid = self.leg.sid
        other.status_url = inner.get("statusCallback", "")
        other.status_events = frozenset(inner.get("statusCallbackEvent", "completed").split())
        try:
            if not await self.cloud.answered(other, patience):
                return other.state.value
            while not other.over:
                await self.leg.wait(SHORTEST_WAIT / 4)
                other.check()
        except HungUp:
            self.leg.check()
        finally:
            self.cloud.become(other, LegState.COMPLETED)
        return "completed"
