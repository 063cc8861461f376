"""Pages of the store: all units, one unit with its history and its chart, its label to print."""

import io
from typing import Annotated
from uuid import UUID

import segno
from fastapi import APIRouter, Query, Request
from markupsafe import Markup
from starlette.responses import Response

from registry.access import Right
from registry.door import Me, allow
from registry.kit import i18n
from registry.kit.db import get
from registry.kit.http import InTransaction
from registry.kit.settings import settings
from telecare import faults, link_history, stock, stock_lists, tech_jobs, voice_profiles
from telecare.devices import PROTOCOLS, Device
from telecare.stock import StockState
from telecare.tech_jobs import JobKind
from webconsole import board_people, door_words, rendering
from webconsole.words import words

router = APIRouter(include_in_schema=False)
MANAGE = [allow(Right.MANAGE_DEVICES)]
Word = Annotated[str, Query(max_length=40)]


@router.get("/apparecchi", dependencies=MANAGE)
def list_units(
    request: Request,
    session: InTransaction,
    me: Me,
    q: Word = "",
    stato: Word = "",
    after: Annotated[UUID | None, Query(alias="prima")] = None,
) -> Response:
    spoken = words(i18n.language_of(request))
    state = StockState(stato) if stato in list(StockState) else None
    found = stock_lists.units(session, words=q.replace("\0", ""), state=state, after=after)
    return rendering.page(
        request,
        "telecare/units.html",
        me=me,
        q=q,
        state=stato,
        states=list(StockState),
        found=found,
        models={each.id: each for each in stock.models(session)},
        faults=stock_lists.open_faults(session, [each.device.id for each in found]),
        jobs=stock_lists.jobs_open(session),
        protocols=sorted(PROTOCOLS),
        profiles=voice_profiles.all_(session),
        say=lambda table, code: door_words.said(spoken, table, code),
        next_before=found[-1].device.id if len(found) == stock_lists.PAGE else None,
        words=spoken,
    )


@router.get("/apparecchi/{device_id}", dependencies=MANAGE)
def show_unit(device_id: UUID, request: Request, session: InTransaction, me: Me) -> Response:
    device = get(session, Device, device_id)
    spoken = words(i18n.language_of(request))
    history = stock.history(session, device.id)
    jobs = tech_jobs.of_device(session, device.id)
    ids = [each.person_id for each in history]
    return rendering.page(
        request,
        "telecare/unit.html",
        me=me,
        device=device,
        stands=stock.item(session, device),
        models=[each for each in stock.models(session) if each.protocol == device.protocol],
        history=history,
        people=board_people.listed(session, ids, me, "unit_homes"),
        jobs=jobs,
        kinds=[JobKind.MAINTENANCE, JobKind.FAULT, JobKind.REMOVAL],
        mended={each.fault_id for each in jobs if each.ended_at is None},
        faults=[each for each in faults.of_device(session, device.id) if each.ended_at is None],
        chart=link_history.of(session, device.id),
        say=lambda table, code: door_words.said(spoken, table, code),
        words=spoken,
    )


@router.get("/apparecchi/{device_id}/etichetta", dependencies=MANAGE)
def show_label(device_id: UUID, request: Request, session: InTransaction, me: Me) -> Response:
    """To be printed and stuck on the unit. The picture leads a technician's phone to its job."""
    device = get(session, Device, device_id)
    stands = stock.item(session, device)
    model = get(session, stock.DeviceModel, stands.model_id) if stands.model_id else None
    return rendering.page(
        request,
        "telecare/label.html",
        me=me,
        device=device,
        stands=stands,
        model=model,
        picture=picture(f"{settings().public_url or ''}/tecnico?codice={stands.code}"),
    )


def picture(text: str) -> Markup:
    """A QR code as SVG, drawn here: nothing of it comes from anybody."""
    out = io.BytesIO()
    segno.make(text, error="m", micro=False).save(
        out, kind="svg", scale=4, border=4, xmldecl=False, svgns=True, omitsize=True
    )
    return Markup(out.getvalue().decode())  # noqa: S704 - segno's own drawing of a URL
