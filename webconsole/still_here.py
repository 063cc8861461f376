"""Whether those who listen still may: what they show is checked for many of them at once."""

import asyncio
from collections.abc import Iterable
from typing import NamedTuple
from uuid import UUID

from sqlalchemy.orm import Session

from registry import sessions, tokens
from registry.access import Actor
from registry.kit.db import transaction
from registry.kit.errors import NotSignedIn

GATHER = 0.02  # seconds in which further consoles join one look


class Shown(NamedTuple):
    """What a console came with: a session's cookie, or a program's token."""

    cookie: str | None
    bearer: str | None


class Known(NamedTuple):
    """Whose it is; a token has no session."""

    actor: Actor
    session_id: UUID | None


Answers = dict[Shown, Known | NotSignedIn]


class Doorkeeper:
    """Asks the archive once for all who ask in the same moment: two hundred consoles beat alike."""

    def __init__(self) -> None:
        self._asking: set[Shown] = set()
        self._look: asyncio.Task[Answers] | None = None

    async def who(self, shown: Shown) -> Known:
        """Who it is now, read after this call; NotSignedIn; SQLAlchemyError: nobody can say."""
        if self._look is None or self._look.done():
            self._asking = set()
            self._look = asyncio.create_task(self._ask(self._asking))
        self._asking.add(shown)
        answer = (await asyncio.shield(self._look))[shown]
        if isinstance(answer, NotSignedIn):
            raise answer
        return answer

    async def _ask(self, asking: set[Shown]) -> Answers:
        await asyncio.sleep(GATHER)
        self._look = None
        return await asyncio.to_thread(_answers, asking)


def _answers(asking: Iterable[Shown]) -> Answers:
    with transaction() as session:
        return {shown: _answer(session, shown) for shown in asking}


def _answer(session: Session, shown: Shown) -> Known | NotSignedIn:
    try:
        if shown.bearer is not None:
            return Known(tokens.check(session, shown.bearer.partition(" ")[2].strip()), None)
        # A locked screen still hears: its alarms must sound.
        signed = sessions.check(session, shown.cookie, active=False)
    except NotSignedIn as trouble:
        return trouble
    if signed.owes_factor:
        return NotSignedIn("Your role needs a second factor: set it up first")
    return Known(signed.actor, signed.id)
