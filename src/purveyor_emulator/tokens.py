"""Logs programs in: API keys become access tokens that expire."""

from __future__ import annotations

import base64
import secrets
import time
from typing import TYPE_CHECKING

from purveyor import json_text
from purveyor_emulator.refusal import RefusedError, invalid

if TYPE_CHECKING:
    from purveyor.json_text import JsonObject

_PREFIX = "Bearer "


class AccessTokens:
    """The tokens given out so far. `seconds` is how long an access token lives."""

    def __init__(self, api_key: str, *, organization: str, seconds: float) -> None:
        self.api_key = api_key or _new_key()
        self.keys = {1: self.api_key}
        self.seconds = seconds
        self._organization = int(organization) if organization.isdecimal() else organization
        self._ends: dict[str, float] = {}
        self._refresh: set[str] = set()

    def log_in(self, body: JsonObject) -> JsonObject:
        """Answer `POST /token`: `{api_key}`, `{apikey}`, or `{refresh_token, organization_id}`."""
        if "refresh_token" in body:
            return self._renew(body)
        key = body.get("api_key", body.get("apikey"))
        if key is None:
            raise invalid("body must have required property 'api_key'")
        if key not in self.keys.values():
            raise RefusedError(401, "The API key is not valid")
        refresh = secrets.token_urlsafe(32)
        self._refresh.add(refresh)
        return {**self._grant(), "refresh_token": refresh}

    def check(self, authorization: str) -> None:
        """Refuse, with 401, a request without a living access token."""
        if not authorization.startswith(_PREFIX):
            raise RefusedError(401, "The request carries no access token")
        end = self._ends.get(authorization.removeprefix(_PREFIX))
        if end is None:
            raise RefusedError(401, "The access token is not valid")
        if end <= time.monotonic():
            raise RefusedError(401, "The access token has expired")

    def expire(self, authorization: str) -> None:
        """End the life of the token in a header."""
        token = authorization.removeprefix(_PREFIX)
        if token in self._ends:
            self._ends[token] = 0.0

    def add_key(self) -> int:
        """Make another key that logs in; return its number."""
        self.keys[max(self.keys) + 1] = _new_key()
        return max(self.keys)

    def _renew(self, body: JsonObject) -> JsonObject:
        if "organization_id" not in body:
            raise invalid("body must have required property 'organization_id'")
        known = body["refresh_token"] in self._refresh
        if not known or str(body["organization_id"]) != str(self._organization):
            raise RefusedError(401, "The refresh token is not valid")
        return self._grant()

    def _grant(self) -> JsonObject:
        ends = time.time() + self.seconds
        token = self._jwt(ends)
        self._ends[token] = time.monotonic() + self.seconds
        return {
            "access_token": token,
            "organization_id": self._organization,
            "token_expires_at": int(ends * 1000),
        }

    def _jwt(self, ends: float) -> str:
        """Return a text with a JWT's shape; its signature is random, nobody may rely on it."""
        groups = [f"@nullplatform/organization={self._organization}"]
        claims = {"exp": int(ends), "cognito:groups": groups, "jti": secrets.token_hex(8)}
        parts = [json_text.write(each).encode() for each in ({"alg": "none"}, claims)]
        return ".".join(
            base64.urlsafe_b64encode(each).decode().rstrip("=")
            for each in (*parts, secrets.token_bytes(16))
        )


def _new_key() -> str:
    return ".".join(base64.b64encode(secrets.token_bytes(size)).decode() for size in (9, 18))
