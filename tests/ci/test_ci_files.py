"""Outputs and summaries: exact files, limits, and files that cannot be written."""

from __future__ import annotations

from pathlib import Path

import pytest
from ci_oracle import Page, azure_commands
from hypothesis import given, settings
from hypothesis import strategies as st

FULL = Path("/dev/full")
values = st.text(st.characters(exclude_categories=["Cs"])) | st.lists(
    st.sampled_from(["a", "\n", "\r", "<<", "=", "purveyor_", "EOF"])
).map("".join)


def read_github(text: str) -> dict[str, str]:
    """Read a file of outputs as GitHub's runner does on Linux: lines end in LF alone."""
    found: dict[str, str] = {}
    assert text.endswith("\n")
    lines = text.split("\n")[:-1]
    while lines:
        name, delimiter = lines.pop(0).split("<<", 1)
        end = lines.index(delimiter)
        found[name] = "\n".join(lines[:end])
        del lines[: end + 1]
    return found


@settings(deadline=None)  # a busy machine is no fault
@given(one=values, two=values)
def test_github_reads_back_every_value(
    tmp_path_factory: pytest.TempPathFactory, one: str, two: str
) -> None:
    path = tmp_path_factory.mktemp("out") / "outputs"
    path.touch()
    page = Page("github", GITHUB_OUTPUT=str(path))
    page.ci.write_outputs({"one": one})
    page.ci.write_outputs({"two": two})
    assert read_github(path.read_bytes().decode()) == {"one": one, "two": two}
    assert page.text == ""


def test_a_value_that_holds_the_delimiter_gets_another_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tokens = iter(["known", "fresh"])
    monkeypatch.setattr("purveyor.ci.github.secrets.token_hex", lambda _size: next(tokens))
    path = tmp_path / "outputs"
    Page("github", GITHUB_OUTPUT=str(path)).ci.write_outputs({"a": "x\npurveyor_known\nb=c"})
    assert path.read_text() == "a<<purveyor_fresh\nx\npurveyor_known\nb=c\npurveyor_fresh\n"


def test_an_output_with_an_impossible_name_is_left_out_aloud(tmp_path: Path) -> None:
    path = tmp_path / "outputs"
    page = Page("github", GITHUB_OUTPUT=str(path))
    page.ci.write_outputs({"a=b\nPATH": "x", "good": "y"})
    assert list(read_github(path.read_text())) == ["good"]
    assert "was left out" in page.text


def test_gitlab_gets_lines_that_later_jobs_read_as_they_are(tmp_path: Path) -> None:
    path = tmp_path / "purveyor.env"
    page = Page("gitlab", PURVEYOR_DOTENV=str(path))
    page.ci.write_outputs(
        {"status": "success", "state-key": 'a "b"', "key": "one\ntwo", "token": "$CI_JOB_TOKEN"}
    )
    assert path.read_text() == 'PURVEYOR_OUT_STATUS=success\nPURVEYOR_OUT_STATE_KEY=a "b"\n'
    assert [line.split("'")[1] for line in page.lines] == ["key", "token"]


def test_gitlabs_file_stays_below_five_kilobytes_over_several_writes(tmp_path: Path) -> None:
    path = tmp_path / "purveyor.env"
    page = Page("gitlab", PURVEYOR_DOTENV=str(path))
    page.ci.write_outputs({"a": "x" * 3000, "b": "y" * 3000, "c": "z"})
    page.ci.write_outputs({"d": "x" * 3000, "e": "w"})
    assert [line.split("=")[0][-1] for line in path.read_text().splitlines()] == ["A", "C", "E"]
    page.ci.write_outputs({f"n{number}": "x" * 80 for number in range(30)})
    assert 5 * 1024 - 100 < path.stat().st_size < 5 * 1024


