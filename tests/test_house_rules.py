"""The house rules, held by counting."""

from __future__ import annotations

import ast
import re
import subprocess  # noqa: TID251 - a fresh interpreter shows what a command imports
import sys
from collections import Counter
from pathlib import Path
from typing import get_args

import pytest

from purveyor import errors
from purveyor.engines.binary.model import PROGRAMS
from purveyor.errors import PurveyorError, ReasonCode
from purveyor.settings import SETTINGS
from purveyor.step import EngineName

ROOT = Path(__file__).parents[1]
SOURCES = sorted((ROOT / "src").rglob("*.py"))
OURS = [
    *SOURCES,
    *sorted((ROOT / "tests").rglob("*.py")),
    *sorted((ROOT / "scripts").rglob("*.py")),
    *sorted((ROOT / "benchmarks").rglob("*.py")),
]
PRODUCT = ROOT / "src/purveyor"
FILE_LINES = 300
FUNCTION_LINES = 40
PACKAGE_LINES = 3000
HEAVY = {
    "boto3", "botocore", "pydantic", "urllib3", "rich", "yaml", "hcl2", "pygohcl",
    "starlette", "uvicorn", "jsonschema", "lark", "asyncio", "psycopg", "jinja2",
    "github", "gitlab", "azure", "msrest", "requests",
}  # fmt: skip


CRUMB_LINES = 60
# Files under that length which one sibling alone imports, and which stay: each is one of several
# that do the same for another thing, or tells a storey what it may know of another.
VARIANTS = {
    "channels/terraform": "one form of an export",
    "dispatch/azure": "a CI's own",
    "dispatch/commenting": "what is said to a CI beside its runs",
    "dispatch/github": "a CI's own",
    "dispatch/gitlab": "a CI's own",
    "engines/terraform/destroy": "what `apply` is to create and update",
    "engines/terraform/encryption": "its neighbour has no room",
    "engines/terraform/sources": "what `tree` is to a local module",
    "hcl/golang": "a parser's own",
    "hcl/python": "a parser's own",
    "receiver/connection_limits": "what the web server's own protocol lets be bounded",
    "receiver/forwarding": "what `runs` is to this machine",
    "receiver/reading": "what a request's body may be, beside the routes",
}
# What brings the outside world along: a function that takes two of them knows too much.
OUTSIDE = {
    *("Settings", "Job", "CatalogContext", "ActionContext", "ClaimedAction", "StepRun"),
    *("Places", "StepTools", "ThisRun", "Sweeper", "Provisioner", "Finisher", "Rescuer"),
}
# Objects meet in `cli`; this many functions there may take two, and never more.
MEETING = 6


def functions(path: Path) -> list[ast.FunctionDef | ast.AsyncFunctionDef]:
    tree = ast.parse(path.read_text())
    return [n for n in ast.walk(tree) if isinstance(n, ast.FunctionDef | ast.AsyncFunctionDef)]


def test_no_file_is_longer_than_the_ceiling() -> None:
    lengths = {str(p.relative_to(ROOT)): len(p.read_text().splitlines()) for p in OURS}
    assert {name: n for name, n in lengths.items() if n > FILE_LINES} == {}


def test_no_function_is_longer_than_the_ceiling() -> None:
    long = {
        f"{path.relative_to(ROOT)}:{each.name}": length
        for path in OURS
        for each in functions(path)
        if (length := (each.end_lineno or 0) - each.lineno + 1) > FUNCTION_LINES
    }
    assert long == {}


def test_no_package_is_larger_than_the_ceiling() -> None:
    sizes: Counter[str] = Counter()
    for path in PRODUCT.rglob("*.py"):
        sizes[str(path.parent.relative_to(PRODUCT))] += len(path.read_text().splitlines())
    assert {name: size for name, size in sizes.items() if size > PACKAGE_LINES} == {}


def test_only_the_registry_and_the_wiring_name_an_engine() -> None:
    places = (PRODUCT / "engines").iterdir()
    shared = {"__init__", "__pycache__", "binary", "error_patterns", "registry", "stateless"}
    engines = {each.stem for each in places} - shared
    assert engines >= {"terraform", "command"}
    named = {
        str(path.relative_to(PRODUCT))
        for path in PRODUCT.rglob("*.py")
        for found in re.findall(r"purveyor\.engines(?:\.| import )(\w+)", path.read_text())
        if found in engines and not engines & {*path.relative_to(PRODUCT).parts, path.stem}
    }
    assert named == {"engines/registry.py", "cli/wiring.py"}


def imported(path: Path) -> set[str]:
    """Return every module, or name in one, that a file imports."""
    found = set[str]()
    for each in ast.walk(ast.parse(path.read_text())):
        if isinstance(each, ast.ImportFrom) and each.module:
            found |= {each.module, *(f"{each.module}.{name.name}" for name in each.names)}
        elif isinstance(each, ast.Import):
            found |= {name.name for name in each.names}
    return found


