"""Where the units of a rehearsed storm stand: areas, carriers, and homes of people known by name.

Both stay in the archive, so that a storm may be sent again.
"""

from collections import defaultdict
from collections.abc import Sequence

from sqlalchemy import select, text
from sqlalchemy.orm import Session

from registry import people
from registry.kit import clock
from registry.kit.db import transaction
from registry.people import Person
from telecare import subscribers
from telecare.devices import DC09, SCAIP, Device
from telecare.simulator_storm import StormUnit

LABEL = "storm"
FIRST = {DC09: "57", SCAIP: "58"}  # how their accounts begin
ONE_IN = 3  # units speaks SCAIP, the others DC-09
AREAS, CARRIERS = 40, 4
AT_ONCE = 100  # homes in one transaction

NAMES = ("Rosa", "Carmine", "Assunta", "Vito", "Filomena", "Rocco", "Iolanda", "Sabino")
TOWN = "Borgo Campione"
OLDEST, YEARS = 1926, 45
# One home in so many: somebody lives by a device that needs current; nobody is near.
POWERED_IN, ALONE_IN = 12, 3


def units(count: int) -> list[StormUnit]:
    found: list[StormUnit] = []
    for number in range(count):
        protocol = SCAIP if number % ONE_IN == 0 else DC09
        found.append(StormUnit(protocol, f"{FIRST[protocol]}{number:06d}"))
    return found


_SETTLE = text(
    """
    INSERT INTO devices (id, protocol, account, heartbeat_s, label, changed_at, area, carrier)
    SELECT gen_random_uuid(), :protocol, account, 0, :label, :now,
        'Zona di prova ' || right(account, 6)::int % :areas,
        'Rete di prova ' || right(account, 6)::int % :carriers
    FROM unnest(CAST(:accounts AS text[])) AS account
    ON CONFLICT (protocol, account) DO UPDATE SET changed_at = excluded.changed_at
    """
)


def settle(wanted: Sequence[StormUnit]) -> None:
    """Put the units in the archive, all at once; those of an earlier storm stay."""
    accounts: dict[str, list[str]] = defaultdict(list)
    for protocol, account in wanted:
        accounts[protocol].append(account)
    given = {"label": LABEL, "areas": AREAS, "carriers": CARRIERS, "now": clock.now()}
    with transaction() as session:
        session.execute(text("SET LOCAL statement_timeout = '120s'"))
        for protocol, own in accounts.items():
            session.execute(_SETTLE, given | {"protocol": protocol, "accounts": own})


def people_in(wanted: Sequence[StormUnit]) -> None:
    """Somebody for each of these units, where nobody has it yet."""
    for first in range(0, len(wanted), AT_ONCE):
        accounts = [each.account for each in wanted[first : first + AT_ONCE]]
        with transaction() as session:
            empty = select(Device).where(
                Device.account.in_(accounts), Device.label == LABEL, Device.person_id.is_(None)
            )
            for device in session.scalars(empty.order_by(Device.account)):
                number = int(device.account[-6:])
                subscribers.assign(session, device, _somebody(session, number))


def _somebody(session: Session, number: int) -> Person:
    """Old, some with oxygen at home, some with nobody near; nobody real has such a number."""
    person = people.create(
        session,
        given_name=NAMES[number % len(NAMES)],
        family_name=f"Tempesta {number}",
        birth_year=OLDEST + 7 * number % YEARS,
    )
    people.add_phone(session, person, f"0826 57{number % 10_000:04d}")
    street = f"Via di Prova {number % 200 + 1}"
    people.add_address(session, person, street=street, town=TOWN)
    if number % POWERED_IN == 0:
        people.add_alert(session, person, kind="oxygen", text="Concentratore di ossigeno in casa")
    if number % ALONE_IN:
        people.add_contact(
            session,
            person,
            name=f"Vicina di prova {number}",
            phone=f"300 57{number:05d}",
        )
    return person
