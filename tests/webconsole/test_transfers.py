"""Files handed to an archive: the package, who took it over, and only then the erasure."""

import hashlib
import io
import json
import zipfile
from collections.abc import Callable
from datetime import timedelta
from uuid import UUID

import pytest
import time_machine
from sqlalchemy import select
from sqlalchemy.orm import Session
from starlette.testclient import TestClient

from registry import attachments, case_holds, cases, contacts, disposals, people, retention
from registry.access import Role
from registry.contacts import Channel
from registry.deadlines import Deadline
from registry.disposals import DisposalState, ItemState
from registry.journal import Entry
from registry.kit import clock, db
from registry.kit.db import transaction
from registry.retention import Disposition, RetentionRule, Trigger
from registry.transfers import DisposalHandedOver, FilePacked, Transfer
from tests.conftest import somebody
from tests.webconsole.test_privacy import CANARIES, coordinator, somebody_known
from webconsole import erasing

SignIn = Callable[..., TestClient]
HTML = {"accept": "text/html"}
TAKEN_OVER = {"receiver": "Archivio di deposito di Borgo Campione", "receipt": "V-7/2036"}


@pytest.fixture(autouse=True)
def _wired() -> None:
    disposals.ERASE[:] = [erasing.erase]


def to_the_archive(session: Session) -> RetentionRule:
    return retention.write(
        session,
        coordinator(session),
        name="Fascicoli da versare",
        trigger=Trigger.LAST_CASE_CLOSED,
        years=10,
        disposition=Disposition.TRANSFER,
        source="Piano di conservazione, titolo VII",
    )


def waiting(session: Session) -> list[Deadline]:
    return list(session.scalars(select(Deadline).where(Deadline.kind == disposals.EXECUTE)))


def test_files_are_handed_over_whole_before_they_are_erased(signed_in: SignIn) -> None:
    with transaction() as session:
        rule = to_the_archive(session)
        clara = coordinator(session, "carla")
        somebody(session, "dora", "Dora Prova", Role.COORDINATOR)
        goes, stays = somebody_known(session).id, somebody_known(session).id
        (case,) = cases.of_person(session, goes)
        paper = attachments.add(session, case, clara, name="lettera.pdf", content=b"%PDF-1.7 zq")
    with time_machine.travel(clock.now() + timedelta(days=3660)):
        with transaction() as session:
            rule = db.get(session, RetentionRule, rule.id)
            made = disposals.propose(session, rule, clara)
        client, page = signed_in("dora"), f"/privacy/scarti/{made.id}"
        assert client.get(f"{page}/pacchetto.zip").status_code == 409
        client.post(f"{page}/decisione", data={"what": "authorise", "number": "12/2036"})
        disposals.execute(made.id)
        with transaction() as session:
            assert waiting(session) == []
            assert disposals.counts(session, made.id) == {ItemState.WAITING: 2}
            (kept,) = cases.of_person(session, stays)
            case_holds.hold(session, kept, clara, reason="richiesta del tribunale")
        early = client.post(f"{page}/consegna", data=TAKEN_OVER, headers=HTML)
        assert (early.status_code, "Prenda prima il pacchetto" in early.text) == (409, True)

        package = client.get(f"{page}/pacchetto.zip").content
        assert client.get(f"{page}/pacchetto.zip").content == package
        with transaction() as session:
            person = people.known(session, [goes], clara)[0]
            contacts.record(
                session, channel=Channel.DESK, outcome="listening", person_id=person.id, note="x"
            )
        changed = client.post(f"{page}/consegna", data=TAKEN_OVER, headers=HTML)
        assert (changed.status_code, "sono cambiati" in changed.text) == (409, True)
        package = client.get(f"{page}/pacchetto.zip").content
        nameless = client.post(f"{page}/consegna", data={"receipt": "V-7/2036"}, headers=HTML)
        assert (nameless.status_code, 'value="V-7/2036"' in nameless.text) == (422, True)
        client.post(f"{page}/consegna", data=TAKEN_OVER)
        with transaction() as session:
            case_holds.release(session, db.locked(session, cases.Case, kept.id), clara)
            assert len(waiting(session)) == 1
        disposals.execute(made.id)
        shown = client.get(page, headers=HTML).text

    assert is_whole(package, made.id, f"{goes}/file.json", f"{goes}/documents/{paper.id}.pdf")
    for word in (*TAKEN_OVER.values(), hashlib.sha256(package).hexdigest(), "eseguito"):
        assert word in shown
    is_written_down(made.id, goes, hashlib.sha256(package).hexdigest())


def is_whole(package: bytes, made: UUID, file: str, paper: str) -> bool:
    with zipfile.ZipFile(io.BytesIO(package)) as packed:
        index = json.loads(packed.read("index.json"))
        parts = {name: packed.read(name) for name in packed.namelist() if name != "index.json"}
    assert (index["list"], index["authorisation"]) == (str(made), "12/2036")
    assert index["sha256"] == {
        name: hashlib.sha256(part).hexdigest() for name, part in parts.items()
    }
    assert set(parts) == {file, paper}
    told = parts[file].decode()
    assert "lettera" in told
    return [each for each in CANARIES if each not in told.replace(" ", "")] == []


def is_written_down(made: UUID, goes: UUID, digest: str) -> None:
    with transaction() as session:
        # What was held when the package went has not gone, so it is not erased either.
        assert disposals.counts(session, made) == {ItemState.ERASED: 1, ItemState.KEPT: 1}
        done = db.get(session, disposals.Disposal, made)
        assert done.state is DisposalState.EXECUTED
        assert db.get(session, Transfer, made).digest == digest
        happened = session.scalars(select(Entry).order_by(Entry.id)).all()
        packed_up = [each.person_id for each in happened if each.kind == FilePacked.kind]
        assert packed_up == [goes] * 3
        (handed,) = (each for each in happened if each.kind == DisposalHandedOver.kind)
        assert handed.facts["digest"] == digest
