"""A safe contact: how a number is rung without telling a violent partner that we rang."""

from datetime import datetime, time
from enum import StrEnum
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import ForeignKey, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from registry.kit.db import Base
from registry.kit.errors import Conflict, Invalid
from registry.kit.sealed import Sealed

ZONE = ZoneInfo("Europe/Rome")
CODE_WORD = 40  # letters at most


def N_(sentence: str) -> str:  # noqa: N802 - the mark that gathers sentences for translation
    return sentence


NOT_SAFE = N_("Ringing this number now is not safe: read the file, then decide")


class Caution(StrEnum):
    """Why we do not simply ring or write."""

    NO_CALL_BACK = "no_call_back"
    OUTSIDE_HOURS = "outside_hours"
    NO_VOICEMAIL = "no_voicemail"
    NEUTRAL_SENDER = "neutral_sender"
    CODE_WORD = "code_word"


class SafeContact(Base):
    """What to mind with one phone number; all of it together, or nothing."""

    __tablename__ = "safe_contacts"

    phone_id: Mapped[UUID] = mapped_column(
        ForeignKey("phones.id", ondelete="CASCADE"), primary_key=True
    )
    no_call_back: Mapped[bool] = mapped_column(default=False)
    no_voicemail: Mapped[bool] = mapped_column(default=False)
    # Nothing that we send may say who we are.
    neutral_sender: Mapped[bool] = mapped_column(default=False)
    # Hours of the house's clock in which it is safe to ring; from > until passes midnight.
    safe_from: Mapped[time | None]
    safe_until: Mapped[time | None]
    sealed_code_word: Mapped[bytes | None] = mapped_column(
        "code_word", Sealed("safe_contacts.code_word")
    )

    @property
    def code_word(self) -> str:
        return (self.sealed_code_word or b"").decode()

    @property
    def empty(self) -> bool:
        """True when there is nothing to mind."""
        marked = self.no_call_back or self.no_voicemail or self.neutral_sender
        return not (marked or self.safe_from or self.sealed_code_word)

    def safe_at(self, at: datetime) -> bool:
        """Whether it is a safe hour; with no hours told every hour is."""
        if self.safe_from is None or self.safe_until is None:
            return True
        now = at.astimezone(ZONE).time()
        if self.safe_from <= self.safe_until:
            return self.safe_from <= now < self.safe_until
        return now >= self.safe_from or now < self.safe_until

    def against_call(self, at: datetime) -> list[Caution]:
        """What speaks against an operator's ringing now."""
        found = [Caution.NO_CALL_BACK] if self.no_call_back else []
        return found if self.safe_at(at) else [*found, Caution.OUTSIDE_HOURS]

    def against_machine(self, at: datetime) -> list[Caution]:
        """What speaks against the system's own call: it talks to voicemail and asks no word."""
        marks = {
            Caution.NO_VOICEMAIL: self.no_voicemail,
            Caution.NEUTRAL_SENDER: self.neutral_sender,
            Caution.CODE_WORD: self.sealed_code_word is not None,
        }
        return [*self.against_call(at), *(caution for caution, said in marks.items() if said)]

    def against_text(self, at: datetime) -> list[Caution]:
        """What speaks against a text that names the service."""
        named = [Caution.NEUTRAL_SENDER] if self.neutral_sender else []
        return [*self.against_call(at), *named]


def filled(into: SafeContact, facts: dict[str, Any]) -> SafeContact:
    """Take what a form says; both hours or none. Raises Invalid."""
    begins, ends = facts.get("safe_from"), facts.get("safe_until")
    if (begins is None) != (ends is None) or (begins is not None and begins == ends):
        raise Invalid("Write both hours, one before the other", field="safe_until")
    word = (facts.get("code_word") or "").strip()[:CODE_WORD]
    into.no_call_back = bool(facts.get("no_call_back"))
    into.no_voicemail = bool(facts.get("no_voicemail"))
    into.neutral_sender = bool(facts.get("neutral_sender"))
    into.safe_from, into.safe_until = begins, ends
    into.sealed_code_word = word.encode() or None
    return into


def of_number(session: Session, number: str | None) -> list[SafeContact]:
    """The profiles of everybody whom this number reaches, restricted people's too.

    Whoever asks learns how to ring, never whom.
    """
    phones = Base.metadata.tables["phones"]
    wanted = select(SafeContact).join(phones, phones.c.id == SafeContact.phone_id)
    return list(session.scalars(wanted.where(phones.c.number == number))) if number else []


class Unsafe(Conflict):
    """Ringing now could put somebody in danger; `cautions` say why."""

    def __init__(self, cautions: list[Caution]) -> None:
        super().__init__(NOT_SAFE)
        self.more["cautions"] = [each.value for each in cautions]


def require_safe(session: Session, number: str | None, at: datetime) -> None:
    """Raise Unsafe unless an operator may ring this number now."""
    found = [each for safe in of_number(session, number) for each in safe.against_call(at)]
    if found:
        raise Unsafe(list(dict.fromkeys(found)))


def machine_may_ring(session: Session, number: str | None, at: datetime) -> bool:
    """Whether the system may call this number by itself."""
    return not any(safe.against_machine(at) for safe in of_number(session, number))


def text_may_go(session: Session, number: str | None, at: datetime) -> bool:
    """Whether a text of ours may go to this number: it is read by whoever holds the telephone."""
    return not any(safe.against_text(at) for safe in of_number(session, number))


def may_be_called_back(session: Session, number: str | None) -> bool:
    """Whether somebody who hung up is rung: not without a number, nor if they must never be."""
    return bool(number) and not any(safe.no_call_back for safe in of_number(session, number))
