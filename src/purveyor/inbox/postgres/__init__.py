"""An inbox in PostgreSQL, for receivers and workers on several machines.

The deliveries are ours; whose turn it is is Procrastinate's: its tables and functions, used in the
very statements that change our rows. Of clocks only the server's is read.
"""

from purveyor.inbox.postgres.inbox import PostgresInbox

__all__ = ["PostgresInbox"]
