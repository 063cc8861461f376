"""The whole API keeps its own schema, whoever asks: schemathesis with two roles' tokens."""

from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis.checks import not_a_server_error
from schemathesis.core.result import Ok
from schemathesis.specs.openapi.checks import response_schema_conformance
from starlette.testclient import TestClient

from registry import codes, tokens
from registry.access import Role
from registry.kit import db
from tests.conftest import somebody
from webconsole.app import make

OURS = r"/api/v1/"
FEWEST = 150  # operations: fewer mean that the pattern finds nothing any more


def test_no_answer_is_a_fault_and_each_keeps_the_schema(
    client: TestClient, pytestconfig: pytest.Config
) -> None:
    """One case of each operation; `--examples 20` looks closer."""
    bearers, examples = _bearers(), pytestconfig.getoption("--examples")
    schema = schemathesis.openapi.from_dict(make().openapi()).include(path_regex=OURS)
    found = list(schema.get_all_operations())
    operations = [each.ok() for each in found if isinstance(each, Ok)]
    assert len(operations) == len(found) >= FEWEST
    for operation in operations:

        @given(case=operation.as_strategy())
        @settings(
            max_examples=examples,
            deadline=None,
            phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
        )
        def keeps_its_word(case: Any) -> None:
            for bearer in bearers:
                answer = client.request(**_sent(case, bearer))
                answer.request.read()  # a file that was sent, once more for the report
                case.validate_response(
                    answer, checks=[not_a_server_error, response_schema_conformance]
                )

        keeps_its_word()


def _bearers() -> list[str]:
    """Tokens of an operator, and of one who coordinates and administers: every door opens."""
    with db.transaction() as session:
        codes.settle(session)
        staff = (
            somebody(session, "anna", "Anna Riva", Role.OPERATOR),
            somebody(session, "carla", "Carla Esempio", Role.COORDINATOR, Role.ADMINISTRATOR),
        )
        return [tokens.issue(session, each) for each in staff]


def _sent(case: Any, bearer: str) -> dict[str, Any]:
    """A case as our client sends it: what `requests` calls data is bytes to it, or a form."""
    sent = dict(case.as_transport_kwargs(headers={"Authorization": f"Bearer {bearer}"}))
    if isinstance(sent.get("data"), str | bytes):
        sent["content"] = sent.pop("data")
    if "files" in sent:
        sent["files"] = [(name, _part(each)) for name, each in sent["files"]]
    sent.pop("cookies", None)
    return sent


def _part(said: Any) -> Any:
    """A part of a form: what is neither text nor a file is sent as it is written."""
    if isinstance(said, tuple):
        return (said[0], *(_part(each) for each in said[1:2]), *said[2:])
    return said if isinstance(said, str | bytes) else str(said)
