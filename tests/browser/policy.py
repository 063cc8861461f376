"""Violations of the pages' policy, as the browser tells the page before it reports them."""

import re
from dataclasses import dataclass, field

from playwright.sync_api import Page, Response

from tests.webconsole import matrix
from webconsole.app import app
from webconsole.reports import REPORTS

WATCH = """
window.violations = [];
document.addEventListener("securitypolicyviolation", (seen) => window.violations.push(
  [seen.effectiveDirective, seen.blockedURI, seen.sourceFile, seen.sample].join(" ")
));
"""
# What is asked by programs, and downloads.
NO_PAGES = re.compile(
    r"^/(api|static|twilio|live|healthz|readyz|metrics|preferenze|blocco/attesa)|\.(csv|xlsx|ics|pdf)$"
)


@dataclass
class Watch:
    """What one page was seen doing against its policy, wherever it went."""

    page: Page
    seen: list[str] = field(default_factory=list)

    def begin(self) -> None:
        self.page.add_init_script(WATCH)
        self.page.on("response", self._note)

    def _note(self, answer: Response) -> None:
        if answer.url.endswith(REPORTS):
            self.seen.append(f"reported by {self.page.url}")

    def look(self, address: str) -> int:
        """Open the page and keep what it did against the policy; returns its HTTP status."""
        answer = self.page.goto(address)
        self.gather()
        return answer.status if answer is not None else 0

    def gather(self) -> None:
        self.seen += [f"{self.page.url}: {each}" for each in self.page.evaluate("violations")]


def pages() -> list[str]:
    """Every address without a place to fill in that a browser shows, whoever may open it."""
    found = {each.path for each in matrix.doors(app) if each.method == "GET"}
    return sorted(each for each in found if "{" not in each and not NO_PAGES.search(each))
