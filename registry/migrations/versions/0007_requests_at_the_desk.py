"""Requests at the desk: numbered, triaged, at an access point."""

from collections.abc import Sequence
from datetime import date

import sqlalchemy as sa
from alembic import op

revision: str = "0007"
down_revision: str | None = "0006"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

# What a house starts with; registry/codes.py has the same for an empty list.
CODES = (
    ("need", "information", 0, "Informazione e orientamento", "Information and guidance"),
    ("need", "listening", 1, "Ascolto e solitudine", "Listening and loneliness"),
    ("need", "economic", 2, "Aiuto economico", "Economic help"),
    ("need", "food", 3, "Cibo e beni di prima necessità", "Food and first necessities"),
    ("need", "housing", 4, "Casa", "Housing"),
    ("need", "home_care", 5, "Assistenza a domicilio", "Care at home"),
    ("need", "residential", 6, "Accoglienza residenziale o diurna", "Residential or day care"),
    ("need", "disability", 7, "Disabilità", "Disability"),
    ("need", "health", 8, "Salute e cure", "Health and care"),
    ("need", "mental_health", 9, "Salute mentale", "Mental health"),
    ("need", "addiction", 10, "Dipendenze", "Addiction"),
    ("need", "minors", 11, "Minori e genitori", "Children and parents"),
    ("need", "violence", 12, "Violenza e maltrattamento", "Violence and abuse"),
    ("need", "work", 13, "Lavoro", "Work"),
    ("need", "education", 14, "Scuola e formazione", "School and training"),
    ("need", "transport", 15, "Trasporto e accompagnamento", "Transport and company"),
    ("need", "documents", 16, "Documenti e residenza", "Papers and residence"),
    ("need", "protection", 17, "Tutela e amministrazione di sostegno", "Legal protection"),
    ("target", "homeless", 0, "Persone senza dimora", "Homeless people"),
    ("target", "abandoned_minors", 1, "Minori in stato di abbandono", "Abandoned children"),
    (
        "target",
        "foreign_minors",
        2,
        "Minori stranieri non accompagnati",
        "Unaccompanied foreign minors",
    ),
    (
        "target",
        "mother_child",
        3,
        "Madri con figli o gestanti in difficoltà",
        "Mothers and pregnant women",
    ),
    ("target", "women_violence", 4, "Donne vittime di violenza", "Women who suffered violence"),
    (
        "target",
        "alone",
        5,
        "Anziani e disabili che vivono soli",
        "Elderly and disabled living alone",
    ),
    ("barrier", "language", 0, "Lingua", "Language"),
    ("barrier", "hearing", 1, "Udito", "Hearing"),
    ("barrier", "sight", 2, "Vista", "Sight"),
    ("barrier", "mobility", 3, "Spostarsi", "Getting around"),
    ("barrier", "reading", 4, "Leggere e scrivere", "Reading and writing"),
    ("barrier", "digital", 5, "Strumenti digitali", "Digital tools"),
    ("barrier", "trust", 6, "Sfiducia nei servizi", "No trust in services"),
    ("barrier", "fear", 7, "Paura", "Fear"),
    ("barrier", "papers", 8, "Mancanza di documenti", "No papers"),
)


