"""A passkey: a key in somebody's phone, computer or stick that signs in without a password."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import webauthn
from sqlalchemy import ForeignKey, LargeBinary, select
from sqlalchemy.orm import Mapped, Session, mapped_column
from webauthn.helpers import bytes_to_base64url, parse_authentication_credential_json
from webauthn.helpers.exceptions import WebAuthnException
from webauthn.helpers.structs import (
    AuthenticatorSelectionCriteria,
    PublicKeyCredentialDescriptor,
    ResidentKeyRequirement,
    UserVerificationRequirement,
)

from registry import journal
from registry.kit import clock
from registry.kit.db import Base, Id
from registry.kit.errors import Conflict, Invalid, NotAllowed, NotFound
from registry.staff import Staff

LONGEST = 60  # letters of a name


@dataclass(frozen=True, kw_only=True)
class PasskeyEnrolled(journal.Event):
    staff_id: UUID
    passkey_id: UUID


@dataclass(frozen=True, kw_only=True)
class PasskeyRevoked(journal.Event):
    staff_id: UUID
    passkey_id: UUID


class Passkey(Base):
    """What we keep is public: the secret half never leaves its device."""

    __tablename__ = "passkeys"

    id: Mapped[Id]
    staff_id: Mapped[UUID] = mapped_column(ForeignKey("staff.id"), index=True)
    name: Mapped[str]
    credential_id: Mapped[bytes] = mapped_column(LargeBinary, unique=True)
    public_key: Mapped[bytes] = mapped_column(LargeBinary)
    # How often it has signed, when it counts: a copy of the key would fall behind.
    signed: Mapped[int] = mapped_column(default=0)
    # Kept by the maker's cloud too, so not bound to one device.
    synced: Mapped[bool] = mapped_column(default=False)
    made_at: Mapped[datetime] = mapped_column(default=clock.now)
    used_at: Mapped[datetime | None]
    revoked_at: Mapped[datetime | None]


@dataclass(frozen=True)
class Site:
    """Where a passkey is good: a host name, and the address the browser must have been at."""

    host: str
    origin: str


@dataclass(frozen=True)
class Question:
    """What the browser is given, and the random bytes that the answer must have signed."""

    options: str  # JSON of WebAuthn
    challenge: str  # base64url


def to_enrol(session: Session, person: Staff, site: Site) -> Question:
    """For navigator.credentials.create(): a key that asks who is there, and needs no name."""
    options = webauthn.generate_registration_options(
        rp_id=site.host,
        rp_name="Centrale",
        user_id=person.id.bytes,
        user_name=person.login,
        user_display_name=person.name,
        authenticator_selection=AuthenticatorSelectionCriteria(
            resident_key=ResidentKeyRequirement.REQUIRED,
            user_verification=UserVerificationRequirement.REQUIRED,
        ),
        exclude_credentials=_descriptors(of(session, person.id)),
    )
    return Question(webauthn.options_to_json(options), bytes_to_base64url(options.challenge))


def to_sign(site: Site, those: Iterable[Passkey] = ()) -> Question:
    """For navigator.credentials.get(): one of those, or whichever the device has for us."""
    options = webauthn.generate_authentication_options(
        rp_id=site.host,
        allow_credentials=_descriptors(those),
        user_verification=UserVerificationRequirement.REQUIRED,
    )
    return Question(webauthn.options_to_json(options), bytes_to_base64url(options.challenge))


def enrol(
    session: Session, person: Staff, site: Site, challenge: str, answer: str, name: str
) -> Passkey:
    """Raises NotAllowed when the answer is not to this question, at this site."""
    try:
        found = webauthn.verify_registration_response(
            credential=answer,
            expected_challenge=webauthn.base64url_to_bytes(challenge),
            expected_rp_id=site.host,
            expected_origin=site.origin,
            require_user_verification=True,
        )
    except (WebAuthnException, ValueError) as wrong:
        raise NotAllowed("The passkey was not made. Try again") from wrong
    if _by_credential(session, found.credential_id) is not None:
        raise Conflict("This passkey is already there")
    made = Passkey(
        staff_id=person.id,
        name=_name(name),
        credential_id=found.credential_id,
        public_key=found.credential_public_key,
        signed=found.sign_count,
        synced=found.credential_backed_up,
    )
    session.add(made)
    session.flush()
    journal.record(session, PasskeyEnrolled(staff_id=person.id, passkey_id=made.id))
    return made


def recognise(
    session: Session, site: Site, challenge: str, answer: str, *, owner_id: UUID | None = None
) -> Passkey:
    """The passkey, of this owner or of anybody, that signed this question; else NotAllowed."""
    try:
        credential = parse_authentication_credential_json(answer)
        passkey = _by_credential(session, credential.raw_id)
        owner = session.get(Staff, passkey.staff_id) if passkey else None
        if passkey is None or passkey.revoked_at or owner is None or not owner.active:
            raise NotAllowed("This passkey is not known here, or was revoked")
        found = webauthn.verify_authentication_response(
            credential=credential,
            expected_challenge=webauthn.base64url_to_bytes(challenge),
            expected_rp_id=site.host,
            expected_origin=site.origin,
            credential_public_key=passkey.public_key,
            credential_current_sign_count=passkey.signed,
            require_user_verification=True,
        )
    except (WebAuthnException, ValueError) as wrong:
        raise NotAllowed("The passkey was not accepted. Try again") from wrong
    if owner_id is not None and owner.id != owner_id:
        raise NotAllowed("This passkey is somebody else's")
    passkey.signed = found.new_sign_count
    passkey.synced = found.credential_backed_up
    passkey.used_at = clock.now()
    return passkey


def whose(session: Session, answer: str) -> UUID | None:
    """At whose account this answer was tried, revoked passkeys too; None when nobody knows it."""
    try:
        tried = parse_authentication_credential_json(answer).raw_id
    except (WebAuthnException, ValueError):
        return None
    return session.scalar(select(Passkey.staff_id).where(Passkey.credential_id == tried))


def of(session: Session, staff_id: UUID) -> list[Passkey]:
    """Those that open the door, oldest first."""
    wanted = select(Passkey).where(Passkey.staff_id == staff_id, Passkey.revoked_at.is_(None))
    return list(session.scalars(wanted.order_by(Passkey.made_at)))


def rename(session: Session, staff_id: UUID, passkey_id: UUID, name: str) -> None:
    _mine(session, staff_id, passkey_id).name = _name(name)


def revoke(session: Session, staff_id: UUID, passkey_id: UUID) -> None:
    """It opens nothing any more. NotFound when it is not theirs."""
    _mine(session, staff_id, passkey_id).revoked_at = clock.now()
    journal.record(session, PasskeyRevoked(staff_id=staff_id, passkey_id=passkey_id))


def _mine(session: Session, staff_id: UUID, passkey_id: UUID) -> Passkey:
    found = next((each for each in of(session, staff_id) if each.id == passkey_id), None)
    if found is None:
        raise NotFound("There is no such %(thing)s", thing="passkey")
    return found


def _by_credential(session: Session, credential_id: bytes) -> Passkey | None:
    return session.scalar(
        select(Passkey).where(Passkey.credential_id == credential_id).with_for_update()
    )


def _descriptors(those: Iterable[Passkey]) -> list[PublicKeyCredentialDescriptor]:
    return [PublicKeyCredentialDescriptor(id=each.credential_id) for each in those]


def _name(written: str) -> str:
    name = " ".join(written.replace("\0", "").split())
    if not 1 <= len(name) <= LONGEST:
        raise Invalid("Write a name", field="name")
    return name
