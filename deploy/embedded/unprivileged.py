"""Running PostgreSQL where the launcher runs as root, without opening any folder of the user to others."""

import os
import pwd
import shutil
import stat
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from deploy.embedded.engine import EngineError

_USERS: Final = ("postgres", "nobody")  # the first that the system has
_DAC_READ_SEARCH: Final = 2


@dataclass(frozen=True)
class Actor:
    """Who runs a process: as `user` (uid, gid), or through the command `prefix` that becomes that user."""

    owner: tuple[int, int] | None
    prefix: Sequence[str] = ()

    @property
    def user(self) -> tuple[int, int] | None:
        return None if self.prefix else self.owner

    @property
    def arguments(self) -> dict[str, Any]:
        """For `subprocess` and `asyncio.create_subprocess_exec`."""
        return user_arguments(self.user)

    def own(self, path: Path) -> None:
        if self.owner:
            os.chown(path, *self.owner)


def user_arguments(user: tuple[int, int] | None) -> dict[str, Any]:
    if user is None:
        return {}
    return {"user": user[0], "group": user[1], "extra_groups": []}


def actor(folder: Path, program: Path) -> Actor:
    """Who is to run `program` on `folder`: the caller, or under root an unprivileged user that then owns the folder.

    Raises:
        EngineError: that user could not reach the folder or the program.
    """
    if os.geteuid() != 0:
        return Actor(None)
    owner = _owner(folder)
    os.chown(folder, *owner)
    if _reachable_by_others(folder.parent) and _reachable_by_others(program):
        return Actor(owner)
    prefix = _with_passage(owner, program)
    if subprocess.run([*prefix, "test", "-x", str(program)], capture_output=True, check=False).returncode:
        raise EngineError(
            f"PostgreSQL must not run as root, and an ordinary user cannot reach {folder} or {program}. "
            "Run ./bourse as an ordinary user, or open the folders above them to others (chmod o+x)."
        )
    return Actor(owner, prefix)


def _owner(folder: Path) -> tuple[int, int]:
    """The user who owns the folder already, if it is not root: a system user that appears later changes nothing."""
    status = folder.stat()
    if status.st_uid != 0:
        return status.st_uid, status.st_gid
    for name in _USERS:
        try:
            user = pwd.getpwnam(name)
        except KeyError:
            continue
        return user.pw_uid, user.pw_gid
    raise EngineError("PostgreSQL must not run as root, and this system has no user for it. Run ./bourse as a user.")


def _reachable_by_others(path: Path) -> bool:
    passage = stat.S_IXOTH
    return all(place.stat().st_mode & passage for place in (path, *path.parents))


def _with_passage(owner: tuple[int, int], program: Path) -> list[str]:
    """A command that becomes the user, keeping of root's powers that of passing through folders closed to others.

    A checkout or a data folder below `/root` or a private temporary folder needs it; the alternative would be to
    change the permissions of folders that are not ours.
    """
    setpriv = shutil.which("setpriv")
    if setpriv is None:
        raise EngineError(
            "PostgreSQL must not run as root, and an ordinary user could not reach its files here. "
            "Run ./bourse as an ordinary user."
        )
    # The lesser power is enough, unless the program was installed for root alone or a container withholds it.
    lesser = _may_hand_on(_DAC_READ_SEARCH) and program.stat().st_mode & stat.S_IXOTH
    capability = "dac_read_search" if lesser else "dac_override"
    return [
        *(setpriv, f"--reuid={owner[0]}", f"--regid={owner[1]}", "--clear-groups"),
        "--securebits=+no_setuid_fixup",  # else access(2), which PostgreSQL finds its programs with, ignores the power
        *(f"--inh-caps=-all,+{capability}", f"--ambient-caps=-all,+{capability}", "--"),
    ]


def _may_hand_on(bit: int) -> bool:
    """Whether the kernel lets this process give the capability to another (capabilities(7) numbers them)."""
    status = Path("/proc/self/status").read_text()
    bounding = next(line for line in status.splitlines() if line.startswith("CapBnd:"))
    return bool(int(bounding.split()[1], 16) >> bit & 1)
