"""Makes entries of services in the vendor's layout, whose modules stay where and as they are.

Their shell is not parsed: a few forms are rewritten, from the inside out, until a word holds
nothing of the shell. What still does is told with its place, and left to a person: no guesses.
In « » stands an expression of a template, and ` marks what is unread.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from purveyor import json_text
from purveyor.catalog.document import read_document
from purveyor.compute import find_template_faults
from purveyor.declaration import OFFERED
from purveyor.errors import CatalogError
from purveyor.hcl import read_module
from purveyor.json_text import as_object, dig
from purveyor.reporter.specification import is_editable, is_secret
from purveyor.scaffold.files import Found

if TYPE_CHECKING:
    from pathlib import Path

    from purveyor.declaration import ModuleOutput, Variable
    from purveyor.json_text import JsonValue

Given = dict[str, str]  # expressions, by variable or attribute
_TODO = "{{ TODO }} "
_STATEMENT = re.compile(r"(?m)^(?!\s*(?:#|echo ))(?:'[^']*'|\\\n|\|\n|[^\n])+$")
_ASSIGNMENT = re.compile(r"(\s*)(?:export )?([A-Z]\w*)=(.*)")
_MADE = re.compile(r"(?<![\w${-])[A-Z]\w*(?=\+?=(?!=))|(?<=read -r )[A-Z]\w*")
_VARIABLE = re.compile(r"\$(?:\{(\w+)(?::-((?:[^{}]|\$\{\w+\})*))?\}|(\w+))")
_TAKEN = re.compile(  # blocks whose condition holds
    r'(?ms)^if \[ (?:-f "\$VALUES_FILE"|"\$\{ACTION_SOURCE:-\}" = "link") \]; then\n.*?^(?=fi|else)'
)
# What was asked for before is among the parameters.
_MERGED = re.compile(r"\(\.(?:service|link)\.attributes // \{\}\) \* \(\.parameters // \{\}\)")
_NAMED = r"^@\.(?:(?:service|link)\.(?=attributes|dimensions)|provider\.attributes\.(?=account))?"
_LOWER = r"tr '\[:upper:\]' '\[:lower:\]'"
_SLUG = rf"{_LOWER} \| tr -cs 'a-z0-9' '-' \| sed 's/\^-\*//;s/-\*\$//' \| cut -c1-"


def _query(found: re.Match[str]) -> str:
    """Return what a program of jq's takes out of an object."""
    program = _MERGED.sub(".parameters", found[2] or found[3]).replace(" // {}", "")
    parts = re.split(r"\s*// *", program.removesuffix(" | tostring").replace('"', "'"))
    names = [found[1] + each if each[:1] == "." else each for each in parts if each != "''"]
    names = [re.sub(rf"{_NAMED}|\.value$", "", each) for each in names]
    if not all(re.fullmatch(r"@?[\w.]+|'[^'\\]*'|\[\]", each) for each in names):
        return "`"
    others = [each for each in names[1:] if each.replace("attributes", "parameters") != names[0]]
    return f'$(echo "«{" | ".join([names[0], *(f"default({each})" for each in others)])}»"'


def _pipe(pattern: str, form: str) -> tuple[str, Any]:
    def rewrite(found: re.Match[str]) -> str:
        texts = re.findall("«(.*?)»|([^«]+)", found[1])
        parts = [f"'{text}'" if text else f"({e})" if " " in e else e for e, text in texts]
        value = parts[0] if len(parts) == 1 else f"({' + '.join(parts)})"
        return f'$(echo "«{form.format(value, *found.groups()[1:])}»"'

    return rf'\$\(echo "([^"$]*)"\s*\|\s*{pattern}', rewrite


