"""The identity provider, as the other two programs see it. Here it is a folder."""

import hashlib
import json
from pathlib import Path


def list_groups(project: dict) -> dict[str, dict]:
    """Return each group with its grants and its users; `project` is the module's outputs."""
    folder = Path(project["place"]["directory"])
    found = {
        file.stem: {**json.loads(file.read_text()), "users": {}}
        for file in sorted(folder.glob(f"groups/{project['project']}-*.json"))
    }
    for file in sorted(folder.glob("users/*.json")):
        user = json.loads(file.read_text())
        for group in found.keys() & set(user["groups"]):
            found[group]["users"][file.stem] = user.get("person", "")
    return found


class Login:
    """What somebody may do who has this key; no key of anybody's is a ValueError."""

    def __init__(self, project: dict, access_key: str, secret_key: str) -> None:
        self._groups = list_groups(project)
        file = Path(project["place"]["directory"]) / "users" / f"{access_key}.json"
        user = json.loads(file.read_text()) if file.is_file() else {}
        if user.get("key") != hashlib.sha256(secret_key.encode()).hexdigest():
            raise ValueError("the key is nobody's")
        self.name = access_key

    def can(self, grant: str) -> bool:
        """Try it."""
        return any(
            self.name in group["users"] and grant in group["grants"]
            for group in self._groups.values()
        )
