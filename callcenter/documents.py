"""The documents of one call: what is said to whom, with the addresses that follow."""

from uuid import UUID

from callcenter import sentences
from callcenter.calls import Call
from callcenter.carriers import paths, twiml
from callcenter.carriers.account import account
from callcenter.carriers.twiml import Room
from callcenter.lines import Line


def queue(call: Call, line: Line, greeting: str) -> str:
    """Say something and let the caller wait in the line's queue."""
    return twiml.greet_and_queue(
        greeting, line.queue, wait_url=_of(paths.WAIT, call.id), left_url=_of(paths.LEFT, call.id)
    )


def wait(call: Call, position: int, *, may_leave: bool, reassured: bool = False) -> str:
    """What is heard while waiting, until the carrier asks again."""
    said = sentences.waiting(position, may_leave=may_leave, language=call.language)
    if reassured:
        said.insert(0, sentences.reassurance(call.language))
    return twiml.while_waiting(
        said,
        choice_url=_of(paths.CHOICE, call.id) if may_leave else None,
        language=call.language,
    )


def ask(call: Call) -> str:
    """What a call of the system's own says, and the wait for a key."""
    return twiml.ask([call.sentence], reply_url=_of(paths.REPLY, call.id), language=call.language)


def room(call: Call, label: str) -> str:
    """Into the conference of the call; until the other side is there, a sentence now and then."""
    return twiml.join(
        Room(
            name=str(call.id),
            label=label,
            events_url=_of(paths.CONFERENCE, call.id),
            wait_url=account().url(paths.HOLD),
        )
    )


def _of(path: str, call_id: UUID) -> str:
    return account().url(paths.of_call(path, call_id))
