"""The body's own log-in in a browser: no policy of ours stands in the way there and back."""

import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass

import pytest
import uvicorn
from playwright.sync_api import Browser, Page, expect

from registry.access import Role
from registry.kit.db import transaction
from tests.browser.policy import Watch
from tests.conftest import PASSWORD, empty, forget_settings, somebody
from tests.stories.conftest import free_port
from tests.telecare.certificates import certificate
from tests.waiting import apart
from tests.webconsole import body_provider
from tests.webconsole.test_body_log_in import CLIENT, SECRET

pytestmark = pytest.mark.browser
START_WITHIN = 30.0  # seconds


@dataclass(frozen=True)
class Body:
    ours: str
    theirs: str


@pytest.fixture(scope="module")
def body(_database: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Body]:
    """The provider in a process, our pages in a thread; Anna has no password with us."""
    ours = f"http://127.0.0.1:{free_port()}"
    chain, key = certificate(tmp_path_factory.mktemp("ente"))
    words = [str(chain), str(key), f"{ours}/entra/ente/ritorno", CLIENT, SECRET]
    kept = dict(os.environ)
    program = [sys.executable, body_provider.__file__, *words]
    with subprocess.Popen(program, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        theirs = process.stdout.readline().strip()
        known = {"ISSUER": theirs, "CLIENT_ID": CLIENT, "CLIENT_SECRET": SECRET, "CA": str(chain)}
        os.environ.update({f"CENTRALE_OIDC_{name}": value for name, value in known.items()})
        os.environ["CENTRALE_PUBLIC_URL"] = ours
        forget_settings()
        with transaction() as session:
            somebody(session, "anna", "Anna Riva", Role.COORDINATOR).password = None
            somebody(session, "bruno", "Bruno Costa", Role.OPERATOR)
        with _serving(int(ours.rpartition(":")[2])):
            yield Body(ours, theirs)
        process.terminate()
    os.environ.clear()
    os.environ.update(kept)
    forget_settings()
    apart(empty)


class _serving:  # noqa: N801 - reads as what it does
    def __init__(self, port: int) -> None:
        config = uvicorn.Config(
            "webconsole.app:app", host="127.0.0.1", port=port, log_config=None, access_log=False
        )
        self.server = uvicorn.Server(config)
        self.thread = threading.Thread(target=self.server.run)

    def __enter__(self) -> None:
        self.thread.start()
        limit = time.monotonic() + START_WITHIN
        while not self.server.started:
            assert time.monotonic() < limit
            time.sleep(0.05)

    def __exit__(self, *_: object) -> None:
        self.server.should_exit = True
        self.thread.join()


@pytest.fixture
def page(browser: Browser, body: Body) -> Iterator[Page]:
    """A browser that believes the provider's certificate, and what it did against our policy."""
    context = browser.new_context(base_url=body.ours, locale="it-IT", ignore_https_errors=True)
    opened = context.new_page()
    opened.set_default_timeout(40_000)
    watch = Watch(opened)
    watch.begin()
    yield opened
    assert watch.seen == []
    context.close()


def says_who(page: Page, who: str) -> None:
    """At the provider's form."""
    page.get_by_label("Account").fill(who)
    page.keyboard.press("Enter")


def test_in_out_there_and_back(page: Page, body: Body) -> None:
    page.goto("/sessioni")
    page.get_by_role("link", name="Entra con l’account dell’ente").click()
    says_who(page, "a.riva")
    expect(page.get_by_text("questo schermo")).to_be_visible()

    page.locator("details.menu > summary").click()
    page.get_by_role("button", name="Blocca lo schermo").click()
    expect(page.get_by_role("heading", name="Schermo bloccato")).to_be_visible()
    expect(page.get_by_label("Password")).to_have_count(0)
    page.get_by_role("link", name="Conferma con l’account dell’ente").click()
    says_who(page, "a.riva")
    expect(page.get_by_role("navigation")).to_be_visible()

    page.wait_for_load_state("load")
    page.evaluate("sessionStorage.setItem('typed', 'by whoever sat here')")
    page.locator("details.menu > summary").click()
    with page.expect_request(f"{body.theirs}/logout?*"):
        page.get_by_role("button", name="Esci").click()
    expect(page.get_by_role("heading", name="Accedi")).to_be_visible()
    assert page.evaluate("sessionStorage.getItem('typed')") is None, "nothing is left to the next"
    page.goto("/sessioni")
    expect(page.get_by_role("heading", name="Accedi")).to_be_visible()


def test_a_form_of_ours_leads_on_to_the_body(page: Page, body: Body) -> None:
    """Browsers hold a form's redirects to `form-action` as well: this way was shut."""
    for way in ("/entra/ente", "/conferma/ente"):
        page.goto(f"/entra?poi={way}")
        page.get_by_label("Nome utente").fill("bruno")
        page.get_by_label("Password").fill(PASSWORD)
        page.keyboard.press("Enter")
        page.wait_for_url(f"{body.theirs}/authorize?*")

    page.goto("/")
    page.locator("details.menu > summary").click()
    page.get_by_role("button", name="Blocca lo schermo").click()
    expect(page.get_by_role("heading", name="Schermo bloccato")).to_be_visible()
    page.goto("/blocco?poi=/conferma/ente")
    page.get_by_label("Password").fill(PASSWORD)
    page.keyboard.press("Enter")
    page.wait_for_url(f"{body.theirs}/authorize?*")
