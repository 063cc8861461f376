"""Documents: told by their content, encrypted, bound to their row, scanned before they are read."""

import contextlib
import io
import sys
import zipfile
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import settings as run
from hypothesis import strategies as st
from sqlalchemy import select, text
from sqlalchemy.orm import Session

from registry import attachments, cases, deadlines, file_kinds, scanning
from registry.access import Actor, Role
from registry.attachments import Attachment, AttachmentContent, AttachmentRead, AttachmentState
from registry.cases import Area, Case
from registry.circles import Circle
from registry.file_kinds import TAKEN
from registry.journal import Entry
from registry.kit import db
from registry.kit.errors import Invalid, NotAllowed, NotFound, TooLarge, WrongState
from registry.kit.settings import settings
from registry.staff import Staff
from tests.conftest import somebody

PDF = b"%PDF-1.7\n1 0 obj <<>> endobj\ntrailer <<>>\n%%EOF\n"
PNG = b"\x89PNG\r\n\x1a\n" + b"\0" * 40
JPEG = b"\xff\xd8\xff\xe0\x00\x10JFIF\x00" + b"\0" * 40


def packed(**files: bytes) -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as archive:
        for name, content in files.items():
            archive.writestr(name.replace("__", "/").replace("_xml", ".xml"), content)
    return made.getvalue()


@pytest.fixture
def case(session: Session) -> Case:
    return cases.open_(session, area=Area.SOCIAL_SERVICES)


@pytest.fixture
def me(anna: Staff) -> Actor:
    return anna.actor


@pytest.mark.parametrize(
    ("content", "ending"),
    [
        (PDF, "pdf"),
        (PNG, "png"),
        (JPEG, "jpg"),
        ("Verbale del colloquio, perché sì".encode(), "txt"),
        (packed(word__document_xml=b"<w/>"), "docx"),
        (packed(xl__workbook_xml=b"<w/>"), "xlsx"),
        (packed(mimetype=b"application/vnd.oasis.opendocument.text"), "odt"),
    ],
)
def test_a_kind_is_told_by_the_content(content: bytes, ending: str) -> None:
    assert file_kinds.kind_of(content) == TAKEN[ending]


@pytest.mark.parametrize(
    "content",
    [
        b"MZ\x90\0" + b"\0" * 60,
        b"\x7fELF" + b"\0" * 60,
        b"\xff\xfe\0\0 not text",
        packed(word__document_xml=b"<w/>", word__vbaProject=b"x"),
        packed(anything=b"x"),
        b"PK\x03\x04 no archive",
        b"   \n",
        b"#!/bin/sh\0rm",
    ],
)
def test_what_is_not_in_the_list_or_holds_a_program_is_refused(content: bytes) -> None:
    with pytest.raises(Invalid):
        file_kinds.kind_of(content)


@given(st.binary(max_size=300))
@run(max_examples=150, deadline=None)
def test_any_bytes_are_of_a_kind_or_refused(content: bytes) -> None:
    with contextlib.suppress(Invalid):
        assert file_kinds.kind_of(content) in TAKEN.values()


@given(st.text(max_size=200))
@run(max_examples=150, deadline=None)
def test_any_name_becomes_one_that_is_safe_to_save(written: str) -> None:
    name = file_kinds.clean_name(written, TAKEN["pdf"])

    assert name.endswith(".pdf")
    assert 4 < len(name) <= file_kinds.LONGEST_NAME
    assert not set(name) & set('/\\:*?"<>|\r\n\0')
    assert not name.startswith(".")


@pytest.mark.parametrize(
    ("written", "name"),
    [
        ("../../etc/passwd", "passwd.pdf"),
        (r"C:\Documenti\Relazione  sociale.exe", "Relazione sociale.pdf"),
        ("a\r\nSet-Cookie: x.pdf", "a Set-Cookie x.pdf"),
        ("...", "documento.pdf"),
        ("Perizia\u202efdp.exe", "Perizia fdp.pdf"),
    ],
)
def test_a_name_is_cleaned(written: str, name: str) -> None:
    assert file_kinds.clean_name(written, TAKEN["pdf"]) == name


