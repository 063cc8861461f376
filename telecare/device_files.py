"""A file of devices: home units in bulk, told line by line; the same file twice changes nothing."""

import csv
import io
from collections.abc import Iterator
from dataclasses import dataclass, field

from sqlalchemy.orm import Session

from registry import journal
from registry.kit import clock, texts
from registry.kit.errors import Invalid, Problem
from telecare import devices
from telecare.devices import DeviceAdded, Row

COLUMNS = ("account", "protocol", "key", "heartbeat_s", "label")
# A file without these says nothing of them.
MAY_COME = ("area", "carrier", "test_every_s")


@dataclass(kw_only=True)
class Imported:
    """What a file did, line by line, in sentences (catalogue key, parameters)."""

    added: int = 0
    changed: int = 0
    unchanged: int = 0
    said: list[tuple[int, str, dict[str, object]]] = field(default_factory=list)
    refused: list[tuple[int, Problem]] = field(default_factory=list)


def import_csv(session: Session, content: str) -> Imported:
    """Read `account,protocol,key,heartbeat_s,label`; a bad line is told and the rest goes in.

    Running the same file again changes nothing. Raises Invalid for a missing column, or no CSV.
    """
    result = Imported()
    seen: dict[tuple[str, str], int] = {}
    for number, cells in _lines(texts.clean(content)):
        try:
            row = devices.row_of(cells)
            twice = seen.setdefault((row.protocol, row.account), number)
            if twice != number:
                raise Invalid(
                    "The account is already on line %(line)s", field="account", line=twice
                )
        except Problem as problem:
            result.refused.append((number, problem))
            continue
        hexadecimal = len(cells.get("key", "").strip()) in {32, 48, 64}
        if row.key is not None and row.protocol == devices.DC09 and hexadecimal:
            result.said.append(
                (number, "The key was read as %(cipher)s", {"cipher": devices.AES[len(row.key)]})
            )
        _merge(session, row, result)
    return result


def _lines(content: str) -> Iterator[tuple[int, dict[str, str]]]:
    """Numbered lines as cells by column; comma or semicolon."""
    with texts.read_as_csv("file"):
        yield from _read(content)


def _read(content: str) -> Iterator[tuple[int, dict[str, str]]]:
    head = content.partition("\n")[0]
    reader = csv.DictReader(
        io.StringIO(content, newline=""),
        delimiter=";" if head.count(";") > head.count(",") else ",",
    )
    reader.fieldnames = [name.strip().lower() for name in reader.fieldnames or []]
    missing = [name for name in COLUMNS if name not in reader.fieldnames]
    if missing:
        raise Invalid(
            "The first line must name the columns %(wanted)s; missing: %(missing)s",
            wanted=",".join(COLUMNS),
            missing=", ".join(missing),
        )
    there = (*COLUMNS, *(name for name in MAY_COME if name in reader.fieldnames))
    for cells in reader:
        yield reader.line_num, {name: cells.get(name) or "" for name in there}


def _merge(session: Session, row: Row, result: Imported) -> None:
    device = devices.by_account(session, row.account, row.protocol)
    if device is None:
        device = devices.new(row)
        session.add(device)
        session.flush()
        journal.record(session, DeviceAdded(device_id=device.id))
        result.added += 1
        return
    wanted = {name: value for name, value in row._asdict().items() if value is not None}
    wanted["key"] = row.key
    different = [name for name, value in wanted.items() if getattr(device, name) != value]
    if not different:
        result.unchanged += 1
        return
    for name in different:
        setattr(device, name, wanted[name])
    if "heartbeat_s" in different:
        device.silent_at = devices.silent_at(row.heartbeat_s, clock.now())
    if "test_every_s" in different:
        device.test_due_at = devices.test_due_at(device.test_every_s, clock.now())
    devices.changed(session, device, ",".join(different))
    result.changed += 1
