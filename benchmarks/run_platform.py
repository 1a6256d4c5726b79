"""The emulated platform as a process of its own: an order a line in, a notification a line out."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from purveyor import json_text
from purveyor_emulator import Emulator

if TYPE_CHECKING:
    from purveyor.json_text import JsonObject


def main() -> None:
    """Print the platform's environment, then serve `{"service": id or null, "parameters": {…}}`.

    Without an id a service is made and its create asked for, else an update of that service.
    """
    with Emulator.running() as emulator:
        print(json_text.write(emulator.environment()), flush=True)  # noqa: T201 - its job
        for line in sys.stdin:
            order = json_text.parse(line)
            assert isinstance(order, dict)  # noqa: S101 - our own program wrote it
            print(json_text.write(_carry_out(emulator, order)), flush=True)  # noqa: T201 - its job


def _carry_out(emulator: Emulator, order: JsonObject) -> JsonObject:
    parameters = order["parameters"]
    assert isinstance(parameters, dict)  # noqa: S101 - see above
    service = order["service"]
    if service is None:
        service = emulator.create_service("sqs-queue", name="measured")["id"]
        return emulator.request_action(str(service), "create", parameters)
    return emulator.request_action(str(service), "update", parameters)


if __name__ == "__main__":
    main()
