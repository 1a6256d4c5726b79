"""Resources that leave marks, so that what really exists can be told from what a state says."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable
    from pathlib import Path

_RESOURCE = """
resource "terraform_data" "{name}" {{
  depends_on = [{before}]
  input      = "{file}"
  provisioner "local-exec" {{
    command = "echo create {name} >> {file}; while test -e {gate}; do sleep 0.02; done"
  }}
  provisioner "local-exec" {{
    when    = destroy
    command = "echo delete {name} >> ${{self.input}}"
  }}
}}
"""


@dataclass(frozen=True, slots=True)
class Ledger:
    """A file with a line for each thing that was built or torn down, and gates that hold one up.

    A thing exists from the moment its line is written, as in a cloud, whether or not the engine
    lives to hear of it.
    """

    folder: Path

    @property
    def file(self) -> Path:
        """Where the lines are."""
        return self.folder / "ledger"

    def write_module(
        self,
        module: Path,
        names: Iterable[str] = ("anchor", "beacon"),
        *,
        variables: Iterable[str] = (),
    ) -> None:
        """Write a module whose resources are built one after the other; its variables are text."""
        module.mkdir(parents=True, exist_ok=True)
        self.folder.mkdir(parents=True, exist_ok=True)
        text = "".join(f'variable "{each}" {{ type = string }}\n' for each in variables)
        before = ""
        for name in names:
            gate = self._gate(name)
            text += _RESOURCE.format(name=name, before=before, file=self.file, gate=gate)
            before = f"terraform_data.{name}"
        (module / "main.tf").write_text(text, encoding="utf-8")

    def shut(self, name: str) -> None:
        """Hold a resource up, once it exists, until `open`."""
        self._gate(name).touch()

    def open(self, *names: str) -> None:
        """Let these go on; without a name all of them."""
        gates = [self._gate(name) for name in names] or self.folder.glob("gate.*")
        for gate in gates:
            gate.unlink(missing_ok=True)

    def lines(self) -> list[str]:
        """Return what was built and torn down, such as `create first`."""
        return self.file.read_text(encoding="utf-8").splitlines() if self.file.exists() else []

    def existing(self) -> Counter[str]:
        """Return how many of each there are now."""
        counted: Counter[str] = Counter()
        for line in self.lines():
            verb, _, name = line.partition(" ")
            counted[name] += 1 if verb == "create" else -1
        return counted

    def doubled(self, *, replaced: Collection[str] = ()) -> list[str]:
        """Name what exists twice.

        `replaced` names what a state called tainted: the engine builds that anew and runs no
        destroy provisioner for the old one.
        """
        return sorted(
            name for name, count in self.existing().items() if count - (name in replaced) > 1
        )

    def _gate(self, name: str) -> Path:
        return self.folder / f"gate.{name}"
