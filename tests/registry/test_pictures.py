"""A photo of a person: drawn anew without what its file told, sealed, replaced, seen by right."""

import io
import struct
import zlib
from collections.abc import Callable, Iterator
from uuid import UUID

import pytest
from PIL import Image
from sqlalchemy import select, text
from sqlalchemy.orm import Session
from starlette.testclient import TestClient

from registry import drawing, journal, merges, people, pictures
from registry.access import HOUSE, Actor, Role
from registry.drawing import LARGE, SMALL
from registry.kit import db
from registry.kit.errors import Invalid, NotFound, TooLarge
from registry.people import Person, PersonChanged, PersonRead
from registry.pictures import LargePicture, Picture, Shows
from registry.staff import Staff

SignedIn = Callable[..., TestClient]
PLACE = b"40.8468N somewhere secret"


def photo(kind: str = "JPEG", size: tuple[int, int] = (64, 48), colour: str = "teal") -> bytes:
    """A picture whose file tells of a place, a camera and a turn."""
    out = io.BytesIO()
    about = Image.Exif()
    about[0x010E] = PLACE.decode()
    about[0x0112] = 6  # the camera was held upright
    more = {"comment": PLACE} if kind == "JPEG" else {}
    Image.new("RGB", size, colour).save(out, kind, exif=about, **more)
    return out.getvalue()


