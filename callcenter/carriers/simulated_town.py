"""The far end of the built-in carrier's lines: people who ring, press keys and hang up."""

from dataclasses import dataclass
from typing import Any

import httpx2

from callcenter.carriers.account import Account, account
from callcenter.carriers.trusted import trusted
from registry.kit.errors import Unavailable

ANSWER_WITHIN = 5.0  # seconds


@dataclass(frozen=True, kw_only=True)
class Town:
    """Whoever is not us, reached at the double's control paths."""

    url: str
    login: tuple[str, str]

    def ring(self, *, from_: str, to: str) -> str:
        """Somebody dials one of our numbers; returns the sid of their line."""
        return str(self._post("/simulator/calls", {"From": from_, "To": to})["sid"])

    def press(self, sid: str, keys: str) -> None:
        self._post(f"/simulator/calls/{sid}/keys", {"Digits": keys})

    def hang_up(self, sid: str) -> None:
        self._post(f"/simulator/calls/{sid}/hang-up", {})

    def join(self, identity: str, *, call_id: str) -> str:
        """An operator's softphone calls out, as their browser would."""
        return str(self._post(f"/simulator/clients/{identity}/calls", {"call": call_id})["sid"])

    def behave(self, number: str, **manners: str) -> None:
        """How the person behind a number behaves: answers_after, talks_for, outcome."""
        self._post(f"/simulator/numbers/{number}", manners)

    def calls(self) -> list[dict[str, Any]]:
        return list(self._ask("GET", "/simulator/calls", None)["items"])

    def _post(self, path: str, form: dict[str, str]) -> dict[str, Any]:
        return self._ask("POST", path, form)

    def _ask(self, method: str, path: str, form: dict[str, str] | None) -> dict[str, Any]:
        try:
            answer = httpx2.request(
                method,
                self.url + path,
                data=form,
                auth=self.login,
                timeout=ANSWER_WITHIN,
                verify=trusted(),
                trust_env=False,
            )
            answer.raise_for_status()
        except httpx2.HTTPError as error:
            raise Unavailable("The built-in carrier does not answer") from error
        return answer.json() if answer.content else {}


def town(of: Account | None = None) -> Town:
    """The town around this installation's built-in carrier."""
    ours = of or account()
    return Town(url=ours.api_base or "", login=ours.login)
