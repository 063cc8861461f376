"""Coded lists of the social plan: needs, target groups, barriers, each code with its period.

A plan is made for some years and may rename, add or end codes. What is written down is checked
against the codes of its own day (REQ 21, 76), and old entries keep the words they had.
"""

from collections.abc import Iterable
from datetime import date
from enum import StrEnum

from sqlalchemy import CheckConstraint, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Mapped, Session, mapped_column

from registry.kit.db import Base
from registry.kit.errors import Invalid

BEGINNING = date(2020, 1, 1)


class CodeList(StrEnum):
    NEED = "need"
    TARGET = "target"
    BARRIER = "barrier"
    CASE_STAGE = "case_stage"
    CASE_OUTCOME = "case_outcome"
    QUALIFICATION = "qualification"


# What a house starts with, in Italian and in English; a plan of the district may change it.
INITIAL: dict[CodeList, tuple[tuple[str, str, str], ...]] = {
    CodeList.NEED: (
        ("information", "Informazione e orientamento", "Information and guidance"),
        ("listening", "Ascolto e solitudine", "Listening and loneliness"),
        ("economic", "Aiuto economico", "Economic help"),
        ("food", "Cibo e beni di prima necessità", "Food and first necessities"),
        ("housing", "Casa", "Housing"),
        ("home_care", "Assistenza a domicilio", "Care at home"),
        ("residential", "Accoglienza residenziale o diurna", "Residential or day care"),
        ("disability", "Disabilità", "Disability"),
        ("health", "Salute e cure", "Health and care"),
        ("mental_health", "Salute mentale", "Mental health"),
        ("addiction", "Dipendenze", "Addiction"),
        ("minors", "Minori e genitori", "Children and parents"),
        ("violence", "Violenza e maltrattamento", "Violence and abuse"),
        ("work", "Lavoro", "Work"),
        ("education", "Scuola e formazione", "School and training"),
        ("transport", "Trasporto e accompagnamento", "Transport and company"),
        ("documents", "Documenti e residenza", "Papers and residence"),
        ("protection", "Tutela e amministrazione di sostegno", "Legal protection"),
    ),
    # REQ 21: the values of the first Piano Sociale di Zona.
    CodeList.TARGET: (
        ("homeless", "Persone senza dimora", "Homeless people"),
        ("abandoned_minors", "Minori in stato di abbandono", "Abandoned children"),
        ("foreign_minors", "Minori stranieri non accompagnati", "Unaccompanied foreign minors"),
        ("mother_child", "Madri con figli o gestanti in difficoltà", "Mothers and pregnant women"),
        ("women_violence", "Donne vittime di violenza", "Women who suffered violence"),
        ("alone", "Anziani e disabili che vivono soli", "Elderly and disabled living alone"),
    ),
    # REQ 14: what stands between a person and the service.
    CodeList.BARRIER: (
        ("language", "Lingua", "Language"),
        ("hearing", "Udito", "Hearing"),
        ("sight", "Vista", "Sight"),
        ("mobility", "Spostarsi", "Getting around"),
        ("reading", "Leggere e scrivere", "Reading and writing"),
        ("digital", "Strumenti digitali", "Digital tools"),
        ("trust", "Sfiducia nei servizi", "No trust in services"),
        ("fear", "Paura", "Fear"),
        ("papers", "Mancanza di documenti", "No papers"),
    ),
    # How far a case has come, and how it ended: statuses as data.
    CodeList.CASE_STAGE: (
        ("assessing", "In valutazione", "Being assessed"),
        ("planning", "Progetto in preparazione", "Project being prepared"),
        ("going_on", "Progetto in corso", "Project going on"),
        ("monitoring", "In monitoraggio", "Being monitored"),
    ),
    CodeList.CASE_OUTCOME: (
        ("goals_reached", "Obiettivi raggiunti", "Goals reached"),
        ("autonomy", "Autonomia raggiunta", "Autonomy reached"),
        ("handed_over", "Passato a un altro servizio", "Handed to another service"),
        ("moved", "Trasferimento in un altro comune", "Moved to another town"),
        ("withdrew", "Rinuncia della persona", "The person withdrew"),
        ("not_found", "Persona non più reperibile", "The person can no longer be found"),
        ("died", "Decesso", "The person died"),
        ("by_mistake", "Aperto per errore", "Opened by mistake"),
    ),
    # REQ 44: what the staff are qualified for.
    CodeList.QUALIFICATION: (
        (
            "social_worker_a",
            "Assistente sociale specialista (albo A)",
            "Social worker (register A)",
        ),
        ("social_worker_b", "Assistente sociale (albo B)", "Social worker (register B)"),
        ("psychologist", "Psicologo", "Psychologist"),
        ("educator", "Educatore professionale", "Professional educator"),
        ("nurse", "Infermiere", "Nurse"),
        ("care_worker", "Operatore socio-sanitario (OSS)", "Care worker"),
        ("mediator", "Mediatore linguistico-culturale", "Language and culture mediator"),
        ("sign_language", "Interprete di lingua dei segni (LIS)", "Sign language interpreter"),
        ("emergency", "Formazione di pronto intervento sociale", "Course in social emergency"),
        ("telecare", "Formazione di teleassistenza", "Course in telecare"),
        ("first_aid", "Primo soccorso e BLSD", "First aid and defibrillation"),
        ("fire_safety", "Antincendio", "Fire safety"),
        ("privacy", "Formazione sulla protezione dei dati", "Course in data protection"),
    ),
}


