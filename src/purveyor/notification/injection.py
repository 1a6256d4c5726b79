"""Refuses a CONTEXT into which the CI has put a secret in place of `$NAME` or `$(NAME)`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from purveyor import json_text
from purveyor.errors import ContextError
from purveyor.notification.fields import FaultyActionError

if TYPE_CHECKING:
    from purveyor.action import ActionContext
    from purveyor.notification.source import ContextSource
    from purveyor.settings import Settings

_SHORTEST = 8


def refuse_injected(origin: ContextSource, action: ActionContext, settings: Settings) -> None:
    """Raise FaultyActionError when the text holds the value of a secret variable.

    GitLab expands `$NAME` inside pipeline variables, Azure `$(NAME)` inside mapped ones (their
    runners' source). Whoever may write a parameter could so have a job's token stored in a
    resource. Values of fewer than eight characters are not looked for: they occur by chance.
    """
    if not any(_holds(origin.text, secret) for secret in settings.secrets()):
        return
    fault = ContextError(
        f"The CONTEXT in {origin.place} holds the value of a secret variable: the CI has put it"
        " in place of a `$NAME` or `$(NAME)`.",
        hint="Give the CONTEXT as a pipeline input (GitLab), or have it sent with each $ written as"
        " \\u0024. If it was meant to hold the secret: it must not.",
    )
    raise FaultyActionError(fault, action)


def _holds(text: str, secret: str) -> bool:
    return len(secret) >= _SHORTEST and (secret in text or json_text.write(secret)[1:-1] in text)
