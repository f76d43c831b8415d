"""The newest sheets of a search as an Atom feed (RFC 4287)."""

import re
import xml.etree.ElementTree as ET
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from backbone.contracts import labels

MEDIA_TYPE: Final = "application/atom+xml; charset=utf-8"
_ATOM: Final = "http://www.w3.org/2005/Atom"
_LANG: Final = "{http://www.w3.org/XML/1998/namespace}lang"
# what no XML document may hold
_FORBIDDEN: Final = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_WORDS: Final[Mapping[str, tuple[str, str]]] = {
    "fr": ("Bourse-projets : nouveaux projets", "Coopération décentralisée : projets qui cherchent un partenaire"),
    "en": ("Bourse-projets: new projects", "Decentralised cooperation: projects that look for a partner"),
    "es": ("Bourse-projets: nuevos proyectos", "Cooperación descentralizada: proyectos que buscan un socio"),
    "pt": ("Bourse-projets: novos projetos", "Cooperação descentralizada: projetos que procuram um parceiro"),
    "ar": ("بورصة المشاريع: مشاريع جديدة", "التعاون اللامركزي: مشاريع تبحث عن شريك"),
}

ET.register_namespace("", _ATOM)


@dataclass(frozen=True)
class Feed:
    """What a feed is made of: `sheets` as they were published, newest first; `updated` an RFC 3339 time.

    `query` is the query string of the search, `name` what it is called in `lang`; both are empty for all sheets.
    """

    portal: str
    lang: str
    query: str
    sheets: Sequence[Mapping[str, Any]]
    updated: str
    name: str = ""


def atom(feed: Feed) -> bytes:
    """The feed as an XML document."""
    lang, portal = feed.lang, feed.portal.rstrip("/")
    asked = f"?{feed.query}" if feed.query else ""
    title, subtitle = _WORDS[lang]
    root = ET.Element(f"{{{_ATOM}}}feed", {_LANG: lang})
    _add(root, "id", f"{portal}/{lang}/feed.atom{asked}")
    _add(root, "title", f"{title} – {feed.name}" if feed.name else title)
    _add(root, "subtitle", subtitle)
    _add(root, "updated", feed.updated)
    _link(root, rel="self", type="application/atom+xml", href=f"{portal}/{lang}/feed.atom{asked}")
    _link(root, rel="alternate", type="text/html", href=f"{portal}/{lang}/projects{asked}")
    for sheet in feed.sheets:
        _entry(root, sheet, portal, lang)
    return ET.tostring(root, encoding="utf-8", xml_declaration=True)


def _entry(root: ET.Element, sheet: Mapping[str, Any], portal: str, lang: str) -> None:
    entry = ET.SubElement(root, f"{{{_ATOM}}}entry", {_LANG: sheet["language"]})
    # the same for ever, whatever the portal's address is one day
    _add(entry, "id", f"urn:bourse-projets:project:{sheet['id']}")
    _add(entry, "title", sheet["title"])
    _add(entry, "updated", sheet["published_at"])
    _add(entry, "published", sheet["first_published_at"])
    _add(ET.SubElement(entry, f"{{{_ATOM}}}author"), "name", sheet["authority"]["name"])
    _add(entry, "summary", sheet["summary"])
    _link(entry, rel="alternate", type="text/html", href=f"{portal}/{lang}/projects/{sheet['id']}")
    named = [(code, labels.theme(code, lang)) for code in sheet["themes"]]
    named += [(code, labels.country(code, lang)) for code in sheet["countries"]]
    for code, label in named:
        # the label is in the language of the feed, not in that of the sheet around it
        ET.SubElement(entry, f"{{{_ATOM}}}category", {_LANG: lang, "term": code, "label": label})


def _add(parent: ET.Element, name: str, text: str) -> None:
    ET.SubElement(parent, f"{{{_ATOM}}}{name}").text = _FORBIDDEN.sub("\N{REPLACEMENT CHARACTER}", text)


def _link(parent: ET.Element, **attributes: str) -> None:
    ET.SubElement(parent, f"{{{_ATOM}}}link", attributes)
