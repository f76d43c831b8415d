"""Passwords made at the first start, each in its own file that only its owner reads."""

import os
import secrets
from pathlib import Path

_READABLE = "abcdefghjkmnpqrstuvwxyz23456789"  # no 0/o, 1/l/i: this one is typed by people
DEMONSTRATION = "demonstration-password"
POSTGRES_ADMIN = "postgres-admin"


def demonstration_password(folder: Path) -> str:
    """The one password of all demonstration accounts, about 79 bits."""
    return _kept(folder / DEMONSTRATION, "-".join(_letters(4) for _ in range(4)))


def postgres_admin_password(folder: Path) -> str:
    return _kept(folder / POSTGRES_ADMIN, secrets.token_urlsafe(24))


def database_password(folder: Path, service: str) -> str:
    return _kept(folder / f"postgres-{service}", secrets.token_urlsafe(24))


def _letters(count: int) -> str:
    return "".join(secrets.choice(_READABLE) for _ in range(count))


def _kept(path: Path, fresh: str) -> str:
    """The secret in the file, which is made with `fresh` if there is none."""
    try:
        return path.read_text().strip()
    except FileNotFoundError:
        pass  # the first start: made below
    new = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    descriptor = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w") as stream:
        stream.write(fresh + "\n")
        stream.flush()
        os.fsync(stream.fileno())
    try:
        os.link(new, path)  # unlike a rename, it leaves alone what another start has made meanwhile
    except FileExistsError:
        return path.read_text().strip()
    finally:
        new.unlink()
    return fresh
