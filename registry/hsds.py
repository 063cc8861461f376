"""The directory in the shape of Open Referral's Human Services Data Specification 3.1."""

from collections.abc import Sequence
from typing import Any

from registry import hours
from registry.directory import Body, Service

PROFILE = "https://docs.openreferral.org/en/3.1.1/hsds/"
VERSION = "3.1"
BYDAY = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")


def organization(body: Body) -> dict[str, Any]:
    return {
        "id": str(body.id),
        "name": body.name,
        "description": body.name,
        "website": body.website or None,
        "legal_status": body.kind.value,
    }


def service(sheet: Service) -> dict[str, Any]:
    """A service with what hangs on it; ids of parts are made of the service's, so they stay."""
    key = str(sheet.id)
    return {
        "id": key,
        "name": sheet.name,
        "description": sheet.summary,
        "url": sheet.website or None,
        "email": sheet.email or None,
        "status": "active" if sheet.published else "inactive",
        "application_process": "\n".join(sheet.steps) or None,
        "fees_description": sheet.cost or None,
        "wait_time": sheet.times or None,
        "eligibility_description": sheet.eligibility or None,
        "minimum_age": _age(sheet, "at_least"),
        "maximum_age": _age(sheet, "at_most"),
        "last_modified": sheet.changed_at.isoformat(),
        "organization": organization(sheet.body),
        "phones": [{"id": f"{key}-phone", "number": sheet.phone}] if sheet.phone else [],
        "schedules": _schedules(key, sheet.hours),
        "service_areas": [
            {"id": f"{key}-area-{at}", "name": place} for at, place in enumerate(sheet.places)
        ],
        "languages": [{"id": f"{key}-language-{code}", "code": code} for code in sheet.languages],
        "required_documents": [
            {"id": f"{key}-document-{at}", "document": each}
            for at, each in enumerate(sheet.documents)
        ],
        "service_at_locations": _locations(key, sheet),
        "attributes": [
            {
                "id": f"{key}-area",
                "link_id": key,
                "link_entity": "service",
                "taxonomy_term": {
                    "id": sheet.area.value,
                    "name": sheet.area.value,
                    "taxonomy": "centrale",
                },
            }
        ],
        "additional_information": sheet.appeal or None,
    }


def page(items: Sequence[Any], *, total: int, number: int, size: int) -> dict[str, Any]:
    """One page as the specification of the API wants it; pages count from 1."""
    pages = max(1, -(-total // size))
    return {
        "total_items": total,
        "total_pages": pages,
        "page_number": number,
        "size": len(items),
        "first_page": number == 1,
        "last_page": number >= pages,
        "empty": not items,
        "contents": list(items),
    }


def _age(sheet: Service, end: str) -> float | None:
    ages = [rule.get(end) for rule in sheet.rules if rule.get("fact") == "age"]
    return next((float(age) for age in ages if age is not None), None)


def _schedules(key: str, written: str) -> list[dict[str, Any]]:
    return [
        {
            "id": f"{key}-schedule-{at}",
            "freq": "WEEKLY",
            "byday": BYDAY[span.day],
            "opens_at": f"{span.opens:%H:%M}",
            "closes_at": f"{span.closes:%H:%M}",
        }
        for at, span in enumerate(hours.read(written))
    ]


def _locations(key: str, sheet: Service) -> list[dict[str, Any]]:
    if not sheet.address:
        return []
    accessible = (
        [{"id": f"{key}-accessibility", "description": sheet.accessibility}]
        if sheet.accessibility
        else []
    )
    location = {
        "id": f"{key}-location",
        "location_type": "physical",
        "name": sheet.body.name,
        "addresses": [
            {
                "id": f"{key}-address",
                "address_1": sheet.address,
                "country": "IT",
                "address_type": "physical",
            }
        ],
        "accessibility": accessible,
    }
    return [{"id": f"{key}-at", "location": location}]
