"""Text for e-mails: what must never leave, what goes on one line, how plain text is wrapped."""

import re
import textwrap
from collections.abc import Collection
from typing import Final

WIDTH: Final = 72

# they reorder what stands after them, on a line that is not theirs; the marks that Arabic needs (LRM, RLM, ALM) stay
_REORDERING = re.compile("[\u202a-\u202e\u2066-\u2069]")
_BREAKS = re.compile("\r\n|[\r\x0b\x0c\x85\u2028\u2029]")
_CONTROLS = re.compile("[\x00-\x08\x0e-\x1f\x7f-\x9f\ud800-\udfff]")
_UNWANTED = re.compile("|".join(pattern.pattern for pattern in (_REORDERING, _BREAKS, _CONTROLS)))
_INDENT = re.compile(r"^ *(?:- )?")


def clean(text: str) -> str:
    """Without controls or bidirectional overrides, its line breaks all `\\n`."""
    if text.isprintable() or not _UNWANTED.search(text):
        return text
    return _REORDERING.sub("", _CONTROLS.sub("", _BREAKS.sub("\n", text)))


def one_line(text: str) -> str:
    """Clean, on one line: what a header or a subject may hold."""
    return re.sub(r"\s*\n\s*", " ", clean(text).replace("\t", " ")).strip()


def paragraphs(text: str) -> list[list[str]]:
    """Paragraphs (parted by empty lines), each as its lines."""
    return [part.strip().split("\n") for part in re.split(r"\n[ \t]*\n\s*", clean(text).strip())]


def indented(text: str, margin: str = "  ") -> str:
    """Every line behind the same margin, so that nothing typed looks like the letter around it."""
    return "\n".join((margin + line.strip()).rstrip() for line in clean(text).strip().split("\n"))


def wrap(body: str, keep: Collection[str] = ()) -> str:
    """Lines of at most `WIDTH` columns, indentation kept; those in `keep` and words that are longer stay whole."""
    lines = [line if line == "-- " else line.rstrip() for line in body.strip("\n").split("\n")]  # a signature's mark
    wrapped = (line if line.strip() in keep else _wrap_line(line) for line in lines)
    return re.sub(r"\n{3,}", "\n\n", "\n".join(wrapped)) + "\n"


def _wrap_line(line: str) -> str:
    if len(line) <= WIDTH:
        return line
    indent = re.match(_INDENT, line)
    margin = " " * len(indent[0]) if indent else ""
    return textwrap.fill(
        line, WIDTH, subsequent_indent=margin, break_long_words=False, break_on_hyphens=False, expand_tabs=False
    )