def test_azure_sets_output_variables_and_leaves_out_macros() -> None:
    page = Page("azure")
    page.ci.write_outputs({"status": "100%;]\nx", "bad": "$(System.AccessToken)"})
    assert page.lines[0] == ("##vso[task.setvariable variable=status;isOutput=true]100%AZP25;]%0Ax")
    assert "System.AccessToken" not in page.text
    assert len(azure_commands(page.text)) == 1


def test_a_summary_is_added_to_githubs_file(tmp_path: Path) -> None:
    path = tmp_path / "summary"
    path.write_text("before\n")
    Page("github", GITHUB_STEP_SUMMARY=str(path)).ci.write_summary("# One")
    assert path.read_text() == "before\n# One\n"


@pytest.mark.parametrize("vendor", ["gitlab", "terminal"])
def test_a_summary_goes_to_the_named_file(vendor: str, tmp_path: Path) -> None:
    path = tmp_path / "summary.md"
    Page(vendor, PURVEYOR_SUMMARY=str(path)).ci.write_summary("# One")
    assert path.read_text() == "# One\n"


@pytest.mark.parametrize("vendor", ["gitlab", "terminal"])
def test_a_summary_is_html_where_its_files_name_says_so(vendor: str, tmp_path: Path) -> None:
    for name in ("summary.md", "summary.html"):
        path = tmp_path / name
        Page(vendor, PURVEYOR_SUMMARY=str(path)).ci.write_summary("`a<b` <b>")
    assert (tmp_path / "summary.md").read_text() == "`a<b` <b>\n"
    assert (
        (tmp_path / "summary.html").read_text().endswith("<p><code>a&lt;b</code> &lt;b&gt;</p>\n")
    )


def test_azure_uploads_a_file_that_stays(tmp_path: Path) -> None:
    page = Page("azure", AGENT_TEMPDIRECTORY=str(tmp_path))
    page.ci.write_summary("# One")
    (found,) = azure_commands(page.text)
    assert found.name == "task.uploadsummary"
    assert Path(found.data).is_relative_to(tmp_path)
    assert Path(found.data).read_text() == "# One\n"


def test_a_summary_above_the_limit_is_cut_at_a_line_and_says_so(tmp_path: Path) -> None:
    path = tmp_path / "summary"
    path.write_text("x" * 1000)
    Page("github", GITHUB_STEP_SUMMARY=str(path)).ci.write_summary("| é | row |\n" * 200_000)
    data = path.read_bytes()
    assert 1024 * 1024 - 200 < len(data) <= 1024 * 1024
    rows, _, note = data.decode().partition("\n\n(")
    assert rows.endswith("| é | row |")
    assert note.startswith("The summary was longer than 1 MiB")


def test_a_full_summary_gets_nothing_more(tmp_path: Path) -> None:
    path = tmp_path / "summary"
    path.write_text("x" * 1024 * 1024)
    Page("github", GITHUB_STEP_SUMMARY=str(path)).ci.write_summary("# One")
    assert path.stat().st_size == 1024 * 1024


@pytest.mark.parametrize("path", ["missing-folder/file", "."])
def test_a_file_that_cannot_be_written_is_noted_once(tmp_path: Path, path: str) -> None:
    target = str(tmp_path / path)
    page = Page("github", GITHUB_STEP_SUMMARY=target, GITHUB_OUTPUT=target)
    for _ in range(3):
        page.ci.write_summary("# One")
        page.ci.write_outputs({"a": "b"})
    assert len(page.err.getvalue().splitlines()) == 2
    assert "The summary could not be written" in page.err.getvalue()


@pytest.mark.skipif(not FULL.exists(), reason="left out: this system has no /dev/full")
def test_a_full_disk_does_not_stop_the_run() -> None:
    page = Page("github", GITHUB_STEP_SUMMARY=str(FULL), GITHUB_OUTPUT=str(FULL))
    page.ci.write_summary("# One")
    page.ci.write_outputs({"a": "b"})
    assert page.err.getvalue().count("No space left on device") == 2
