"""What programs say and hear in headers: which version they read, and the name of what they ask."""

from typing import Annotated, Protocol, TypeVar
from uuid import UUID

from fastapi import Header, Response

from registry import versions

# Asked again under the same name, a thing is made once: `once.made`.
Key = Annotated[UUID | None, Header(alias="Idempotency-Key")]
# The ETag that was read: wanted where a change must not be blind, a mere match where it may be.
Wanted = Annotated[str, Header(alias="If-Match", max_length=40)]
Match = Annotated[str | None, Header(alias="If-Match", max_length=40)]


class Versioned(Protocol):
    @property
    def version(self) -> int: ...


V = TypeVar("V", bound=Versioned)


def tagged(answer: Response, thing: V) -> V:
    """The same thing, with its version as the ETag of the answer."""
    answer.headers["ETag"] = versions.tag(thing.version)
    return thing
