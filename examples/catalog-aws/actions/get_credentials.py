"""Issues a temporary login for a database user: a token of RDS that ends after 15 minutes.

A custom action's program reads one JSON document from standard input and writes one JSON object,
the action's result, into the file that PURVEYOR_RESULT names. What it prints is shown in the log.
Nothing that lasts leaves the account, and what was shown once cannot be asked for again.
"""

import json
import os
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

try:
    from botocore.session import Session
except ImportError:
    sys.exit("The program needs botocore: install it for the python3 that stands on PATH.")

LASTS = timedelta(minutes=15)  # what RDS gives such a token

document = json.load(sys.stdin)
user, database = document["outputs"], document["service_outputs"]
if "username" not in user or "endpoint" not in database:
    sys.exit("There is no user yet: create the link first.")

print("progress: issuing a login that ends after 15 minutes")
token = (
    Session()
    .create_client("rds", os.environ["AWS_REGION"])
    .generate_db_auth_token(
        DBHostname=database["endpoint"], Port=database["port"], DBUsername=user["username"]
    )
)
result = {
    "username": user["username"],
    "password": token,
    "endpoint": database["endpoint"],
    "port": database["port"],
    "expires_at": (datetime.now(UTC) + LASTS).isoformat(timespec="seconds"),
}
Path(os.environ["PURVEYOR_RESULT"]).write_text(json.dumps(result), encoding="utf-8")
