"""The built-in carrier's REST face: Twilio's paths, fields and answers, driven by its SDK."""

from collections.abc import Awaitable, Callable
from datetime import datetime
from email.utils import format_datetime
from typing import Any
from xml.etree.ElementTree import fromstring

from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from callcenter.carriers.base import LegState
from callcenter.carriers.simulated_cloud import API_VERSION, Cloud
from callcenter.carriers.simulated_legs import (
    HungUp,
    Kicked,
    Leg,
    Participant,
    Queue,
    Redirected,
    Room,
    new_sid,
)

ROOT = "/2010-04-01/Accounts/{account}"
RING_FOR = 60
SHOWN_LATE = 2.0  # seconds after which a new conference appears in lists, as since August 2023

Answer = Callable[[Request], Awaitable[Response]]


class Refusal(Exception):  # noqa: N818 - an answer, not a fault
    """What Twilio answers when it does not do something."""

    def __init__(self, status: int, code: int, message: str) -> None:
        super().__init__(message)
        self.answer = JSONResponse(
            {
                "code": code,
                "message": message,
                "more_info": f"https://www.twilio.com/docs/errors/{code}",
                "status": status,
            },
            status,
        )


def gone(what: str) -> Refusal:
    return Refusal(404, 20404, f"The requested resource {what} was not found")