def test_a_short_file_that_one_neighbour_alone_needs_is_a_part_of_it() -> None:
    files = {each: imported(each) for each in PRODUCT.rglob("*.py")}
    crumbs = set()
    for path in files:
        name = str(path.relative_to(PRODUCT).with_suffix(""))
        module = f"purveyor.{name.replace('/', '.')}"
        users = [other for other, names in files.items() if module in names]
        short = len(path.read_text().splitlines()) < CRUMB_LINES
        if short and len(users) == 1 and not path.stem.startswith("__"):
            crumbs.add(name)
    assert crumbs <= {*VARIANTS}


def test_no_function_takes_more_than_one_thing_of_the_outside() -> None:
    meeting = []
    for path in sorted(PRODUCT.rglob("*.py")):
        for each in functions(path):
            arguments = each.args.posonlyargs + each.args.args + each.args.kwonlyargs
            types = [ast.unparse(a.annotation) for a in arguments if a.annotation]
            plain = [set(re.findall(r"\w+", t)) for t in types if not t.startswith("Callable")]
            if len(set[str]().union(*plain) & OUTSIDE) > 1:
                meeting.append(f"{path.relative_to(PRODUCT)}:{each.name}")
    assert [each for each in meeting if not each.startswith("cli/")] == []
    assert len(meeting) <= MEETING


def test_the_catalog_names_the_engines_that_there_are() -> None:
    assert {*get_args(EngineName)} >= {*PROGRAMS}


def test_no_class_name_stands_twice() -> None:
    found: dict[str, list[str]] = {}
    for path in SOURCES:
        for each in ast.parse(path.read_text()).body:
            if isinstance(each, ast.ClassDef):
                found.setdefault(each.name, []).append(str(path.relative_to(ROOT)))
    assert {name: files for name, files in found.items() if len(files) > 1} == {}


def test_every_file_opens_with_its_job() -> None:
    silent = [
        str(p.relative_to(ROOT)) for p in OURS if not ast.get_docstring(ast.parse(p.read_text()))
    ]
    assert silent == []


def test_no_file_is_a_drawer() -> None:
    drawers = {"utils", "util", "helpers", "helper", "common", "base", "manager", "handler", "misc"}
    assert [str(p) for p in SOURCES if drawers & set(p.stem.split("_"))] == []


def test_machine_text_is_cut_at_line_feeds_only() -> None:
    # `splitlines` cuts at U+2028, vertical tabs and their kin too, which JSON, HCL and lists of
    # checksums hold as ordinary text. What is shown to people, or hidden from them, may use it.
    for_people = {"ci/plain.py", "ci/masking.py", "redaction.py"}
    users = {
        str(path.relative_to(ROOT / "src/purveyor"))
        for path in SOURCES
        if "splitlines" in path.read_text()
    }
    assert users <= for_people


def families() -> list[type[PurveyorError]]:
    return [
        each
        for each in vars(errors).values()
        if isinstance(each, type) and issubclass(each, PurveyorError) and each is not PurveyorError
    ]


def test_each_family_of_errors_has_an_exit_code_of_its_own() -> None:
    codes = [family.exit_code for family in families()]
    assert len(set(codes)) == len(codes)
    assert set(codes) <= set(range(10, 20))


def test_each_exit_code_and_reason_code_is_documented() -> None:
    page = (ROOT / "docs/reference/errors.md").read_text()
    assert [f.__name__ for f in families() if f"| {f.exit_code} |" not in page] == []
    assert [code for code in ReasonCode if f"`{code}`" not in page] == []


def test_each_environment_variable_is_documented() -> None:
    page = (ROOT / "docs/reference/environment.md").read_text()
    assert [each.name for each in SETTINGS if f"`{each.name}`" not in page] == []


@pytest.mark.parametrize("arguments", [["--help"], ["--version"]])
def test_help_and_version_load_nothing_heavy(arguments: list[str]) -> None:
    code = (
        "import sys\n"
        f"sys.argv = ['purveyor', *{arguments!r}]\n"
        "from purveyor.cli import main\n"
        "try:\n    main()\nexcept SystemExit:\n    pass\n"
        "print(*sys.modules, file=sys.stderr)"
    )
    done = subprocess.run(
        [sys.executable, "-I", "-c", code], capture_output=True, text=True, check=True
    )
    assert HEAVY & {name.split(".")[0] for name in done.stderr.split()} == set()


def test_no_text_names_a_file_of_the_documentation_that_no_installation_has() -> None:
    named = {
        f"{path.relative_to(ROOT)}:{each.lineno}": each.value
        for path in SOURCES
        for each in ast.walk(ast.parse(path.read_text()))
        if isinstance(each, ast.Constant)
        and isinstance(each.value, str)
        and re.search(r"\bdocs/|\w/[\w-]+\.md\b|\b(README|CHANGELOG|CONTRIBUTING)\b", each.value)
    }
    assert named == {}


def test_the_catalogs_model_is_compiled_only_when_a_catalog_is_read() -> None:
    # pydantic's search for plugins reads the metadata of every installed package.
    code = (
        "import sys\n"
        "from purveyor.catalog.model import AccountEntry, CatalogModel\n"
        "assert not AccountEntry.__pydantic_complete__\n"
        "CatalogModel(version=1)\n"
        "assert not AccountEntry.__pydantic_complete__\n"
        "assert 'importlib.metadata' not in sys.modules"
    )
    subprocess.run([sys.executable, "-I", "-c", code], check=True)
