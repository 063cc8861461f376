"""Where the house keeps what about somebody: one table for erasing a file and handing it over.

Every table that hangs on a person or a case is named here; a test fails when a new one is not.
"""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import or_, select
from sqlalchemy.orm import Mapper, Session

from registry.cases import Case
from registry.kit.db import Base


@dataclass(frozen=True)
class Place:
    """One table. `fields` tell of the person; `gone`: its rows go with the file."""

    table: str
    fields: tuple[str, ...] = ()
    gone: bool = False
    # Written by us or about several people: may tell of others.
    others: bool = False
    by: tuple[str, ...] = ("person_id",)
    # Told to nobody: how we search, or a secret of the house.
    inner: bool = False


BY_CASE = ("person_id", "case_id")
PLACES = (
    Place("people", ("given_name", "family_name", "known_as", "birth_date", "birth_year",
                     "declared_age", "declared_age_on", "other_languages", "barriers"),
          by=("id",)),
    Place("names", ("given_name", "family_name"), gone=True),
    Place("name_keys", gone=True, inner=True),
    Place("identifiers", ("kind", "value", "issuer"), gone=True),
    Place("phones", ("number", "label"), gone=True),
    Place("addresses", ("street", "town", "habits", "how_to_get_in", "latitude", "longitude")),
    Place("alerts", ("text", "reason"), gone=True),
    Place("pictures", ("shows", "added_at"), gone=True),
    Place("near_people", ("name", "phone", "relation"), gone=True, others=True,
          by=("person_id", "other_id")),
    Place("household_stays", gone=True, inner=True),
    Place("duplicate_candidates", gone=True, by=("one_id", "other_id"), inner=True),
    Place("not_same", gone=True, by=("one_id", "other_id"), inner=True),
    Place("merges", gone=True, by=("stays_id", "gone_id"), inner=True),
    Place("openings", ("sealed_reason",), gone=True, others=True),
    Place("notices", ("edition", "way", "given_at")),
    Place("consents", ("way", "given_at", "until")),
    Place("subject_exports", gone=True, inner=True),
    Place("requests", ("expressed", "recognised", "triage_reason", "answer"), others=True,
          by=("person_id", "applicant_id", "case_id")),
    Place("cases", ("title", "opened_at", "closed_at"), others=True),
    Place("case_statuses", ("sealed_reason",), others=True, by=("case_id",)),
    Place("case_assignments", ("sealed_note",), others=True, by=("case_id",)),
    Place("case_holds", ("sealed_reason",), others=True, by=("case_id",)),
    Place("case_notes", ("sealed_text",), gone=True, others=True, by=("case_id",)),
    Place("attachments", ("sealed_name", "added_at"), others=True, by=("case_id",)),
    Place("referrals", ("sealed_reason",), others=True, by=("case_id",)),
    Place("contacts", ("note", "at"), others=True, by=BY_CASE),
    Place("bookings", ("reason",)),
    Place("calls", ("number", "note", "arrived_at"), others=True, by=BY_CASE),
    Place("subscribers", ("way_in", "doctor", "doctor_phone", "health", "services")),
    Place("alarms", ("note", "raised_at"), others=True, by=BY_CASE),
    Place("interventions", ("what", "place_text", "town", "reason", "report"), others=True,
          by=BY_CASE),
    Place("texts", ("sealed_body", "wanted_at"), gone=True),
    Place("no_texts", ("since",), gone=True),
    Place("planned_calls", ("note",), others=True),
    Place("tech_jobs", ("note", "report"), others=True),
)  # fmt: skip
# Nothing of the person stands in them, or what does goes with another table's rows.
WITHOUT_WORDS = {
    "absences", "call_plans", "call_rounds", "case_targets", "devices",
    "disposal_items", "placements", "plans", "subject_keys",
}  # fmt: skip
# What is kept when a file is erased: the frame of what was done, without whom.
FRAME = {"kind", "area", "state", "channel", "outcome", "way", "town"}


def mapper_of(table: str) -> Mapper[Any] | None:
    """The model of a table, where this house has one."""
    found = (each for each in Base.registry.mappers if each.local_table.name == table)  # type: ignore[attr-defined]
    return next(found, None)


def rows(session: Session, place: Place, person_id: UUID) -> list[Any]:
    """What stands there of this person, oldest first."""
    mapper = mapper_of(place.table)
    if mapper is None:
        return []
    model = mapper.class_
    cases = select(Case.id).where(Case.person_id == person_id)
    ways = [
        getattr(model, name).in_(cases) if name == "case_id" else getattr(model, name) == person_id
        for name in place.by
        if name in mapper.column_attrs
    ]
    key = mapper.get_property_by_column(mapper.primary_key[0]).key
    found = session.scalars(select(model).where(or_(*ways)).order_by(getattr(model, key)))
    return list(found)
