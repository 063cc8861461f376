"""Encrypted fields: a changed bit, another column or another key opens nothing."""

from uuid import uuid4

import pytest
from cryptography.exceptions import InvalidTag

from registry.kit import crypto
from registry.kit.settings import settings

pytestmark = pytest.mark.usefixtures("_database")  # a home with keys of its own
SECRET = b"casa rifugio"
FIELD = "openings.reason"


def test_what_was_sealed_is_read_again_and_never_looks_the_same_twice() -> None:
    first, second = crypto.seal(SECRET, FIELD), crypto.seal(SECRET, FIELD)

    assert first != second
    assert SECRET not in first
    assert crypto.unseal(first, FIELD) == crypto.unseal(second, FIELD) == SECRET


def test_any_flipped_bit_of_what_is_kept_is_refused() -> None:
    stored = crypto.seal(SECRET, FIELD)
    for bit in range(8 * len(stored)):
        changed = bytearray(stored)
        changed[bit // 8] ^= 1 << bit % 8
        with pytest.raises(InvalidTag):
            crypto.unseal(bytes(changed), FIELD)


def test_a_value_moved_to_another_column_or_read_with_another_key_is_refused() -> None:
    stored = crypto.seal(SECRET, FIELD)
    with pytest.raises(InvalidTag):
        crypto.unseal(stored, "devices.key")
    with pytest.raises(InvalidTag):
        crypto.unseal(crypto.prefix(2) + stored[3:], FIELD)
    assert not (settings().keys / "fields-2.key").exists()
    for length in range(len(stored)):
        with pytest.raises(InvalidTag):
            crypto.unseal(stored[:length], FIELD)


def test_a_value_moved_to_another_row_is_refused() -> None:
    stored = crypto.seal(SECRET, FIELD, uuid4())

    with pytest.raises(InvalidTag):
        crypto.unseal(stored, FIELD, uuid4())
