"""The engine's JSON stream: cut into a report, told on as it comes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from purveyor.engines.terraform.diagnostics import Diagnostic, cut, read_diagnostic
from purveyor.engines.terraform.stream import parse_message, read_object
from purveyor.plan import COUNTED, Change, Verb
from purveyor.state_key import OutputValue
from purveyor.step import Noticed, Planned, ResourceMoved

if TYPE_CHECKING:
    from collections.abc import Callable

    from purveyor.json_text import JsonObject, JsonValue
    from purveyor.redaction import Redactor
    from purveyor.step import Listen

_STAGES = {
    "apply_start": "started",
    "apply_progress": "running",
    "apply_complete": "ended",
    "apply_errored": "failed",
}
# The stream says `remove` and `noop` for what a shown plan calls `forget` and `no-op` (measured).
_VERBS = {**{verb.value: verb for verb in Verb}, "remove": Verb.FORGET, "noop": Verb.NOTHING}
# What tells of no change, or what other messages tell too.
_PASSED_OVER = frozenset(
    {
        *("version", "log", "init_output", "resource_drift", "refresh_start", "refresh_complete"),
        *("provision_start", "provision_complete", "provision_errored", "change_summary"),
        *("state_lock_acquire", "state_lock_release"),
    }
)
_CHECK_FAILED = "Check block assertion failed"  # both engines (measured)
_STRAY_LINES = 40
OWN_FILES = ("purveyor_", "zzz_purveyor_")
_INCOMPLETE = "Incomplete lock file information for providers"


class Report:
    """What one run of the engine told. Feed it the lines of stdout; it tells `listen` the news.

    `changes` are the planned ones that do something, `completed` those carried out. `outputs` is
    None until the engine told final values, and when one of them is sensitive. `open` names
    resources that were begun and not finished, `failed` those that ended in an error. `stray` are
    lines that are no messages, `unread` what may be a change and is not understood.
    """

    def __init__(self, listen: Listen, redactor: Redactor) -> None:
        self.changes: list[Change] = []
        self.completed: list[Change] = []
        self.unread: dict[str, str] = {}
        self.diagnostics: list[Diagnostic] = []
        self.outputs: dict[str, OutputValue] | None = None
        self.open: dict[str, Verb] = {}
        self.failed: list[str] = []
        self.stray: list[str] = []
        self._listen = listen
        self._redactor = redactor
        self._readers: dict[str, Callable[[JsonObject], None]] = {
            "planned_change": self._read_change,
            "outputs": self._read_outputs,
            "diagnostic": self._read_diagnostic,
            "provision_progress": self._read_provisioner,
            **dict.fromkeys(_STAGES, self._read_move),
        }

    @property
    def errors(self) -> list[Diagnostic]:
        return [each for each in self.diagnostics if each.severity == "error"]

    @property
    def notes(self) -> tuple[str, ...]:
        """What the module's author says where a check of his fails, and what is not understood."""
        found = [each for each in self.diagnostics if each.summary == _CHECK_FAILED]
        said = (" ".join(each.redacted(self._redactor).detail.split()) for each in found)
        checks = dict.fromkeys(f"A check of the module fails: {cut(each)}" for each in said)
        return (*checks, *self.unread.values())

    def feed(self, line: str) -> None:
        """Take one line; what is no JSON object is kept as stray text."""
        message = parse_message(line)
        if message is None:
            if line.strip():
                told = cut(self._redactor.redact(line))
                self.stray = [*self.stray[1 - _STRAY_LINES :], told]
            return
        # OpenTofu's init lines have no type; a diagnostic is known by its own key.
        kind = "diagnostic" if "diagnostic" in message else message.get("type")
        reader = self._readers.get(kind) if isinstance(kind, str) else None
        if reader is not None:
            reader(message)
        elif isinstance(kind, str) and not (kind in _PASSED_OVER or kind.startswith("ephemeral_")):
            self._notice_unread(kind, message)

    def _notice_unread(self, what: str, message: JsonObject) -> None:
        said = f"The engine told what Purveyor cannot read, {what}: {message.get('@message', '')}"
        self.unread.setdefault(what, cut(self._redactor.redact(said)))

    def _read_change(self, message: JsonObject) -> None:
        change = read_object(message, "change")
        address, kind = _read_resource(change)
        verbs = [self._read_verb(change, message)]
        if verbs == [Verb.NOTHING] and "reason" in change:
            # OpenTofu's word for ["forget", "create"]: a plain no-op is not told (measured).
            verbs = [Verb.FORGET, Verb.CREATE]
        also = {"importing": Verb.IMPORT, "previous_resource": Verb.MOVE}
        for each in dict.fromkeys([*(v for key, v in also.items() if key in change), *verbs]):
            if each in COUNTED or each is Verb.READ:
                # Only a leftover is deleted for no reason, but for a destroy's plan (measured).
                deposed = each is Verb.DELETE and "reason" not in change
                self.changes.append(Change(address, kind, each, deposed=deposed))
                self._listen(Planned(self.changes[-1]))

    def _read_verb(self, source: JsonObject, message: JsonObject) -> Verb:
        action = str(source.get("action"))
        if action not in _VERBS:
            self._notice_unread(f"action {action}", message)
        return _VERBS.get(action, Verb.UNKNOWN)

    def _read_outputs(self, message: JsonObject) -> None:
        outputs = read_object(message, "outputs")
        told = {name: each for name, each in outputs.items() if isinstance(each, dict)}
        if any("action" in each for each in told.values()):
            return  # the planned ones, without values
        final = all("value" in each for each in told.values())
        read = {name: OutputValue(each.get("value")) for name, each in told.items()}
        self.outputs = read if final else None

    def _read_diagnostic(self, message: JsonObject) -> None:
        diagnostic = read_diagnostic(message["diagnostic"])
        if diagnostic is None:
            return
        self.diagnostics.append(diagnostic)
        # The second is for the lock file of our private copy; `validate` tells of the module's own.
        own = diagnostic.place.startswith(OWN_FILES) or diagnostic.summary == _INCOMPLETE
        if diagnostic.severity == "warning" and not own:
            self._listen(Noticed("warning", diagnostic.redacted(self._redactor).line()))

    def _read_move(self, message: JsonObject) -> None:
        hook = read_object(message, "hook")
        address, kind = _read_resource(hook)
        verb = self._read_verb(hook, message)
        stage = _STAGES[str(message["type"])]
        if stage == "started":
            self.open[address] = verb
        elif stage != "running":
            self.open.pop(address, None)
        if stage == "failed":
            self.failed.append(address)
        if stage == "ended":
            self.completed.append(Change(address, kind, verb))
        seconds = _seconds(hook.get("elapsed_seconds"))
        self._listen(ResourceMoved(address, verb, stage, seconds, kind))

    def _read_provisioner(self, message: JsonObject) -> None:
        hook = read_object(message, "hook")
        output = hook.get("output")
        if isinstance(output, str) and not output.startswith("Executing: ["):
            address = read_object(hook, "resource").get("addr")
            text = self._redactor.redact(output)
            self._listen(Noticed("info", cut(f"{address} ({hook.get('provisioner')}): {text}")))


def _read_resource(source: JsonObject) -> tuple[str, str]:
    resource = read_object(source, "resource")
    return str(resource.get("addr")), str(resource.get("resource_type"))


def _seconds(value: JsonValue) -> float:
    return float(value) if isinstance(value, int) else 0.0
