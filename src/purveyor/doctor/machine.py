"""What is looked at from here: settings, the store of states, engines, the pipeline's files."""

from __future__ import annotations

import re
import time
import uuid
from typing import TYPE_CHECKING

from purveyor import __version__
from purveyor.backends import choose_records
from purveyor.bootstrap import open_stores
from purveyor.credentials import LONG_APPLY, AccountCredentials, warn_of_short
from purveyor.doctor.findings import Diagnosis, diagnose
from purveyor.engines.binary import find_engine
from purveyor.engines.binary.constraint import read_version
from purveyor.errors import EngineError
from purveyor.state_key import StateKey
from purveyor.states.checkup import Level, check_up
from purveyor.states.entity import Named
from purveyor.step import EngineRequirement

if TYPE_CHECKING:
    from collections.abc import Iterator

    from purveyor.doctor.findings import Situation

_PIPELINES = (".github/workflows/*.y*ml", ".gitlab-ci.y*ml", "azure-pipelines*.y*ml")
_SWEEPS = re.compile(r"""(start\.py["']?|purveyor) sweep""")
_DROPS = re.compile(
    r"(?s)interruptible: *true|lockBehavior: *runLatest|concurrency:(?!.*queue: *max)"
)
_LIMIT = re.compile(r"timeout(?:-m|InM)inutes: *(\d+)|timeout: *(?:(\d+) ?h\w* ?)?(?:(\d+) ?m)?")
# `uses: acme/purveyor@COMMIT # v1.2.3`, `revision: COMMIT # v1.2.3`, `ref: refs/tags/v1.2.3`
_PIN = re.compile(
    r"(?:uses: *\S*purveyor\S*@|(?i:revision): *\W?|refs/tags/)(\S+)(?:.*# *(v?\d\S*))?"
)


def check_settings(case: Situation) -> Iterator[Diagnosis]:
    for fault in case.settings.faults():
        yield diagnose("setting-wrong", fault.partition(" ")[0], fault)
    own, limit = AccountCredentials({}, (), ""), case.settings.seconds("PURVEYOR_TIMEOUT")
    if short := warn_of_short(own, time.time(), settings=case.settings, limit=limit):
        yield diagnose("login-short", "the run's login", short)


def check_states(case: Situation) -> Iterator[Diagnosis]:
    """Write, read and delete as a run does, where nobody has a state; then look at all states."""
    backend, model, root = case.backend(), case.catalog.model, case.catalog.root
    path = backend.locate(Named("service", f"purveyor-doctor-{uuid.uuid4()}", "probe")).path
    journal = choose_records(backend, model.journal, root=root, settings=case.settings)
    for store in {backend.records, journal}:
        if store is None:
            yield diagnose("not-asked", "states", "what a run may do there shows when one does it")
            continue
        for each in (f"{path}.probe", f"{path}.tflock"):
            store.put(each, "{}")
            store.read(each)
            store.remove(each)
    for found in check_up(backend, lock=str(getattr(model.backend, "lock", ""))):
        level = "error" if found.level is Level.PROBLEM else "note"
        why = "a run that meets it may stop, or build twice"
        yield Diagnosis(level, found.code, found.where, found.text, why, found.fix)


def check_store(case: Situation) -> Iterator[Diagnosis]:
    model, root = case.catalog.model, case.catalog.root
    for each in open_stores(model.backend, model.journal, root=root, settings=case.settings)():
        if each.change or each.by_hand:
            what = f"{each.now or 'not set'} instead of {each.wanted}"
            yield diagnose("store-settings", each.what, what, each.by_hand)
        elif each.note:
            yield diagnose("not-asked", each.what, each.note)


def check_engines(case: Situation) -> Iterator[Diagnosis]:
    """Look for each engine that the catalog names, then for a state that a newer one wrote."""
    model, found = case.catalog.model, []
    named = [model.engine, *(each.engine for each in model.entries if each.engine)]
    for name, version in {(each.name or "", each.version or "") for each in named}:
        try:
            found.append(find_engine(EngineRequirement(name, version), case.settings))
        except EngineError as error:
            yield diagnose("engine-missing", name or "engines", error.message, error.hint)
    dated = {each.modified: each.path for each in case.backend().list() if each.modified}
    state = case.backend().read(StateKey(dated[max(dated)], exists=True)) if dated else None
    wrote = read_version(state.engine_version) if state else None
    for each in found:
        ours = read_version(each.version)
        if ours and wrote and ours < wrote:
            what = f"it is {ours}, and {wrote} wrote the newest state"
            yield diagnose("engine-older", str(each.path), what)


def check_pipeline(case: Situation) -> Iterator[Diagnosis]:
    """Read the pipelines that name Purveyor, as texts: a key counts wherever it stands."""
    folder = case.catalog.root
    root = next((p for p in (folder, *folder.parents) if (p / ".git").exists()), folder)
    paths = [path for pattern in _PIPELINES for path in sorted(root.glob(pattern))]
    texts = {str(path.relative_to(root)): path.read_text(errors="replace") for path in paths}
    ours = {where: text for where, text in texts.items() if "purveyor" in text}
    if not ours:
        yield diagnose("not-asked", "pipeline", f"no file of one in {root} names Purveyor")
    limit = case.settings.seconds("PURVEYOR_TIMEOUT") or LONG_APPLY
    for where, text in ours.items():
        runs = "" if _SWEEPS.search(text) else text
        for found in _DROPS.finditer(runs):
            what = f"`{found[0]}`: write `queue: max`, `false`, or `sequential`"
            yield diagnose("queue-drops", where, what)
        for found in _LIMIT.finditer(runs):
            minutes, hours, more = (int(each or 0) for each in found.groups())
            if 0 < (seconds := 60 * (minutes + 60 * hours + more)) < limit:
                what = f"`{found[0]}` is {seconds} s, and a run may take {limit:.0f} s"
                yield diagnose("timeout-short", where, what)
        yield from _judge_pins(where, text)


def _judge_pins(where: str, text: str) -> Iterator[Diagnosis]:
    told = [each.strip("\"'") for pin in _PIN.findall(text) for each in pin if "." in each]
    ours, pinned = read_version(__version__), [v for each in told if (v := read_version(each))]
    if not pinned:
        yield diagnose("not-asked", where, "no pin tells a version: put `# v1.2.3` behind it")
    elif ours and min(pinned) < ours:
        yield diagnose("pin-behind", where, f"it pins {min(pinned)}, and this is {ours}")


CHECKS = (check_settings, check_states, check_store, check_engines, check_pipeline)
