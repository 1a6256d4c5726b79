"""Where the CONTEXT comes from: an argument, the CI's event file, or the environment."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from purveyor import json_text
from purveyor.dataclass import dataclass
from purveyor.errors import ContextError
from purveyor.notification.fields import FaultyActionError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from purveyor.action import ActionContext
    from purveyor.settings import Settings

MAX_BYTES = 1 << 20
_MAX_EVENT_BYTES = 8 << 20
_HINT = (
    "Give it with --context FILE (or - for standard input), as the `context` input of a GitHub"
    " or GitLab pipeline, or in the variable CONTEXT."
)
_HINTS = {
    "TF_BUILD": (
        "Set the variable CONTEXT when the pipeline is started. If it was set, it holds a macro of"
        " a secret, such as $(System.AccessToken), and Azure keeps it away from every program: have"
        " it sent with each $ written as \\u0024."
    ),
    "GITLAB_CI": (
        "Give it as the pipeline's input `context`, or in the variable CONTEXT; where the project"
        " lets nobody set pipeline variables, only the input works."
    ),
}
_SHORTEST = 8


@dataclass(frozen=True, slots=True)
class ContextSource:
    """The CONTEXT's text and, for error messages, where it was found.

    With a `fault` it may be read for nothing but the ids of whom to tell.
    """

    text: str
    place: str
    fault: ContextError | None = None


def take_context(
    argument: str | None, settings: Settings, read_stdin: Callable[[], bytes]
) -> ContextSource:
    """Find the CONTEXT: `argument` (a path, or `-`), GitHub's event file, then the environment.

    The order is fixed so that a run never depends on which variables happen to be set. Raise
    ContextError when there is none. One that is larger than 1 MiB or no UTF-8 text has a fault.
    """
    if argument == "-":
        return read_source(read_stdin(), "standard input")
    if argument is not None:
        return _read_file(Path(argument))
    return _from_event(settings) or _from_environment(settings)


def _from_event(settings: Settings) -> ContextSource | None:
    path = settings.text("GITHUB_EVENT_PATH")
    if not path or not Path(path).is_file():
        return None
    raw = Path(path).read_bytes()
    if len(raw) > _MAX_EVENT_BYTES:
        return None
    try:
        event = json_text.parse(raw.decode("utf-8-sig"), max_depth=256)
    except (ValueError, UnicodeDecodeError):
        return None
    text = json_text.dig(event, "inputs", "context")
    if not isinstance(text, str) or not text.strip():
        return None
    return read_source(text.encode(errors="surrogatepass"), "the `context` input of the event file")


def _from_environment(settings: Settings) -> ContextSource:
    for name in ("PURVEYOR_CONTEXT", "CONTEXT"):
        text = settings.text(name)
        if text is None:
            continue
        found = _follow(
            read_source(text.encode(errors="surrogateescape"), f"the variable {name}"), name
        )
        if found.text.strip():
            return found
    hints = (hint for mark, hint in _HINTS.items() if settings.text(mark))
    raise ContextError(
        "There is no CONTEXT: nothing says which action to carry out.", hint=next(hints, _HINT)
    )


def _follow(origin: ContextSource, name: str) -> ContextSource:
    """Read the file that the text names, if it does.

    Once more in that file: a template keeps a variable in a file, and on GitLab the variable may
    itself be a file's path. An empty file counts as an empty variable: as unset.
    """
    for _ in range(2):
        if not _names_a_file(origin.text):
            break
        origin = _read_file(Path(origin.text), f"the file that {name} names")
    return origin


def _names_a_file(text: str) -> bool:
    if text.lstrip()[:1] in {"{", "'", '"', ""} or "\n" in text:
        return False
    try:
        return Path(text).is_file()
    except OSError:  # longer than a path can be
        return False


def _read_file(path: Path, place: str = "") -> ContextSource:
    try:
        with path.open("rb") as stream:
            raw = stream.read(_MAX_EVENT_BYTES)
    except OSError as error:
        raise ContextError(
            f"The CONTEXT file {path} cannot be read: {error.strerror}.", hint=_HINT
        ) from None
    return read_source(raw, place or str(path))


def read_source(raw: bytes, place: str) -> ContextSource:
    """Return a CONTEXT that was found in `place`."""
    fault = None
    if len(raw) > MAX_BYTES:
        fault = ContextError(
            f"The CONTEXT in {place} is larger than 1 MiB.",
            hint="Actions do not need that much: look at what fills `parameters`.",
        )
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        text = raw.decode("utf-8-sig", errors="replace")
        fault = fault or ContextError(
            f"The CONTEXT in {place} is not UTF-8 text: byte {error.start} does not fit.",
            hint="Save or send it as UTF-8.",
        )
    return ContextSource(text, place, fault)


def refuse_injected(origin: ContextSource, action: ActionContext, secrets: Iterable[str]) -> None:
    """Raise FaultyActionError when the text holds the value of a secret variable.

    GitLab expands `$NAME` inside pipeline variables, Azure `$(NAME)` inside mapped ones (their
    runners' source). Whoever may write a parameter could so have a job's token stored in a
    resource. Values of fewer than eight characters are not looked for: they occur by chance.
    """
    if not any(_holds(origin.text, secret) for secret in secrets):
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
