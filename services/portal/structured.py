"""What machines read in a page: schema.org as JSON-LD."""

from typing import Any

from services.portal.language import Words
from services.portal.pages import slug

Json = dict[str, Any]


def of_sheet(sheet: Json, w: Words, base: str) -> Json:
    """A project as schema.org's `Project`, with the way that leads to it."""
    base = base.rstrip("/")
    address = f"{base}/{w.lang}/projects/{sheet['id']}/{slug(sheet['title'])}"
    place = sheet["location"]
    project: Json = {
        "@type": "Project",
        "@id": address,
        "url": address,
        "name": sheet["title"],
        "description": sheet["summary"],
        "identifier": sheet["id"],
        "keywords": [w.theme(code) for code in sheet["themes"]],
        "foundingDate": sheet["period"]["start"],
        "parentOrganization": _organisation(sheet["authority"], w, base),
        "location": {
            "@type": "Place",
            "name": place["name"],
            "geo": {"@type": "GeoCoordinates", "latitude": place["lat"], "longitude": place["lon"]},
        },
        "areaServed": [_country(code, w) for code in sheet["countries"]],
    }
    if sheet["period"].get("end"):
        project["dissolutionDate"] = sheet["period"]["end"]
    if sheet.get("budget"):
        amount = {"@type": "MonetaryAmount", "value": sheet["budget"]["total"], "currency": sheet["budget"]["currency"]}
        project["funding"] = {"@type": "Grant", "name": w.t("Total budget"), "amount": amount}
    trail = [(w.t("Projects"), f"{base}/{w.lang}/projects"), (sheet["title"], address)]
    return {"@context": "https://schema.org", "@graph": [project, _trail(trail)]}


def of_authority(authority: Json, w: Words, base: str) -> Json:
    """An authority as schema.org's `GovernmentOrganization`."""
    return {"@context": "https://schema.org", **_organisation(authority, w, base.rstrip("/"))}


def _organisation(authority: Json, w: Words, base: str) -> Json:
    found: Json = {
        "@type": "GovernmentOrganization",
        "name": authority["name"],
        "url": f"{base}/{w.lang}/authorities/{authority['ref']}/{slug(authority['name'])}",
        "address": {
            "@type": "PostalAddress",
            "addressCountry": authority["country"],
            **({"addressRegion": authority["region"]} if authority.get("region") else {}),
        },
    }
    if authority.get("website"):
        found["sameAs"] = authority["website"]
    return found


def _country(code: str, w: Words) -> Json:
    return {"@type": "Country", "name": w.country(code), "identifier": code}


def _trail(steps: list[tuple[str, str]]) -> Json:
    items = [
        {"@type": "ListItem", "position": place, "name": name, "item": address}
        for place, (name, address) in enumerate(steps, 1)
    ]
    return {"@type": "BreadcrumbList", "itemListElement": items}
