"""Prints a session of a role in AWS, got with the CI's identity token, renewed as it grows old.

    python3 -I setup/aws_session.py FOLDER

AWS's SDKs call it as a profile's `credential_process`, Purveyor's own and the engine's, whenever
what it printed last has ended: so a run may last as long as the job. FOLDER is private and holds
what to ask and whom (`login.json`), and the session that everybody shares (`session.json`).
"""

from __future__ import annotations

import fcntl
import html
import json
import os
import re
import sys
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import http.client

# Go's SDK waits a minute for this program (`processcreds`): all tries at both services take less.
SECONDS = 8
TRIES = 3
LARGEST = 1 << 20
SERVER_FAULT = 500
TELLING = 16  # characters of a token that nothing else begins with
PARTS = ("AccessKeyId", "SecretAccessKey", "SessionToken", "Expiration")
# An SDK asks again when the time it was told is over; a request may be under way then.
EARLY_PART, EARLY_SECONDS = 12, 300


class LoginError(Exception):
    """A cloud gave no credentials; the message holds no token."""


def main() -> None:
    """Print the session as SDKs want it; their documents call it "process credential provider"."""
    try:
        session = current(Path(sys.argv[1]))
    except (LoginError, OSError, ValueError, KeyError) as error:
        sys.exit(f"no session in AWS: {error}")
    told = {name: session[name] for name in PARTS} | {"Version": 1}
    ends = moment(session["Expiration"])
    early = ends - min(EARLY_SECONDS, (ends - float(session["Begun"])) / EARLY_PART)
    # In its last minutes there is no other one to be had, and SDKs refuse what has ended.
    told["Expiration"] = as_text(early if time.time() < early else ends)
    print(json.dumps(told))


def current(folder: Path) -> dict[str, str]:
    """Return the session; a new one when half of its life is over, and the old one while it lives.

    One at a time: of two that come at once, the second finds what the first has got, or takes the
    old one. A new session is in the file before anybody has it.
    """
    file = folder / "session.json"
    with (folder / "lock").open("a") as lock:
        old = read(file)
        lives = bool(old) and time.time() < moment(old["Expiration"])
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | (fcntl.LOCK_NB if lives else 0))
        except BlockingIOError:
            return old
        held = read(file)
        if held and time.time() < (float(held["Begun"]) + moment(held["Expiration"])) / 2:
            return held
        try:
            session = take_on(read(folder / "login.json"), tries=1 if lives else TRIES)
        except (LoginError, OSError):
            if lives:
                return old
            raise
        replace(file, json.dumps(session))
        return session


def take_on(login: dict[str, str], *, tries: int = TRIES) -> dict[str, str]:
    """Exchange a new identity token for a session of the role, one hour long."""
    from urllib.parse import urlencode
    from urllib.request import Request

    begun, token = time.time(), identity_token(login, tries)
    if not token:
        raise LoginError("the identity token is empty")
    form = {
        "Action": "AssumeRoleWithWebIdentity",
        "Version": "2011-06-15",
        "RoleArn": login["role"],
        "RoleSessionName": login["session_name"],
        "WebIdentityToken": token,
    }
    request = Request(login["sts_address"], urlencode(form).encode())  # noqa: S310 - ours or the user's address
    try:
        answer = ask(request, "the token service", tries)
    except LoginError as error:  # a refusal may quote the token
        raise LoginError(str(error).partition(token[:TELLING])[0]) from None
    found = {"Begun": str(begun)}
    for name in PARTS:
        value = re.search(f"<{name}>([^<]+)</{name}>", answer)
        if value is None:
            raise LoginError(f"the token service's answer has no {name}")
        found[name] = html.unescape(value[1]).strip()
    return found


def identity_token(login: dict[str, str], tries: int) -> str:
    """Ask GitHub or Azure Pipelines for a token; where only a file is named, read it."""
    from urllib.request import Request

    if "token_file" in login:
        return Path(login["token_file"]).read_text("utf-8").strip()
    headers = {"Authorization": login["authorization"], "Content-Type": "application/json"}
    by_post = login["part"] == "oidcToken"
    whom = "Azure Pipelines" if by_post else "GitHub's token service"
    request = Request(login["token_address"], b"" if by_post else None, headers)  # noqa: S310 - the runner's address
    answer = ask(request, whom, tries)
    try:
        return str(json.loads(answer)[login["part"]])
    except (ValueError, KeyError, TypeError):
        raise LoginError(f"the answer of {whom} has no token") from None


def ask(request: object, whom: str, tries: int) -> str:
    """Send a request, again after a fault that may pass; raise LoginError when none was heard."""
    import http.client
    import urllib.error
    import urllib.request

    assert isinstance(request, urllib.request.Request)  # noqa: S101 - the import is dear
    fault = ""
    for turn in range(tries):
        time.sleep(turn)
        try:
            with urllib.request.urlopen(request, timeout=SECONDS) as answer:  # noqa: S310 - see its makers
                return taken(answer)
        except urllib.error.HTTPError as error:
            told = re.search(
                "<Message>([^<]*)</Message>", error.read(LARGEST).decode("utf-8", "replace")
            )
            fault = f"{whom} answers {error.code}" + (f": {told[1].strip()}" if told else "")
            if error.code < SERVER_FAULT:
                break
        except (OSError, ValueError, http.client.HTTPException) as error:
            fault = f"{whom} cannot be reached: {getattr(error, 'reason', error)}"
    raise LoginError(fault)


def taken(answer: http.client.HTTPResponse) -> str:
    """Read an answer; raise OSError when it trickles for longer than one may stay away."""
    end, content = time.monotonic() + SECONDS, b""
    while len(content) < LARGEST and (part := answer.read1(LARGEST)):
        content += part
        if time.monotonic() > end:
            raise OSError("the answer came too slowly")
    return content.decode("utf-8", "replace")


def moment(text: str) -> float:
    """Read an ISO 8601 time as seconds since 1970."""
    return datetime.fromisoformat(text).timestamp()


def as_text(seconds: float) -> str:
    """Write seconds since 1970 as ISO 8601 in UTC."""
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def read(path: Path) -> dict[str, str]:
    """Read a document; an empty one when there is none."""
    try:
        found = json.loads(path.read_text("utf-8"))
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def replace(path: Path, text: str) -> None:
    """Write a private file that is whole at any moment."""
    descriptor, name = tempfile.mkstemp(dir=path.parent)
    with os.fdopen(descriptor, "w") as file:
        file.write(text)
    Path(name).replace(path)


if __name__ == "__main__":
    main()
