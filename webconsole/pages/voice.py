"""The page of voice profiles: which keys each kind of home unit takes for which command."""

from fastapi import APIRouter, Request
from starlette.responses import Response

from registry.access import Right
from registry.door import Me, allow
from registry.kit import i18n
from registry.kit.http import InTransaction
from telecare import voice_profiles
from telecare.voice_profiles import SCAIP, Command
from webconsole import rendering
from webconsole.telecare_words import COMMANDS
from webconsole.words import words

router = APIRouter(include_in_schema=False)


@router.get("/voce", dependencies=[allow(Right.MANAGE_DEVICES)])
def show_profiles(request: Request, session: InTransaction, me: Me) -> Response:
    said = words(i18n.language_of(request))
    return rendering.page(
        request,
        "telecare/voice.html",
        me=me,
        profiles=voice_profiles.all_(session),
        standard=SCAIP,
        commands=[(each, said.of(COMMANDS, each)) for each in Command],
    )
