"""Ready-made services in the vendor's layout: made up, with the shapes of its own."""

from __future__ import annotations

from typing import TYPE_CHECKING

from purveyor import json_text

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from purveyor.json_text import JsonObject

SHOWN: JsonObject = {"type": "string", "visibleOn": ["read"], "editableOn": []}
ASKED: JsonObject = {"type": "string", "editableOn": ["create", "update"]}
PARCEL: JsonObject = {
    "tail": ASKED,
    "weight": {"type": "number", "editableOn": ["create", "update"]},
    "label": SHOWN,
    "place": SHOWN,
}
KEY: JsonObject = {
    "access": ASKED,
    "holder": SHOWN,
    "pin": {"type": "string", "editableOn": [], "export": {"secret": True}},
}
# A label that is made once, and read back where it is there; a comment with a quote.
BUILD = r"""#!/bin/bash
# It's what a parcel is made of.
PARCEL_ID=$(echo "$CONTEXT" | jq -r '.service.id')
PARCEL_NAME=$(echo "$CONTEXT" | jq -r '.service.name // ""')
PARCEL_NAME="${PARCEL_NAME:-parcel-${PARCEL_ID}}"
WISHES=$(echo "$CONTEXT" | jq -r '(.service.attributes // {}) * (.parameters // {})')
TAIL=$(echo "$WISHES"   | jq -r '.tail   // ""')
WEIGHT=$(echo "$WISHES" | jq -r '.weight // 3')
HEAD="pv-$(echo "$PARCEL_NAME" | tr '[:upper:]' '[:lower:]' | tr -cs 'a-z0-9' '-' \
  | sed 's/^-*//;s/-*$//' | cut -c1-30)"
if [ -z "$TAIL" ]; then
  echo "a parcel's tail is needed" >&2
  exit 1
fi
EARLIER=$(echo "$CONTEXT" | jq -r '.service.attributes.label // ""')
if [ -n "$EARLIER" ] && [ "$EARLIER" != "null" ]; then
  LABEL="$EARLIER"
else
  LABEL=$(echo "${HEAD}-${TAIL}" | tr '[:upper:]' '[:lower:]' | cut -c1-40)
fi
DEPOT=$(yaml_value "depot" "" "$VALUES")
export TOFU_MODULE_DIR="$SERVICE_PATH/deployment"
export TOFU_VARIABLES="-var=service_id=${PARCEL_ID} -var=label=${LABEL} -var=weight=${WEIGHT}"
TOFU_VARIABLES="${TOFU_VARIABLES} -var=depot=${DEPOT}"
if [ "${ACTION_SOURCE:-}" = "link" ]; then
  export KEY_ID=$(echo "$CONTEXT" | jq -r '.link.id // ""')
  KEY_WISHES=$(echo "$CONTEXT" | jq -r '(.link.attributes // {}) * (.parameters // {})')
  export KEY_ACCESS=$(echo "$KEY_WISHES" | jq -r '.access // "look"')
fi
"""
BUILD_KEY = r"""#!/bin/bash
PARCEL=$(echo "$CONTEXT" | jq -r '.service.attributes // {}')
LABEL=$(echo "$PARCEL" | jq -r '.label // ""')
HOLDER="pv_$(echo "${KEY_ID}" | tr -d '-' | cut -c1-8)"
TOFU_MODULE_DIR="$SERVICE_PATH/permissions"
TOFU_VARIABLES=$(jq -n \
  --arg label  "$LABEL" \
  --arg holder "$HOLDER" \
  --arg access "${KEY_ACCESS:-look}" \
  '{
    label:  $label,
    holder: $holder,
    access: $access
  }')
"""
TELL = """#!/bin/bash
LABEL=$(tofu output -raw label 2>/dev/null || echo "")
DEPOT=$(tofu -chdir="$TOFU_MODULE_DIR" output -raw depot 2>/dev/null || echo "")
ATTRS=$(jq -n --arg label "$LABEL" --arg place "$DEPOT" '{ label: $label, place: $place }')
np service patch --id "$PARCEL_ID" --body "{\\"attributes\\": $ATTRS}"
"""
TELL_KEY = """#!/bin/bash
ALL=$(tofu output -json 2>/dev/null || echo '{}')
HOLDER=$(echo "$ALL" | jq -r '.holder.value // ""')
PIN=$(echo "$ALL"    | jq -r '.code.value   // ""')
ATTRS=$(jq -n --arg h "$HOLDER" --arg p "$PIN" '{
  holder: $h,
  pin: $p,
  colour: "red"
}')
np link patch --id "$KEY_ID" --body "{\\"attributes\\": $ATTRS}"
"""
MODULE = """
variable "service_id" { type = string }
variable "label" { type = string }
variable "depot" { type = string }
variable "weight" {
  type    = number
  default = 3
}
variable "stamps" {
  type    = number
  default = 1
}
resource "terraform_data" "parcel" {
  input            = "${var.label} of ${var.service_id}, ${var.weight} kg, ${var.stamps} stamps"
  triggers_replace = [var.label]
}
output "label" { value = var.label }
output "depot" { value = var.depot }
"""
KEY_MODULE = """
variable "label" { type = string }
variable "holder" { type = string }
variable "access" { type = string }
resource "terraform_data" "key" { input = "${var.holder} may ${var.access} at ${var.label}" }
output "holder" { value = var.holder }
output "code" {
  value     = "code-of-${var.holder}"
  sensitive = true
}
"""


def put_service(home: Path, slug: str = "parcel", **changes: str) -> Path:
    """Write a service with one link; `changes` are files' texts, by name without an ending."""
    files = {
        "specs/service-spec.json.tpl": _specify(slug, PARCEL),
        "specs/links/connect.json.tpl": _specify("key", KEY),
        "values.yaml": 'depot: "north"\n',
        "workflows/create.yaml": _order("build_context", "do_tofu", "write_service_outputs"),
        "workflows/link.yaml": _order(
            "build_context", "build_key", "do_tofu", "write_link_outputs"
        ),
        "scripts/build_context": BUILD,
        "scripts/build_key": BUILD_KEY,
        "scripts/do_tofu": "#!/bin/bash\ntofu apply -auto-approve $TOFU_VARIABLES\n",
        "scripts/write_service_outputs": TELL,
        "scripts/write_link_outputs": TELL_KEY,
        "deployment/main.tf": MODULE,
        "permissions/main.tf": KEY_MODULE,
    }
    for name, text in files.items():
        path = home / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(changes.get(path.name.partition(".")[0], text), "utf-8")
    return home


def _specify(slug: str, properties: Mapping[str, object]) -> str:
    schema = {"type": "object", "properties": properties}
    document = {"slug": slug, "name": slug, "nrn": "{{ env.Getenv `NRN` }}"}
    return json_text.write({**document, "attributes": {"schema": schema}}, indent=2)


def _order(*names: str) -> str:
    step = "  - {{name: step, type: script, file: $SERVICE_PATH/scripts/{}}}\n"
    return "steps:\n" + "".join(step.format(each) for each in names)