_RULES: tuple[tuple[str, Any], ...] = (
    (r'\$\(echo "([^"$]*)"\)', r"\1"),
    (r"\$\(tofu .*output -raw (\w+).*\)", r"«outputs.\1»"),
    (r"\$\(tofu .*output -json.*\)", "«outputs»"),
    (r"\$\((?:yaml_value .|yq -r ..)(\w+)\W.*\)", r"«settings.\1»"),
    (r'\$\(np service read --id "«service\.id»" --format json\)', "«@.service»"),
    (r"\$\(np provider read .*\)", "«@.provider»"),
    (r"""\$\(echo "«([^»"]*)»"\s*\|\s*jq (?:-\w+ )?(?:'([^']*)'|([.\w]+))""", _query),
    _pipe(rf"{_SLUG}([1-5]?\d|6[0-3])\b", "{} | slug({})"),  # no longer than `slug` gives
    _pipe(_LOWER, "{} | lower"),
    _pipe(r"tr -d '([^'\\])'", "{} | replace('{}', '')"),
    _pipe(r"tr '([^'\\])' '([^'\\])'", "{} | replace('{}', '{}')"),
    _pipe(r"cut -c1-(\d+)", "{}[:{}]"),
)


def _read_word(word: str, place: str, values: dict[str, str]) -> str:
    def look_up(found: re.Match[str]) -> str:
        value, other = values.get(found[1] or found[3], "`"), found[2]
        optional = other and re.fullmatch(r"«(?:parameters|attributes)\.\w+»", value)
        return f"{value[:-1]} | default('{other}')»" if optional else value

    text, before = _VARIABLE.sub(look_up, word.strip('"')), ""
    while text != before:
        before = text
        for pattern, form in _RULES:
            text = re.sub(pattern, form, text)
    if not re.search(r"""["'`$\\|;&]""", re.sub("«[^»$]*»", "", text)):
        return text
    unread = re.search(r"`[^`]*` \([\w.-]+:\d+\)", text)
    return unread[0] if unread else f"`{word.replace('`', '')[:80]}` ({place})"


def _run_script(path: Path, values: dict[str, str]) -> Given:
    """Note what a script makes; return what it gives the engine, or the platform."""
    text = _TAKEN.sub(lambda found: re.sub("(?m)^  ", "", found[0]), path.read_text("utf-8"))
    given, tested = dict[str, tuple[str, str]](), ""
    for found in _STATEMENT.finditer(text):
        place = f"{path.name}:{text.count(chr(10), 0, found.start()) + 1}"
        line = re.sub(r"\s*\\?\n\s*", " ", found[0])
        given |= {n: (w, place) for n, w in re.findall(r"-var=(\w+)=([^ \"]*)", line)}
        if body := re.search(r"jq -n.*?'\s*\{(.*)\}", line):
            words = dict(re.findall(r'--arg(?:json)? +(\w+) +("[^"]*"|\S+)', line))
            for name, value in re.findall(r"(\w+): *(.*?) *(?:,|\}|$)", body[1]):
                key = re.sub(r"\(?\$(\w+)(?: \| tonumber\))?", r"\1", value)
                given[name] = words.get(key, f"$(jq {value})"), place
        if condition := re.match(r"\s*if \[ (?:-[fn] \"\$\{?(\w+))?", line):
            tested = values.get(condition[1], "")
        plain = _ASSIGNMENT.fullmatch(line)
        for name in [plain[2]] if plain else _MADE.findall(line):
            value, old = _read_word(plain[3] if plain else "`", place, values), values.get(name, "")
            # Under a condition, as the indent shows, an attribute may be read back where it is
            # there, and else be made, once; nothing is set without values.yaml.
            is_sure = plain and not plain[1] and f" ({path.name}:" not in old
            is_back = tested in {value, old} and (value == tested or "service.name" in value)
            if is_sure or (is_back and tested.startswith("«attributes.")):
                values[name] = value
            elif value or "values.yaml" not in tested:
                values[name] = f"`{name}= under a condition` ({place})"
    return {name: _read_word(word, place, values) for name, (word, place) in given.items()}


def _run_workflow(home: Path, folder: str, *names: str) -> tuple[Path, Given, Given]:
    """Return the module of the first such workflow, what it is given, and what the platform."""
    values, given, told = {"CONTEXT": "«@»", "SERVICE_PATH": "."}, Given(), Given()
    flows = (each for name in names for each in home.glob(f"workflows/**/{name}.yaml"))
    for name in re.findall(r"\$SERVICE_PATH/([\w./-]+)", next((f.read_text() for f in flows), "")):
        made = _run_script(home / name, values) if (home / name).is_file() else {}
        given, told = (given, made) if "/write_" in name else (made or given, told)
    named = values.get("TOFU_MODULE_DIR", "`")
    return home / (folder if "`" in named else named), given, told


