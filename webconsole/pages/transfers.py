"""Files handed to the archive: the package to take, and who took it over."""

import hashlib
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Form, Request
from starlette.responses import RedirectResponse, Response

from registry import transfers
from registry.access import Right
from registry.disposals import Disposal
from registry.door import Me, allow, fresh
from registry.kit.db import locked
from registry.kit.errors import Problem
from registry.kit.http import InTransaction
from webconsole import packing
from webconsole.pages import privacy

router = APIRouter(include_in_schema=False, prefix="/privacy/scarti/{disposal_id}")
COORDINATE = [allow(Right.COORDINATE), fresh()]
SEE_OTHER = 303
Short = Annotated[str, Form(max_length=200)]


@router.get("/pacchetto.zip", dependencies=COORDINATE)
def take(disposal_id: UUID, session: InTransaction, me: Me) -> Response:
    """Every file of the list, whole; each one is in the journal as taken along."""
    disposal = locked(session, Disposal, disposal_id)
    those = transfers.to_pack(session, disposal, me)
    content = packing.package(session, disposal, those, me)
    transfers.taken(session, disposal, me, those, hashlib.sha256(content).hexdigest())
    name = {"Content-Disposition": 'attachment; filename="versamento.zip"'}
    return Response(content, media_type="application/zip", headers=name)


@router.post("/consegna", dependencies=COORDINATE)
def hand_over(
    disposal_id: UUID,
    request: Request,
    session: InTransaction,
    me: Me,
    receiver: Short = "",
    receipt: Short = "",
) -> Response:
    disposal = locked(session, Disposal, disposal_id)
    try:
        with session.begin_nested():
            those = transfers.to_pack(session, disposal, me)
            content = packing.package(session, disposal, those, me)
            transfers.hand_over(
                session,
                disposal,
                me,
                receiver=receiver.replace("\0", ""),
                receipt=receipt.replace("\0", ""),
                those=those,
                digest=hashlib.sha256(content).hexdigest(),
            )
    except Problem as problem:
        session.refresh(disposal)
        typed = {"receiver": receiver, "receipt": receipt}
        return privacy.disposal_page(request, session, me, disposal, problem, typed)
    return RedirectResponse(f"/privacy/scarti/{disposal_id}", SEE_OTHER)
