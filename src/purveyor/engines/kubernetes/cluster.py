"""Objects on a cluster: read, applied by the server, deleted, and the server's words for faults."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, NamedTuple, TypeVar
from urllib.parse import quote, urlencode

from purveyor import json_text
from purveyor.dataclass import dataclass
from purveyor.errors import CatalogError, CredentialsError, EngineError, PurveyorError, ReasonCode
from purveyor.json_text import as_list, as_object, dig
from purveyor.transport.connection import Request
from purveyor.transport.errors import NoResponseError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from purveyor.json_text import JsonObject
    from purveyor.transport.connection import Connection, Response

MANAGER = "purveyor"
"""The field manager, by which the cluster knows what is ours in an object."""
PART_OF = "applyset.kubernetes.io/part-of"
"""The label that names the applied set."""
_AT_ONCE = 8
_UNAUTHORIZED, _MISSING, _CONFLICT = 401, 404, 409
_T = TypeVar("_T")
_U = TypeVar("_U")


class Resource(NamedTuple):
    """A kind as the cluster serves it."""

    version: str  # with its group: `apps/v1`
    kind: str
    plural: str
    namespaced: bool

    @property
    def group_kind(self) -> str:
        group = self.version.rpartition("/")[0]
        return f"{self.kind}.{group}" if group else self.kind

    def path(self, namespace: str, name: str = "") -> str:
        root = "apis" if "/" in self.version else "api"
        within = ("namespaces", quote(namespace, safe="")) if namespace else ()
        last = (quote(name, safe=""),) if name else ()
        return "/".join(("", root, self.version, *within, self.plural, *last))


@dataclass(frozen=True, slots=True)
class Item:
    """One object, as it is wanted or as it is."""

    resource: Resource
    namespace: str  # empty for what belongs to none
    document: JsonObject
    home: str  # the step's namespace, which goes without saying

    @property
    def name(self) -> str:
        return str(dig(self.document, "metadata", "name"))

    @property
    def key(self) -> str:
        """What people and guards know it by: `Deployment/web`."""
        elsewhere = self.namespace not in {"", self.home}
        return f"{self.namespace}/" * elsewhere + f"{self.resource.kind}/{self.name}"

    @property
    def path(self) -> str:
        return self.resource.path(self.namespace, self.name)

    @property
    def label(self) -> str:
        """The applied set that it is a part of."""
        return str(dig(self.document, "metadata", "labels", PART_OF) or "")

    @property
    def is_ours(self) -> bool:
        """Whether we have applied it: labels are copied, by people and by controllers."""
        entries = as_list(dig(self.document, "metadata", "managedFields"))
        return any((dig(e, "manager"), dig(e, "operation")) == (MANAGER, "Apply") for e in entries)


class ClusterError(Exception):
    """The cluster does not do what was asked."""

    def __init__(self, response: Response) -> None:
        self.status = response.status
        self.document = response.document() or {}
        self.message = str(self.document.get("message") or response.detail)
        super().__init__(self.message)

    @property
    def lines(self) -> list[str]:
        """What is wrong: a conflict's fields, each with its manager, or the message."""
        causes = map(as_object, as_list(dig(self.document, "details", "causes")))
        held = [e for e in causes if e.get("reason") == "FieldManagerConflict"]
        return [f"{e.get('field')}: {e.get('message')}" for e in held] or [self.message]


