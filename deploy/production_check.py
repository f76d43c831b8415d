"""Refuses to start a production with the settings of a demonstration: `python -m deploy.production_check`.

The profile `production` of docker-compose.yml runs it before anything else.
"""

import os
import sys
from collections.abc import Callable, Mapping
from email.utils import parseaddr
from typing import Final
from urllib.parse import urlsplit


def _is_real(address: str) -> bool:
    domain = parseaddr(address)[1].rpartition("@")[2].lower()
    return bool(domain) and not f".{domain}".endswith((".example.org", ".example.com", ".example.net", ".localhost"))


def _has_tls(address: str) -> bool:
    parts = urlsplit(address)
    return parts.scheme == "smtps" or "starttls=required" in parts.query.split("&")


_RULES: Final[tuple[tuple[str, str, Callable[[str], bool]], ...]] = (
    ("BOURSE_DEMONSTRATION", "must be false", lambda given: given.lower() in {"false", "0", "no", "off"}),
    ("BOURSE_PORTAL_URL", "must be an https address", lambda given: given.startswith("https://")),
    ("BOURSE_SMTP_URL", "must be your mail server's, with starttls=required or smtps", _has_tls),
    ("BOURSE_MAIL_FROM", "must be an address of yours", _is_real),
    ("BOURSE_DAECT_EMAIL", "must be the DAECT's address", _is_real),
)


def wrong(environment: Mapping[str, str]) -> list[str]:
    """What in these settings is not for a production, by variable; never what a variable holds."""
    return [f"{name} {rule}" for name, rule, holds in _RULES if not holds(environment.get(name, ""))]


def main() -> int:
    """The command; 0 where all is well."""
    found = wrong(os.environ)
    for line in found:
        sys.stderr.write(f"not a production: {line}\n")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
