"""What a page's HTML holds: parsed as the standard says, with every error that the parser met."""

import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, cast
from urllib.parse import urlencode, urljoin

import html5lib
from html5lib.constants import E as MESSAGES

_LINKS: Final = {
    "a": "href",
    "link": "href",
    "script": "src",
    "img": "src",
    "image": "href",
    "figure": "data-url",
}
_SAID: Final = ("aria-label", "title", "alt", "placeholder", "content", "data-shared")
_SILENT: Final = ("script", "style", "code")


@dataclass(frozen=True)
class Markup:
    """One page: `links` are absolute and keep their fragment; `said` is what it says in its own language."""

    lang: str | None
    title: str
    headings: int
    ids: frozenset[str]
    links: frozenset[str]
    said: frozenset[str]
    canonical: str | None
    alternates: Mapping[str, str]
    errors: Sequence[str]


def read(html: bytes, address: str) -> Markup:
    """Parse a page; its errors are those of the parser, and ids that are there twice."""
    parser: Any = html5lib.HTMLParser(namespaceHTMLElements=False)
    root: Any = parser.parse(html, transport_encoding="utf-8")
    elements: list[Any] = [element for element in root.iter() if isinstance(element.tag, str)]
    ids = Counter(str(element.get("id")) for element in elements if element.get("id") is not None)
    lang = cast("str | None", root.get("lang"))
    named: list[Any] = [element for element in elements if _tag(element) == "title" and element in [*root.find("head")]]
    alternates = {
        str(element.get("hreflang")): str(element.get("href"))
        for element in elements
        if _tag(element) == "link" and element.get("rel") == "alternate" and element.get("hreflang")
    }
    return Markup(
        lang=lang,
        title=" ".join("".join(named[0].itertext()).split()) if named else "",
        headings=sum(1 for element in elements if _tag(element) == "h1"),
        ids=frozenset(ids),
        links=frozenset(urljoin(address, link) for element in elements for link in _links(element)),
        said=frozenset(" ".join(text.split()) for text in _said(root, lang) if text.strip()),
        canonical=next((str(each.get("href")) for each in elements if each.get("rel") == "canonical"), None),
        alternates=alternates,
        errors=[
            *(f"{MESSAGES[code] % values} at {place}" for place, code, values in parser.errors),
            *(f"the id {name} is there {count} times" for name, count in ids.items() if count > 1),
        ],
    )


def _tag(element: Any) -> str:
    return str(element.tag).rpartition("}")[2]


def _links(element: Any) -> Iterator[str]:
    tag = _tag(element)
    link = element.get(_LINKS.get(tag, ""))
    if link is not None:
        yield str(link)
    if tag == "form" and element.get("method", "get").lower() == "get":
        yield f"{element.get('action', '')}?{urlencode(_filled(element))}"
    if tag == "input" and element.get("data-suggest"):
        yield f"{element.get('data-suggest')}?q=eau"
    if tag == "script" and element.get("type") == "application/ld+json":
        yield from _addresses(json.loads(element.text))


def _filled(form: Any) -> list[tuple[str, str]]:
    """What the form sends as it stands."""
    boxes = ("checkbox", "radio")
    return [
        (str(field.get("name")), str(field.get("value", "")))
        for field in form.iter("input")
        if field.get("name") and (field.get("type") not in boxes or field.get("checked") is not None)
    ]


def _addresses(data: Any) -> Iterator[str]:
    """The addresses in structured data."""
    if isinstance(data, dict):
        for name, value in cast("dict[str, Any]", data).items():
            if name in ("@id", "url", "item", "sameAs") and isinstance(value, str):
                yield value
            elif name != "@context":
                yield from _addresses(value)
    elif isinstance(data, list):
        for value in cast("list[Any]", data):
            yield from _addresses(value)


def _said(element: Any, lang: str | None) -> Iterator[str]:
    """Text and attributes in the page's own language; what is marked as another one is left out."""
    if not isinstance(element.tag, str) or element.get("lang", lang) != lang:
        return
    yield from (str(element.get(name)) for name in _SAID if element.get(name))
    yield from (str(value) for value in json.loads(element.get("data-labels") or "{}").values())
    if _tag(element) not in _SILENT:
        yield element.text or ""
        for child in element:
            yield from _said(child, lang)
    # what follows a child belongs to its parent
    for child in element:
        yield child.tail or ""
