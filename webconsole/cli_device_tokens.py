"""The verbs `devices token …`: what apps and webhooks show to be believed."""

from typing import Annotated
from uuid import UUID

import typer
from rich.console import Console
from sqlalchemy.orm import Session

from registry.kit.db import locked, transaction
from registry.kit.errors import Invalid
from telecare import device_tokens, devices
from telecare.device_tokens import DeviceToken
from telecare.devices import Device
from webconsole import house

verbs = typer.Typer()
out = Console(highlight=False, soft_wrap=True, markup=False)


@verbs.command("issue")
def issue(
    account: Annotated[str, typer.Argument(help="The account of a device of the protocol json.")],
    label: Annotated[str, typer.Option(help="What it is for.")] = "",
) -> None:
    """Print a new token. It is shown this once, and with it the device's signals are believed."""
    with house.open_(), transaction() as session:
        token, secret = device_tokens.issue(session, _device(session, account), label=label)
        out.print(f"token {token.id}", style="dim")
    typer.echo(secret)


@verbs.command("list")
def list_(
    account: Annotated[str, typer.Argument(help="The account of a device of the protocol json.")],
) -> None:
    """The device's tokens, newest first; never the secrets."""
    with house.open_(), transaction() as session:
        for each in device_tokens.of_device(session, _device(session, account).id):
            state = f"revoked {each.revoked_at:%Y-%m-%d %H:%M}" if each.revoked_at else "in force"
            out.print(f"{each.id}  issued {each.issued_at:%Y-%m-%d %H:%M}  {state}  {each.label}")


@verbs.command("revoke")
def revoke(token: Annotated[UUID, typer.Argument(help="The id that `list` shows.")]) -> None:
    """The token opens nothing any more; sockets it opened are closed within seconds."""
    with house.open_(), transaction() as session:
        device_tokens.revoke(session, locked(session, DeviceToken, token))
    out.print("Revoked")


def _device(session: Session, account: str) -> Device:
    device = devices.by_account(session, account.strip().upper(), devices.JSON)
    if device is None:
        said = f"There is no device {account} of the protocol {devices.JSON}: add it first"
        raise Invalid(said)
    return device
