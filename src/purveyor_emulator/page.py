"""The emulator's one page: services, links and actions as a developer would see them."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

from purveyor import json_text

if TYPE_CHECKING:
    from purveyor.json_text import JsonObject, JsonValue

_STYLE = """
:root { color-scheme: light dark; }
body { font: 16px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto;
  padding: 0 1rem; }
article, .link { border: 1px solid #8886; border-radius: 6px;
  padding: 0 1rem 1rem; margin: 1rem 0; }
h2, h3, h4 { margin: 1rem 0 .25rem; }
.status { border: 1px solid currentColor; border-radius: 1rem; padding: 0 .6rem;
  font-size: .85rem; }
.good { color: light-dark(#1a7f37, #56d364); }
.bad { color: light-dark(#b62324, #ff7b72); }
.id { font-size: .85rem; opacity: .75; overflow-wrap: anywhere; }
table { border-collapse: collapse; }
th { text-align: left; font-weight: 600; padding-right: 1.5rem; vertical-align: top; }
td { overflow-wrap: anywhere; }
ol { padding-left: 1.5rem; }
"""
_TONES = {"success": " good", "active": " good", "failed": " bad"}


def build_page(view: JsonObject) -> str:
    """Return the page; everything that came from outside is escaped."""
    services = "".join(_service(each) for each in _rows(view, "services"))
    faults = _rows(view, "faults")
    trouble = f"<p>Faults switched on: {escape(json_text.write(faults))}</p>" if faults else ""
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>Platform emulator</title><style>{_STYLE}</style></head><body>"
        '<h1>Platform emulator</h1><p><a href="/">Reload</a> · '
        '<a href="/emulator/view">as JSON</a> · <a href="/emulator/requests">requests</a></p>'
        f"{trouble}<main>{services or '<p>No services yet.</p>'}</main></body></html>"
    )


def _service(service: JsonObject) -> str:
    links = "".join(
        f'<section class="link">{_entity(each, "h3", "Link")}</section>'
        for each in _rows(service, "links")
    )
    return f"<article>{_entity(service, 'h2', 'Service')}{links}</article>"


def _entity(entity: JsonObject, heading: str, kind: str) -> str:
    secrets = entity.get("secrets")
    hidden = secrets if isinstance(secrets, list) else []
    values: JsonObject = {}
    attributes = entity.get("attributes")
    for name, value in (attributes if isinstance(attributes, dict) else {}).items():
        values[name] = "(secret, set)" if name in hidden else value
    actions = "".join(_action(each) for each in _rows(entity, "actions"))
    return (
        f"<{heading}>{kind} {_text(entity, 'name')} {_status(entity)}</{heading}>"
        f'<div class="id">{_text(entity, "specification")} · {_text(entity, "id")}</div>'
        f"{_table(values)}{actions}"
    )


def _action(action: JsonObject) -> str:
    messages = "".join(
        f"<li>{_text(each, 'level')}: {_text(each, 'message')}</li>"
        for each in _rows(action, "messages")
    )
    results = action.get("results")
    return (
        f"<h4>{_text(action, 'type')}: {_text(action, 'name')} {_status(action)}</h4>"
        f'<div class="id">{_text(action, "id")} · {_text(action, "updated_at")}</div>'
        f"{_table(results if isinstance(results, dict) else {})}"
        f"{f'<ol>{messages}</ol>' if messages else ''}"
    )


def _table(values: JsonObject) -> str:
    if not values:
        return ""
    rows = "".join(
        f'<tr><th scope="row">{escape(name)}</th><td>{escape(_shown(value))}</td></tr>'
        for name, value in values.items()
    )
    return f"<table>{rows}</table>"


def _status(record: JsonObject) -> str:
    tone = _TONES.get(str(record.get("status")), "")
    return f'<span class="status{tone}">{_text(record, "status")}</span>'


def _text(record: JsonObject, name: str) -> str:
    return escape(str(record.get(name, "")))


def _shown(value: JsonValue) -> str:
    if value is None:
        return "(not shown)"
    return value if isinstance(value, str) else json_text.write(value)


def _rows(record: JsonObject, name: str) -> list[JsonObject]:
    found = record.get(name)
    return [each for each in found if isinstance(each, dict)] if isinstance(found, list) else []