def read_services(folder: Path, root: Path) -> Found:
    """Return an entry for each service; what is left to a person is a TODO there, and a note."""
    found, inside = Found(), folder.is_relative_to(root)
    for path in sorted(folder.rglob("specs/service-spec.json.tpl")) if inside else ():
        slug, entry = _describe(path, root, found.notes)
        for each in sorted(path.parent.glob("links/*.json.tpl")):
            link, own = _describe(each, root, found.notes)
            entry |= {"links": entry.get("links", {}) | {link: own}} if own else {}
        for each in sorted(path.parent.glob("actions/*.json.tpl")):
            found.notes.append(f"{slug}: the custom action {each.stem[:-5]} needs a program")
        found.services |= {slug: entry} if "module" in entry else {}
    if not found.services:
        hint = "Name a folder below the catalog's with specs/service-spec.json.tpl and a module."
        raise CatalogError(f"No service is in {folder}.", hint=hint, details=found.notes)
    return found


def _describe(specification: Path, root: Path, notes: list[str]) -> tuple[str, dict[str, Any]]:
    """Return a service's or a link's slug and entry, which is empty without a module."""
    text, is_link = specification.read_text("utf-8"), specification.parent.name == "links"
    document = json_text.parse(re.sub(r"(?s)\{\{.*?\}\}", "0", text))
    slug, home = str(dig(document, "slug")), specification.parents[1 + is_link]
    schema = as_object(dig(document, "attributes", "schema", "properties"))
    flow = ["permissions", f"link-{slug}", "link"] if is_link else ["deployment", "create"]
    folder, given, told = _run_workflow(home, *flow)
    if not folder.is_dir():
        notes.append(f"{home.name}/{slug}: there is no Terraform module {folder.name}/")
        return slug, {}
    module = read_module(folder)
    entry: dict[str, Any] = {"module": folder.relative_to(root).as_posix()}
    settings = as_object(read_document(home / "values.yaml").value)
    for name, variable in module.variables.items():
        asked = name in OFFERED or is_editable(as_object(schema.get(name))) or not variable.required
        word = given.get(name, "" if asked else "`no line that is read`")
        word = re.sub("«settings.(.+?)»", lambda m: str(settings.get(m[1]) or m[0]), word)
        if value := _map(variable, word, is_link=is_link):
            entry.setdefault("compute" if "{{" in str(value) else "variables", {})[name] = value
            is_open = _TODO in str(value) or "account.region" in word
            notes += [f"{home.name}/{slug}: {name} is made by {word.strip('«»')}"] * is_open
    if told:
        known = {name: module.outputs.get(word[9:-1]) for name, word in told.items()}
        entry["outputs"] = {n: _hand_on(each, schema.get(n)) for n, each in known.items() if each}
        lost = [f"{n} is no output, but {told[n].strip('«»')}" for n, e in known.items() if not e]
        notes += [f"{home.name}/{slug}: {each}" for each in lost]
    return slug, entry


def _hand_on(output: ModuleOutput, attribute: JsonValue) -> str | dict[str, Any]:
    is_secret_one = output.sensitive or is_secret(as_object(attribute))
    return {"output": output.name, "secret": True} if is_secret_one else output.name


def _map(variable: Variable, word: str, *, is_link: bool) -> str | dict[str, Any]:
    """Return a value or a template, none where the variable's name says where it comes from."""
    name, default = variable.name, json_text.write(variable.default).replace('"', "'")
    source = word.strip("«»").removesuffix(f" | default({default})")
    template = word.replace("«", "{{ ").replace("»", " }}")
    if "`" in word or find_template_faults(template, is_link=is_link):
        return _TODO + word.strip("«»")
    named = {"", f"parameters.{name}", f"{'attributes' if is_link else ''}.{name}"}
    if source in {*named, name.replace("_", ".", 1)}:
        return ""
    return {"value": template, "once": True} if "service.name" in word else template
