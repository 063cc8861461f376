"""What browsers report: a page tried something that its policy forbids. Counted, never kept."""

import json
import re
from datetime import datetime, timedelta
from typing import Annotated, Any

import structlog
from fastapi import APIRouter, Body, Response, status
from prometheus_client import CollectorRegistry, Counter

from registry import door
from registry.kit import clock

REPORTS = "/rapporti-csp"
LONGEST = 16_384
# The directives that our policy has; anything else is somebody who makes reports up.
DIRECTIVES = frozenset(
    {
        *("default-src", "script-src", "script-src-elem", "script-src-attr"),
        *("style-src", "style-src-elem", "style-src-attr", "img-src", "font-src"),
        *("connect-src", "media-src", "manifest-src", "object-src", "frame-src", "child-src"),
        *("worker-src", "base-uri", "form-action", "frame-ancestors"),
        *("require-trusted-types-for", "trusted-types"),
    }
)
OTHER = "other"
FIRST_WORD = re.compile(r"https?://[^/?#]+/([a-z0-9-]{0,30})(?:[/?#]|$)")
# The same report again within this time is counted and not written: anybody may send them.
QUIET = timedelta(minutes=1)
last_said: dict[tuple[str, str], datetime] = {}

router = APIRouter(include_in_schema=False)
log = structlog.get_logger()
figures = CollectorRegistry()
counted = Counter(
    "centrale_csp_reports",
    "Violations of the pages' policy that browsers reported to this process",
    ["directive"],
    registry=figures,
)


@router.post(
    REPORTS,
    dependencies=[door.public("browsers report without a cookie; counted, nothing is kept")],
    status_code=status.HTTP_204_NO_CONTENT,
    response_class=Response,
)
def take(told: Annotated[bytes, Body(max_length=LONGEST)] = b"") -> None:
    """The log has the directive and the kind of page: an address may hold what somebody typed."""
    said = directive, page = _read(told)
    counted.labels(directive=directive).inc()
    now = clock.now()
    if now - last_said.get(said, now - QUIET) >= QUIET:
        last_said[said] = now
        log.warning("csp.report", directive=directive, page=page)


def _read(told: bytes) -> tuple[str, str]:
    try:
        report: Any = json.loads(told)["csp-report"]
        directive = str(report.get("effective-directive") or report.get("violated-directive"))
        address = str(report.get("document-uri", ""))
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return OTHER, OTHER
    known = directive.split(" ", maxsplit=1)[0]
    return known if known in DIRECTIVES else OTHER, _kind_of_page(address)


def _kind_of_page(address: str) -> str:
    """The first word of the path: ids and whatever was typed come after it."""
    found = FIRST_WORD.match(address)
    return f"/{found[1]}" if found else OTHER
