"""Follows a root module's calls to the folders that they name, and checks what they hand over."""

from __future__ import annotations

import os
import re
from dataclasses import field
from difflib import get_close_matches
from pathlib import Path
from typing import TYPE_CHECKING

from purveyor.dataclass import dataclass
from purveyor.errors import CatalogError
from purveyor.hcl.module import read_module

if TYPE_CHECKING:
    from collections.abc import Iterator

    from purveyor.declaration import ModuleCall, ModuleInterface

# Modules that call each other in a circle would have no end.
_MOST_LEVELS, _MOST_MODULES = 20, 1000


@dataclass(slots=True)
class CalledModules:
    """A root module and all that it calls, by address (`module.a.module.b.`, empty for the root).

    None stands for one that cannot be read here. `faults` begin with a file below `root`.
    """

    root: Path
    tofu_files: bool
    modules: dict[str, ModuleInterface | None] = field(default_factory=dict)
    faults: list[str] = field(default_factory=list)
    _read: dict[Path, ModuleInterface | None] = field(default_factory=dict)

    def follow(self, module: ModuleInterface, address: str = "") -> None:
        """Read what a module calls, and what that calls."""
        self.modules[address] = module
        for call in module.calls:
            inner = f"{address}module.{call.name}."
            called = self._find(module, call)
            self.modules[inner] = called
            deep = inner.count("module.") > _MOST_LEVELS or len(self.modules) > _MOST_MODULES
            if called is not None and not deep:
                self.faults += self._judge(module, call, called)
                self.follow(called, inner)

    def _find(self, module: ModuleInterface, call: ModuleCall) -> ModuleInterface | None:
        folder = Path(os.path.realpath(module.path / call.source))
        is_local = call.source.startswith(("./", "../")) or call.source in {".", ".."}
        # A call out of the catalog's folder is a fault of copying.
        if not is_local or not folder.is_relative_to(self.root):
            return None
        if folder not in self._read:
            self._read[folder] = None
            name = str(folder.relative_to(self.root))
            try:
                self._read[folder] = read_module(
                    folder, tofu_files=self.tofu_files, name=name, is_root=False
                )
            except CatalogError as error:
                lines = [f"{name}/{line}" for line in error.details]
                self.faults += lines or [f"{self._place(module, call)}: {error.message}"]
        return self._read[folder]

    def _judge(
        self, module: ModuleInterface, call: ModuleCall, called: ModuleInterface
    ) -> Iterator[str]:
        for name, variable in called.variables.items():
            if variable.required and name not in call.arguments:
                yield f"{self._place(module, call)}: the call gives no {name!r}, which is required"
        for name in sorted(call.arguments - called.variables.keys()):
            close = get_close_matches(name, called.variables, n=1)
            advice = f"; did you mean {close[0]!r}?" if close else ""
            yield f"{self._place(module, call)}: {call.source} has no variable {name!r}{advice}"

    def _place(self, module: ModuleInterface, call: ModuleCall) -> str:
        folder = os.path.relpath(os.path.realpath(module.path), self.root)
        return f"{folder}/{call.place}: module.{call.name}"

    def find_unknown(self, pattern: str) -> tuple[str, bool]:
        """Return what a guard's pattern names that is nowhere, empty when it is somewhere.

        And whether that is certain: what cannot be read may declare anything.
        """
        rest = re.sub(r"\[[^\]]*\]", "", pattern).split(".")
        address = ""
        while len(rest) > 1 and rest[0] == "module":
            address = f"{address}module.{rest[1]}."
            if self.modules.get(address, self) is None:
                return f"nothing is known of {address.rstrip('.')}", False
            rest = rest[2:]
        known = {f"{at}{each}" for at, m in self.modules.items() if m for each in m.resources}
        known |= {at.rstrip(".") for at in self.modules}
        types = {each.split(".")[-2] for each in known if each.count(".")}
        if len(rest) == 1 and not address and rest[0] in types:
            return "", True
        wanted = address + ".".join(rest)
        if any(f"{each}.".startswith(f"{wanted.rstrip('.')}.") for each in known if each):
            return "", True
        close = get_close_matches(pattern, known | types, n=1)
        advice = f'; did you mean "{close[0]}"?' if close else ""
        is_certain = "." in pattern or None not in self.modules.values()
        return f"the module declares no {pattern}{advice}", is_certain
