"""The verbs on what the house keeps: its database, its staff, its tokens, its journal."""

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from dispatch import teams
from registry import administration, seal_exports, sealing, staff, tokens
from registry.access import HOUSE, Role
from registry.kit.db import transaction
from registry.kit.errors import Invalid, Problem
from webconsole import house
from webconsole import migrate as migrations

staff_verbs = typer.Typer()
token_verbs = typer.Typer()
journal_verbs = typer.Typer()

for _verbs in (staff_verbs, token_verbs, journal_verbs):
    # With a callback a group of one verb still wants the verb's name.
    _verbs.callback()(lambda: None)

ROLES = ", ".join(Role)
out = Console(highlight=False, soft_wrap=True)


class Broken(Problem):
    """The journal is not as it was sealed."""


def migrate() -> None:
    """Bring the database to the version that this code expects."""
    with house.open_(as_owner=True):
        migrations.up()
    out.print("The database is at this version")


@staff_verbs.command("add")
def add_staff(
    login: Annotated[str, typer.Option(help="One word, the name to sign in with.")],
    name: Annotated[str, typer.Option(help="Given name and family name.")],
    role: Annotated[list[str], typer.Option(help=f"May be given several times: {ROLES}.")],
    password: Annotated[str, typer.Option(prompt=True, hide_input=True, confirmation_prompt=True)],
    team: Annotated[str, typer.Option(help="For the role team: the team whose phone it is.")] = "",
) -> None:
    """Add somebody who may sign in. The password is asked for, and never taken from the line."""
    unknown = sorted(set(role) - set(Role))
    if unknown:
        raise Invalid(f"There is no role {', '.join(unknown)}: the roles are {ROLES}")
    with house.open_(), transaction() as session:
        person = staff.add(
            session,
            login=login,
            name=name,
            roles={Role(each) for each in role},
            team_id=teams.named(session, team).id if team else None,
        )
        staff.set_password(session, person, password)
    out.print(f"{login} can sign in")


@staff_verbs.command("begin-anew")
def begin_anew(
    login: Annotated[str, typer.Option(help="Who lost phone, passkeys and recovery codes.")],
) -> None:
    """Take away somebody's second factors and sign them out: their password lets them in again."""
    with house.open_(), transaction() as session:
        administration.forget_factors(session, staff.named(session, login), HOUSE)
    out.print(f"{login} signs in with the password alone, and sets up a second factor again")


@token_verbs.command("issue")
def issue_token(
    login: Annotated[str, typer.Option(help="Whose rights the token carries.")],
    label: Annotated[str, typer.Option(help="What it is for.")] = "",
) -> None:
    """Print a new bearer token. It is shown this once."""
    with house.open_(), transaction() as session:
        secret = tokens.issue(session, staff.named(session, login), label)
    typer.echo(secret)


@journal_verbs.command("verify")
def verify_journal(
    seals: Annotated[
        Path | None, typer.Option(help="Seals kept elsewhere (CENTRALE_SEALS_PATH), or a copy.")
    ] = None,
) -> None:
    """Recompute every seal; says which stretch was edited, cut, swapped or deleted, if any."""
    with house.open_(), transaction() as session:
        findings = list(sealing.verify(session))
        findings += seal_exports.compare(session, seals) if seals is not None else []
        reach = sealing.reach(session)
    for finding in findings:
        whose = f"seal {finding.seal}" if finding.seal is not None else "journal"
        out.print(f"{whose}: {finding.says}")
    if findings:
        raise Broken(f"The journal does not match its seals in {len(findings)} places")
    out.print("The journal matches its seals")
    until = f", the last of {reach.until:%Y-%m-%d %H:%M:%S} UTC" if reach.until else ""
    out.print(f"{reach.seals} seals over {reach.entries} entries{until}")
    if reach.not_sealed:
        out.print(f"{reach.not_sealed} newer entries have no seal yet (made each 5 s at work)")
