"""From a context to words: the templates, where nothing typed is code or markup."""

from dataclasses import dataclass
from functools import cache
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape

from services.notifier import text
from services.notifier.emails import Context
from services.notifier.labels import WORDS, Language


@dataclass(frozen=True)
class Rendered:
    """The three files of an e-mail, filled in."""

    subject: str
    plain: str
    html: str


def _finalize(value: Any) -> Any:
    # every expression of every template comes through here, so nothing typed keeps what may not leave
    if value is None:
        raise ValueError("a template shows a value that is not there")
    return text.clean(value) if isinstance(value, str) and not hasattr(value, "__html__") else value


@cache
def _environment() -> Environment:
    # no sandbox: the templates are our own, and what was typed is never one; it would take a fifth of the time
    environment = Environment(
        loader=PackageLoader("services.notifier"),
        autoescape=select_autoescape(("html",)),
        undefined=StrictUndefined,
        finalize=_finalize,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )
    filters: dict[str, Any] = {"paragraphs": text.paragraphs, "indented": text.indented, "one_line": text.one_line}
    environment.filters.update(filters)
    return environment


def render(template: str, language: Language, context: Context) -> Rendered:
    """Fill in `templates/<language>/<template>/`. Raises where the context lacks what a template shows."""
    words = WORDS[language]
    values: Context = {**context, "lang": language, "dir": "rtl" if language == "ar" else "ltr", "words": words}

    def fill(file: str) -> str:
        return _environment().get_template(f"{language}/{template}/{file}").render(values)

    subject = text.one_line(fill("subject.txt"))
    if context["demonstration"]:
        subject = f"{subject} {words['demonstration_subject']}"
    values["subject"] = subject
    sheet: Any = context["sheet"]
    titles: Any = context.get("titles", [sheet.title] if sheet else [])
    kept = {text.clean(title) for title in titles}
    return Rendered(subject, text.wrap(fill("body.txt"), keep=kept), fill("body.html"))
