"""From HTTP to transactions and from problems to RFC 9457: the only place with status codes."""

import secrets
from collections.abc import Iterator
from typing import Annotated, Any

import structlog
from fastapi import Depends, FastAPI, Request
from fastapi.exceptions import RequestValidationError
from sqlalchemy.exc import DBAPIError, IntegrityError, OperationalError
from sqlalchemy.orm import Session
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect
from starlette.responses import JSONResponse, Response

from registry.kit import db, errors, i18n

log = structlog.get_logger()

STATUS: dict[type[errors.Problem], int] = {
    errors.NotSignedIn: 401,
    errors.NotAllowed: 403,
    errors.NotFound: 404,
    errors.WrongState: 409,
    errors.Stale: 412,
    errors.Conflict: 409,
    errors.TooLarge: 413,
    errors.Invalid: 422,
    errors.TooMany: 429,
    errors.Unavailable: 503,
}


def _session() -> Iterator[Session]:
    with db.transaction() as session:
        yield session


# scope="function": commit before the response leaves, so a 2xx never lies.
InTransaction = Annotated[Session, Depends(_session, scope="function")]


def problem_json(status: int, title: str, detail: str, **more: Any) -> JSONResponse:
    """An RFC 9457 answer: `detail` is a sentence for the person in front of the screen."""
    body = {"type": "about:blank", "title": title, "status": status, "detail": detail} | more
    return JSONResponse(body, status, media_type="application/problem+json")


def sentence(request: Request, problem: errors.Problem) -> str:
    """What the problem says, in the reader's language, states among its words too."""
    say = i18n.catalogue(i18n.language_of(request)).gettext
    params = {
        name: say(value) if isinstance(value, str) and value else value
        for name, value in problem.params.items()
    }
    return say(problem.message) % params if params else say(problem.message)


def status_of(problem: errors.Problem) -> int:
    return next((STATUS[kind] for kind in type(problem).__mro__ if kind in STATUS), 400)


def install(app: FastAPI) -> None:
    """Teach the application to answer every problem as problem+json."""
    app.add_exception_handler(errors.Problem, problem)
    app.add_exception_handler(RequestValidationError, _not_valid)
    app.add_exception_handler(HTTPException, _http)
    app.add_exception_handler(IntegrityError, _collision)
    app.add_exception_handler(OperationalError, _unavailable)
    app.add_exception_handler(DBAPIError, _refused)
    app.add_exception_handler(ClientDisconnect, _gone)
    app.add_exception_handler(Exception, _fault)


def problem(request: Request, said: Exception) -> Response:
    """The answer to a program."""
    assert isinstance(said, errors.Problem)  # noqa: S101 - what it was registered for
    if isinstance(said, errors.NotAllowed):
        _note(request, said)
    detail, more = sentence(request, said), dict(said.more)
    if said.field:
        more["errors"] = [{"field": said.field, "message": detail}]
    answer = problem_json(status_of(said), type(said).__name__, detail, **more)
    if isinstance(said, errors.TooMany):
        answer.headers["Retry-After"] = str(max(1, round(said.retry_after)))
    return answer


def _note(request: Request, said: errors.NotAllowed) -> None:
    """Who was refused what: the door as the table has it, never an address as it was asked for."""
    door = getattr(request.scope.get("route"), "path", "")
    asker = getattr(request.state, "asker", None)
    log.warning(
        "request.not_allowed",
        method=request.method,
        door=door,
        staff_id=str(asker) if asker else None,
        reason=type(said).__name__,
    )


def _not_valid(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)  # noqa: S101
    say = i18n.catalogue(i18n.language_of(request)).gettext
    found = [
        {"field": ".".join(str(part) for part in each["loc"][1:]), "message": each["msg"]}
        for each in error.errors()
    ]
    return problem_json(422, "Invalid", say("Some fields cannot be accepted"), errors=found)


def _http(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)  # noqa: S101
    say = i18n.catalogue(i18n.language_of(request)).gettext
    answer = problem_json(error.status_code, "HTTP", say(str(error.detail)))
    answer.headers.update(error.headers or {})
    return answer


def _collision(request: Request, error: Exception) -> Response:
    log.warning("request.collision", path=request.scope["path"], reason=type(error).__name__)
    return problem(request, errors.Conflict("Somebody else has just done this. Look again"))


def _unavailable(request: Request, error: Exception) -> Response:
    log.error("request.no_database", path=request.scope["path"], reason=type(error).__name__)
    return problem(
        request,
        errors.Unavailable("The archive does not answer. Nothing was saved: try again shortly"),
    )


def _refused(request: Request, error: Exception) -> Response:
    """A value PostgreSQL cannot hold, such as a NUL in a text, is the sender's to mend."""
    log.warning("request.refused", path=request.scope["path"], reason=type(error).__name__)
    return problem(request, errors.Invalid("A value cannot be stored as it was written"))


def _gone(request: Request, _: Exception) -> Response:
    """Whoever asked hung up in mid-sentence: nobody hears the answer, and nothing of ours broke."""
    log.debug("request.gone", path=request.scope["path"])
    return Response(status_code=400)


def _fault(request: Request, error: Exception) -> Response:
    """Nothing of the inside is said but a number, under which the log tells the rest."""
    number = secrets.token_hex(4)
    log.error("request.fault", number=number, path=request.scope["path"], exc_info=error)
    say = i18n.catalogue(i18n.language_of(request)).gettext
    detail = say("Something of ours broke. Nothing was saved. Number in the log: %(number)s")
    return problem_json(500, "Fault", detail % {"number": number}, number=number)
