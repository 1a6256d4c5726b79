"""One attempt at one action, from its claim to its report, over one `RecordStore` and one `Clock`.

Nothing here needs files, processes, threads or real time, so that a test or a simulation can play
runs against each other in memory::

    store: RecordStore               # record_store: create, put, read, remove, paths, dated, age
    clock = Clock(clock, now, pause)  # clock.py: three functions

    journal = Journal(store, clock.now, age=store.age)
    run = ThisRun(identity=…, clock=clock, is_dead=…, local_runs=LocalRuns(disk_store))
    attempt = Attempt(begin, run=run)
    attempt.claim(journal)                                   # NotOurs, or None: it is ours
    record = EntityRecord(blank, operation, begin.action, Capsules(store), clock.now, listen)
    change = MarkedChange(attempt, record, state)            # its marker: begin, settle, close
    attempt.beat()                                           # one sign of life; `working` in a run
    attempt.report(outcome, tell)                            # end.json, the platform, heard.json

`sweep` and `finish` work on the same journal. The order of an attempt's writes is its protocol:
`open/<action>`, `begin.json` (created by one only), the change marker before an engine changes
anything, secrets and capsule after it, the marker's removal, `end.json`, the report, `heard.json`,
and `open/<action>` last.
"""

from purveyor.attempt.change_marker import MarkedChange
from purveyor.attempt.claim import Attempt, ThisRun
from purveyor.attempt.entity_record import CheckedState, EntityRecord, Places
from purveyor.attempt.heartbeat import Heartbeat
from purveyor.attempt.local_run import LocalRun, LocalRuns
from purveyor.attempt.not_ours import NotOurs

__all__ = [
    "Attempt",
    "CheckedState",
    "EntityRecord",
    "Heartbeat",
    "LocalRun",
    "LocalRuns",
    "MarkedChange",
    "NotOurs",
    "Places",
    "ThisRun",
]
