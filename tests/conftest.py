"""What every test can have: real programs, a clean environment, guard rails, the last line."""

from __future__ import annotations

import ipaddress
import os
import shutil
import signal
import sys
import tempfile
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from purveyor.engines.binary.model import PROGRAMS, EngineBinary
from purveyor.engines.binary.version import program_version
from purveyor.settings import Settings, read_settings
from real_programs import LEFT_OUT, RealPrograms, look_around

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from _pytest.terminal import TerminalReporter


pytest_plugins = ("cluster_fixtures", "store_fixtures")

_WHOLE_RUNS = frozenset(
    {"backends", "end_to_end", "states", "faults", "sweep", "catalog", "parameters"}
)
_REAL = pytest.StashKey[RealPrograms]()
_FOR_LATER = pytest.StashKey[int]()
# What a CI, a cloud's login or a user may have set; a test that needs one sets it.
_NOT_FOR_TESTS = (
    *("TF_", "PURVEYOR_", "NULLPLATFORM_", "NP_", "CONTEXT", "WITH_", "OTEL_"),
    *("GITHUB_", "GITLAB_", "CI", "ACTIONS_", "RUNNER_", "SYSTEM_", "BUILD_", "AGENT_"),
    *("AWS_", "GOOGLE_", "CLOUDSDK_", "GCLOUD_", "ARM_", "AZURE_", "PG", "CONSUL_", "KUBE"),
    *("NO_COLOR", "FORCE_COLOR", "SSL_CERT_", "GIT_"),
)
_WRITES = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND


def pytest_configure(config: pytest.Config) -> None:
    """Look for real programs once, before any test changes the environment."""
    _hear_signals()
    settings = read_settings()
    config.stash[_REAL] = look_around(settings)
    config.stash[_FOR_LATER] = 0
    cache = Path(settings.text("PURVEYOR_CACHE") or "~/.cache/purveyor").expanduser()
    _guard_rail.watch(str(cache))


def _hear_signals() -> None:
    """Take back what a shell's background or nohup ignores: children would inherit it."""
    if threading.current_thread() is threading.main_thread():
        for number in (signal.SIGHUP, signal.SIGINT, signal.SIGQUIT):
            if signal.getsignal(number) is signal.SIG_IGN:
                signal.signal(number, signal.SIG_DFL)


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run each test that asks for `engine` once for every engine, or for one if that is enough.

    Where a whole run is played, the other engines wait for `make test-long`.
    """
    if "engine" not in metafunc.fixturenames:
        return
    real = metafunc.config.stash[_REAL]
    first, *others = [
        *filter(real.engine, PROGRAMS),
        *filter(lambda n: not real.engine(n), PROGRAMS),
    ]
    if metafunc.definition.get_closest_marker("one_engine"):
        others = []
    whole = metafunc.definition.path.parent.name in _WHOLE_RUNS
    later = (pytest.mark.engine, *([pytest.mark.long] if whole else []))
    marks = {first: (pytest.mark.engine,), **dict.fromkeys(others, later)}
    metafunc.parametrize(
        "engine",
        [
            pytest.param(real.engine(name) or name, id=PROGRAMS[name], marks=each)
            for name, each in marks.items()
        ],
        indirect=True,
    )


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Leave out, and say so, a marked test whose real program is missing."""
    real = item.config.stash[_REAL]
    if item.get_closest_marker("engine") and not real.engines:
        pytest.skip(f"{LEFT_OUT}no terraform and no tofu")
    if item.get_closest_marker("aws_provider") and not real.aws_provider:
        pytest.skip(f"{LEFT_OUT}no aws provider in PURVEYOR_PLUGIN_MIRROR")


def pytest_terminal_summary(terminalreporter: TerminalReporter, config: pytest.Config) -> None:
    """Say which real programs took part, and what was left out because one is missing."""
    real = config.stash[_REAL]
    reasons = [_skip_reason(report) for report in terminalreporter.stats.get("skipped", [])]
    left = [reason.partition(LEFT_OUT)[2] for reason in reasons if LEFT_OUT in reason]
    count = len(left)
    # Programs are told with their remedy; what else is missing, by its own reason.
    other = sorted({each for each in left if not each.startswith("no ")})
    missing = "; ".join([*real.missing(), *other])
    left_out = f"{count} tests, because of {missing}" if missing else "nothing"
    later = f" | left for make test-long: {config.stash[_FOR_LATER]} tests"
    terminalreporter.write_line(
        f"real: {', '.join(real.found())} | left out: {left_out}"
        f"{later if config.stash[_FOR_LATER] else ''}"
    )


def pytest_deselected(items: Sequence[pytest.Item]) -> None:
    """Count the long and slow tests that are left out, on whichever worker that happens."""
    if items:
        config = items[0].config
        config.stash[_FOR_LATER] += sum(
            any(item.get_closest_marker(name) for name in ("long", "slow")) for item in items
        )


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any) -> None:
    """Take over what a worker counted; each of them collects all tests."""
    config, told = node.config, node.workeroutput
    config.stash[_FOR_LATER] = max(config.stash[_FOR_LATER], told.get("for_later", 0))


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Tell the one who started this worker."""
    told = getattr(session.config, "workeroutput", None)
    if told is not None:
        told["for_later"] = session.config.stash[_FOR_LATER]


def _skip_reason(report: pytest.TestReport) -> str:
    return report.longrepr[2] if isinstance(report.longrepr, tuple) else ""


@pytest.fixture(scope="session")
def real(pytestconfig: pytest.Config) -> RealPrograms:
    """Every real program that was found."""
    return pytestconfig.stash[_REAL]


@pytest.fixture
def engine(request: pytest.FixtureRequest) -> EngineBinary:
    """Each engine that was found, one after the other; ids `tofu` and `terraform`."""
    if isinstance(request.param, EngineBinary):
        return request.param
    pytest.skip(f"{LEFT_OUT}no {PROGRAMS[request.param]}")


@pytest.fixture
def terraform(request: pytest.FixtureRequest) -> Path:
    """The real terraform's path."""
    return _program(request, "terraform")