class Cluster:
    """A cluster's API server; `log_in` returns a token, empty where a certificate is enough."""

    def __init__(self, server: str, connection: Connection, log_in: Callable[[], str]) -> None:
        self.server = server.rstrip("/")
        self._connection = connection
        self._log_in = log_in
        self._token: str | None = None
        self._served: dict[str, dict[str, Resource]] = {}

    def find(self, version: str, kind: str) -> Resource | None:
        """Return how a kind is served; None where it is not."""
        if version not in self._served:
            root = "apis" if "/" in version else "api"
            found = as_list((self.read(f"/{root}/{version}") or {}).get("resources"))
            self._served[version] = {
                str(e["kind"]): Resource(
                    version, str(e["kind"]), str(e["name"]), bool(e["namespaced"])
                )
                for e in map(as_object, found)
                if "/" not in str(e["name"])
            }
        return self._served[version].get(kind)

    def find_group(self, group_kind: str) -> Resource | None:
        """Return how `Deployment.apps` is served, in the group's preferred version."""
        kind, _, group = group_kind.partition(".")
        about = (self.read(f"/apis/{group}") or {}) if group else {}
        version = str(dig(about, "preferredVersion", "groupVersion") or "") if group else "v1"
        return self.find(version, kind) if version else None

    def read(self, path: str, **query: str) -> JsonObject | None:
        try:
            return self._ask("GET", path, query).document() or {}
        except ClusterError as error:
            if error.status == _MISSING:
                return None
            raise

    def read_text(self, path: str, **query: str) -> str:
        return self._ask("GET", path, query).text

    def apply(self, item: Item, *, dry_run: bool = False, force: bool = False) -> JsonObject:
        """Have the server merge the document in, and return the object. Raise ClusterError."""
        query = {"fieldManager": MANAGER, "fieldValidation": "Strict"}
        query |= {"dryRun": "All"} if dry_run else {}
        query |= {"force": "true"} if force else {}
        return self._ask("PATCH", item.path, query, item.document).document() or {}

    def delete(self, item: Item) -> None:
        """Delete this very object and no later one of its name; gone is as good."""
        options: JsonObject = {
            "propagationPolicy": "Foreground",
            "preconditions": {"uid": dig(item.document, "metadata", "uid")},
        }
        try:
            self._ask("DELETE", item.path, {}, options)
        except ClusterError as error:
            if error.status not in {_MISSING, _CONFLICT}:
                raise

    def _ask(
        self, method: str, path: str, query: dict[str, str], document: JsonObject | None = None
    ) -> Response:
        url = f"{self.server}{path}" + (f"?{urlencode(query)}" if query else "")
        kind = "application/apply-patch+yaml" if method == "PATCH" else "application/json"
        content = b"" if document is None else json_text.write(document).encode()

        def sign() -> Request:
            if self._token is None:
                self._token = self._log_in()
            login = {"authorization": f"Bearer {self._token}"} if self._token else {}
            return Request(method, url, {"content-type": kind, **login}, content)

        try:
            response = self._connection.ask(sign)
            if response.status == _UNAUTHORIZED and self._token:  # it may be over by now
                self._token = None
                response = self._connection.ask(sign)
        except NoResponseError as error:
            raise EngineError(
                f"The cluster at {self.server} did not answer: {error}.",
                reason=ReasonCode.PROVIDER_UNAVAILABLE,
                hint="Check the address, and whether the runner reaches it.",
            ) from None
        if not response.ok:
            raise ClusterError(response)
        return response


def side_by_side(work: Callable[[_T], _U], items: Iterable[_T]) -> list[_U]:
    """Do it for all, some at once, and return what came of each in order."""
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        return list(pool.map(work, items))


def explain(refusals: dict[str, ClusterError], *, what: str, done: str) -> PurveyorError:
    """Return the error for what the cluster refused, by the objects' keys."""
    details = [f"{key}: {line}" for key, each in refusals.items() for line in each.lines]
    first, *others = refusals
    more = f" and {len(others)} more" if others else ""
    message = f"The cluster does not {what} {first}{more}; {done}."
    said = [f"{each.status} {each.message}" for each in refusals.values()]
    for words, kind, reason, hint in _CAUSES:
        if any(each.startswith(words) or (words in each and " " in words) for each in said):
            return kind(message, reason=reason, details=details, hint=hint)
    return CatalogError(message, details=details, hint="Correct the manifests or the parameters.")


_AGAIN = "Start the action again in some minutes."
_CAUSES: tuple[tuple[str, type[PurveyorError], ReasonCode, str], ...] = (
    ("401", CredentialsError, ReasonCode.CREDENTIALS_INVALID, "Check the login to the cluster."),
    ("exceeded quota", EngineError, ReasonCode.QUOTA_EXCEEDED, "Raise the quota, or ask for less."),
    ("403", CredentialsError, ReasonCode.PERMISSION_DENIED, "Grant what the details name."),
    ("409", EngineError, ReasonCode.ENGINE_FAILED, "Leave these fields to their other manager."),
    ("503", EngineError, ReasonCode.PROVIDER_UNAVAILABLE, _AGAIN),
)
