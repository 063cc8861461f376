"""Twilio, by its own SDK: each verb one request, with time-outs and errors that say what to do."""

import logging
import random
import time
from collections.abc import Callable, Sequence
from datetime import datetime
from functools import cache
from typing import Any, TypeVar
from urllib.parse import urlsplit, urlunsplit
from uuid import UUID

import httpx2
import structlog
from twilio.base.exceptions import TwilioRestException, TwilioServiceException
from twilio.http import HttpClient
from twilio.http.response import Response
from twilio.jwt.access_token import AccessToken
from twilio.jwt.access_token.grants import VoiceGrant
from twilio.rest import Client
from typing_extensions import override

from callcenter.carriers import paths
from callcenter.carriers.account import Account, account
from callcenter.carriers.base import (
    Carrier,
    CarrierLeg,
    LegState,
    MaybeDone,
    Refused,
    Softphone,
    TryAgain,
)
from callcenter.carriers.trusted import trusted
from registry.kit.errors import Unavailable

log = structlog.get_logger()

T = TypeVar("T")

CONNECT_WITHIN = 3.0  # seconds
ANSWER_WITHIN = 10.0  # seconds
TRIES = 5
FIRST_PAUSE = 0.1  # seconds; doubles with each try, give or take a tenth (error 20429)
TOO_MANY = 429
SERVER_FAULT = 500
RING_FOR = 40  # seconds a number rings before we give up
TOKEN_SECONDS = 3600
STATUS_EVENTS = ["initiated", "ringing", "answered", "completed"]
ENOUGH_LEGS = 20


class Wire(HttpClient):
    """The SDK's way out: always with time-outs; repeats only what was surely not done.

    Unlike the SDK's own client it writes no addresses or numbers to the log.
    """

    def __init__(self, base: str | None = None) -> None:
        super().__init__(logger=logging.getLogger("twilio"), is_async=False)
        logging.getLogger("httpx2").setLevel(logging.WARNING)
        self.client = httpx2.Client(
            timeout=httpx2.Timeout(ANSWER_WITHIN, connect=CONNECT_WITHIN), verify=trusted()
        )
        self.base = urlsplit(base) if base else None

    @override
    def request(
        self,
        method: str,
        url: str,
        params: dict[str, object] | None = None,
        data: dict[str, object] | None = None,
        headers: dict[str, str] | None = None,
        auth: tuple[str, str] | None = None,
        timeout: float | None = None,
        allow_redirects: bool = False,
    ) -> Response:
        asked = self.client.build_request(
            method, self._address(url), params=_given(params), data=_given(data), headers=headers
        )
        for tried in range(1, TRIES + 1):
            try:
                answer = self.client.send(asked, auth=auth, follow_redirects=allow_redirects)
            except (httpx2.ConnectError, httpx2.ConnectTimeout):
                if tried == TRIES:
                    raise
            else:
                if answer.status_code != TOO_MANY or tried == TRIES:
                    return Response(answer.status_code, answer.text, dict(answer.headers))
            time.sleep(FIRST_PAUSE * 2 ** (tried - 1) * random.uniform(0.9, 1.1))  # noqa: S311
        raise AssertionError

    def _address(self, uri: str) -> str:
        if self.base is None:
            return uri
        asked = urlsplit(uri)
        path = self.base.path.rstrip("/") + asked.path
        return urlunsplit((self.base.scheme, self.base.netloc, path, asked.query, ""))


def _given(fields: dict[str, object] | None) -> dict[str, Any] | None:
    return {key: value for key, value in fields.items() if value is not None} if fields else None