class Rest:
    """The verbs of the API over one cloud."""

    def __init__(self, cloud: Cloud) -> None:
        self.cloud = cloud

    def routes(self) -> list[Route]:
        table: list[tuple[str, str, Answer]] = [
            ("POST", "/Calls.json", self.create_call),
            ("GET", "/Calls.json", self.list_calls),
            ("GET", "/Calls/{sid}.json", self.fetch_call),
            ("POST", "/Calls/{sid}.json", self.update_call),
            ("GET", "/Conferences.json", self.list_conferences),
            ("GET", "/Conferences/{sid}.json", self.fetch_conference),
            ("POST", "/Conferences/{sid}.json", self.update_conference),
            ("GET", "/Conferences/{sid}/Participants.json", self.list_participants),
            ("POST", "/Conferences/{sid}/Participants.json", self.create_participant),
            ("GET", "/Conferences/{sid}/Participants/{call}.json", self.fetch_participant),
            ("POST", "/Conferences/{sid}/Participants/{call}.json", self.update_participant),
            ("DELETE", "/Conferences/{sid}/Participants/{call}.json", self.delete_participant),
            ("GET", "/Queues.json", self.list_queues),
            ("GET", "/Queues/{sid}/Members.json", self.list_queue),
            ("POST", "/Queues/{sid}/Members/{call}.json", self.update_queued),
            ("POST", "/Messages.json", self.create_message),
        ]
        return [Route(ROOT + path, answer, methods=[method]) for method, path, answer in table]

    # Calls

    async def create_call(self, request: Request) -> Response:
        form = await request.form()
        leg = self._dialled(form)
        url = str(form.get("Url", ""))
        if not url:
            raise Refusal(400, 21205, "Url is required")
        self.cloud.ring_out(leg, url, patience=float(str(form.get("Timeout", RING_FOR))))
        return JSONResponse(self._call(leg), 201)

    async def list_calls(self, request: Request) -> Response:
        asked = request.query_params
        found = [
            self._call(leg)
            for leg in reversed(self.cloud.legs.values())
            if asked.get("To", leg.to) == leg.to and asked.get("From", leg.from_) == leg.from_
        ]
        return self._page("calls", found)

    async def fetch_call(self, request: Request) -> Response:
        return JSONResponse(self._call(self._leg(request.path_params["sid"])))

    async def update_call(self, request: Request) -> Response:
        leg = self._leg(request.path_params["sid"])
        form = await request.form()
        if leg.over:
            raise Refusal(400, 21220, "Call is not in-progress. Cannot redirect.")
        if "Status" in form:
            leg.interrupt(HungUp(by_api=True))
        elif "Url" in form:
            leg.interrupt(Redirected(str(form["Url"])))
        else:
            raise Refusal(400, 21206, "Url or Status is required")
        return JSONResponse(self._call(leg))

    # Conferences

    async def list_conferences(self, request: Request) -> Response:
        asked = request.query_params
        now = self.cloud.now()
        found = [
            self._room(room)
            for room in self.cloud.rooms.values()
            if asked.get("FriendlyName", room.name) == room.name
            and asked.get("Status", room.state) == room.state
            and (now - room.created_at).total_seconds() >= SHOWN_LATE
        ]
        return self._page("conferences", found)

    async def fetch_conference(self, request: Request) -> Response:
        return JSONResponse(self._room(self._conference(request)))

    async def update_conference(self, request: Request) -> Response:
        room = self._conference(request)
        form = await request.form()
        if form.get("Status") == "completed":
            self.cloud.end(room, "conference-ended-via-api")
        if form.get("AnnounceUrl"):
            await self._said_to(str(form["AnnounceUrl"]), list(room.people.values()))
        return JSONResponse(self._room(room))

    async def list_participants(self, request: Request) -> Response:
        room = self._conference(request)
        return self._page(
            "participants", [self._participant(room, each) for each in room.people.values()]
        )

    async def create_participant(self, request: Request) -> Response:
        form = await request.form()
        wanted = request.path_params["sid"]
        room = self.cloud.rooms.get(wanted) or self.cloud.room(wanted)
        label = str(form.get("Label", ""))
        if room.state == "completed":
            raise gone(f"/Conferences/{room.sid}")
        if room.taken(label):
            raise Refusal(400, 16025, "Participant label already used in this conference")
        who = Participant(
            self._dialled(form),
            label=label,
            muted=form.get("Muted") == "true",
            starts=form.get("StartConferenceOnEnter", "true") == "true",
            ends=form.get("EndConferenceOnExit") == "true",
        )
        patience = float(str(form.get("Timeout", RING_FOR)))
        self.cloud.ring_into(room, who, patience=patience)
        return JSONResponse(self._participant(room, who), 201)

    async def fetch_participant(self, request: Request) -> Response:
        room = self._conference(request)
        return JSONResponse(self._participant(room, self._inside(room, request)))

    async def update_participant(self, request: Request) -> Response:
        room = self._conference(request)
        who = self._inside(room, request)
        form = await request.form()
        if "Muted" in form:
            who.muted = form["Muted"] == "true"
            self.cloud.say(room, f"participant-{'' if who.muted else 'un'}mute", who)
        if "Hold" in form:
            who.held = form["Hold"] == "true"
            self.cloud.say(room, f"participant-{'' if who.held else 'un'}hold", who)
            if who.held and form.get("HoldUrl"):
                await self._said_to(str(form["HoldUrl"]), [who])
        if "EndConferenceOnExit" in form and not who.held:
            # On hold it is silently not changed, as it really is.
            who.ends = form["EndConferenceOnExit"] == "true"
        if form.get("AnnounceUrl"):
            await self._said_to(str(form["AnnounceUrl"]), [who])
        return JSONResponse(self._participant(room, who))

    async def delete_participant(self, request: Request) -> Response:
        room = self._conference(request)
        who = self._inside(room, request)
        self.cloud.leave(room, who.leg, "participant_updated_via_api")
        who.leg.interrupt(Kicked())
        return Response(status_code=204)

    # Queues

    async def list_queues(self, request: Request) -> Response:
        del request
        return self._page("queues", [self._queue(each) for each in self.cloud.queues.values()])

    async def list_queue(self, request: Request) -> Response:
        queue = self._wanted_queue(request)
        return self._page(
            "queue_members", [self._queued(queue, sid) for sid in list(queue.callers)]
        )

    async def update_queued(self, request: Request) -> Response:
        queue = self._wanted_queue(request)
        sid = request.path_params["call"]
        if sid == "Front" and queue.callers:
            sid = next(iter(queue.callers))
        if sid not in queue.callers:
            raise gone(f"/Queues/{queue.sid}/Members/{sid}")
        answer = self._queued(queue, sid)
        form = await request.form()
        queue.callers[sid][0].interrupt(Redirected(str(form["Url"])))
        return JSONResponse(answer)

    # Texts

    async def create_message(self, request: Request) -> Response:
        form = await request.form()
        to, body = str(form.get("To", "")), str(form.get("Body", ""))
        if not to.startswith("+"):
            raise Refusal(400, 21211, "The 'To' number is not valid")
        sid = new_sid("SM")
        text = {"sid": sid, "to": to, "from": str(form.get("From", "")), "body": body}
        self.cloud.texts[sid] = text
        if form.get("StatusCallback"):
            fields = {
                "AccountSid": self.cloud.account.sid,
                "MessageSid": sid,
                "MessageStatus": "delivered",
                "To": to,
                "From": text["from"],
            }
            self.cloud.wire.tell(str(form["StatusCallback"]), fields)
        return JSONResponse(text | self._common() | {"status": "queued"}, 201)

    # What the answers look like

    def _dialled(self, form: FormData) -> Leg:
        to, from_ = str(form.get("To", "")), str(form.get("From", ""))
        if not to.startswith(("+", "client:")):
            raise Refusal(400, 21211, "The 'To' number is not a valid phone number")
        if not from_:
            raise Refusal(400, 21213, "From is required")
        leg = self.cloud.leg(from_, to, "outbound-api")
        leg.status_url = str(form.get("StatusCallback", ""))
        events = [str(each) for each in form.getlist("StatusCallbackEvent")]
        leg.status_events = frozenset(events or ["completed"])
        return leg

    async def _said_to(self, url: str, people: list[Participant]) -> None:
        fields = {"AccountSid": self.cloud.account.sid}
        document = fromstring(await self.cloud.wire.ask(url, fields))  # noqa: S314 - our own answer
        for verb in document:
            for each in people:
                if verb.get("digits"):
                    each.leg.tones.append(verb.get("digits", ""))
                else:
                    each.leg.heard.append((verb.text or "").strip())

    def _leg(self, sid: str) -> Leg:
        if sid not in self.cloud.legs:
            raise gone(f"/Calls/{sid}")
        return self.cloud.legs[sid]

    def _conference(self, request: Request) -> Room:
        sid = request.path_params["sid"]
        room = self.cloud.rooms.get(sid)
        if room is None or (room.state == "completed" and request.method != "GET"):
            raise gone(f"/Conferences/{sid}")
        return room

    def _inside(self, room: Room, request: Request) -> Participant:
        wanted = request.path_params["call"]
        for sid, who in room.people.items():
            if wanted in {sid, who.label}:
                return who
        raise gone(f"/Conferences/{room.sid}/Participants/{wanted}")

    def _wanted_queue(self, request: Request) -> Queue:
        sid = request.path_params["sid"]
        if sid not in self.cloud.queues:
            raise gone(f"/Queues/{sid}")
        return self.cloud.queues[sid]

    def _common(self) -> dict[str, Any]:
        now = format_datetime(self.cloud.now())
        return {
            "account_sid": self.cloud.account.sid,
            "date_created": now,
            "date_updated": now,
        }

    def _call(self, leg: Leg) -> dict[str, Any]:
        state = LegState.QUEUED if leg.state is LegState.INITIATED else leg.state
        return self._common() | {
            "api_version": API_VERSION,
            "sid": leg.sid,
            "to": leg.to,
            "from": leg.from_,
            "status": state.value,
            "direction": leg.direction,
            "parent_call_sid": leg.parent_sid or None,
            "date_created": _written(leg.created_at),
            "start_time": _written(leg.started_at),
            "end_time": _written(leg.ended_at),
        }

    def _room(self, room: Room) -> dict[str, Any]:
        return self._common() | {
            "api_version": API_VERSION,
            "sid": room.sid,
            "friendly_name": room.name,
            "status": room.state,
            "region": self.cloud.account.region or "us1",
            "reason_conference_ended": room.reason or None,
            "date_created": _written(room.created_at),
        }

    def _participant(self, room: Room, who: Participant) -> dict[str, Any]:
        return self._common() | {
            "call_sid": who.leg.sid,
            "conference_sid": room.sid,
            "label": who.label or None,
            "muted": who.muted,
            "hold": who.held,
            "coaching": who.coaching,
            "end_conference_on_exit": who.ends,
            "start_conference_on_enter": who.starts,
            "status": "connected" if who.leg.sid in room.people else "queued",
        }

    def _queue(self, queue: Queue) -> dict[str, Any]:
        return self._common() | {
            "sid": queue.sid,
            "friendly_name": queue.name,
            "current_size": len(queue.callers),
            "max_size": queue.max_size,
            "average_wait_time": queue.average_wait,
        }

    def _queued(self, queue: Queue, sid: str) -> dict[str, Any]:
        leg, entered = queue.callers[sid]
        return {
            "call_sid": sid,
            "queue_sid": queue.sid,
            "date_enqueued": _written(entered),
            "position": queue.position(leg),
            "wait_time": round((self.cloud.now() - entered).total_seconds()),
        }

    def _page(self, name: str, found: list[dict[str, Any]]) -> JSONResponse:
        page = {"page": 0, "page_size": max(50, len(found)), "next_page_uri": None}
        return JSONResponse(page | {name: found})


def _written(moment: datetime | None) -> str | None:
    return format_datetime(moment) if moment else None