@pytest.fixture
def tofu(request: pytest.FixtureRequest) -> Path:
    """The real tofu's path."""
    return _program(request, "opentofu")


def _program(request: pytest.FixtureRequest, name: str) -> Path:
    found = request.config.stash[_REAL].engine(name)
    if found is None:
        pytest.skip(f"{LEFT_OUT}no {PROGRAMS[name]}")
    return found.path


@pytest.fixture
def plugin_mirror(request: pytest.FixtureRequest) -> Path:
    """The folder that holds `registry.terraform.io/hashicorp/aws`."""
    real = request.config.stash[_REAL]
    if real.plugin_mirror is None or not real.aws_provider:
        pytest.skip(f"{LEFT_OUT}no aws provider in PURVEYOR_PLUGIN_MIRROR")
    return real.plugin_mirror


@pytest.fixture
def clean_environment(tmp_path: Path) -> dict[str, str]:
    """An environment for programs: PATH, a HOME of their own, and no way out to the network.

    The proxy is a closed port: a program that leaves loopback fails at once instead of working
    on one machine only.
    """
    home = tmp_path / "home"
    home.mkdir()
    return {
        "PATH": os.environ["PATH"],  # noqa: TID251 - programs are found where the tests' are
        "HOME": str(home),
        "TMPDIR": tempfile.gettempdir(),
        "CHECKPOINT_DISABLE": "1",
        "HTTP_PROXY": "http://127.0.0.1:1",
        "HTTPS_PROXY": "http://127.0.0.1:1",
        "NO_PROXY": "127.0.0.1,localhost,::1",
    }


@pytest.fixture
def engine_environment(
    clean_environment: dict[str, str],
    engine: EngineBinary,
    tmp_path: Path,
    tmp_path_factory: pytest.TempPathFactory,
) -> dict[str, str]:
    """An environment in which only `engine` is found, with a cache that knows its version."""
    shared = tmp_path_factory.getbasetemp() / f"only-{engine.name}"
    if not shared.exists():
        shared.mkdir()
        (shared / engine.path.name).symlink_to(engine.path)
        settings = Settings({**clean_environment, "PURVEYOR_CACHE": str(shared / "cache")})
        assert program_version(shared / engine.path.name, settings) == engine.version
    shutil.copytree(shared / "cache", tmp_path / "cache")
    return {
        **clean_environment,
        "PATH": f"{shared}:/usr/bin:/bin",
        "PURVEYOR_CACHE": str(tmp_path / "cache"),
    }


class GuardRail:
    """Notices tests that write into the user's cache or leave loopback; an audit hook (PEP 578)."""

    def __init__(self) -> None:
        self.faults: list[str] = []
        self._cache = ""

    def watch(self, cache: str) -> None:
        """Start; hooks cannot be taken away again, so that it happens once a process."""
        if not self._cache:
            self._cache = cache
            sys.addaudithook(self._notice)

    def _notice(self, event: str, arguments: tuple[object, ...]) -> None:
        if event == "socket.connect":
            self._check_address(arguments[1])
        elif event == "open" and isinstance(arguments[2], int) and arguments[2] & _WRITES:
            self._check_path(arguments[0])
        elif event in {"os.mkdir", "os.rename", "os.remove", "os.rmdir", "os.symlink"}:
            if event != "os.symlink":  # its first argument is only pointed at
                self._check_path(arguments[0])
            self._check_path(arguments[1])

    def _check_address(self, address: object) -> None:
        if isinstance(address, tuple) and not _is_loopback(str(address[0])):
            self._fail(f"a test connects to {address[0]}: only loopback is allowed")

    def _check_path(self, path: object) -> None:
        if isinstance(path, (str, os.PathLike)) and str(path).startswith(self._cache):
            self._fail(f"a test writes {path}: the user's cache is not for tests")

    def _fail(self, fault: str) -> None:
        self.faults.append(fault)
        pytest.fail(fault, pytrace=True)


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host.split("%", maxsplit=1)[0]).is_loopback
    except ValueError:
        return host == "localhost"


_guard_rail = GuardRail()


@pytest.fixture(scope="session", autouse=True)
def _own_home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Give the tests' own process a HOME, a TMPDIR and an environment without the user's settings.

    The folder for temporary files has a short name: sockets in it have one of 107 bytes at most.
    """
    with pytest.MonkeyPatch.context() as patch:
        for name in list(os.environ):  # noqa: TID251 - the tests' own environment is cleaned here
            if name.startswith(_NOT_FOR_TESTS):
                patch.delenv(name)
        patch.setenv("HOME", str(tmp_path_factory.mktemp("home")))
        patch.setenv("TMPDIR", str(tmp_path_factory.mktemp("t")))
        patch.setattr(tempfile, "tempdir", None)
        patch.setenv("CHECKPOINT_DISABLE", "1")
        yield


@pytest.fixture(autouse=True)
def _on_the_rails() -> Iterator[None]:
    """Fail a test whose thread, or whose caught exception, broke a guard rail."""
    before = len(_guard_rail.faults)
    yield
    broken = _guard_rail.faults[before:]
    if broken:
        pytest.fail("; ".join(broken), pytrace=False)