class Code(Base):
    """One code of one list, from a day on; the same code may return in a later period."""

    __tablename__ = "codes"
    __table_args__ = (CheckConstraint("valid_to >= valid_from", name="code_ends_after_it_begins"),)

    list: Mapped[CodeList] = mapped_column(primary_key=True)
    code: Mapped[str] = mapped_column(primary_key=True)
    valid_from: Mapped[date] = mapped_column(primary_key=True)
    valid_to: Mapped[date | None]
    italian: Mapped[str]
    english: Mapped[str]
    position: Mapped[int]


def settle(session: Session) -> None:
    """Give each list that is still empty the codes a house starts with."""
    there = set(session.scalars(select(Code.list).distinct()))
    rows = [
        {
            "list": list_,
            "code": code,
            "valid_from": BEGINNING,
            "italian": italian,
            "english": english,
            "position": position,
        }
        for list_, codes in INITIAL.items()
        if list_ not in there
        for position, (code, italian, english) in enumerate(codes)
    ]
    if rows:
        session.execute(insert(Code).values(rows).on_conflict_do_nothing())


def in_force(session: Session, list_: CodeList, on: date) -> list[Code]:
    """The codes of that day, in the order of the plan."""
    wanted = (
        select(Code)
        .where(
            Code.list == list_,
            Code.valid_from <= on,
            Code.valid_to.is_(None) | (Code.valid_to >= on),
        )
        .order_by(Code.position, Code.code)
    )
    return list(session.scalars(wanted))


def check(session: Session, list_: CodeList, codes: Iterable[str], on: date) -> list[str]:
    """The codes without repeats; Invalid names the first that is not in force on that day."""
    wanted = list(dict.fromkeys(code for code in codes if code))
    if not wanted:
        return []
    valid = {each.code for each in in_force(session, list_, on)}
    for code in wanted:
        if code not in valid:
            raise Invalid("The code “%(code)s” is not in force on that day", field=list_, code=code)
    return wanted


def labels(session: Session, list_: CodeList, language: str) -> dict[str, str]:
    """The word for every code there ever was: the latest one."""
    found = session.scalars(select(Code).where(Code.list == list_).order_by(Code.valid_from))
    return {each.code: each.english if language == "en" else each.italian for each in found}
