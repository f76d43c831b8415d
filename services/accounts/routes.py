"""HTTP of accounts: registration, confirmation, the account of the caller, the keys."""

from typing import Annotated, Any, cast

from fastapi import Depends, Header, Query, Request, Response
from pydantic import Field, ValidationInfo, field_validator
from pydantic_core import PydanticCustomError

from backbone import idempotency
from backbone.addresses import EmailAddress, email_key
from backbone.contracts.sheet import Authority, ShortLine
from backbone.contracts.vocabularies import SheetLanguage
from backbone.errors import NotFound
from backbone.http import JSON, Body, router
from backbone.throttle import Throttle, caller
from backbone.tokens import Principal, require
from services.accounts import keys, passwords, service, throttle
from services.accounts.passwords import Passwords
from services.accounts.settings import Settings

routes = router(tags=["accounts"])

Caller = Annotated[Principal, Depends(require("authority", "agent", "daect", "admin"))]
Token = Annotated[str, Field(min_length=1, max_length=200)]


class NewAuthority(Authority):
    """An authority that registers: as in a sheet, but its `ref` is given by the Bourse."""

    @field_validator("ref")
    @classmethod
    def _given_by_us(cls, value: str | None) -> str | None:
        if value is not None:
            raise PydanticCustomError("given_by_the_bourse", "is given by the Bourse: leave it out")
        return value


class NewAccount(Body):
    """A registration. `email` comes first: the password is compared with it."""

    email: EmailAddress
    password: str = Field(repr=False, description="12 to 128 characters, not the e-mail address")
    name: ShortLine
    authority: NewAuthority
    language: SheetLanguage = "fr"

    @field_validator("password")
    @classmethod
    def _acceptable(cls, value: str, info: ValidationInfo) -> str:
        fault = passwords.fault(value, info.data.get("email", ""))
        if fault:
            raise PydanticCustomError("password", "{fault}", {"fault": fault})
        return value


class Verification(Body):
    """The token of a confirmation link."""

    token: Token


class Verified(Body):
    """The state of an address."""

    email: str
    verified: bool


@routes.post("/accounts", status_code=201)
async def register(
    request: Request, body: NewAccount, idempotency_key: Annotated[str | None, Header()] = None
) -> Response:
    """Register an authority. A link to confirm the address is sent to it; where it is taken, the answer is the same."""
    state, limits = request.app.state, cast("Throttle", request.app.state.throttle)
    key = email_key(body.email)
    await limits.spend(throttle.REGISTRATIONS_OF_CALLER, "registrations of caller", caller_of(request))
    await limits.spend(throttle.REGISTRATIONS_OF_ADDRESS, "registrations of address", key)
    hashed = await cast("Passwords", state.passwords).hash(body.password)
    # without the password, whose plain digest must not be stored
    fingerprint = idempotency.fingerprint(body.model_dump_json(exclude={"password"}).encode())
    authority = Authority.model_validate(body.authority.model_dump())
    registration = service.Registration(body.email, body.name, body.language, authority, hashed)
    async with state.database.transaction() as tx:
        answer = idempotency.Answer(201, {"Location": "/me"}, "{}")
        if await idempotency.replay(tx, f"register {key}", idempotency_key, fingerprint) is None:
            await service.register(tx, registration)
            await idempotency.remember(tx, f"register {key}", idempotency_key, fingerprint, answer)
    return JSON({"email": body.email, "verified": False}, status_code=201, headers=dict(answer.headers))


@routes.get("/accounts/verify")
async def look_at_verification(request: Request, token: Annotated[Token, Query()]) -> Verified:
    """What a confirmation link stands for. It changes nothing: programs that read mail open every link."""
    state = request.app.state
    async with state.database.transaction() as tx:
        claim = await service.find_claim(tx, token, hours=_settings(request).verification_hours)
    return Verified(email=claim["email"], verified=claim["verified_at"] is not None)


@routes.post("/accounts/verify")
async def verify(request: Request, body: Verification) -> Verified:
    """Confirm the address; again is as good."""
    async with request.app.state.database.transaction() as tx:
        claim = await service.verify(tx, body.token, hours=_settings(request).verification_hours)
    return Verified(email=claim["email"], verified=True)


@routes.get("/me")
async def me(request: Request, who: Caller) -> dict[str, Any]:
    """The caller's account."""
    async with request.app.state.database.transaction() as tx:
        return await service.me(tx, who.account)


@routes.delete("/me", status_code=204)
async def delete_me(request: Request, who: Caller) -> Response:
    """Erase the caller's account. Tokens already handed out live on for at most ten minutes."""
    async with request.app.state.database.transaction() as tx:
        await service.delete(tx, who.account)
    return Response(status_code=204)


@routes.get("/demonstration")
async def demonstration(request: Request) -> list[dict[str, Any]]:
    """The accounts that can be tried, where this is a demonstration. Their one password is told by `./bourse`."""
    if not _settings(request).demonstration:
        raise NotFound
    async with request.app.state.database.transaction() as tx:
        return await service.demonstration(tx)


@routes.get("/.well-known/jwks.json")
async def jwks(request: Request) -> Response:
    """The keys that sign tokens (RFC 7517)."""
    async with request.app.state.database.transaction() as tx:
        found = await keys.key_set(tx)
    age = int(keys.PUBLISHED_BEFORE.total_seconds())
    return JSON(found, headers={"Cache-Control": f"public, max-age={age}"}, media_type="application/jwk-set+json")


def caller_of(request: Request) -> str:
    """Who called, for the rate limits."""
    peer = request.client.host if request.client else None
    return caller(peer, request.headers.get("x-forwarded-for"), _settings(request).proxies)


def _settings(request: Request) -> Settings:
    return cast("Settings", request.app.state.settings)
