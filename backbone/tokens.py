"""Who calls: the tokens that `accounts` signs, checked with the keys that it publishes."""

import asyncio
import time
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from typing import Any, Final, Literal, cast, get_args

import httpx
import structlog
from fastapi import Request
from joserfc import jws, jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet
from opentelemetry import trace

from backbone.contracts.sheet import Authority
from backbone.errors import Forbidden, Unauthorized, Unavailable

log = structlog.get_logger()

ISSUER: Final = "bourse-projets"
AUDIENCE: Final = "bourse"
ALGORITHM: Final = "ES256"
# an authority’s record rides in the token: 2,000 characters of any script, and the limit counts them as base64 too
MAX_PAYLOAD: Final = 96_000

Role = Literal["authority", "agent", "daect", "admin"]


@dataclass(frozen=True)
class Principal:
    """Who calls. `authority` is the own record of a member of an authority; `post` and `countries` are an agent's."""

    account: str
    role: Role
    email: str
    name: str
    language: str = "fr"
    authority: Authority | None = None
    post: str | None = None
    countries: tuple[str, ...] = ()
    demonstration: bool = False


def registry() -> jws.JWSRegistry:
    """What is accepted of a token: one algorithm, payloads that hold an authority's record."""
    accepted = jws.JWSRegistry(algorithms=[ALGORITHM])
    accepted.max_payload_length = MAX_PAYLOAD
    return accepted


def principal_of(claims: dict[str, Any]) -> Principal:
    """The caller that these claims describe."""
    authority = claims.get("authority")
    role = claims["role"]
    if role not in get_args(Role):
        raise ValueError(f"unknown role {role!r}")
    return Principal(
        account=claims["sub"],
        role=role,
        email=claims["email"],
        name=claims["name"],
        language=claims.get("lang", "fr"),
        authority=Authority.model_validate(authority, extra="ignore") if authority else None,
        post=claims.get("post"),
        countries=tuple(claims.get("countries", ())),
        demonstration=bool(claims.get("demo", False)),
    )


class TokenVerifier:
    """Checks tokens with the published keys, fetched when needed and again when an unknown key signs."""

    def __init__(self, jwks_url: str) -> None:
        self._url = jwks_url
        self._keys: KeySet | None = None
        self._fetched = 0.0
        self._lock = asyncio.Lock()
        self._registry = registry()
        self._claims = jwt.JWTClaimsRegistry(
            iss={"essential": True, "value": ISSUER},
            aud={"essential": True, "value": AUDIENCE},
            exp={"essential": True},
        )
        self._known: dict[str, tuple[float, Principal]] = {}

    @property
    def name(self) -> str:
        return "tokens"

    async def start(self) -> None:
        await self._fetch()

    async def stop(self) -> None:
        self._known.clear()

    async def check(self) -> str | None:
        return None if self._keys is not None else "no keys yet"

    async def principal(self, token: str) -> Principal:
        """The caller that a token names. Raises `Unauthorized`, or `Unavailable` while no key could be fetched."""
        known = self._known.get(token)
        if known is not None and known[0] > time.time():
            return known[1]
        keys = self._keys or await self._fetch()
        try:
            decoded = jwt.decode(token, keys, algorithms=[ALGORITHM], registry=self._registry)
        except (JoseError, ValueError) as error:
            if time.monotonic() - self._fetched < 5:
                raise Unauthorized("the token is not valid", headers=_challenge()) from error
            return await self._with_new_keys(token)
        return self._accept(token, decoded.claims)

    async def _with_new_keys(self, token: str) -> Principal:
        keys = await self._fetch()
        try:
            decoded = jwt.decode(token, keys, algorithms=[ALGORITHM], registry=self._registry)
        except (JoseError, ValueError) as error:
            raise Unauthorized("the token is not valid", headers=_challenge()) from error
        return self._accept(token, decoded.claims)

    def _accept(self, token: str, claims: dict[str, Any]) -> Principal:
        try:
            self._claims.validate(claims)
            principal = principal_of(claims)
        except (JoseError, ValueError, KeyError) as error:
            raise Unauthorized("the token is expired or not for this service", headers=_challenge()) from error
        if len(self._known) > 5_000:
            self._known.clear()
        self._known[token] = (float(claims["exp"]), principal)
        return principal

    async def _fetch(self) -> KeySet:
        async with self._lock:
            if self._keys is not None and time.monotonic() - self._fetched < 5:
                return self._keys
            try:
                async with httpx.AsyncClient(timeout=3) as client:
                    answer = await client.get(self._url)
                    answer.raise_for_status()
                self._keys = KeySet.import_key_set(answer.json())
            except (httpx.HTTPError, ValueError, JoseError) as error:
                raise Unavailable("the keys that sign tokens cannot be had") from error
            self._fetched = time.monotonic()
            self._known.clear()  # what a key signed that is no longer published is not believed again
            return self._keys


def _challenge() -> dict[str, str]:
    return {"WWW-Authenticate": "Bearer"}


async def optional(request: Request) -> Principal | None:
    """The caller, None for the public. A token that is there must be valid."""
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    if not scheme:
        return None
    if scheme.lower() != "bearer" or not token:
        raise Unauthorized("the Authorization header must be `Bearer` and a token", headers=_challenge())
    verifier = cast("TokenVerifier", request.app.state.tokens)
    caller = await verifier.principal(token.strip())
    trace.get_current_span().set_attribute("bourse.role", caller.role)
    return caller


def require(*roles: Role) -> Callable[[Request], Coroutine[Any, Any, Principal]]:
    """A dependency: the caller, who must have one of these roles. 401 without a token, 403 with another role."""

    async def caller_of(request: Request) -> Principal:
        caller = await optional(request)
        if caller is None:
            raise Unauthorized("a token is needed", headers=_challenge())
        if caller.role not in roles:
            raise Forbidden(f"only for the roles {', '.join(roles)}")
        return caller

    return caller_of
