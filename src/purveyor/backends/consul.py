"""States in Consul's key/value store, as the engines' `consul` backend keeps them."""

from __future__ import annotations

import hashlib
import zlib
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from purveyor import json_text
from purveyor.backends.consul_store import ConsulStore
from purveyor.backends.model import (
    MOVED,
    Backend,
    ListedState,
    confirm_holder,
    held,
    parse_lock,
)
from purveyor.errors import ReasonCode, RecoveryError
from purveyor.lock import Lock
from purveyor.state_key import combine
from purveyor.step import BackendBlock

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from purveyor.catalog.backend import ConsulBackendConfig
    from purveyor.json_text import JsonObject
    from purveyor.settings import Settings
    from purveyor.state_key import Owner, StateKey

_LOCK, _LOCK_INFO = "/.lock", "/.lockinfo"
_GZIP = b"\x1f\x8b"
_GZIP_WINDOW = 31  # zlib's way to say: gzip, with its largest window


class ConsulStates(Backend):
    """States below a prefix; nothing else is kept there."""

    keeps_markers = True

    def __init__(self, config: ConsulBackendConfig, settings: Settings) -> None:
        self._config = config
        self._store = ConsulStore(config, settings)
        self._token = settings.text(config.token_from)
        self.keys = combine(config.keys)

    def locate(self, entity: Owner) -> StateKey:
        """List the entity's keys; a lock without a state is the trace of a first run."""
        paths = self._paths(self.keys.start(entity))
        begun = [
            each.removesuffix(end)
            for each in paths
            for end in (_LOCK, _LOCK_INFO)
            if each.endswith(end)
        ]
        return self.keys.choose(
            entity,
            states=paths,
            traces=begun,
            marks=[path.removesuffix(MOVED) for path in paths if path.endswith(MOVED)],
        )

    def block(self, key: StateKey) -> BackendBlock:
        address = urlsplit(self._config.address)
        arguments: JsonObject = {
            "address": f"{address.netloc}{address.path.rstrip('/')}",
            "scheme": address.scheme,
            "path": self._key(key.path),
            "gzip": self._config.gzip,
        }
        if self._config.datacenter:
            arguments["datacenter"] = self._config.datacenter
        return BackendBlock(
            "consul", arguments, {"CONSUL_HTTP_TOKEN": self._token} if self._token else {}
        )

    def holder(self, key: StateKey) -> Lock | None:
        """Look which session holds the lock's key, and what it wrote beside it."""
        lock = self._store.entry(f"{self._key(key.path)}{_LOCK}")
        if lock is None or not lock.session:
            return None
        info = self._store.entry(f"{self._key(key.path)}{_LOCK_INFO}")
        told = parse_lock(info.value.decode(errors="replace")) if info else None
        # The info of an earlier holder may lie there until the new one has written its own.
        return told if told and told.id == lock.session else Lock(id=lock.session)

    def remove(self, key: StateKey) -> None:
        """Remove the state, then its parts and what is left of its lock."""
        holder = self.holder(key)
        if holder is not None:
            raise held(key.path, holder)
        self._store.delete(self._key(key.path))
        self._store.delete(f"{self._key(key.path)}/", below=True)

    def list(self) -> Iterator[ListedState]:
        """List the keys below the prefix: a request for each kind; sizes are not told."""
        for start in self.keys.starts():
            for path in self._paths(start):
                if parts := self.keys.read(path):
                    yield ListedState(path, *parts)

    def unversioned(self) -> str:
        return "Consul keeps each key's last value only; its snapshots hold others."

    def unlock(self, key: StateKey, lock_id: str) -> bool:
        """End the session that holds the lock; its id is the lock's."""
        holder = confirm_holder(self, key, lock_id)
        if holder is None:
            return False
        self._store.end_session(holder.id, self._key(key.path))
        return True

    def paths(self) -> Iterator[str]:
        start = self._key("")
        for each in self._store.keys(start):
            yield each.removeprefix(start)

    def read_moved_marker(self, key: StateKey) -> str | None:
        entry = self._store.entry(f"{self._key(key.path)}{MOVED}")
        return None if entry is None else entry.value.decode(errors="replace")

    def mark_moved(self, key: StateKey, text: str) -> None:
        self._store.put(f"{self._key(key.path)}{MOVED}", text)

    def unmark_moved(self, key: StateKey) -> None:
        self._store.delete(f"{self._key(key.path)}{MOVED}")

    def text(self, key: StateKey) -> str | None:
        """Return a state's text, put together from its parts when it is a large one."""
        path, name = key.path, self._key(key.path)
        entry = self._store.entry(name)
        if entry is None:
            return None
        parts = _read_parts(entry.value)
        if parts is None:
            return _unpack(entry.value, path).decode(errors="replace")
        digest, keys = parts
        values = []
        for each in keys:
            part = self._store.entry(each) if each.startswith(f"{name}/") else None
            if part is None:
                raise _damaged(path, "one of its parts is missing")
            values.append(part.value)
        whole = _unpack(b"".join(values), path)
        # The digest is the engine's: MD5 of what the parts make (measured on its source's format).
        if hashlib.md5(whole, usedforsecurity=False).hexdigest() != digest:
            raise _damaged(path, "its parts do not make the whole")
        return whole.decode(errors="replace")

    def _key(self, path: str) -> str:
        return f"{self._config.prefix}/{path}" if self._config.prefix else path

    def _paths(self, begin: str) -> Sequence[str]:
        start = self._key("")
        return [each.removeprefix(start) for each in self._store.keys(f"{start}{begin}")]


def _read_parts(content: bytes) -> tuple[str, list[str]] | None:
    if b'"current-hash"' not in content[:4096]:
        return None
    document = json_text.parse_object(content.decode(errors="replace")) or {}
    digest, chunks = document.get("current-hash"), document.get("chunks")
    if not isinstance(digest, str) or not isinstance(chunks, list):
        return None
    return digest, [str(each) for each in chunks]


def _unpack(content: bytes, path: str) -> bytes:
    if not content.startswith(_GZIP):
        return content
    try:
        return zlib.decompress(content, _GZIP_WINDOW)
    except zlib.error:
        raise _damaged(path, "it cannot be unpacked") from None


def _damaged(path: str, problem: str) -> RecoveryError:
    return RecoveryError(
        f"The state {path} cannot be read: {problem}.",
        reason=ReasonCode.STATE_UNREADABLE,
        hint="Restore it from one of Consul's snapshots.",
    )
