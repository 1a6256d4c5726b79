"""The real programs that tests can have on this machine, and what is missing."""

from __future__ import annotations

import importlib.metadata
import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from purveyor import process
from purveyor.engines.binary.model import PROGRAMS, EngineBinary

if TYPE_CHECKING:
    from purveyor.settings import Settings

LEFT_OUT = "left out: "
"""How the reason begins for which a test is skipped where a program is missing."""

_VERSION = re.compile(r"\d+(?:\.\d+)+")
_PINS = Path(__file__).parents[1] / "tools"
# A program's own package in go.mod, or Azurite's line in package.json.
_PIN = re.compile(
    r'(?:/(?:minio/minio|fake-gcs-server|pulumi/pkg/v3|kubernetes) |"azurite": ")(v?\d[^\s"]*)'
)
_AZURITE = "node_modules/azurite/dist/src/blob/main.js"
_AWS = Path("registry.terraform.io/hashicorp/aws")


@dataclass(frozen=True, slots=True)
class RealPrograms:
    """What was found; a version is empty when the thing is missing."""

    engines: tuple[EngineBinary, ...]
    plugin_mirror: Path | None
    aws_provider: str
    moto: str
    postgresql: str
    minio: Path | None = None
    fake_gcs: Path | None = None
    azurite: Path | None = None
    node: Path | None = None
    consul: Path | None = None
    spin: Path | None = None
    pulumi: Path | None = None  # beside it lie the plugins for its YAML and the tests' resources
    control_plane: Path | None = None  # all its parts in one program
    kubectl: Path | None = None

    def engine(self, name: str) -> EngineBinary | None:
        """Return the engine `terraform` or `opentofu`, None when it is missing."""
        return next((each for each in self.engines if each.name == name), None)

    def found(self) -> list[str]:
        """Name what tests can have, with versions."""
        lines = [f"{PROGRAMS[each.name]} {each.version}" for each in self.engines]
        if self.aws_provider:
            lines.append(f"aws provider {self.aws_provider} (mirror)")
        if self.moto:
            lines.append(f"moto {self.moto}")
        if self.postgresql:
            lines.append(f"PostgreSQL {self.postgresql}")
        if self.consul:
            lines.append(f"Consul {_version(self.consul, 'version')}")
        if self.spin:
            lines.append(f"spin {_version(self.spin, '-V')}")
        return lines + [f"{name} {_pinned(path)}" for name, path in self.brought() if path]

    def brought(self) -> list[tuple[str, Path | None]]:
        """Name what `make tools` brings besides OpenTofu, with its program."""
        azurite = self.azurite if self.node else None
        return [
            ("MinIO", self.minio),
            ("fake-gcs-server", self.fake_gcs),
            ("Azurite", azurite),
            ("Pulumi", self.pulumi),
            ("Kubernetes", self.control_plane),
        ]

    def missing(self) -> list[str]:
        """Name what tests cannot have, with the reason and the remedy."""
        lines = []
        if self.engine("opentofu") is None:
            lines.append("tofu: neither on PATH nor in the cache (`make tools` installs it)")
        if self.engine("terraform") is None:
            lines.append("terraform: not on PATH")
        if not self.aws_provider:
            lines.append("aws provider: PURVEYOR_PLUGIN_MIRROR names no folder that holds it")
        if not self.moto:
            lines.append("moto: not installed")
        if not self.postgresql:
            lines.append("PostgreSQL: no `postgres` program")
        if not self.consul:
            lines.append("Consul: not on PATH")
        if not self.spin:
            lines.append("spin: not on PATH, or no C compiler for it (Debian's package `spin`)")
        lines += [
            f"{name}: not in the cache (`make tools` brings it)"
            for name, path in self.brought()
            if path is None
        ]
        return lines


