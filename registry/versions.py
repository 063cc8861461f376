"""Versions: whoever changes something says which version they read, so that no change is lost."""

import re

from registry.kit.errors import Stale

TAG = re.compile(r'\s*(?:W/)?"?(\d{1,9})"?\s*')


def tag(version: int) -> str:
    """The ETag of a version."""
    return f'"{version}"'


def check(sent: str | None, version: int) -> None:
    """Raise Stale unless what was sent names this version; nothing sent claims nothing."""
    if sent is None or sent.strip() == "*":
        return
    found = TAG.fullmatch(sent)
    if found is None or int(found[1]) != version:
        raise Stale("Somebody has changed this in the meantime. Look at it, then decide again")
