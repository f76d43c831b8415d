"""What each process is given to know: only what it needs, and nobody else's secrets."""

import json
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import quote, urlsplit, urlunsplit

from deploy.launcher import ports, secrets
from deploy.launcher.ports import SERVICES, Need, Service
from deploy.launcher.state import Folder, StackSettings

# Set by the user, these replace an embedded engine.
EXTERNAL: Final = {
    "postgres": "BOURSE_POSTGRES_URL",
    "kafka": "BOURSE_KAFKA_BOOTSTRAP",
    "search": "BOURSE_SEARCH_URL",
    "smtp": "BOURSE_SMTP_URL",
}
DEMONSTRATION_DAECT: Final = "daect@example.org"

_PLAIN: Final = (
    *("PATH", "HOME", "USER", "LANG", "LC_ALL", "LC_CTYPE", "TZ", "TMPDIR"),
    *("SSL_CERT_FILE", "SSL_CERT_DIR", "REQUESTS_CA_BUNDLE"),
    *("HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "ALL_PROXY", "http_proxy", "https_proxy", "no_proxy", "all_proxy"),
)
# where the user's packages come from, and what lets npm reach it; `${NPM_…}` stands in many an .npmrc
_NPM: Final = ("NODE_EXTRA_CA_CERTS", "NODE_USE_SYSTEM_CA", "NODE_OPTIONS")
_NPM_PREFIXES: Final = ("NPM_", "npm_")
_STORE_PREFIXES: Final = ("AWS_", "AZURE_", "GOOGLE_")  # the credentials of an object store
# Names that the launcher gives to some services only, or keeps for itself.
_MANAGED: Final = frozenset(
    {
        *EXTERNAL.values(),
        *("BOURSE_DATABASE_URL", "BOURSE_DATABASE_PASSWORDS", "BOURSE_DEPOSIT_STORE_URL", "BOURSE_PUBLIC_STORE_URL"),
        *("BOURSE_DEMONSTRATION_PASSWORD", "BOURSE_JWKS_URL", "BOURSE_SERVICE_URLS", "BOURSE_MAIL_PAGE_URL"),
        *("BOURSE_HOST", "BOURSE_PORT", "BOURSE_DAECT_EMAIL", "BOURSE_VENV", "BOURSE_SERVICE_COMMAND"),
    }
)


@dataclass(frozen=True)
class Surroundings:
    """A stack and the user's environment, from which the environment of each process is made."""

    folder: Folder
    settings: StackSettings
    user: Mapping[str, str] = field(default_factory=lambda: dict(os.environ))

    def port(self, offset: int) -> int:
        return self.settings.base_port + offset

    def url(self, offset: int) -> str:
        return ports.url(self.settings.base_port, offset)

    def external(self, engine: str) -> str | None:
        """The address of the user's own engine, which is then used instead of the embedded one."""
        return self.user.get(EXTERNAL[engine]) or None

    @property
    def is_demonstration(self) -> bool:
        return (self.user.get("BOURSE_DEMONSTRATION") or "true").lower() not in ("false", "0", "no", "off")

    @property
    def postgres_admin_url(self) -> str:
        password = secrets.postgres_admin_password(self.folder.secrets)
        address = f"{ports.HOST}:{self.port(ports.POSTGRES_OFFSET)}"
        return self.external("postgres") or f"postgresql://postgres:{password}@{address}/postgres"

    @property
    def kafka_bootstrap(self) -> str:
        return self.external("kafka") or f"{ports.HOST}:{self.port(ports.KAFKA_OFFSET)}"

    @property
    def search_url(self) -> str:
        return self.external("search") or f"http://{ports.HOST}:{self.settings.search_port}"

    @property
    def smtp_url(self) -> str:
        return self.external("smtp") or f"smtp://{ports.HOST}:{self.port(ports.SMTP_OFFSET)}"

    @property
    def mail_page_url(self) -> str | None:
        return None if self.external("smtp") else self.url(ports.MAIL_PAGE_OFFSET)

    def database_passwords(self) -> dict[str, str]:
        with_database = (service.name for service in SERVICES if service.has_database)
        return {name: secrets.database_password(self.folder.secrets, name) for name in with_database}

    def database_url(self, service: str) -> str:
        """The service's own role and database on the server of the administrator's URL, its options kept."""
        parts = urlsplit(self.postgres_admin_url)
        role = f"bourse_{service}"
        password = quote(secrets.database_password(self.folder.secrets, service), safe="")
        server = parts.netloc.rpartition("@")[2]
        return urlunsplit(("postgresql", f"{role}:{password}@{server}", f"/{role}", parts.query, ""))

    def store_url(self, variable: str, room: str) -> str:
        return self.user.get(variable) or (self.folder.documents / room).as_uri()


def plain(surroundings: Surroundings) -> dict[str, str]:
    """What any process may know: where programs and certificates are, language, proxies."""
    kept = {name: surroundings.user[name] for name in _PLAIN if name in surroundings.user}
    return kept | {"PYTHONUNBUFFERED": "1", "MALLOC_ARENA_MAX": "2"}


def python(surroundings: Surroundings) -> dict[str, str]:
    """For a Python process of this checkout."""
    return plain(surroundings) | {"PYTHONPATH": surroundings.user.get("PYTHONPATH", "")}


def of_npm(surroundings: Surroundings) -> dict[str, str]:
    """For the build of the portal's assets, which downloads packages as the user's own npm would."""
    of_user = {
        name: value for name, value in surroundings.user.items() if name in _NPM or name.startswith(_NPM_PREFIXES)
    }
    return python(surroundings) | of_user


def of_service(service: Service, surroundings: Surroundings) -> dict[str, str]:
    """The whole environment of a service's process."""
    given = python(surroundings) | _settings_of_user(service, surroundings)
    given |= {
        "BOURSE_HOST": ports.HOST,
        "BOURSE_PORT": str(surroundings.port(service.offset)),
        "BOURSE_PORTAL_URL": surroundings.user.get("BOURSE_PORTAL_URL") or surroundings.url(0),
        "BOURSE_DEMONSTRATION": str(surroundings.is_demonstration).lower(),
    }
    for need in sorted(service.needs):
        given |= _GIVEN[need](service, surroundings)
    return given


def _settings_of_user(service: Service, surroundings: Surroundings) -> dict[str, str]:
    """`BOURSE_*` and `OTEL_*` that the user set, without what belongs to another service (`BOURSE_<SERVICE>_*`)."""
    others = tuple(f"BOURSE_{other.name.upper()}_" for other in SERVICES if other is not service)
    return {
        name: value
        for name, value in surroundings.user.items()
        if name.startswith(("BOURSE_", "OTEL_")) and name not in _MANAGED and not name.startswith(others)
    }


def _store_credentials(surroundings: Surroundings) -> dict[str, str]:
    return {name: value for name, value in surroundings.user.items() if name.startswith(_STORE_PREFIXES)}


def _directory(_: Service, surroundings: Surroundings) -> dict[str, str]:
    addresses = {service.name: surroundings.url(service.offset) for service in SERVICES}
    given = {"BOURSE_SERVICE_URLS": json.dumps(addresses)}
    if surroundings.mail_page_url:
        given["BOURSE_MAIL_PAGE_URL"] = surroundings.mail_page_url
    return given


def _demonstration_password(surroundings: Surroundings) -> dict[str, str]:
    if not surroundings.is_demonstration:
        return {}
    return {"BOURSE_DEMONSTRATION_PASSWORD": secrets.demonstration_password(surroundings.folder.secrets)}


def _store(variable: str, room: str) -> Callable[[Service, Surroundings], dict[str, str]]:
    return lambda _, s: {variable: s.store_url(variable, room)} | _store_credentials(s)


_ACCOUNTS_OFFSET: Final = next(service.offset for service in SERVICES if service.name == "accounts")
_GIVEN: Final[dict[Need, Callable[[Service, Surroundings], dict[str, str]]]] = {
    Need.DATABASE: lambda service, s: {"BOURSE_DATABASE_URL": s.database_url(service.name)},
    Need.KAFKA: lambda _, s: {"BOURSE_KAFKA_BOOTSTRAP": s.kafka_bootstrap},
    Need.SEARCH: lambda _, s: {"BOURSE_SEARCH_URL": s.search_url},
    Need.SMTP: lambda _, s: {"BOURSE_SMTP_URL": s.smtp_url},
    Need.TOKENS: lambda _, s: {"BOURSE_JWKS_URL": s.url(_ACCOUNTS_OFFSET) + "/.well-known/jwks.json"},
    Need.DEPOSITS: _store("BOURSE_DEPOSIT_STORE_URL", "deposits"),
    Need.PUBLIC_DOCUMENTS: _store("BOURSE_PUBLIC_STORE_URL", "public"),
    Need.DAECT_EMAIL: lambda _, s: {"BOURSE_DAECT_EMAIL": s.user.get("BOURSE_DAECT_EMAIL") or DEMONSTRATION_DAECT},
    Need.DEMONSTRATION_PASSWORD: lambda _, s: _demonstration_password(s),
    Need.DIRECTORY: _directory,
}


def without_password(address: str) -> str:
    """An address as it may be shown."""
    parts = urlsplit(address)
    if not parts.password:
        return address
    return urlunsplit(parts._replace(netloc=f"{parts.username}@{parts.netloc.rpartition('@')[2]}"))
