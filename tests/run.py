"""`./bourse test`: the quality gates and the tests, what fails fastest first; the last line is the count.

./bourse test                          everything
./bourse test --only ruff unit         some steps
./bourse test --engines containers     engines by testcontainers (where Docker is there) instead of the embedded ones
./bourse test tests/unit -k sheet      only pytest, with these arguments
"""

import argparse
import os
import subprocess
import sys
import tempfile
import time
import xml.etree.ElementTree as ET
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parent.parent
BIN = Path(sys.executable).parent
PYTEST = "pytest"


@dataclass(frozen=True)
class Step:
    """One gate: a command that passes or fails, or a folder of tests for pytest."""

    name: str
    command: Sequence[str]

    @property
    def is_pytest(self) -> bool:
        return self.command[0] == PYTEST


STEPS = (
    Step("ruff", ("ruff", "check", ".")),
    Step("format", ("ruff", "format", "--check", ".")),
    Step("spelling", ("codespell",)),
    Step("imports", ("lint-imports",)),
    Step("dependencies", ("deptry", ".")),
    Step("types", ("pyright",)),
    Step("unit", (PYTEST, "tests/unit", "tests/contracts", "tests/docs")),
    Step("integration", (PYTEST, "tests/integration", "tests/relevance")),
    Step("browser", (PYTEST, "tests/browser")),
    Step("journeys", (PYTEST, "tests/journeys")),
)


@dataclass
class Count:
    """Checks so far; a gate is one check, a test is one check."""

    passed: int = 0
    failed: int = 0
    skipped: int = 0

    def add(self, other: "Count") -> None:
        self.passed += other.passed
        self.failed += other.failed
        self.skipped += other.skipped


def run(step: Step, extra: Sequence[str] = ()) -> Count:
    """Run one step with its output shown as it comes."""
    if step.is_pytest:
        return _run_pytest([*step.command[1:], *extra])
    code = subprocess.run([str(BIN / step.command[0]), *step.command[1:]], cwd=ROOT, check=False).returncode
    return Count(passed=int(code == 0), failed=int(code != 0))


def _run_pytest(arguments: Sequence[str]) -> Count:
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder) / "report.xml"
        command = [sys.executable, "-m", "pytest", f"--junitxml={report}", *arguments]
        code = subprocess.run(command, cwd=ROOT, check=False).returncode
        count = _read(report) if report.exists() else Count()
    if code not in (0, 1) or (code == 1 and count.failed == 0) or count.passed + count.failed + count.skipped == 0:
        count.failed += 1  # pytest itself failed, or there was nothing to run
    return count


def _read(report: Path) -> Count:
    count = Count()
    for suite in ET.parse(report).getroot().iter("testsuite"):
        wrong = int(suite.get("failures", 0)) + int(suite.get("errors", 0))
        skipped = int(suite.get("skipped", 0))
        count.add(Count(int(suite.get("tests", 0)) - wrong - skipped, wrong, skipped))
    return count


def main(arguments: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(
        prog="./bourse test", description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--only", nargs="+", choices=[step.name for step in STEPS], help="only these steps")
    parser.add_argument("--engines", choices=["embedded", "containers"], default="embedded")
    options, rest = parser.parse_known_args(arguments)
    os.environ["BOURSE_TEST_ENGINES"] = options.engines
    if rest and not options.only:
        steps: Sequence[Step] = (Step("pytest", (PYTEST, *rest)),)
        rest = []
    else:
        steps = [step for step in STEPS if not options.only or step.name in options.only]
    total, failed, skipped = Count(), list[str](), list[str]()
    for number, step in enumerate(steps, 1):
        print(f"\n── {number}/{len(steps)} {step.name} " + "─" * 60, flush=True)
        started = time.monotonic()
        count = run(step, rest)
        total.add(count)
        if count.failed:
            failed.append(step.name)
        if count.skipped:
            skipped.append(f"{count.skipped} of {step.name} (why is said above)")
        print(
            f"── {step.name}: {'failed' if count.failed else 'passed'} in {time.monotonic() - started:.0f} s",
            flush=True,
        )
    if failed:
        print(f"\nfailed: {', '.join(failed)}")
    if skipped:
        print(f"\nskipped: {', '.join(skipped)}")
    print(f"\n{total.passed} passed, {total.failed} failed", flush=True)
    return 1 if total.failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