@pytest.fixture
def nina(session: Session) -> Person:
    return people.create(session, given_name="Nina", family_name="Prova")


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
def test_only_what_is_seen_is_kept(kind: str) -> None:
    sent = photo(kind, (3000, 2000))
    assert PLACE in sent

    kept = drawing.drawn(sent)

    # Turned as it was held, and no longer saying so.
    assert (kept.width, kept.height) == (LARGE * 2000 // 3000, LARGE)
    for each, longer in ((kept.large, LARGE), (kept.small, SMALL)):
        assert PLACE not in each
        with Image.open(io.BytesIO(each)) as read:
            assert (read.format, max(read.size), dict(read.getexif())) == ("JPEG", longer, {})
            assert "comment" not in read.info


def bomb() -> bytes:
    """The head of a PNG that would fill the memory."""
    said = b"IHDR" + struct.pack(">IIBBBBB", 60_000, 60_000, 8, 2, 0, 0, 0)
    whole = struct.pack(">I", 13) + said + struct.pack(">I", zlib.crc32(said))
    return b"\x89PNG\r\n\x1a\n" + whole


@pytest.mark.parametrize(
    "content",
    [b"", b"%PDF-1.7\n%%EOF\n", b"hello", photo()[:200], photo("PNG")[:60], bomb()],
    ids=["empty", "a document", "text", "half a JPEG", "half a PNG", "a bomb"],
)
def test_what_is_no_picture_is_refused(session: Session, nina: Person, content: bytes) -> None:
    with pytest.raises(Invalid):
        pictures.put(session, nina, HOUSE, Shows.FACE, content)
    assert pictures.of(session, nina.id, Shows.FACE) is None


def test_more_pixels_than_any_camera_makes_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(drawing, "MOST_PIXELS", 64 * 48 - 1)
    with pytest.raises(TooLarge):
        drawing.drawn(photo())


def test_one_picture_of_each_kind_and_the_last_one_counts(session: Session, nina: Person) -> None:
    first = pictures.put(session, nina, HOUSE, Shows.FACE, photo(colour="red"))
    door = pictures.put(session, nina, HOUSE, Shows.DOOR, photo())
    before, version = pictures.large(session, nina.id, Shows.FACE), nina.version

    second = pictures.put(session, nina, HOUSE, Shows.FACE, photo(colour="blue"))

    assert pictures.large(session, nina.id, Shows.FACE) != before
    assert set(session.scalars(select(Picture.id))) == {second.id, door.id}
    assert session.get(LargePicture, first.id) is None
    assert nina.version == version + 1
    pictures.take_off(session, nina, Shows.FACE)
    with pytest.raises(NotFound):
        pictures.large(session, nina.id, Shows.FACE)
    with pytest.raises(NotFound):
        pictures.take_off(session, nina, Shows.FACE)
    assert pictures.of(session, nina.id, Shows.DOOR) is not None
    kinds = select(journal.Entry.facts["what"].as_string()).where(
        journal.Entry.kind == PersonChanged.kind
    )
    assert list(session.scalars(kinds.order_by(journal.Entry.id))) == [
        "picture",
        "picture_of_the_door",
        "picture",
        "picture",
    ]


def test_the_archive_holds_no_picture_that_opens(session: Session, nina: Person) -> None:
    pictures.put(session, nina, HOUSE, Shows.FACE, photo())
    stored = session.execute(
        text("SELECT p.small, l.content FROM pictures p JOIN large_pictures l ON true")
    ).one()
    for each in stored:
        assert b"JFIF" not in bytes(each)


def test_a_picture_follows_its_file_into_another_and_back(
    session: Session, nina: Person, anna: Staff
) -> None:
    twin = people.create(session, given_name="Nina", family_name="Prove")
    pictures.put(session, twin, HOUSE, Shows.FACE, photo())
    me = Actor(staff_id=anna.id, login="anna", name="Anna", roles=frozenset({Role.COORDINATOR}))

    done = merges.merge(session, me, nina.id, twin.id)
    assert pictures.large(session, nina.id, Shows.FACE)

    merges.undo(session, me, done.id)
    assert pictures.of(session, nina.id, Shows.FACE) is None
    assert pictures.large(session, twin.id, Shows.FACE)


@pytest.fixture
def desk(signed_in: SignedIn) -> Iterator[TestClient]:
    made = signed_in("anna", Role.OPERATOR)
    made.headers["accept"] = "text/html"
    yield made
    del made.headers["accept"]


def a_person(*, restricted: bool = False) -> UUID:
    with db.transaction() as session:
        return people.create(
            session, given_name="Nina", family_name="Prova", restricted=restricted
        ).id


def test_by_the_api_it_is_put_seen_and_taken_off(signed_in: SignedIn) -> None:
    client = signed_in("anna", Role.OPERATOR)
    nina = a_person()
    there = f"/api/v1/people/{nina}/picture"
    assert client.get(there).status_code == 404

    put = client.put(there, files={"file": ("io.png", photo("PNG"))})

    assert put.status_code == 200, put.text
    assert (put.json()["width"], put.json()["height"]) == (48, 64)
    seen = client.get(there)
    assert (seen.headers["content-type"], seen.headers["cache-control"]) == (
        "image/jpeg",
        "no-store",
    )
    assert client.put(there, files={"file": ("io.jpg", b"%PDF-1.7")}).status_code == 422
    assert client.post(f"{there}/remove").status_code == 204
    assert client.get(there).status_code == 404
    with db.transaction() as session:
        read = select(journal.Entry).where(
            journal.Entry.kind == PersonRead.kind, journal.Entry.person_id == nina
        )
        assert "picture" in {each.facts["why"] for each in session.scalars(read)}


def test_on_the_file_it_is_shown_replaced_and_taken_off(desk: TestClient) -> None:
    nina = a_person()
    there = f"/persone/{nina}"
    assert "data:image/jpeg" not in desk.get(there).text

    put = desk.post(f"{there}/foto", files={"file": ("io.jpg", photo())})

    assert put.status_code == 200
    assert "data:image/jpeg;base64," in desk.get(there).text
    assert desk.get(f"{there}/foto").headers["content-type"] == "image/jpeg"
    late = desk.post(f"{there}/foto", files={"file": ("io.jpg", b"nothing")})
    assert late.status_code == 422
    assert 'id="wrong-file"' in late.text
    assert desk.post(f"{there}/foto/togli").status_code == 200
    assert "data:image/jpeg" not in desk.get(there).text


def test_nobody_sees_the_face_of_somebody_they_may_not_know_of(desk: TestClient) -> None:
    ada = a_person(restricted=True)
    with db.transaction() as session:
        pictures.put(session, session.get_one(Person, ada), HOUSE, Shows.FACE, photo())
    for there in (f"/persone/{ada}/foto", f"/api/v1/people/{ada}/picture"):
        assert desk.get(there).status_code == 404
    assert desk.post(f"/persone/{ada}/foto/togli").status_code == 404
    with db.transaction() as session:
        assert pictures.of(session, ada, Shows.FACE) is not None
