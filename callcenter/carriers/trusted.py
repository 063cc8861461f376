"""Whom the lines to a carrier trust, read from the disk once and not for each line."""

import ssl
from functools import lru_cache

import httpx2


@lru_cache(maxsize=1)
def trusted() -> ssl.SSLContext:
    """The authorities this machine knows."""
    return httpx2.create_ssl_context()
