"""The facts of a person's file: a new one, and changes of which none is lost."""

from datetime import date
from typing import Annotated, Any
from uuid import UUID, uuid4

from fastapi import APIRouter, Depends, Form, Request
from sqlalchemy.orm import Session
from starlette.responses import RedirectResponse, Response

from registry import access, duplicates, file_versions, not_same, once, people, search, staff
from registry.access import Actor, Right
from registry.codes import CodeList
from registry.door import Me, allow
from registry.duplicates import Facts, Similar
from registry.files_api import checked
from registry.kit import i18n
from registry.kit.errors import Invalid, Problem
from registry.kit.http import InTransaction, status_of
from registry.kit.phone import e164
from registry.people import Person
from registry.people_api import held
from registry.search import Hit
from webconsole import desk_words, person_words, rendering
from webconsole.language_words import LANGUAGES
from webconsole.pages import forms
from webconsole.pages.forms import Trouble
from webconsole.words import words

router = APIRouter(include_in_schema=False)
SEE_OTHER = 303
NUMBERS = ("birth_year", "declared_age")
TEXTS = ("given_name", "family_name", "known_as", "language", "birth_date", *NUMBERS)
LISTS = ("other_languages", "barriers")
MARKS = ("interpreter", "restricted")
OLDEST = 130


@router.get("/persone/nuova", dependencies=[allow(Right.WRITE_PEOPLE)])
def show_new(request: Request, session: InTransaction, me: Me) -> Response:
    return _form(request, session, me, None, {}, forms.NONE)


async def _typed(request: Request) -> dict[str, Any]:
    """The fields as they were typed; the ticked ones as lists."""
    sent = await request.form()
    texts = {name: forms.whole(str(value))[:400] for name, value in sent.items()}
    return texts | {name: [str(each) for each in sent.getlist(name)] for name in LISTS}


Typed = Annotated[dict[str, Any], Depends(_typed)]


@router.post("/persone/nuova", dependencies=[allow(Right.WRITE_PEOPLE)])
def create(request: Request, session: InTransaction, me: Me, typed: Typed) -> Response:
    """With a warning when there may be a file already; sent twice, it makes one."""
    try:
        made_id, first = once.made(session, me.login, forms.id_or_none(typed.get("key", "")), "new")
        if first:
            _make(session, me, made_id, typed)
    except Similar as problem:
        hits = _hits(session, me, problem)
        said = forms.trouble(request, problem)
        return _form(request, session, me, None, typed, said, status_of(problem), hits)
    except Problem as problem:
        said = forms.trouble(request, problem)
        return _form(request, session, me, None, typed, said, status_of(problem))
    return RedirectResponse(f"/persone/{made_id}", SEE_OTHER)


def _make(session: Session, me: Actor, made_id: UUID, typed: dict[str, Any]) -> None:
    facts = _facts(typed)
    if not (facts["given_name"] or facts["family_name"] or facts["known_as"]):
        raise Invalid("Write a name, or what to call this person meanwhile", field="known_as")
    phone = typed.get("phone", "")
    told = Facts(
        given_name=facts["given_name"],
        family_name=facts["family_name"],
        birth_year=facts["birth_year"],
        birth_date=facts["birth_date"],
        phones=(e164(phone),) if phone else (),
    )
    alike = duplicates.look(session, told, me)
    if alike and "another" not in typed:
        raise Similar(alike)
    person = people.create(session, id_=made_id, **checked(session, me, facts))
    if phone:
        people.add_phone(session, person, phone)
    for hit in alike:
        not_same.tell_apart(session, person.id, hit.person.id)


def _hits(session: Session, me: Actor, problem: Similar) -> list[Hit]:
    ids = [UUID(each["id"]) for each in problem.more["candidates"]]
    there = {person.id: person for person in people.known(session, ids, me)}
    found = zip(ids, problem.more["candidates"], strict=True)
    return [search.Hit(there[id_], said["score"], tuple(said["why"])) for id_, said in found]


@router.get("/persone/{person_id}/modifica", dependencies=[allow(Right.WRITE_PEOPLE)])
def show_change(person_id: UUID, request: Request, session: InTransaction, me: Me) -> Response:
    person = people.read(session, person_id, me, why="change")
    return _form(request, session, me, person, _written(person), forms.NONE)


@router.post("/persone/{person_id}/modifica", dependencies=[allow(Right.WRITE_PEOPLE)])
def change(
    person_id: UUID,
    request: Request,
    session: InTransaction,
    me: Me,
    typed: Typed,
    version: Annotated[str, Form(max_length=12)] = "",
) -> Response:
    """The second of two is told who changed what, and has all they typed still before them."""
    person = held(session, person_id, me)
    try:
        file_versions.check(session, person, version or "0")
        people.change(session, person, **checked(session, me, _facts(typed)))
    except Problem as problem:
        said = forms.trouble(request, problem)
        changes = problem.more.get("changes", [])
        return _form(request, session, me, person, typed, said, status_of(problem), changes=changes)
    return RedirectResponse(f"/persone/{person.id}", SEE_OTHER)


def _facts(typed: dict[str, Any]) -> dict[str, Any]:
    """Columns of the file from the fields of the form."""
    facts: dict[str, Any] = {name: typed.get(name, "") for name in TEXTS}
    for name in NUMBERS:
        facts[name] = _whole(name, facts[name])
    facts["birth_date"] = _day(facts["birth_date"])
    facts["language"] = facts["language"] or "it"
    facts["interpreter"] = "interpreter" in typed
    facts |= {name: typed.get(name, []) for name in LISTS}
    if "keeps" in typed:
        facts["restricted"] = "restricted" in typed
        facts["kept_by"] = forms.id_or_none(typed.get("kept_by", ""))
    return facts


def _whole(name: str, text: str) -> int | None:
    if not text:
        return None
    if not (text.isascii() and text.isdigit()) or (name == "declared_age" and int(text) > OLDEST):
        raise Invalid("Write a number", field=name)
    return int(text)


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text) if text else None
    except ValueError:
        raise Invalid("Write the day as day/month/year", field="birth_date") from None


def _written(person: Person) -> dict[str, Any]:
    """The fields as the file has them."""
    texts = {name: str(getattr(person, name) or "") for name in TEXTS}
    marks = {name: "1" for name in MARKS if getattr(person, name)}
    lists = {name: list(getattr(person, name)) for name in LISTS}
    return texts | marks | lists | {"kept_by": str(person.kept_by or "")}


def _form(
    request: Request,
    session: Session,
    me: Actor,
    person: Person | None,
    typed: dict[str, Any],
    trouble: Trouble,
    status: int = 200,
    hits: list[Hit] | None = None,
    changes: list[dict[str, str]] | None = None,
) -> Response:
    blank: dict[str, Any] = dict.fromkeys((*TEXTS, *MARKS, "phone", "kept_by", "key"), "")
    now = _written(person) if person and changes else {}
    return rendering.page(
        request,
        "people/form.html",
        me=me,
        status=status,
        person=person,
        typed=blank
        | {"language": "it", "key": str(uuid4())}
        | {name: [] for name in LISTS}
        | typed,
        other={name: now[name] for name in now if now[name] != typed.get(name, now[name])},
        trouble=trouble,
        hits=hits or [],
        changes=changes or [],
        languages_known=list(LANGUAGES),
        hindrances=forms.choices(session, request, CodeList.BARRIER),
        offices=staff.offices(session) if access.can(me, Right.READ_RESTRICTED) else [],
        desk=desk_words,
        parts=person_words.PARTS,
        words=words(i18n.language_of(request)),
    )
