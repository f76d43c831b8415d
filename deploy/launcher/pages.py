"""What the portal's pages are built with: made before the portal starts, where something is new."""

import subprocess
import sys
from pathlib import Path
from typing import Final

from deploy.launcher import environment
from deploy.launcher.environment import Surroundings
from deploy.launcher.errors import LauncherError
from deploy.launcher.progress import console
from deploy.launcher.state import ROOT

_PACKAGES_MB: Final = 22  # what npm downloads
_BUILD: Final = "services.portal.assets"  # a process: the launcher imports no service
_OPTIONS: Final = {"BOURSE_ASSETS": "--out", "BOURSE_THEME": "--theme"}  # settings of the portal
_OUT: Final = "services/portal/dist"


def prepare(stack: Surroundings) -> None:
    """Build the portal's assets where what they are made of has changed; a line on the screen tells of it.

    Raises:
        LauncherError: they cannot be had.
    """
    if _build(stack, "--check").returncode == 0:
        return
    out = Path(ROOT, stack.user.get("BOURSE_ASSETS") or _OUT)
    is_downloaded = (out.with_name(f"{out.name}-npm") / "stamp").exists()
    download = "" if is_downloaded else f" ({_PACKAGES_MB} MB; the first start only)"
    console.print(f"Preparing the portal's pages{download} ...")
    done = _build(stack)
    if done.returncode:
        said = (done.stderr + done.stdout).strip()
        raise LauncherError(said or f"The portal's pages could not be prepared (exit code {done.returncode}).")


def _build(stack: Surroundings, *arguments: str) -> "subprocess.CompletedProcess[str]":
    places = [f"{option}={stack.user[name]}" for name, option in _OPTIONS.items() if stack.user.get(name)]
    return subprocess.run(
        [sys.executable, "-P", "-m", _BUILD, *arguments, *places],
        env=environment.of_npm(stack),
        cwd=ROOT,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
