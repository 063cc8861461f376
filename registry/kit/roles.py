"""The role under which the application works: it reads and writes rows, and owns nothing.

Migrations run as the owner and end with `grant`. What is only ever added to cannot be changed
or deleted even by mistake: the role lacks the right, and a trigger refuses whoever has it.
"""

from sqlalchemy import Connection, text

ROLE = "centrale_app"
GRANT_LOCK = 0x6A17
# The journal is the audit trail; its seals vouch for it.
APPEND_ONLY = ("journal", "journal_seals")
# What migrations alone write.
READ_ONLY = ("alembic_version",)

STATEMENTS = (
    f"REVOKE ALL ON ALL TABLES IN SCHEMA public FROM {ROLE}",
    f"GRANT USAGE ON SCHEMA public TO {ROLE}",
    f"GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO {ROLE}",
    f"GRANT USAGE, SELECT ON ALL SEQUENCES IN SCHEMA public TO {ROLE}",
    f"REVOKE UPDATE, DELETE ON {', '.join(APPEND_ONLY)} FROM {ROLE}",
    f"REVOKE INSERT, UPDATE, DELETE ON {', '.join(READ_ONLY)} FROM {ROLE}",
)


def grant(connection: Connection) -> bool:
    """Give the role what it needs in this database; False when the server has no such role.

    To be called by the owner, in a transaction that the caller commits.
    """
    found = connection.scalar(
        text("SELECT true FROM pg_roles WHERE rolname = :role AND rolname <> current_user"),
        {"role": ROLE},
    )
    if not found:
        return False
    connection.execute(text(f"SELECT pg_advisory_xact_lock({GRANT_LOCK})"))
    for statement in STATEMENTS:
        connection.execute(text(statement))
    return True


def owns(connection: Connection) -> bool:
    """Whether whoever is connected could change the tables themselves."""
    asked = "SELECT pg_has_role(tableowner, 'USAGE') FROM pg_tables WHERE tablename = 'journal'"
    return bool(connection.scalar(text(asked)))
