"""Pictures of every page type of a running stack.

python -m tests.browser.screenshots --data DIR --out FOLDER [--langs fr ar] [--only home search]
"""

import argparse
import asyncio
from collections.abc import Sequence
from pathlib import Path

from services.portal.language import LANGUAGES
from tests.browser.chromium import Watch, chromium, executable, new_context, open_page
from tests.browser.pages import page_types, portal_of
from tests.browser.survey import take
from tests.journeys.conftest import Stack


async def shoot(stack: Stack, out: Path, langs: Sequence[str], only: Sequence[str]) -> int:
    """Write the pictures; how many pages there were."""
    path = executable()
    if path is None:
        raise SystemExit("Chromium is not installed (Debian: apt-get install chromium)")
    types = [kind for kind in page_types(stack) if not only or kind.name in only]
    async with chromium(path) as browser:
        context = await new_context(browser)
        for kind in types:
            for lang in langs:
                page = await context.new_page()
                await open_page(page, Watch(page, portal_of(stack)), portal_of(stack) + kind.at(lang), kind.status)
                await take(page, kind, lang, out)
                await page.close()
    return len(types) * len(langs)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="the folder of a running stack")
    parser.add_argument("--out", type=Path, required=True, help="where the pictures go")
    parser.add_argument("--langs", nargs="+", choices=LANGUAGES, default=["fr", "ar"])
    parser.add_argument("--only", nargs="+", default=[], help="names of page types")
    options = parser.parse_args()
    stack = Stack(options.data.resolve(), 0)
    stack.learn()
    options.out.mkdir(parents=True, exist_ok=True)
    count = asyncio.run(shoot(stack, options.out, options.langs, options.only))
    print(f"{count} pages, pictures in {options.out}")


if __name__ == "__main__":
    main()
