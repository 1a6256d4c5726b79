"""Measure `purveyor spec generate` over many services with modules like the examples'.

`python benchmarks/bench_spec.py [COUNT]`, by default 100. Promised: 100 modules within 3 s. The
specifications of all of them are made in one process as the command makes one's, from the catalog
to the files; beside that stands what one command takes in such a catalog, its start included.
"""

from __future__ import annotations

import shutil
import subprocess  # noqa: TID251 - what a person starts
import sys
import tempfile
import time
from pathlib import Path

from purveyor.catalog.loading import load_catalog
from purveyor.specs.documents import generate

_MODULES = sorted((Path(__file__).parents[1] / "examples/catalog/modules").iterdir())


def make_catalog(root: Path, count: int) -> list[str]:
    """Make a catalog with so many services, each with its links and actions; return their slugs."""
    slugs = [f"service-{number}" for number in range(count)]
    for number, slug in enumerate(slugs):
        shutil.copytree(_MODULES[number % len(_MODULES)], root / "modules" / slug)
    (root / "purveyor.yaml").write_text("version: 1\nbackend: {type: local}\n")
    return slugs


def main() -> None:
    """Print how long it took."""
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        slugs = make_catalog(root, int(sys.argv[1]) if len(sys.argv) > 1 else 100)
        begun, worked, files = time.perf_counter(), time.process_time(), 0
        catalog = load_catalog(root)
        for slug in slugs:
            for each in generate(catalog, slug, root / "specs" / slug):
                each.path.parent.mkdir(parents=True, exist_ok=True)
                each.path.write_text(each.after)
                files += 1
        made, worked = time.perf_counter() - begun, time.process_time() - worked
        begun = time.perf_counter()
        command = [sys.executable, "-m", "purveyor", "spec", "generate", slugs[0]]
        subprocess.run(command, cwd=root, check=True, stdout=subprocess.DEVNULL)
        one = time.perf_counter() - begun
    print(  # noqa: T201 - its job
        f"{len(slugs)} services, {files} files: {made:.2f} s ({worked:.2f} s of work);"
        f" one command: {one:.2f} s"
    )


if __name__ == "__main__":
    main()
