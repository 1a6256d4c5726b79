"""The example of a release from end to end: five nodes, one after the other, under traffic."""

from __future__ import annotations

import contextlib
import http.client
import shutil
import signal
import sys
import threading
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from pipeline import Finished, Pipeline, action_id, finish
from purveyor import json_text
from purveyor.validation import validate_catalog
from purveyor_emulator import Emulator
from service_fixtures import OwnService, hold_gate
from store_process import free_port

if TYPE_CHECKING:
    from collections.abc import Iterator
    from subprocess import Popen  # noqa: TID251 - the type of what a pipeline starts

EXAMPLE = Path(__file__).parents[2] / "examples/pipeline"
NODES = 5
HALF = {"node-1": "2.0", "node-2": "2.0", "node-3": "1.0", "node-4": "1.0", "node-5": "1.0"}


class Consumer:
    """Never stops asking, and notes each answer that is none."""

    def __init__(self, port: int, token: str) -> None:
        self.port, self._headers = port, {"Authorization": f"Bearer {token}"}
        self.faults: list[str] = []
        self.met: Counter[str] = Counter()
        self.over = threading.Event()

    def read(self, path: str = "/orders") -> Any:
        called = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        called.request("GET", path, headers=self._headers)
        got = called.getresponse()
        answer = json_text.parse(got.read().decode())
        assert isinstance(answer, dict)
        if got.status != 200:
            self.faults.append(f"{got.status}: {answer}")
        self.met[str(answer.get("release"))] += 1
        return answer

    def ask(self, path: str) -> threading.Thread:
        thread = threading.Thread(target=self.read, args=(path,))
        thread.start()
        return thread

    def go_on(self) -> None:
        while not self.over.wait(0.005):
            self.read()


@dataclass
class Deployment:
    """An update that has begun, as its log is read line by line."""

    child: Popen[str]
    log: str = ""

    def await_line(self, begin: str) -> None:
        assert self.child.stderr is not None
        for line in self.child.stderr:
            self.log += line
            if line.startswith(begin):
                return
        raise AssertionError(self.log)

    def cancel(self) -> Finished:
        self.child.send_signal(signal.SIGINT)
        return finish(self.child)

    def end(self) -> Finished:
        return finish(self.child)


class Desk:
    """The example's service, its folder, and who consumes it."""

    def __init__(self, service: OwnService, port: int) -> None:
        self.service, self.port = service, port
        self.folder = service.pipeline.catalog.parent / "cloud" / service.id
        self._action = ""

    def change(self, action: str, **parameters: Any) -> Finished:
        return self.service.run(action, **parameters)

    def start(self, **parameters: Any) -> Deployment:
        asked = self.service.emulator.request_action(self.service.id, "update", parameters)
        self._action = action_id(asked)
        return Deployment(self.service.pipeline.start(asked))

    def messages(self) -> list[str]:
        """What the developer reads of the deployment that was started last."""
        shown: Any = self.service.emulator.action(self._action)["messages"]
        return [each["message"] for each in shown]

    def meet(self) -> Consumer:
        kept = json_text.parse((self.folder / "token.json").read_text())
        assert isinstance(kept, dict)
        return Consumer(self.port, str(kept["token"]))

    def releases(self) -> dict[str, str]:
        """Ask until every node has answered."""
        consumer, met = self.meet(), dict[str, str]()
        while len(met) < NODES:
            answer = consumer.read()
            met[answer["node"]] = answer["release"]
        return met

    @contextlib.contextmanager
    def consuming(self) -> Iterator[Consumer]:
        consumer = self.meet()
        thread = threading.Thread(target=consumer.go_on)
        thread.start()
        try:
            yield consumer
        finally:
            consumer.over.set()
            thread.join()


