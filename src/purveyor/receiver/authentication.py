"""Who may send: bearers of a token, and signers by the Standard Webhooks specification."""

from __future__ import annotations

import hmac
from typing import TYPE_CHECKING

from purveyor.errors import CredentialsError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_SHORTEST = 16  # characters of a token that nobody guesses


class Authentication:
    """Several tokens and secrets are valid at once, so that they can be renewed without a gap."""

    def __init__(self, tokens: Sequence[str], secrets: Sequence[str], *, anybody: bool) -> None:
        """Raise CredentialsError for a token or secret that protects nothing."""
        self._anybody = anybody
        self._tokens = [b"Bearer " + each.encode() for each in tokens]
        if any(len(each) < _SHORTEST for each in tokens):
            raise CredentialsError(
                f"A token of the receiver has fewer than {_SHORTEST} characters.",
                hint="Make one with `openssl rand -hex 32`.",
            )
        from standardwebhooks.webhooks import EmptyWebhookSecretError, Webhook

        try:
            self._webhooks = [Webhook(each) for each in secrets]
        except (ValueError, EmptyWebhookSecretError):
            raise CredentialsError(
                "A signing secret of the receiver is no base64 text.",
                hint="Make one with `echo whsec_$(openssl rand -base64 32)`.",
            ) from None

    def knows(self, headers: Mapping[str, str]) -> bool:
        """Tell whether the sender may send, whatever it sends."""
        given = headers.get("authorization", "").encode()
        # Every token is compared, in a time that does not tell how much of it fits.
        return self._anybody or sum(hmac.compare_digest(given, each) for each in self._tokens) > 0

    def signs(self, headers: Mapping[str, str]) -> bool:
        """Tell whether the sender has signed, rightly or not."""
        return bool(self._webhooks) and "webhook-signature" in headers

    def verifies(self, headers: Mapping[str, str], body: bytes) -> bool:
        """Tell whether the body, as it came, was signed in the last five minutes."""
        from standardwebhooks.webhooks import WebhookVerificationError

        for each in self._webhooks:
            try:
                each.verify(body, dict(headers), json_parse=False)
            except (WebhookVerificationError, ValueError):
                continue
            return True
        return False