def look_around(settings: Settings) -> RealPrograms:
    """Look for everything, with the environment as it was before tests changed it."""
    mirror_text = settings.text("PURVEYOR_PLUGIN_MIRROR")
    mirror = Path(mirror_text) if mirror_text and Path(mirror_text).is_dir() else None
    return RealPrograms(
        engines=tuple(filter(None, (_engine(name, settings) for name in PROGRAMS))),
        plugin_mirror=mirror,
        aws_provider=_newest(mirror / _AWS) if mirror else "",
        moto=_distribution("moto"),
        postgresql=_postgresql(settings),
        minio=_brought("stores/minio/{}/minio", "minio/go.mod", settings),
        fake_gcs=_brought(
            "stores/fake-gcs-server/{}/fake-gcs-server", "fake-gcs-server/go.mod", settings
        ),
        azurite=_brought(f"stores/azurite/{{}}/{_AZURITE}", "azurite/package.json", settings),
        node=process.find("node", settings.for_children()),
        consul=process.find("consul", settings.for_children()),
        spin=_spin(settings),
        pulumi=_brought("tools/pulumi/{}/pulumi-resource-x", "pulumi/go.mod", settings)
        and _brought("tools/pulumi/{}/pulumi-language-yaml", "pulumi/go.mod", settings)
        and _brought("tools/pulumi/{}/pulumi", "pulumi/go.mod", settings),
        control_plane=_brought("tools/kubernetes/{}/control-plane", "kubernetes/go.mod", settings),
        kubectl=_brought("tools/kubernetes/{}/kubectl", "kubernetes/go.mod", settings),
    )


def _engine(name: str, settings: Settings) -> EngineBinary | None:
    program = PROGRAMS[name]
    cache = Path(settings.text("PURVEYOR_CACHE") or "~/.cache/purveyor").expanduser()
    on_path = process.find(program, settings.for_children())
    places = [on_path] if on_path else []
    places += sorted(cache.glob(f"engines/{name}/*/*/{program}"), reverse=True)
    for path in places:
        version = _version(path, "version")
        if version:
            return EngineBinary(path, name, version)
    return None


def _version(path: Path, *arguments: str) -> str:
    environment = {"CHECKPOINT_DISABLE": "1", "PATH": ""}
    command = process.Command((str(path), *arguments), Path("/"), environment)
    done = process.run(command, timeout=20)
    match = _VERSION.search(done.stdout)
    return match.group() if done.code == 0 and match else ""


def _spin(settings: Settings) -> Path | None:
    # It writes a program in C, which has to be compiled.
    compiler = process.find("cc", settings.for_children())
    return process.find("spin", settings.for_children()) if compiler else None


def _brought(path: str, pins: str, settings: Settings) -> Path | None:
    """Return a program at its pinned version, None when the cache has none."""
    pin = _PIN.search((_PINS / pins).read_text(encoding="utf-8"))
    cache = Path(settings.text("PURVEYOR_CACHE") or "~/.cache/purveyor").expanduser()
    found = cache / path.format(pin[1] if pin else "")
    return found if pin and found.is_file() else None


def _pinned(path: Path) -> str:
    """Read the version from `…/<name>/<version>/…`, short where it names a commit."""
    version = next(part for part in path.parts[::-1] if re.fullmatch(r"v?\d+\.\d.*", part))
    return version.removeprefix("v").removeprefix("0.0.0-").partition("-")[0]


def _newest(provider: Path) -> str:
    versions = [each.name for each in provider.glob("*") if _VERSION.fullmatch(each.name)]
    return max(versions, key=lambda text: [int(part) for part in text.split(".")], default="")


def _distribution(name: str) -> str:
    try:
        return importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return ""


def _postgresql(settings: Settings) -> str:
    on_path = process.find("postgres", settings.for_children())
    debian = sorted(Path("/usr/lib/postgresql").glob("*/bin/postgres"), reverse=True)
    program = on_path or next(iter(debian), None)
    return _version(program, "--version").split(".")[0] if program else ""
