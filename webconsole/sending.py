"""Watches how a form that has a key is answered, so that the same form sent again leads there too.

The key is taken at the door (registry/door.py), inside the transaction of the work.
"""

import asyncio
from collections.abc import Callable
from uuid import UUID

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from registry import sent_forms

STATE = "sent_form"  # where the door leaves the id of what it took
REFUSED, REDIRECT = 400, 300


class SentOnce:
    """Stands around every route; only what the door has marked concerns it."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def watched(message: Message) -> None:
            marked = scope.get("state", {}).pop(STATE, None)
            if message["type"] == "http.response.start" and marked is not None:
                await asyncio.to_thread(_settled(message), marked)
            await send(message)

        await self.app(scope, receive, watched if scope["type"] == "http" else send)


def _settled(start: Message) -> Callable[[UUID], None]:
    """What to write down of this answer: it led somewhere, it was done, or it may come again."""
    headers = Headers(raw=start["headers"])
    status = start["status"]
    is_page = headers.get("content-type", "").startswith("text/html")
    if status >= REFUSED or (status < REDIRECT and is_page):
        return sent_forms.release
    to = headers.get("location", "")
    return lambda taken: sent_forms.led(taken, to)
