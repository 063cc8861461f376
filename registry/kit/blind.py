"""Blind indexes: an encrypted value is found by a keyed digest of it, which tells nothing alone.

For values of many possibilities that are asked for whole (a codice fiscale, a passport number);
never for a flag or a year, which whoever counts equal digests could guess.
"""

import hmac

from registry.kit import crypto

KEY = "blind-index.key"


def index(bound_to: str, value: str) -> str:
    """HMAC-SHA-256 of a value its column has made plain, under a key of that column alone.

    `bound_to` is table.column. Returns 64 hexadecimal digits.
    """
    own = hmac.digest(crypto.key_file(KEY), bound_to.encode(), "sha256")
    return hmac.digest(own, value.encode(), "sha256").hex()
