"""Seals on the journal: batches counted, digested, chained and signed, so that tampering shows.

Each seal covers the entries between the previous seal and its own end, in journal order. The last
seal is also written to a file beside the keys, so that a tail cut off in the database is missed.
"""

import hashlib
import json
import os
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlalchemy import BigInteger, Identity, LargeBinary, func, select, text
from sqlalchemy.orm import Mapped, Session, mapped_column

from registry import journal
from registry.journal import Entry, Position
from registry.kit import clock, crypto
from registry.kit.db import Base, transaction
from registry.kit.settings import settings

BATCH = 5_000
EVERY = timedelta(seconds=5)
SEAL_LOCK = 0x5EA1  # advisory lock: one sealer at a time
HEADS = "journal-seals.jsonl"


class Seal(Base):
    """One signed statement about a stretch of the journal."""

    __tablename__ = "journal_seals"

    id: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    last_xid: Mapped[int] = mapped_column(BigInteger)
    last_id: Mapped[int] = mapped_column(BigInteger)
    entries: Mapped[int]
    digest: Mapped[bytes] = mapped_column(LargeBinary)
    previous: Mapped[bytes] = mapped_column(LargeBinary)
    signature: Mapped[bytes] = mapped_column(LargeBinary)
    sealed_at: Mapped[datetime] = mapped_column(default=clock.now)

    @property
    def end(self) -> Position:
        return Position(self.last_xid, self.last_id)

    @property
    def statement(self) -> bytes:
        """What is signed: number of entries, end, digest and the chain."""
        head = f"{self.last_xid}.{self.last_id}:{self.entries}:".encode()
        return head + self.digest + self.previous

    @property
    def mark(self) -> bytes:
        """What the next seal chains to."""
        return hashlib.sha256(self.statement + self.signature).digest()


@dataclass(frozen=True)
class Finding:
    """Something that does not fit, in words for an auditor."""

    seal: int | None
    says: str


@dataclass(frozen=True)
class Reach:
    """How far the seals go: what came after the last one is proved by nothing yet."""

    seals: int
    entries: int
    not_sealed: int
    until: datetime | None


def seal_new() -> int:
    """Seal what came since the last seal, one batch; returns how many entries it covers."""
    with transaction() as session:
        if not session.scalar(select(func.pg_try_advisory_xact_lock(SEAL_LOCK))):
            return 0
        last = newest(session)
        if last is not None:
            _note_head(last.id, last.mark)  # a crash may have come between its commit and its note
            if clock.now() - last.sealed_at < EVERY:
                return 0
        entries = journal.after(session, last.end if last else journal.START, limit=BATCH)
        if not entries:
            return 0
        seal = Seal(
            last_xid=entries[-1].xid,
            last_id=entries[-1].id,
            entries=len(entries),
            digest=_digest(entries),
            previous=last.mark if last else b"",
        )
        seal.signature = _key().sign(seal.statement)
        session.add(seal)
        session.flush()
        number, mark, covered = seal.id, seal.mark, len(entries)
    _note_head(number, mark)
    return covered


def verify(session: Session) -> Iterator[Finding]:
    """Recount and recompute everything sealed; yields what does not fit, nothing when all does."""
    # An auditor's run reads the whole journal: it is not held to a request's time-out.
    session.execute(text("SET LOCAL statement_timeout = 0"))
    public = _key().public_key()
    end, mark = journal.START, b""
    slipped_in = _up_to(session, end)
    if slipped_in:
        yield Finding(None, f"{slipped_in} entries stand before what any seal covers")
    for seal in session.scalars(select(Seal).order_by(Seal.id)):
        if seal.previous != mark:
            yield Finding(seal.id, "does not follow the seal before it: a seal is missing or moved")
        try:
            public.verify(seal.signature, seal.statement)
        except InvalidSignature:
            yield Finding(seal.id, "its signature does not match what it states")
        covered = _between(session, end, seal.end)
        if len(covered) != seal.entries:
            yield Finding(seal.id, f"states {seal.entries} entries, the journal has {len(covered)}")
        elif _digest(covered) != seal.digest:
            yield Finding(seal.id, "an entry was changed or swapped")
        end, mark = seal.end, seal.mark
    yield from _against_heads(session)


def _up_to(session: Session, end: Position) -> int:
    wanted = select(func.count()).select_from(Entry)
    told = text("(journal.xid, journal.id) <= (:a, :b)").bindparams(a=end.xid, b=end.id)
    return session.scalar(wanted.where(told)) or 0


def reach(session: Session) -> Reach:
    """What an auditor reads beside "nothing was found": how much of the journal that speaks of."""
    last, whole = newest(session), session.scalar(select(func.count()).select_from(Entry)) or 0
    sealed = _up_to(session, last.end) if last else 0
    seals = session.scalar(select(func.count()).select_from(Seal)) or 0
    return Reach(seals, sealed, whole - sealed, last.sealed_at if last else None)


def _against_heads(session: Session) -> Iterator[Finding]:
    marks = {seal.id: seal.mark for seal in session.scalars(select(Seal))}
    for number, mark in _heads():
        if number not in marks:
            yield Finding(number, "was made and is gone: the journal was cut off")
        elif marks[number].hex() != mark:
            yield Finding(number, "is not the seal that was made")


def _between(session: Session, start: Position, end: Position) -> list[Entry]:
    return list(
        session.scalars(
            select(Entry)
            .where(
                text("(journal.xid, journal.id) > (:a, :b)").bindparams(a=start.xid, b=start.id),
                text("(journal.xid, journal.id) <= (:c, :d)").bindparams(c=end.xid, d=end.id),
            )
            .order_by(Entry.xid, Entry.id)
        )
    )


def _digest(entries: list[Entry]) -> bytes:
    whole = hashlib.sha256()
    for entry in entries:
        whole.update(
            json.dumps(
                [
                    entry.xid,
                    entry.id,
                    entry.at.timestamp(),
                    entry.kind,
                    entry.actor_id,
                    entry.case_id,
                    entry.person_id,
                    entry.facts,
                ],
                default=str,
                sort_keys=True,
            ).encode()
        )
        whole.update(b"\n")
    return whole.digest()


def _key() -> Ed25519PrivateKey:
    return Ed25519PrivateKey.from_private_bytes(crypto.key_file("journal-seal.key"))


def public_key() -> bytes:
    """What the signatures of the seals are checked with: 32 bytes, no secret."""
    return _key().public_key().public_bytes_raw()


def newest(session: Session) -> Seal | None:
    """The last seal that was made."""
    return session.scalar(select(Seal).order_by(Seal.id.desc()).limit(1))


def _note_head(number: int, mark: bytes) -> None:
    """Write it once: the last line of the file says which one was noted last."""
    path = settings().keys / HEADS
    line = json.dumps({"seal": number, "mark": mark.hex()}) + "\n"
    with path.open("a+", encoding="ascii") as heads:
        heads.seek(max(0, heads.tell() - len(line)))
        if heads.read() == line:
            return
        heads.write(line)
        heads.flush()
        os.fsync(heads.fileno())


def noted() -> bytes:
    """The list of the seals that were made, as it stands beside the keys."""
    path = settings().keys / HEADS
    return path.read_bytes() if path.exists() else b""


def _heads() -> list[tuple[int, str]]:
    """The seals noted beside the keys. A seal committed just before a crash may not be noted."""
    path = settings().keys / HEADS
    if not path.exists():
        return []
    lines = path.read_text(encoding="ascii").splitlines()
    return [(each["seal"], each["mark"]) for each in map(json.loads, filter(None, lines))]
