"""`python -m services.portal.assets [--out DIR] [--theme DIR] [--check]`: make the assets, where something changed."""

import argparse
import sys
from pathlib import Path

from services.portal.assets.build import OUT, THEME, BuildError, ensure, is_current


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m services.portal.assets", description=__doc__)
    parser.add_argument("--out", type=Path, default=OUT)
    parser.add_argument("--theme", type=Path, default=THEME)
    parser.add_argument("--check", action="store_true", help="build nothing; fail where something is to be built")
    options = parser.parse_args()
    if options.check:
        return 0 if is_current(options.out, options.theme) else 1
    try:
        ensure(options.out, options.theme)
    except BuildError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
