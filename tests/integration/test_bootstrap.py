"""`./bourse` before the launcher: an environment of Python is made, kept, or refused in a sentence."""

import importlib.util
import sys
from importlib.machinery import SourceFileLoader
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

ROOT = Path(__file__).parent.parent.parent


@pytest.fixture
def bootstrap(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """The file `bourse` as a module, on a checkout of its own."""
    loader = SourceFileLoader("bourse_bootstrap", str(ROOT / "bourse"))
    spec = importlib.util.spec_from_loader("bourse_bootstrap", loader)
    assert spec
    module = importlib.util.module_from_spec(spec)
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    loader.exec_module(module)
    monkeypatch.setattr(module, "ROOT", str(tmp_path))
    (tmp_path / "requirements.lock").write_text("one==1 \\\n    --hash=sha256:00\n")
    (tmp_path / "requirements-dev.lock").write_text(
        "one==1 \\\n    --hash=sha256:00\nuv==0.1 \\\n    --hash=sha256:01\n    # via x\nzz==2\n"
    )
    return module


def test_an_old_python_is_told_so(bootstrap: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bootstrap.sys, "version_info", (3, 9, 2))
    monkeypatch.setenv("PATH", "")
    with pytest.raises(bootstrap.Failure, match=r"Python 3\.11 or newer is needed"):
        bootstrap.use_right_python()


def test_an_environment_is_made_again_only_when_its_lock_changed(bootstrap: Any, tmp_path: Path) -> None:
    venv = tmp_path / "venv"
    (venv / "bin").mkdir(parents=True)
    assert not bootstrap.is_installed(str(venv), "requirements.lock")
    (venv / "bin" / "python").touch()
    bootstrap.write_stamp(str(venv), "requirements.lock")
    assert bootstrap.is_installed(str(venv), "requirements.lock")
    assert not bootstrap.is_installed(str(venv), "requirements-dev.lock")
    bootstrap.write_stamp(str(venv), "requirements-dev.lock")
    assert bootstrap.is_installed(str(venv), "requirements.lock"), "the development lock holds the other"
    (tmp_path / "requirements.lock").write_text("one==2\n")
    assert not bootstrap.is_installed(str(venv), "requirements.lock")


def test_a_folder_that_is_no_environment_is_left_alone(bootstrap: Any, tmp_path: Path) -> None:
    folder = tmp_path / "precious"
    folder.mkdir()
    (folder / "thesis.txt").write_text("years of work")
    with pytest.raises(bootstrap.Failure, match="left alone"):
        bootstrap.make_venv(str(folder))
    assert (folder / "thesis.txt").exists()


def test_uv_comes_with_its_hashes(bootstrap: Any) -> None:
    assert bootstrap.uv_requirement() == "uv==0.1 \\\n    --hash=sha256:01\n    # via x\n"


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        ("ERROR: [Errno -3] Temporary failure in name resolution", "is there a network"),
        ("ERROR: Could not install packages due to an OSError: [Errno 28] No space left on device", "disk is full"),
        ("ERROR: something else", "something else"),
    ],
)
def test_a_failed_install_is_explained(bootstrap: Any, said: str, meant: str) -> None:
    with pytest.raises(bootstrap.Failure, match=meant):
        bootstrap.fail_install(said)
