"""Pages of technicians: the doors, live, and the signals of one unit or of all."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from registry.access import Right
from registry.door import Me, allow
from registry.kit import i18n
from registry.kit.http import InTransaction
from telecare import devices, doors, faults, signals, signals_api, voice_profiles
from telecare.devices import Device
from telecare.protocols.base import Verdict
from telecare.triage import Becomes
from telecare.unit_lines import UnitLine
from webconsole import door_words, rendering
from webconsole.dress import island
from webconsole.words import Words, words

router = APIRouter(include_in_schema=False)
PAGE = 50
Word = Annotated[str, Query(max_length=40)]
REFUSED = "refused"


@router.get("/ricevitori", dependencies=[allow(Right.MANAGE_DEVICES)])
def show_doors(request: Request, me: Me) -> Response:
    spoken = words(i18n.language_of(request))
    return rendering.page(
        request, "doors/doors.html", me=me, codes=island(door_words.all_said(spoken))
    )


@router.get("/segnali", dependencies=[allow(Right.READ_SIGNALS)])
def list_signals(
    request: Request,
    session: InTransaction,
    me: Me,
    unita: Word = "",
    ricevitore: Word = "",
    esito: Word = "",
    prove: bool = False,
    before: Annotated[UUID | None, Query(alias="prima")] = None,
) -> Response:
    """Frames as they came, newest first; of one unit when `unita` names its account.

    `prove`: with our own tests of the doors, which would hide in a quiet hour all the rest.
    """
    spoken = words(i18n.language_of(request))
    found = signals.listed(
        session,
        account=unita or None,
        protocol=ricevitore or None,
        became=esito or None,
        before=before,
        own_tests=prove or bool(unita),
        limit=PAGE,
    )
    device = (
        devices.by_account(session, unita.strip().upper(), ricevitore)
        if unita and ricevitore
        else None
    )
    return rendering.page(
        request,
        "doors/signals.html",
        me=me,
        found=signals_api.shown(session, found, me),
        account=unita.strip().upper(),
        protocol=ricevitore,
        became=esito,
        own_tests=prove,
        becomes=[*Becomes, REFUSED],
        protocols=list(door_words.PROTOCOLS),
        device=device,
        hidden=signals_api.is_hidden(session, device, me) if device else False,
        cares=_cares(device, spoken) if device else [],
        line=session.get(UnitLine, device.id) if device else None,
        profiles=voice_profiles.all_(session) if device else [],
        faults=faults.of_device(session, device.id, limit=10) if device else [],
        errors=doors.errors_of(session, device) if device else [],
        good=Verdict.GOOD,
        say=lambda table, code: door_words.said(spoken, table, code),
        next_before=found[-1].id if len(found) == PAGE else None,
    )


def _cares(device: Device, spoken: Words) -> list[tuple[str, str, str, str, str | int]]:
    """Name, word, help, kind and value of each field of a unit; a key is written, never read."""
    seconds = spoken.say("Seconds; 0: none is expected.")
    keep = spoken.say("Empty: the key stays as it is. Hexadecimal digits: hex: before them.")
    return [
        ("label", spoken.say("Label"), "", "text", device.label),
        ("area", spoken.say("Area where it stands"), "", "text", device.area),
        ("carrier", spoken.say("Carrier"), "", "text", device.carrier),
        ("heartbeat_s", spoken.say("Sign of life every"), seconds, "number", device.heartbeat_s),
        ("test_every_s", spoken.say("Test every"), seconds, "number", device.test_every_s),
        ("key", spoken.say("New key"), keep, "password", ""),
    ]