@pytest.fixture
def desk(tmp_path: Path, tofu: Path, clean_environment: dict[str, str]) -> Iterator[Desk]:
    catalog = Path(shutil.copytree(EXAMPLE, tmp_path / "catalog"))
    port, file = free_port(), catalog / "purveyor.yaml"
    text = file.read_text().replace("8400", str(port))
    file.write_text(text.replace("/tmp/purveyor-pipeline", str(tmp_path / "cloud")))
    programs = tmp_path / "programs"
    programs.mkdir()
    (programs / "tofu").symlink_to(tofu)
    (programs / "python3").symlink_to(sys.executable)
    environment = {
        **clean_environment,
        "PATH": f"{programs}:/usr/bin:/bin",
        "PURVEYOR_CACHE": str(tmp_path / "cache"),
    }
    with Emulator.running(seed=EXAMPLE / "specification.yaml") as emulator:
        entity = str(emulator.create_service("order-desk", name="orders")["id"])
        desk = Desk(OwnService(Pipeline(catalog, environment, emulator), emulator, entity), port)
        yield desk
        gone = desk.change("delete")
        assert gone.code == 0, gone.stderr
        assert not desk.folder.exists()


def test_the_example_is_sound() -> None:
    found = validate_catalog(EXAMPLE)
    assert (found.services, found.modules, found.faults) == (1, 1, ())


def test_a_service_is_deployed_registered_and_consumed(desk: Desk) -> None:
    made = desk.change("create", release="1.0")
    assert made.code == 0, made.stderr
    assert desk.releases() == {f"node-{n}": "1.0" for n in range(1, 6)}
    attributes = desk.service.attributes()
    assert attributes["discovery_name"] == "orders"
    assert attributes["address"] == f"http://127.0.0.1:{desk.port}"
    hold_gate(desk.service.pipeline, desk.service.id)


@pytest.mark.slow
def test_a_deployment_stops_at_a_bad_node_is_cancelled_and_ends_when_run_again(desk: Desk) -> None:
    made = desk.change("create", release="1.0")
    assert made.code == 0, made.stderr
    with desk.consuming() as consumer:
        fail_at_the_third_node(desk)
        exports = cancel_at_the_third_node(desk, consumer)
        again = desk.change("update", release="2.0")
        assert again.code == 0, again.stderr
        assert again.outcome["changes"] == [
            {"address": f"node-{number}", "verb": "update"} for number in (3, 4, 5)
        ]
        assert desk.releases() == dict.fromkeys(HALF, "2.0")
        for each in exports:
            each.join()
    assert consumer.faults == []
    assert consumer.met["1.0"] > 20
    assert consumer.met["2.0"] > 20
    hold_gate(desk.service.pipeline, desk.service.id)


def fail_at_the_third_node(desk: Desk) -> None:
    data = desk.folder / "node-3/data"
    data.rmdir()
    data.write_text("where the node keeps its data, there is a file")
    failed = desk.start(release="2.0").end()
    data.unlink()
    assert (failed.code, failed.reason) == (15, "ACTION_FAILED")
    (said,) = [each for each in desk.messages() if "node-3" in each]
    assert said.startswith("node-3 does not take 2.0: FileExistsError")
    assert said.endswith("2.0 on node-1, node-2; 1.0 on node-3, node-4, node-5.")
    assert desk.releases() == HALF


def cancel_at_the_third_node(desk: Desk, consumer: Consumer) -> list[threading.Thread]:
    """Let it wait for requests in flight; return these, which have to end well."""
    running = desk.start(release="2.0")
    running.await_line("node-3: starts 2.0")
    exports = [consumer.ask("/export?seconds=3") for _ in range(NODES)]
    running.await_line("node-3: drains")
    ended = running.cancel()
    assert (ended.code, ended.reason) == (18, "CANCELLED")
    (said,) = [each for each in desk.messages() if "node-3" in each]
    assert said == (
        "node-3 does not take 2.0: the deployment was cancelled while draining."
        " 2.0 on node-1, node-2; 1.0 on node-3, node-4, node-5."
    )
    assert desk.releases() == HALF
    return exports
