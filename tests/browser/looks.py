"""axe, and what can be computed where it does not decide: each answers what is wrong, nothing where all is well."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final, cast

from playwright.async_api import CDPSession, Page

AXE: Final = Path(__file__).parents[2] / "services" / "portal" / "dist" / "test" / "axe.min.js"
RULES: Final = ("wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice")
SMALLEST: Final = 24  # CSS pixels of a target, WCAG 2.2 (2.5.8)
CONTRAST: Final = 4.5
FOCUSABLE: Final = (
    "a[href], button, input:not([type=hidden]), select, textarea, summary, [tabindex]:not([tabindex='-1'])"
)

_AXE_RUN: Final = """
axe.run({runOnly: {type: "tag", values: %s}, resultTypes: ["violations"]}).then(({violations}) =>
  violations.flatMap(({id, nodes}) => nodes.map(({target}) => `${id}: ${target.join(" ")}`)))
"""
_NAME: Final = """
const name = (el) => el.tagName.toLowerCase() + (el.id ? "#" + el.id : "") +
  [...el.classList].map((part) => "." + part).join("");
"""
_OVERFLOW: Final = """
() => {
  %s
  const width = innerWidth;
  if (document.documentElement.scrollWidth <= width) return [];
  const clipped = (el) => {
    for (let up = el.parentElement; up && up !== document.body; up = up.parentElement)
      if (getComputedStyle(up).overflowX !== "visible") return true;
    return false;
  };
  const out = [...document.body.querySelectorAll("*")].filter((el) => {
    const {left, right} = el.getBoundingClientRect();
    return (right > width + 1 || left < -1) && !clipped(el);
  });
  return [`${document.documentElement.scrollWidth} px wide at ${width} px: ${out.map(name).slice(0, 6).join(", ")}`];
}
"""
_BUBBLES: Final = """
(smallest) => [...document.querySelectorAll(".world .bubble")].flatMap((bubble) => {
  const {width} = bubble.querySelector("circle").getBoundingClientRect();
  return width === 0 || width >= smallest ? [] : [`${bubble.getAttribute("aria-label")}: ${width.toFixed(1)} px`];
})
"""
# the text of a figure stands on the shape before it
_SVG_CONTRAST: Final = """
(least) => {
  const canvas = document.createElement("canvas").getContext("2d", {willReadFrequently: true});
  const light = (colour) => {
    canvas.clearRect(0, 0, 1, 1);
    canvas.fillStyle = colour;
    canvas.fillRect(0, 0, 1, 1);
    const [r, g, b] = [...canvas.getImageData(0, 0, 1, 1).data].map((value) => {
      const part = value / 255;
      return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
    });
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  return [...document.querySelectorAll("svg text")].flatMap((text) => {
    const [one, other] = [text, text.previousElementSibling].map((el) => light(getComputedStyle(el).fill));
    const ratio = (Math.max(one, other) + 0.05) / (Math.min(one, other) + 0.05);
    return ratio >= least ? [] : [`${text.textContent}: ${ratio.toFixed(2)}`];
  });
}
"""
_FOCUS: Final = """
(focusable) => {
  %s
  const drawn = (el) => [el, ...(el.namespaceURI.endsWith("svg") ? el.querySelectorAll("*") : [])].map((each) => {
    const s = getComputedStyle(each);
    const outline = s.outlineStyle === "none" || parseFloat(s.outlineWidth) === 0
      ? "none" : s.outlineStyle + s.outlineWidth + s.outlineColor;
    return [outline, s.boxShadow, each.namespaceURI.endsWith("svg") ? s.stroke + s.strokeWidth : ""].join(" ");
  }).join("; ");
  const wrong = [];
  let reached = 0;
  for (const el of document.querySelectorAll(focusable)) {
    document.activeElement?.blur();
    const before = drawn(el);
    el.focus();
    if (document.activeElement !== el) continue; // folded away
    reached += 1;
    if (drawn(el) === before) wrong.push(name(el) + ": " + (el.textContent || "").trim().slice(0, 30));
  }
  return {wrong, reached};
}
"""
_MOTION: Final = """
() => {
  %s
  const moves = (list) => list.split(",").some((part) => parseFloat(part) > 0);
  return [...document.querySelectorAll("*")].filter((el) => {
    const s = getComputedStyle(el);
    return moves(s.transitionDuration) || (s.animationName !== "none" && moves(s.animationDuration)) ||
      s.scrollBehavior === "smooth";
  }).map(name);
}
"""


class Looker:
    """Asks a page through the DevTools protocol, so that its policy stays on."""

    def __init__(self, page: Page, session: CDPSession) -> None:
        self._page = page
        self._session = session

    @classmethod
    async def of(cls, page: Page) -> "Looker":
        return cls(page, await page.context.new_cdp_session(page))

    async def axe(self) -> list[str]:
        """Rule and element of each violation."""
        await self._run(AXE.read_text(encoding="utf-8"))
        return await self._run(_AXE_RUN % list(RULES))

    async def _run(self, script: str) -> Any:
        asked = {"expression": script, "awaitPromise": True, "returnByValue": True}
        answer = cast("dict[str, Any]", await self._session.send("Runtime.evaluate", asked))
        if "exceptionDetails" in answer:
            raise RuntimeError(answer["exceptionDetails"]["exception"].get("description", answer))
        return answer["result"].get("value")

    async def overflow(self) -> list[str]:
        """What makes the page scroll sideways."""
        return await self._page.evaluate(_OVERFLOW % _NAME)

    async def small_bubbles(self) -> list[str]:
        return await self._page.evaluate(_BUBBLES, SMALLEST)

    async def faint_figures(self) -> list[str]:
        """Text in SVG of too little contrast."""
        return await self._page.evaluate(_SVG_CONTRAST, CONTRAST)

    async def unseen_focus(self) -> tuple[Sequence[str], int]:
        """What does not show that it has the focus, and how many elements took it; asked after a key was pressed."""
        await self._page.keyboard.press("Tab")
        found = await self._page.evaluate(_FOCUS % _NAME, FOCUSABLE)
        return found["wrong"], found["reached"]

    async def moving(self) -> list[str]:
        """What has a transition, an animation or smooth scrolling."""
        return await self._page.evaluate(_MOTION % _NAME)
