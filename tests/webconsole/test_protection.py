"""What protects the answers: nonces, headers, reports that are counted and not kept, numbers."""

import json
import re
from collections.abc import Callable
from typing import Any
from uuid import uuid4

import pytest
from starlette.testclient import TestClient
from structlog.testing import capture_logs

from registry import door, people, staff
from registry.access import Role
from registry.kit.db import transaction
from registry.kit.settings import settings
from webconsole import protection, reports

SignIn = Callable[..., TestClient]
NONCE = re.compile(r"script-src 'nonce-([\w-]{24})'")


def directives(client: TestClient, address: str) -> dict[str, str]:
    told = client.get(address).headers["content-security-policy"]
    return {name: rest for name, _, rest in (each.partition(" ") for each in told.split("; "))}


def test_every_page_has_a_nonce_of_its_own_and_every_script_of_a_template_bears_it(
    signed_in: SignIn,
) -> None:
    client = signed_in("anna", Role.OPERATOR)
    seen = set()
    for address in ("/", "/", "/persone?q=<script src=x>", "/entra", "/servizi", "/nulla"):
        answer = client.get(address, headers={"accept": "text/html"})
        found = NONCE.search(answer.headers["content-security-policy"])
        assert found, address
        seen.add(found[1])
        written = re.findall(r"<script(?! nonce=)", answer.text)
        assert (address, written) == (address, [])
        assert f'<script nonce="{found[1]}"' in answer.text
    assert len(seen) == 6


def test_the_policy_allows_nothing_but_our_own_files(signed_in: SignIn) -> None:
    told = directives(signed_in("anna", Role.OPERATOR), "/")
    assert told["default-src"] == "'none'"
    assert told["style-src"] == told["connect-src"] == told["font-src"] == "'self'"
    assert told["require-trusted-types-for"] == "'script'"
    assert told["trusted-types"] == "default"
    assert told["frame-ancestors"] == told["base-uri"] == "'none'"
    whole = " ".join(told.values())
    assert "unsafe" not in whole
    assert "http" not in whole
    assert "*" not in whole


def test_the_carriers_hosts_are_there_only_with_that_carrier() -> None:
    assert "twilio" not in protection.policy("n", "simulated")
    assert "connect-src 'self' https://*.twilio.com wss://*.twilio.com;" in protection.policy(
        "n", "twilio"
    )


def test_who_was_refused_what_is_in_the_log(signed_in: SignIn) -> None:
    client = signed_in("anna", Role.OPERATOR)
    with capture_logs() as logged:
        assert client.get(f"/amministrazione/personale/{uuid4()}").status_code == 403
        assert client.post("/blocca", headers={door.CSRF_HEADER: "made up"}).status_code == 403
    told = [each for each in logged if each["event"] == "request.not_allowed"]
    assert [(each["method"], each["door"]) for each in told] == [
        ("GET", "/amministrazione/personale/{staff_id}"),
        ("POST", "/blocca"),
    ]
    with transaction() as session:
        assert told[0]["staff_id"] == str(staff.named(session, "anna").id)


def test_a_house_with_tls_wants_it_always(
    client: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert "strict-transport-security" not in client.get("/healthz").headers
    monkeypatch.setenv("CENTRALE_PUBLIC_URL", "https://centrale.example.it")
    settings.cache_clear()
    try:
        for path in ("/healthz", "/entra", "/static/css/base.css", "/nulla"):
            wanted = client.get(path).headers["strict-transport-security"]
            assert wanted == "max-age=63072000; includeSubDomains"
    finally:
        monkeypatch.undo()
        settings.cache_clear()


@pytest.mark.parametrize("address", ["/persone", "/api/v1/people?q=x", "/nulla", "/entra"])
def test_every_answer_has_the_headers_and_none_with_data_is_kept(
    signed_in: SignIn, address: str
) -> None:
    headers = signed_in("anna", Role.OPERATOR).get(address).headers
    assert headers["cache-control"] == "no-store"
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["cross-origin-opener-policy"] == "same-origin"
    assert headers["cross-origin-resource-policy"] == "same-origin"
    assert headers["referrer-policy"] == "same-origin"
    assert "camera=()" in headers["permissions-policy"]
    if not headers["content-type"].startswith("text/html"):
        assert headers["content-security-policy"] == protection.CLOSED


def report(**facts: Any) -> str:
    return json.dumps({"csp-report": facts})


def test_a_report_is_counted_and_nothing_of_a_person_is_written(client: TestClient) -> None:
    reports.last_said.clear()
    person = "0192f5a0-0000-7000-8000-000000000000"
    told = report(
        **{
            "effective-directive": "script-src-elem",
            "document-uri": f"https://testserver/persone/{person}?q=Zqverina",
            "blocked-uri": "inline",
            "script-sample": "Zqverina",
        }
    )
    with capture_logs() as logged:
        for _ in range(3):
            answer = client.post(
                reports.REPORTS, content=told, headers={"content-type": "application/csp-report"}
            )
            assert answer.status_code == 204
    said = [each for each in logged if each["event"] == "csp.report"]
    assert [(each["directive"], each["page"]) for each in said] == [("script-src-elem", "/persone")]
    assert "Zqverina" not in str(logged)
    assert person not in str(logged)
    figures = client.get("/metrics").text
    assert re.search(r'centrale_csp_reports_total{directive="script-src-elem"} [3-9]', figures)


@pytest.mark.parametrize(
    "told",
    ["", "[" * 9_000, "null", '{"csp-report": []}', report(**{"effective-directive": "Zqverina"})],
)
def test_made_up_reports_say_nothing(client: TestClient, told: str) -> None:
    reports.last_said.clear()
    with capture_logs() as logged:
        assert client.post(reports.REPORTS, content=told).status_code == 204
    assert [(each["directive"], each["page"]) for each in logged] == [("other", "other")]


def test_a_fault_says_a_number_that_is_in_the_log_and_stays_protected(
    signed_in: SignIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = TestClient(
        signed_in("anna", Role.OPERATOR).app,
        base_url="https://testserver",
        raise_server_exceptions=False,
        cookies=signed_in("anna").cookies,
    )

    def broken(*_: object, **__: object) -> None:
        raise RuntimeError("Zqverina +390825551977")

    monkeypatch.setattr(people, "read", broken)
    person = "/0192f5a0-0000-7000-8000-000000000000"
    with capture_logs() as logged:
        page = client.get("/persone" + person, headers={"accept": "text/html"})
        answer = client.get("/api/v1/people" + person)
    numbers = [each["number"] for each in logged if each["event"] == "request.fault"]
    assert page.status_code == answer.status_code == 500
    assert numbers[0] in page.text
    assert answer.json()["number"] == numbers[1]
    for said in (page, answer):
        assert "Zqverina" not in said.text
        assert said.headers["x-content-type-options"] == "nosniff"
        assert said.headers["cache-control"] == "no-store"
    assert NONCE.search(page.headers["content-security-policy"])
