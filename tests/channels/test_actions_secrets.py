"""`purveyor actions` tells no secret, in whatever form the platform sends it."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any

import pytest
from action_fixtures import end, report

from purveyor import json_text
from purveyor_emulator import Emulator

if TYPE_CHECKING:
    from collections.abc import Iterator

    from channel_fixtures import Company


SECRET = "Kanarienvogel-7391"


CANARY: Any = {
    "clear_secrets": True,
    "specifications": [
        {
            "slug": "mysql-database",
            "attributes": {
                "type": "object",
                "properties": {
                    "root": {"type": "string", "secret": True, "visibleOn": ["read"]},
                    "name": {"type": "string", "editableOn": ["create"]},
                    "pin": {"type": "integer", "secret": True, "editableOn": ["create", "update"]},
                    "login": {
                        "type": "object",
                        "editableOn": ["create", "update"],
                        "properties": {"token": {"type": "string", "secret": True}},
                    },
                },
            },
            "links": [
                {
                    "slug": "database-user",
                    "attributes": {
                        "type": "object",
                        "properties": {
                            "key": {"type": "string", "export": {"secret": True}},
                        },
                    },
                    "actions": [
                        {
                            "slug": "get-credentials",
                            "type": "custom",
                            "parameters": {"type": "object", "properties": {}},
                            "results": {
                                "type": "object",
                                "properties": {"password": {"type": "string"}},
                            },
                        }
                    ],
                }
            ],
        }
    ],
}


@pytest.fixture
def watched(company: Company) -> Iterator[Company]:
    """A platform that sends secrets in clear, and a catalog that serves links, too."""
    module = "module: modules/shared/network"
    (company.catalog / "purveyor.yaml").write_text(
        "version: 1\nbackend: {type: local}\nservices:\n"
        f"  mysql-database: {{{module}, links: {{default: {{{module}}}}}}}\n"
    )
    with Emulator.running(seed=CANARY) as emulator:
        yield dataclasses.replace(company, emulator=emulator)


def test_no_secret_stands_in_any_byte_of_what_is_told(watched: Company) -> None:
    emulator = watched.emulator
    emulator.create_channel("http://127.0.0.1:1/")
    secrets = [f"{SECRET}-{n}" for n in ("root", "token", "key", "told")]
    root, token, key, told = secrets
    service = emulator.create_service("mysql-database", status="active", attributes={"root": root})
    link = emulator.create_link(str(service["id"]), status="active", attributes={"key": key})
    asked: Any = {"login": {"token": token}, "pin": 4711}
    sent: Any = [
        emulator.request_action(str(service["id"]), "update", asked),
        emulator.request_action(str(link["id"]), "get-credentials"),
    ]
    for envelope in sent:
        assert root in json_text.write(envelope)
        action = envelope["notification"]["id"]
        report(watched, action, "in_progress", f"Took {root}, {token} and {key}.")
        results = {"password": told} if "credentials" in envelope["notification"]["slug"] else {}
        report(watched, action, "failed", **results)
        end(watched, action)
        given = token if envelope is sent[0] else key
        for words in (("list",), ("show", action), ("follow", action), ("resend", action, "--yes")):
            for form in ((), ("--json",)):
                if form and words[0] in {"follow", "resend"}:
                    continue
                done = watched.call("actions", *words, *form, PURVEYOR_NRN=emulator.nrn)
                assert action in done.out + done.err or words[0] == "follow"
                said = done.out + done.err
                assert root not in said
                assert given not in said
                assert told not in said
                assert "4711" not in said, words
