"""Tokens as accounts signs them, for the tests of services that check them."""

import time
from typing import Any

from joserfc import jwt
from joserfc.jwk import ECKey
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route
from starlette.types import ASGIApp

from backbone.tokens import ALGORITHM, AUDIENCE, ISSUER
from tests import builders

Headers = dict[str, str]


class Signer:
    """Stands in for accounts: signs tokens, publishes its key."""

    def __init__(self) -> None:
        self.key = ECKey.generate_key("P-256", {"kid": "test", "alg": ALGORITHM, "use": "sig"})

    def keys(self) -> ASGIApp:
        async def jwks(_: Request) -> JSONResponse:
            return JSONResponse({"keys": [self.key.as_dict(private=False)]})

        return Starlette(routes=[Route("/jwks.json", jwks)])

    def bearer(self, role: str, **claims: Any) -> Headers:
        now = int(time.time())
        payload = {
            "iss": ISSUER,
            "aud": AUDIENCE,
            "iat": now,
            "exp": now + 600,
            "sub": f"account-{role}",
            "role": role,
            "email": f"{role}@example.org",
            "name": f"Compte {role}",
            "lang": "fr",
            **claims,
        }
        return {"Authorization": "Bearer " + jwt.encode({"alg": ALGORITHM, "kid": "test"}, payload, self.key)}

    def agent(self, *countries: str, post: str = "dakar", **claims: Any) -> Headers:
        return self.bearer("agent", post=post, countries=list(countries or ("SN", "GM")), **claims)

    def authority(self, ref: str = "sn-pikine", **claims: Any) -> Headers:
        return self.bearer("authority", authority=builders.record({"ref": ref})["authority"], **claims)