def test_neither_name_nor_content_can_be_read_in_the_archive(
    session: Session, case: Case, me: Actor
) -> None:
    added = attachments.add(session, case, me, name="Certificato di Nina.pdf", content=PDF)

    stored = session.execute(
        text("SELECT a.name || c.content FROM attachments a JOIN attachment_contents c ON true")
    ).scalar_one()
    assert b"Nina" not in bytes(stored)
    assert b"%PDF" not in bytes(stored)
    assert added.state is AttachmentState.UNCHECKED
    _, content = attachments.read(session, case, added.id, me)
    assert content == PDF
    told = session.scalars(select(Entry).where(Entry.kind == AttachmentRead.kind)).one()
    assert told.case_id == case.id


def test_a_content_moved_to_another_row_opens_nothing(
    session: Session, case: Case, me: Actor
) -> None:
    one = attachments.add(session, case, me, name="a", content=PDF)
    two = attachments.add(session, case, me, name="b", content=PNG)
    session.execute(
        text(
            "UPDATE attachment_contents SET content = (SELECT content FROM attachment_contents "
            "WHERE attachment_id = :two) WHERE attachment_id = :one"
        ),
        {"one": one.id, "two": two.id},
    )
    session.expire_all()
    with pytest.raises(WrongState, match="changed by hand"):
        attachments.read(session, case, one.id, me)


def test_what_is_too_large_or_of_another_case_is_refused(
    session: Session, case: Case, me: Actor
) -> None:
    with pytest.raises(TooLarge):
        attachments.add(session, case, me, name="a", content=b"%PDF" + b"0" * attachments.most())
    with pytest.raises(Invalid):
        attachments.add(session, case, me, name="a", content=b"")
    added = attachments.add(session, case, me, name="a", content=PDF)
    with pytest.raises(NotFound):
        attachments.read(session, cases.open_(session, area=Area.HELPLINE), added.id, me)


def test_only_its_circle_reads_a_document(session: Session, case: Case, me: Actor) -> None:
    added = attachments.add(session, case, me, name="a", content=PDF, circle=Circle.AUTHOR)

    other = somebody(session, "bruno", "Bruno Costa", Role.COORDINATOR).actor
    with pytest.raises(NotAllowed):
        attachments.read(session, case, added.id, other)
    assert attachments.read(session, case, added.id, me)[1] == PDF


@pytest.fixture
def scanner(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A scanner that finds the word EICAR, and cannot look at the word TIRED."""
    program = (
        "import sys; seen = sys.stdin.buffer.read(); "
        "sys.exit(1 if b'EICAR' in seen else 2 if b'TIRED' in seen else 0)"
    )
    monkeypatch.setenv("CENTRALE_SCAN_COMMAND", f'{sys.executable} -c "{program}"')
    settings.cache_clear()
    yield
    monkeypatch.undo()
    settings.cache_clear()


@pytest.mark.usefixtures("database", "scanner")
def test_a_document_waits_for_the_scanner_and_what_it_refuses_is_thrown_away() -> None:
    with db.transaction() as session:
        me = somebody(session, "anna", "Anna Riva", Role.OPERATOR).actor
        case = cases.open_(session, area=Area.HELPLINE)
        good, bad, tired = (
            attachments.add(session, case, me, name="a", content=PDF + word)
            for word in (b"good", b"EICAR", b"TIRED")
        )
        assert good.state is AttachmentState.WAITING
        assert [each.kind for each in deadlines.of(session, good.id)] == [attachments.SCAN]
        with pytest.raises(WrongState, match="still being checked"):
            attachments.read(session, case, good.id, me)

    scanning.scan(good.id)
    scanning.scan(good.id)
    scanning.scan(bad.id)
    with pytest.raises(scanning.NotScanned):
        scanning.scan(tired.id)

    with db.transaction() as session:
        states = {each.id: each.state for each in session.scalars(select(Attachment))}
        assert states == {
            good.id: AttachmentState.CLEAN,
            bad.id: AttachmentState.REFUSED,
            tired.id: AttachmentState.WAITING,
        }
        assert session.get(AttachmentContent, bad.id) is None
        with pytest.raises(WrongState, match="thrown away"):
            attachments.read(session, case, bad.id, me)
        assert attachments.read(session, case, good.id, me)[1] == PDF + b"good"
