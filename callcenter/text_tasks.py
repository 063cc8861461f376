"""Sends a text: what is written before says that it may have gone, so a crash never sends twice."""

from uuid import UUID

from callcenter import texts
from callcenter.carriers.base import MaybeDone, Refused, TryAgain
from callcenter.carriers.twilio import carrier
from callcenter.lines import Line
from callcenter.texts import STEPS, Text, TextState
from registry.kit.db import get, locked, transaction
from registry.kit.states import move


def send(text_id: UUID) -> None:
    """Done by a worker. A text found half sent is uncertain: people decide, not we."""
    with transaction() as session:
        text = locked(session, Text, text_id)
        if text.state is TextState.SENDING:
            texts.settle(session, text, TextState.UNCERTAIN)
        if text.state is not TextState.WANTED:
            return
        to = text.sealed_number.decode()
        if not texts.may_go(session, text.person_id, to):
            texts.settle(session, text, TextState.HELD_BACK)
            return
        move(text, TextState.SENDING, STEPS)
        body = text.sealed_body.decode()
        from_ = get(session, Line, text.line_id).number
    state, sid = TextState.SENT, None
    try:
        sid = carrier().send_text(text_id, to=to, from_=from_, body=body)
    except TryAgain:
        with transaction() as session:
            move(locked(session, Text, text_id), TextState.WANTED, STEPS)
        raise
    except MaybeDone:
        state = TextState.UNCERTAIN
    except Refused:
        state = TextState.REFUSED
    with transaction() as session:
        texts.settle(session, locked(session, Text, text_id), state, sid)
