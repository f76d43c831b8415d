"""The import contracts hold, and each is shown to fail on a planted violation."""

import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent.parent
PACKAGES = ("backbone", "services", "deploy")

# contract → the file to plant in and the import that breaks it
VIOLATIONS = {
    "Services know nothing of each other": ("services/catalog/handlers.py", "import services.search.app"),
    "Services stand on the backbone, which knows none of them": ("backbone/paging.py", "import services.search.app"),
    "The launcher starts services, it imports none": ("deploy/provision.py", "import services.search.settings"),
    "Inside a service: app over routes and handlers over rules over SQL": (
        "services/submission/repository.py",
        "import services.submission.routes",
    ),
    "Engines' clients stay in the rooms meant for them": ("services/moderation/routes.py", "import asyncpg"),
    "The contracts are free of frameworks": ("backbone/contracts/sheet.py", "import fastapi"),
}


@pytest.fixture
def planted(tmp_path: Path) -> Callable[[str, str], Path]:
    """A copy of the code with one import added to one file."""

    def plant(file: str, line: str) -> Path:
        for package in PACKAGES:
            shutil.copytree(ROOT / package, tmp_path / package, ignore=shutil.ignore_patterns("__pycache__"))
        shutil.copy(ROOT / "pyproject.toml", tmp_path)
        with (tmp_path / file).open("a") as source:
            source.write(f"\n{line}\n")
        return tmp_path

    return plant


@pytest.mark.parametrize("contract", VIOLATIONS)
def test_a_planted_violation_breaks_the_contract(contract: str, planted: Callable[[str, str], Path]) -> None:
    folder = planted(*VIOLATIONS[contract])
    linter = Path(sys.executable).parent / "lint-imports"
    done = subprocess.run([str(linter), "--no-cache"], cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == 1, done.stdout + done.stderr
    assert f"{contract} BROKEN" in " ".join(done.stdout.split())