def upgrade() -> None:
    op.execute("CREATE SEQUENCE request_numbers")
    op.create_table(
        "access_points",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column(
            "kind",
            sa.Enum(
                "desk",
                "line",
                "street",
                "web",
                "mail",
                name="pointkind",
                native_enum=False,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("address", sa.Text(), nullable=False),
        sa.Column("phone", sa.Text(), nullable=False),
        sa.Column("hours", sa.Text(), nullable=False),
        sa.Column("areas", sa.ARRAY(sa.Text()), nullable=False),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("name"),
    )
    op.create_table(
        "codes",
        sa.Column(
            "list",
            sa.Enum("need", "target", "barrier", name="codelist", native_enum=False, length=40),
            nullable=False,
        ),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("valid_from", sa.Date(), nullable=False),
        sa.Column("valid_to", sa.Date(), nullable=True),
        sa.Column("italian", sa.Text(), nullable=False),
        sa.Column("english", sa.Text(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.CheckConstraint("valid_to >= valid_from", name="code_ends_after_it_begins"),
        sa.PrimaryKeyConstraint("list", "code", "valid_from"),
    )
    names = ("list", "code", "position", "italian", "english")
    op.bulk_insert(
        sa.table(
            "codes",
            *(sa.column(each) for each in names),
            sa.column("valid_from", sa.Date()),
        ),
        [dict(zip(names, each, strict=True)) | {"valid_from": date(2020, 1, 1)} for each in CODES],
    )
    op.create_table(
        "made_once",
        sa.Column("login", sa.Text(), nullable=False),
        sa.Column("key", sa.Uuid(), nullable=False),
        sa.Column("what", sa.Text(), nullable=False),
        sa.Column("made_id", sa.Uuid(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("login", "key"),
    )
    op.create_index(op.f("ix_made_once_at"), "made_once", ["at"], unique=False)
    op.create_table(
        "requests",
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column(
            "number",
            sa.Integer(),
            server_default=sa.text("nextval('request_numbers')"),
            nullable=False,
        ),
        sa.Column(
            "state",
            sa.Enum(
                "received",
                "simple",
                "answered",
                "taken_on",
                "withdrawn",
                name="requeststate",
                native_enum=False,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column(
            "channel",
            sa.Enum(
                "phone",
                "telecare",
                "desk",
                "street",
                "visit",
                "web",
                "mail",
                name="channel",
                native_enum=False,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("access_point_id", sa.Uuid(), nullable=True),
        sa.Column("staff_id", sa.Uuid(), nullable=True),
        sa.Column("contact_id", sa.Uuid(), nullable=True),
        sa.Column("call_id", sa.Uuid(), nullable=True),
        sa.Column("person_id", sa.Uuid(), nullable=True),
        sa.Column("applicant_id", sa.Uuid(), nullable=True),
        sa.Column(
            "asks_as",
            sa.Enum(
                "self",
                "family",
                "neighbour",
                "professional",
                "guardian",
                "other",
                "anonymous",
                name="asksas",
                native_enum=False,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("expressed", sa.Text(), nullable=False),
        sa.Column("expressed_need", sa.Text(), nullable=True),
        sa.Column("recognised_needs", sa.ARRAY(sa.Text()), nullable=False),
        sa.Column("recognised", sa.Text(), nullable=False),
        sa.Column("barriers", sa.ARRAY(sa.Text()), nullable=False),
        sa.Column("triage_reason", sa.Text(), nullable=True),
        sa.Column("triaged_by", sa.Uuid(), nullable=True),
        sa.Column("triaged_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("answer", sa.Text(), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ended_by", sa.Uuid(), nullable=True),
        sa.Column("case_id", sa.Uuid(), nullable=True),
        sa.CheckConstraint(
            "(state = 'taken_on') = (case_id IS NOT NULL)", name="only_what_is_taken_on_has_a_case"
        ),
        sa.CheckConstraint(
            "state IN ('received', 'withdrawn') OR (triage_reason IS NOT NULL AND "
            "triaged_at IS NOT NULL)",
            name="a_decision_has_a_reason",
        ),
        sa.ForeignKeyConstraint(["access_point_id"], ["access_points.id"]),
        sa.ForeignKeyConstraint(["applicant_id"], ["people.id"]),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"]),
        sa.ForeignKeyConstraint(["contact_id"], ["contacts.id"]),
        sa.ForeignKeyConstraint(["ended_by"], ["staff.id"]),
        sa.ForeignKeyConstraint(["person_id"], ["people.id"]),
        sa.ForeignKeyConstraint(["staff_id"], ["staff.id"]),
        sa.ForeignKeyConstraint(["triaged_by"], ["staff.id"]),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("case_id"),
        sa.UniqueConstraint("number"),
    )
    op.create_index(op.f("ix_requests_applicant_id"), "requests", ["applicant_id"], unique=False)
    op.create_index(op.f("ix_requests_person_id"), "requests", ["person_id"], unique=False)
    op.create_index(op.f("ix_requests_state"), "requests", ["state"], unique=False)
    op.add_column("contacts", sa.Column("access_point_id", sa.Uuid(), nullable=True))
    op.create_foreign_key(
        "contacts_access_point_id_fkey", "contacts", "access_points", ["access_point_id"], ["id"]
    )


def downgrade() -> None:
    op.drop_constraint("contacts_access_point_id_fkey", "contacts", type_="foreignkey")
    op.drop_column("contacts", "access_point_id")
    op.drop_index(op.f("ix_requests_state"), table_name="requests")
    op.drop_index(op.f("ix_requests_person_id"), table_name="requests")
    op.drop_index(op.f("ix_requests_applicant_id"), table_name="requests")
    op.drop_table("requests")
    op.drop_index(op.f("ix_made_once_at"), table_name="made_once")
    op.drop_table("made_once")
    op.drop_table("codes")
    op.drop_table("access_points")
    op.execute("DROP SEQUENCE request_numbers")
