"""The kinds of text that a catalog holds, each with its pattern and with words for a reader.

The patterns keep to what JSON Schema's dialect (ECMA 262) and pydantic's engine both know.
"""

from __future__ import annotations

from typing import Annotated, TypeAlias

from pydantic import Field

WANTED: dict[str, str] = {
    (_WORD := r"^\S(.*\S)?$"): "text without blanks at its ends",
    (_SLUG := r"^[A-Za-z0-9][A-Za-z0-9._-]*$"): "a slug: letters, digits, `-`, `_` and `.`",
    (_NAME := r"^[A-Za-z_][A-Za-z0-9_-]*$"): "a name: letters, digits, `_` and `-`",
    (_STEP := r"^[a-z][a-z0-9_]{0,30}$"): (
        "a step's name: small letters, digits and `_`, at most 31, a letter first"
    ),
    (_PLACE := r"^[A-Za-z_][A-Za-z0-9_-]*(\.[A-Za-z0-9_-]+)*$"): (
        "a variable's name, or a place in it such as storage.class"
    ),
    (_BUCKET := r"^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$"): (
        "a bucket's name: 3 to 63 small letters, digits, `-` and `.`"
    ),
    (_ACCOUNT := r"^[a-z0-9]{3,24}$"): (
        "a storage account's name: 3 to 24 small letters and digits"
    ),
    (_CONTAINER := r"^[a-z0-9]+(-[a-z0-9]+)*$"): (
        "a container's name: small letters, digits and single `-`"
    ),
    (_GCS_BUCKET := r"^[a-z0-9][a-z0-9._-]{1,220}[a-z0-9]$"): (
        "a bucket's name: 3 to 222 small letters, digits, `-`, `_` and `.`"
    ),
    # Not the container's: a pattern is the key to its words.
    (_REGION := r"^[a-z][a-z0-9]*(-[a-z0-9]+)*$"): "a region such as us-east-1",
    (_FOLDER := r"^([A-Za-z0-9_=.+-]*[A-Za-z0-9_=+-](/[A-Za-z0-9_=.+-]*[A-Za-z0-9_=+-])*)?$"): (
        "a folder such as team/states, without slashes at its ends and without dots at a part's end"
    ),
    (_KEY := r"^[A-Za-z0-9_=+.{}/-]+$"): (
        "a key such as states/{service_id}/{service_slug}.tfstate: letters, digits, `-`, `_`, `=`,"
        " `+`, `.` and `/` around its fields"
    ),
    (_ROLE_ARN := r"^arn:aws[a-z0-9-]*:iam::[0-9]{12}:role/[A-Za-z0-9+=,.@_/-]+$"): (
        "a role's ARN such as arn:aws:iam::111111111111:role/provisioner"
    ),
    (_HTTP := r"^https?://[^\s/@]+(/[^\s@]*)?$"): (
        "an address such as https://store.example.com, without credentials"
    ),
    (_STATE_URL := r"^https?://[^\s/@{}]+/[^\s@{}]*\{name\}[^\s@{}]*$"): (
        "an address with `{name}` in it, such as https://states.example.com/{name}, without"
        " credentials"
    ),
    (_DURATION := r"^[1-9][0-9]{0,8} *(s|min|h|d)$"): "a length of time such as 90min, 24h or 7d",
    (_METHOD := r"^[A-Z]+$"): "an HTTP method in capitals",
    (
        _CONSTRAINT := r"^ *(=|!=|>=|<=|>|<|~>)? *[0-9]+(\.[0-9]+){0,2}(-[0-9A-Za-z.-]+)?"
        r"( *, *(=|!=|>=|<=|>|<|~>)? *[0-9]+(\.[0-9]+){0,2}(-[0-9A-Za-z.-]+)?)* *$"
    ): 'a version constraint such as "~> 1.10" or ">= 1.9, < 2"',
    (_EXACT := r"^[0-9]+\.[0-9]+\.[0-9]+(-[0-9A-Za-z.-]+)?$"): (
        'one exact version such as "5.1.2": a constraint is no pin'
    ),
    (
        _RESOURCE := r"^(module\.[A-Za-z_][A-Za-z0-9_-]*(\[([0-9]+|\"[^\"]*\")\])?\.)*"
        r"[a-z][a-z0-9_-]*(\.[A-Za-z_][A-Za-z0-9_-]*(\[([0-9]+|\"[^\"]*\")\])?)?$"
        r"|^[A-Z][A-Za-z0-9]*/[a-z0-9*?.-]+$"
        r"|^[a-z][A-Za-z0-9-]*:[A-Za-z0-9_/.-]+:[A-Za-z0-9_]+(::\S+)?$"
    ): (
        "a resource type such as aws_db_instance, an address such as aws_db_instance.main, of"
        " manifests a kind and a name such as Deployment/web, or of Pulumi a type such as"
        " aws:rds/instance:Instance, with ::main behind it for one of that name"
    ),
}

Word: TypeAlias = Annotated[str, Field(pattern=_WORD)]
Slug: TypeAlias = Annotated[str, Field(pattern=_SLUG)]
Name: TypeAlias = Annotated[str, Field(pattern=_NAME)]
StepName: TypeAlias = Annotated[str, Field(pattern=_STEP)]
Place: TypeAlias = Annotated[str, Field(pattern=_PLACE)]
Bucket: TypeAlias = Annotated[str, Field(pattern=_BUCKET)]
StorageAccount: TypeAlias = Annotated[str, Field(pattern=_ACCOUNT)]
Container: TypeAlias = Annotated[str, Field(pattern=_CONTAINER, min_length=3, max_length=63)]
GoogleBucket: TypeAlias = Annotated[str, Field(pattern=_GCS_BUCKET)]
Region: TypeAlias = Annotated[str, Field(pattern=_REGION)]
Folder: TypeAlias = Annotated[str, Field(pattern=_FOLDER)]
KeyTemplate: TypeAlias = Annotated[str, Field(pattern=_KEY)]
RoleArn: TypeAlias = Annotated[str, Field(pattern=_ROLE_ARN)]
HttpAddress: TypeAlias = Annotated[str, Field(pattern=_HTTP)]
StateAddress: TypeAlias = Annotated[str, Field(pattern=_STATE_URL)]
Duration: TypeAlias = Annotated[str, Field(pattern=_DURATION)]
HttpMethod: TypeAlias = Annotated[str, Field(pattern=_METHOD)]
Constraint: TypeAlias = Annotated[str, Field(pattern=_CONSTRAINT)]
ExactVersion: TypeAlias = Annotated[str, Field(pattern=_EXACT)]
ResourcePattern: TypeAlias = Annotated[str, Field(pattern=_RESOURCE)]
