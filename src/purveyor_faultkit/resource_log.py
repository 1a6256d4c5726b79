"""Resources that leave marks, so that what really exists can be told from what a state says."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping
    from pathlib import Path

_WAIT = "while test -e {gate}; do sleep 0.02; done"
_THING = "%{{ if var.{variable} == 0 }}{name}%{{ else }}{name}-${{var.{variable}}}%{{ endif }}"
# An input that names the thing also tells it from the state, whatever it is replaced by.
_RESOURCE = """
resource "terraform_data" "{name}" {{
  depends_on       = [{before}]
  input            = {{ thing = "{thing}" }}
  triggers_replace = {trigger}
  provisioner "local-exec" {{
    command = "echo create ${{self.input.thing}} >> {file}; {wait_made}"
  }}
  provisioner "local-exec" {{
    when    = destroy
    command = "echo delete ${{self.input.thing}} >> {file}; {wait_gone}"
  }}
}}
"""


@dataclass(frozen=True, slots=True)
class ResourceLog:
    """A file with a line for each thing that was built or torn down, and gates that hold one up.

    A thing exists from the moment its line is written, as in a cloud, whether or not the engine
    lives to hear of it.
    """

    folder: Path

    @property
    def file(self) -> Path:
        """Where the lines are."""
        return self.folder / "resource_log"

    def write_module(
        self,
        module: Path,
        names: Iterable[str] = ("anchor", "beacon"),
        *,
        variables: Iterable[str] = (),
        renewed: Mapping[str, str] | None = None,
    ) -> None:
        """Write a module whose resources are built one after the other; its variables are text.

        `renewed` names resources that are built anew when a variable, a number that is 0 at
        first, has another value: `{"beacon": "size"}` makes `beacon`, and `beacon-3` after it.
        """
        module.mkdir(parents=True, exist_ok=True)
        self.folder.mkdir(parents=True, exist_ok=True)
        text = "".join(f'variable "{each}" {{ type = string }}\n' for each in variables)
        renewed, before = renewed or {}, ""
        for each in sorted(set(renewed.values())):
            text += f'variable "{each}" {{\n  type    = number\n  default = 0\n}}\n'
        for name in names:
            variable = renewed.get(name, "")
            text += _RESOURCE.format(
                name=name,
                before=before,
                thing=_THING.format(name=name, variable=variable) if variable else name,
                trigger=f"var.{variable}" if variable else "null",
                file=self.file,
                wait_made=_WAIT.format(gate=self._gate("create", name)),
                wait_gone=_WAIT.format(gate=self._gate("delete", name)),
            )
            before = f"terraform_data.{name}"
        (module / "main.tf").write_text(text, encoding="utf-8")

    def shut(self, name: str, *, verb: str = "create") -> None:
        """Hold a resource up until `open`: once it exists, or with `delete` once it is gone."""
        self._gate(verb, name).touch()

    def open(self, *names: str) -> None:
        """Let these go on; without a name all of them."""
        for gate in list(self.folder.glob("gate.*")):
            if not names or gate.name.rpartition(".")[2] in names:
                gate.unlink(missing_ok=True)

    def lines(self) -> list[str]:
        """Return what was built and torn down, such as `create first`."""
        return self.file.read_text(encoding="utf-8").split("\n")[:-1] if self.file.exists() else []

    def existing(self) -> Counter[str]:
        """Return how many of each there are now."""
        counted: Counter[str] = Counter()
        for line in self.lines():
            verb, _, name = line.partition(" ")
            # To tear down what is gone is no fault: clouds answer that it is not there.
            counted[name] = counted[name] + 1 if verb == "create" else max(0, counted[name] - 1)
        return counted

    def torn_down(self) -> list[str]:
        """Name what was torn down at any time."""
        lines = (line.partition(" ") for line in self.lines())
        return sorted({name for verb, _, name in lines if verb == "delete"})

    def doubled(self, *, replaced: Collection[str] = ()) -> list[str]:
        """Name what exists twice.

        `replaced` names what a state called tainted: the engine builds that anew and runs no
        destroy provisioner for the old one.
        """
        return sorted(
            name for name, count in self.existing().items() if count - (name in replaced) > 1
        )

    def _gate(self, verb: str, name: str) -> Path:
        return self.folder / ("gate." + name if verb == "create" else f"gate.{verb}.{name}")
