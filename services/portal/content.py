"""The help and legal pages: Markdown by language in `content/`, read once."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final

from markdown_it import MarkdownIt
from markupsafe import Markup

from services.portal.language import DEFAULT
from services.portal.settings import Settings

FOLDER: Final = Path(__file__).parent / "content"
_TARGET: Final = re.compile(r'href="(page|portal|service):([^"]*)"')
_MARKDOWN: Final = MarkdownIt("commonmark", {"html": False}).enable("table")


@dataclass(frozen=True)
class Content:
    """A page of text: its title and description in plain words, the whole of it as HTML."""

    title: str
    description: str
    html: Markup


def names() -> list[str]:
    """The pages there are."""
    return sorted(file.stem for file in (FOLDER / DEFAULT).glob("*.md"))


@cache
def _source(lang: str, name: str) -> str:
    return (FOLDER / lang / f"{name}.md").read_text(encoding="utf-8")


def content(lang: str, name: str, settings: Settings, filled: Mapping[str, str]) -> Content:
    """A page with its links led to where they go and its `{{names}}` filled in."""
    source = _source(lang, name)
    for key, value in filled.items():
        source = source.replace("{{" + key + "}}", value)
    lines = [line.strip() for line in source.splitlines()]
    title = lines[0].removeprefix("# ")
    description = next(line for line in lines[1:] if line)

    def lead(match: re.Match[str]) -> str:
        scheme, target = match.groups()
        if scheme == "service":
            service, _, path = target.partition("/")
            return f'href="{settings.link(service, f"/{path}") or f"/{lang}/pages/contact"}"'
        return f'href="/{lang}/{"pages/" if scheme == "page" else ""}{target}"'

    html = _TARGET.sub(lead, _MARKDOWN.render(source))
    return Content(title, description, Markup(html.replace("<table>", '<table class="plain-table">')))  # noqa: S704 - our own text
