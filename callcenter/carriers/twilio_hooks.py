"""Who may call us back: whoever signed with our token, about our account. All else is 403."""

from dataclasses import dataclass
from typing import Annotated

from fastapi import APIRouter, Depends, Request
from starlette.datastructures import FormData
from starlette.exceptions import HTTPException
from twilio.request_validator import RequestValidator

from callcenter.carriers.account import Account, account
from registry.door import public

SIGNATURE = "X-Twilio-Signature"
TOKEN = "I-Twilio-Idempotency-Token"  # noqa: S105 - the name of a header
FORM = "application/x-www-form-urlencoded"
LARGEST = 64 * 1024  # bytes; real requests are under four thousand


@dataclass(frozen=True, kw_only=True)
class Hook:
    """A request proven to come from the carrier: its address, its fields, its retry token."""

    path: str
    call_id: str
    fields: dict[str, str]
    token: str

    def get(self, name: str) -> str:
        """The field, or nothing."""
        return self.fields.get(name, "")


def genuine(account: Account, url: str, form: FormData, signature: str) -> bool:
    """Whether one of our tokens signed exactly this address and these fields.

    The form stays a multi-value form: as a plain dict repeated fields would be lost, and a
    genuine request refused.
    """
    if not signature.isascii() or form.getlist("AccountSid") != [account.sid]:
        return False
    return any(RequestValidator(token).validate(url, form, signature) for token in account.tokens)


async def _signed(request: Request) -> Hook:
    ours = account()
    signature = request.headers.get(SIGNATURE, "")
    form = await _form(request)
    # The address comes from our settings: headers and the socket are what a forger chooses.
    url = ours.url(request.scope["raw_path"].decode("ascii", "replace"))
    if request.scope["query_string"]:
        url += "?" + request.scope["query_string"].decode("latin-1")
    if not genuine(ours, url, form, signature):
        raise HTTPException(403, "The signature does not fit")
    return Hook(
        path=request.scope["path"],
        call_id=request.query_params.get("call") or str(form.get("call", "")),
        fields={key: str(value) for key, value in form.multi_items()},
        token=request.headers.get(TOKEN, ""),
    )


async def _form(request: Request) -> FormData:
    """The fields, or 403: whatever is no small web form was not sent by the carrier."""
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    length = request.headers.get("content-length", "")
    if kind != FORM or not length.isdecimal() or int(length) > LARGEST:
        raise HTTPException(403, "Only the carrier's signed forms are accepted")
    return await request.form()


Signed = Annotated[Hook, Depends(_signed)]


def router() -> APIRouter:
    """Routes of the carrier: every one is signed, whether or not it asks for the fields."""
    return APIRouter(
        prefix="/twilio",
        dependencies=[Depends(_signed), public("the carrier's signature is checked instead")],
        include_in_schema=False,
    )
