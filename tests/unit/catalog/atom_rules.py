"""What any Atom feed must be, and what people may type to break one."""

import re
import xml.etree.ElementTree as ET
from typing import Final
from urllib.parse import urlsplit

from backbone.contracts.vocabularies import LANGUAGES

ATOM: Final = "{http://www.w3.org/2005/Atom}"
LANG: Final = "{http://www.w3.org/XML/1998/namespace}lang"
RFC3339: Final = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)")
HOSTILE: Final = (
    "]]> &amp; <b>gras</b> & \"guillemets\" 'et' <![CDATA[x]]> <!-- --> <?xml ?>",
    "</title></entry></feed>",
    "&xxe; <!DOCTYPE x [<!ENTITY xxe SYSTEM 'file:///etc/passwd'>]>",
    "avant\x00\x01\x08\x0b\x0c\x1f\ufffe\uffffaprès",
    "déjà \u202eécrit à l’envers\u202c \u2066isolé\u2069",
    "\N{EARTH GLOBE EUROPE-AFRICA}" * 120,
    "مشروع \u200fالماء والصرف الصحي",
    "\u0301\u0301accents sans lettre, \u200b\u2028\u2029\x85 blancs",
)


def check(root: ET.Element, portal: str) -> None:
    """What RFC 4287 requires (sections 4.1.1, 4.1.2, 4.2) of every feed and every entry."""
    assert root.tag == f"{ATOM}feed"
    entries = root.findall(f"{ATOM}entry")
    for parent in (root, *entries):
        for name in ("id", "title", "updated"):
            assert len(parent.findall(f"{ATOM}{name}")) == 1, name
        # an absolute IRI
        assert urlsplit(parent.findtext(f"{ATOM}id", "")).scheme in ("http", "https", "urn")
        assert RFC3339.fullmatch(parent.findtext(f"{ATOM}updated", ""))
        for link in parent.findall(f"{ATOM}link"):
            assert link.attrib["href"].startswith(portal)
            assert "/" in link.attrib["type"]
        assert parent.attrib[LANG] in LANGUAGES
        assert all(len(list(child)) == 0 for child in parent if child.tag not in (f"{ATOM}entry", f"{ATOM}author"))
    assert [link.attrib["rel"] for link in root.findall(f"{ATOM}link")] == ["self", "alternate"]
    # so that no feed needs an author: every entry has one, with a name
    for entry in entries:
        assert len(entry.findall(f"{ATOM}author/{ATOM}name")) == 1
        assert len(entry.findall(f"{ATOM}summary")) == 1
        assert [link.attrib["rel"] for link in entry.findall(f"{ATOM}link")] == ["alternate"]
        assert RFC3339.fullmatch(entry.findtext(f"{ATOM}published", ""))
        assert all(category.attrib["term"] for category in entry.findall(f"{ATOM}category"))
    ids = [entry.findtext(f"{ATOM}id") for entry in entries]
    assert len(ids) == len(set(ids))
    known = {"feed", "entry", "id", "title", "subtitle", "updated", "published", "author", "name", "summary", "link"}
    assert {element.tag.removeprefix(ATOM) for element in root.iter()} <= {*known, "category"}


def as_xml_has_it(text: str) -> str:
    """A text without what XML forbids (section 2.2), its line ends as a parser gives them (section 2.11)."""
    allowed = "".join(
        c if c in "\t\n\r" or "\x20" <= c <= "\ud7ff" or "\ue000" <= c <= "\ufffd" or c > "\uffff" else "\ufffd"
        for c in text
    )
    return allowed.replace("\r\n", "\n").replace("\r", "\n")
