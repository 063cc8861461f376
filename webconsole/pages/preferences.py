"""Language and colours: a choice kept in a cookie, for years, before and after signing in."""

from fastapi import APIRouter, Request
from starlette.responses import RedirectResponse, Response

from registry import door
from registry.kit import i18n
from webconsole.dress import THEME_COOKIE, THEMES

router = APIRouter(include_in_schema=False)
FOREVER = 400 * 24 * 3600  # seconds; browsers keep no cookie longer


@router.get("/preferenze", dependencies=[door.public("a choice of language and colours only")])
def choose(request: Request, lingua: str = "", tema: str = "", poi: str = "/") -> Response:
    local = poi.startswith("/") and poi[1:2] not in {"/", "\\"}
    answer = RedirectResponse(poi if local else "/", 303)
    secure = request.url.scheme == "https"
    if lingua in i18n.LANGUAGES:
        answer.set_cookie(
            i18n.COOKIE, lingua, max_age=FOREVER, secure=secure, httponly=True, samesite="strict"
        )
    if tema in THEMES:
        answer.set_cookie(
            THEME_COOKIE, tema, max_age=FOREVER, secure=secure, httponly=True, samesite="strict"
        )
    elif tema == "auto":
        answer.delete_cookie(THEME_COOKIE, secure=secure, httponly=True, samesite="strict")
    return answer
