"""How a cluster is reached: by the catalog's address and a login, a kubeconfig, or from within."""

from __future__ import annotations

import base64
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

import yaml

from purveyor import json_text, process
from purveyor.engines.kubernetes.cluster import Cluster
from purveyor.errors import CredentialsError
from purveyor.json_text import as_list, as_object, dig
from purveyor.transport.connection import Connection
from purveyor.transport.pools import Identity

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from purveyor.json_text import JsonObject, JsonValue
    from purveyor.program import Manifests
    from purveyor.redaction import Redactor

_POD = Path("/var/run/secrets/kubernetes.io/serviceaccount")
_EXEC_SECONDS = 60.0
_REFUSED = ("insecure-skip-tls-verify", "proxy-url", "tls-server-name")
_API = "client.authentication.k8s.io/v1"


def open_cluster(
    manifests: Manifests,
    own: Mapping[str, str],
    environment: Mapping[str, str],
    redactor: Redactor,
) -> tuple[Cluster, str]:
    """Return the cluster, and the namespace that its login names; raise CredentialsError.

    `own` are the catalog's keys whose values may come from templates.
    """
    if server := own.get("server"):
        identity = Identity(authority=_read_pem(own.get("certificate_authority", "")))
        log_in = _choose_login(manifests, own, environment)
        return _open(server, identity, log_in, redactor), ""
    files = _find_files(manifests, environment)
    if not files and (host := environment.get("KUBERNETES_SERVICE_HOST")):
        server = f"https://{host}:{environment.get('KUBERNETES_SERVICE_PORT', '443')}"
        identity = Identity(authority=(_POD / "ca.crt").read_text())
        space = (_POD / "namespace").read_text().strip()
        return _open(server, identity, lambda: _read(_POD / "token"), redactor), space
    if not files:
        _refuse("there is no kubeconfig")
    config = _Kubeconfig(files, environment)
    return config.open(own.get("context", ""), redactor)


def _open(
    server: str, identity: Identity, log_in: Callable[[], str], redactor: Redactor
) -> Cluster:
    def keep() -> str:
        token = log_in()
        redactor.add(token)
        return token

    return Cluster(server, Connection(identity=identity), keep)


def _choose_login(
    manifests: Manifests, own: Mapping[str, str], environment: Mapping[str, str]
) -> Callable[[], str]:
    """Return how a token is had: the variable's, or one made from the account's cloud login."""
    if not manifests.login:
        if not own.get("token"):
            _refuse(f"{manifests.token_from} is not set")
        return lambda: own["token"]
    from purveyor.cloud import kubernetes_token

    return kubernetes_token.open_login(manifests.login, own.get("name", ""), environment)


def _find_files(manifests: Manifests, environment: Mapping[str, str]) -> list[Path]:
    if manifests.kubeconfig is not None:
        return [manifests.kubeconfig]
    usual = str(Path(environment.get("HOME", "~"), ".kube/config"))
    named = environment.get("KUBECONFIG") or usual
    return [path for each in named.split(":") if each and (path := Path(each)).is_file()]


class _Kubeconfig:
    """Kubeconfig files read as one: of what several name, the first counts."""

    def __init__(self, files: list[Path], environment: Mapping[str, str]) -> None:
        self._environment = environment
        self._documents = [(each.parent, self._load(each)) for each in files]

    @staticmethod
    def _load(path: Path) -> JsonObject:
        try:
            return as_object(yaml.load(path.read_text(encoding="utf-8"), yaml.CSafeLoader))
        except (OSError, ValueError, yaml.YAMLError) as error:
            _refuse(f"{path.name} cannot be read ({type(error).__name__})")

    def open(self, context: str, redactor: Redactor) -> tuple[Cluster, str]:
        named = (str(each.get("current-context") or "") for _, each in self._documents)
        context = context or next(filter(None, named), "")
        _, chosen = self._find("context", context)
        folder, cluster = self._find("cluster", str(chosen.get("cluster", "")))
        server = str(cluster.get("server", ""))
        for key in filter(cluster.get, _REFUSED):
            _refuse(f"the kubeconfig's `{key}` is not taken: name a certificate authority")
        authority = self._take(cluster, "certificate-authority", folder)
        folder, user = self._find("user", str(chosen.get("user", "")))
        status = self._execute(folder, user)
        certificate = self._take(user, "client-certificate", folder)
        key = self._take(user, "client-key", folder)
        identity = Identity(
            authority=authority,
            certificate=certificate or str(status.get("clientCertificateData") or ""),
            private_key=key or str(status.get("clientKeyData") or ""),
        )
        fresh = [status]

        def log_in() -> str:
            given = (fresh.pop() if fresh else self._execute(folder, user)).get("token")
            if user.get("tokenFile") and not given:
                return _read(folder / str(user["tokenFile"]))
            return str(given or user.get("token") or "")

        redactor.add(identity.private_key)
        return _open(server, identity, log_in, redactor), str(chosen.get("namespace") or "")

    def _find(self, what: str, name: str) -> tuple[Path, JsonObject]:
        for folder, document in self._documents:
            for each in as_list(document.get(f"{what}s")):
                if dig(each, "name") == name:
                    return folder, as_object(dig(each, what))
        return _refuse(f"the kubeconfig has no {what} {name!r}" if name else f"it names no {what}")

    @staticmethod
    def _take(entry: Mapping[str, JsonValue], name: str, folder: Path) -> str:
        """Return a PEM text that stands in the entry, or in the file that it names."""
        if coded := entry.get(f"{name}-data"):
            return _read_pem(str(coded))
        return _read(folder / str(entry[name])) if entry.get(name) else ""

    def _execute(self, folder: Path, user: Mapping[str, JsonValue]) -> JsonObject:
        """Run the login's program, and return the status that it prints."""
        wanted = as_object(user.get("exec"))
        if not wanted:
            return {}
        given = {str(dig(e, "name")): str(dig(e, "value")) for e in as_list(wanted.get("env"))}
        version = str(wanted.get("apiVersion") or _API)
        info = {"apiVersion": version, "kind": "ExecCredential", "spec": {"interactive": False}}
        name = str(wanted.get("command", ""))
        found = str(folder / name) if "/" in name else name
        done = process.run(
            process.Command(
                (found, *map(str, as_list(wanted.get("args")))),
                cwd=folder,
                environment={
                    **self._environment,
                    **given,
                    "KUBERNETES_EXEC_INFO": json_text.write(info),
                },
            ),
            timeout=_EXEC_SECONDS,
        )
        status = as_object((json_text.parse_object(done.stdout) or {}).get("status"))
        if done.code or not status:
            last = done.stderr.strip().split("\n")[-3:]
            _refuse(f"the login's program {name} gave none (exit code {done.code})", *last)
        return status


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8").strip()
    except OSError as error:
        _refuse(f"{path} cannot be read ({error.strerror})")


def _read_pem(text: str) -> str:
    """Return a PEM text, which clouds and kubeconfigs give in base64."""
    if not text or text.lstrip().startswith("-----BEGIN"):
        return text
    try:
        return base64.b64decode(text, validate=True).decode()
    except ValueError:
        _refuse("a certificate is neither PEM nor base64")


def _refuse(why: str, *details: str) -> NoReturn:
    raise CredentialsError(
        f"There is no way into the cluster: {why}.",
        details=details,
        hint="Give the step's `manifests` a `kubeconfig`, or a `cluster` with its login, or set"
        " KUBECONFIG on the runner.",
    )