class Twilio(Carrier):
    """The account's calls, conferences, queues and texts."""

    def __init__(self, account: Account) -> None:
        self.account = account
        self.wire = Wire(account.api_base)
        name, secret = account.login
        self.client = Client(
            name,
            secret,
            account.sid,
            region=account.region,
            edge=account.edge,
            http_client=self.wire,
        )

    @override
    def place(self, call_id: UUID, *, to: str, from_: str) -> str:
        return str(
            _asked(
                lambda: self.client.calls.create(
                    to=to,
                    from_=from_,
                    url=self._url(paths.ANSWERED, call_id),
                    method="POST",
                    status_callback=self._url(paths.STATUS, call_id),
                    status_callback_event=STATUS_EVENTS,
                    status_callback_method="POST",
                    timeout=RING_FOR,
                )
            ).sid
        )

    @override
    def add(self, conference_sid: str, call_id: UUID, *, to: str, from_: str, label: str) -> str:
        return str(
            _asked(
                lambda: self.client.conferences(conference_sid).participants.create(
                    from_=from_,
                    to=to,
                    label=label,
                    timeout=RING_FOR,
                    early_media=True,
                    beep="false",
                    start_conference_on_enter=True,
                    end_conference_on_exit=False,
                    status_callback=self._url(paths.STATUS, call_id),
                    status_callback_event=STATUS_EVENTS,
                    status_callback_method="POST",
                )
            ).call_sid
        )

    @override
    def pull(self, call_id: UUID, *, sid: str, queue_sid: str | None) -> None:
        url = self._url(paths.CONNECT, call_id)
        if queue_sid:
            queue = self.client.queues(queue_sid)
            try:
                _asked(lambda: queue.members(sid).update(url=url, method="POST"))
            except Refused as refused:
                # Not in the queue, so perhaps still in the greeting: the call itself can be led.
                if not refused.gone:
                    raise
            else:
                return
        _asked(lambda: self.client.calls(sid).update(url=url, method="POST"))

    @override
    def requeue(self, call_id: UUID, *, sid: str) -> None:
        url = self._url(paths.AGAIN, call_id)
        _asked(lambda: self.client.calls(sid).update(url=url, method="POST"))

    @override
    def hang_up(self, sid: str) -> None:
        _unless_gone(lambda: self.client.calls(sid).update(status="completed"))

    @override
    def end_conference(self, conference_sid: str) -> None:
        _unless_gone(lambda: self.client.conferences(conference_sid).update(status="completed"))

    @override
    def hold(self, conference_sid: str, sid: str, *, on: bool) -> None:
        held = self.client.conferences(conference_sid).participants(sid)
        url = self.account.url(paths.HOLD)
        _asked(lambda: held.update(hold=on, hold_url=url, hold_method="POST"))

    @override
    def announce(self, conference_sid: str, call_id: UUID) -> None:
        url = self._url(paths.ANNOUNCE, call_id)
        room = self.client.conferences(conference_sid)
        _asked(lambda: room.update(announce_url=url, announce_method="POST"))

    @override
    def press(self, conference_sid: str, tones_id: UUID, *, sid: str) -> None:
        url = self._url(paths.TONES, tones_id)
        heard_by = self.client.conferences(conference_sid).participants(sid)
        _asked(lambda: heard_by.update(announce_url=url, announce_method="POST"))

    @override
    def farewell(self, call_id: UUID, *, sid: str) -> None:
        url = self._url(paths.FAREWELL, call_id)
        _asked(lambda: self.client.calls(sid).update(url=url, method="POST"))

    @override
    def send_text(self, text_id: UUID, *, to: str, from_: str, body: str) -> str:
        callback = self.account.url(f"{paths.TEXT_STATUS}?text={text_id}")
        return str(
            _asked(
                lambda: self.client.messages.create(
                    to=to, from_=from_, body=body, status_callback=callback
                )
            ).sid
        )

    @override
    def look(self, sid: str) -> CarrierLeg | None:
        try:
            return _leg(_asked(lambda: self.client.calls(sid).fetch()))
        except Refused as refused:
            if refused.gone:
                return None
            raise

    @override
    def find(self, *, to: str, from_: str, since: datetime) -> Sequence[CarrierLeg]:
        # The carrier compares whole days; the moment is compared here.
        found = _asked(
            lambda: self.client.calls.list(
                to=to,
                from_=from_,
                start_time_after=since.replace(hour=0, minute=0, second=0, microsecond=0),
                limit=ENOUGH_LEGS,
                page_size=ENOUGH_LEGS,
            )
        )
        return [_leg(each) for each in found if each.date_created >= since.replace(microsecond=0)]

    @override
    def softphone(self, identity: str) -> Softphone:
        account = self.account
        if account.simulated:
            return Softphone(mode="simulated", identity=identity)
        if not (account.api_key and account.api_secret and account.app_sid):
            raise Unavailable("The softphone needs an API key and a TwiML App in the settings")
        token = AccessToken(
            account.sid,
            account.api_key,
            account.api_secret,
            identity=identity,
            ttl=TOKEN_SECONDS,
            region=account.region,
            grants=[VoiceGrant(outgoing_application_sid=account.app_sid)],
        )
        return Softphone(
            mode="twilio",
            identity=identity,
            token=token.to_jwt(),
            edge=account.edge,
            seconds=TOKEN_SECONDS,
        )

    def close(self) -> None:
        """Let go of the connections to the carrier."""
        self.wire.client.close()

    def _url(self, path: str, call_id: UUID) -> str:
        return self.account.url(paths.of_call(path, call_id))


@cache
def carrier() -> Carrier:
    """The carrier of this installation: the same code drives Twilio and the built-in double."""
    ours = account()
    for fault in ours.faults():
        log.warning("carrier.settings", fault=fault)
    return Twilio(ours)


def _leg(found: Any) -> CarrierLeg:
    return CarrierLeg(
        sid=found.sid,
        state=LegState(found.status),
        to=found.to,
        from_=found._from,  # noqa: SLF001 - the SDK's name for the field From
        started_at=found.start_time,
    )


def _unless_gone(ask: Callable[[], object]) -> None:
    try:
        _asked(ask)
    except Refused as refused:
        if not refused.gone:
            raise


def _asked(ask: Callable[[], T]) -> T:
    """Do it, and say in our words what went wrong."""
    try:
        return ask()
    except (httpx2.ConnectError, httpx2.ConnectTimeout) as error:
        raise TryAgain(type(error).__name__) from error
    except httpx2.HTTPError as error:
        raise MaybeDone(type(error).__name__) from error
    except (TwilioRestException, TwilioServiceException) as error:
        raise _meant(error) from error


def _meant(error: TwilioRestException | TwilioServiceException) -> Exception:
    status, code = int(error.status), int(error.code or 0)
    if status == TOO_MANY:
        return TryAgain(f"{status} {code}")
    if status >= SERVER_FAULT:
        return MaybeDone(f"{status} {code}")
    return Refused(f"{status} {code}", code=code, status=status)
