"""Secrets do not leave, in no usual writing; other text is left alone."""

from __future__ import annotations

import base64
import html
import sys
import threading
from urllib.parse import quote, quote_plus

import pytest
from hypothesis import given
from hypothesis import strategies as st

from purveyor import json_text
from purveyor.redaction import MASK, Redactor

_SECRETS = st.text(min_size=4, max_size=40).filter(
    lambda text: len(text.strip()) >= 4 and not text.isalpha() and "*" not in text
)
_HARD_SECRETS = _SECRETS.filter(lambda text: not text.strip("+-").replace(".", "").isdecimal())
_ENCODABLE = _HARD_SECRETS.filter(lambda text: not any("\ud800" <= c <= "\udfff" for c in text))


@given(_HARD_SECRETS, st.text(), st.text())
def test_a_secret_never_survives_in_clear(secret: str, before: str, after: str) -> None:
    assert secret not in Redactor([secret]).redact(before + secret + after)


@pytest.mark.parametrize(
    "encode",
    [
        lambda text: json_text.write(text)[1:-1],
        lambda text: json_text.write(json_text.write(text))[1:-1],
        lambda text: text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n"),
        lambda text: quote(text, safe=""),
        lambda text: quote(text, safe="!$&'()*+,;=:@/"),
        quote_plus,
        lambda text: quote(text, safe="").lower() if text.islower() else quote(text),
        html.escape,
        lambda text: text.replace("${", "$${").replace("%{", "%%{"),
    ],
    ids=["json", "json-twice", "hcl", "url", "url-user", "form", "url-path", "html", "template"],
)
def test_a_secret_never_survives_encoded(encode: object) -> None:
    assert callable(encode)

    @given(_ENCODABLE)
    def check(secret: str) -> None:
        written = encode(secret)
        assert written not in Redactor([secret]).redact(f'"{written}"')

    check()


@given(_ENCODABLE, st.binary(max_size=4), st.binary(max_size=4))
def test_a_secret_inside_base64_never_survives(secret: str, before: bytes, after: bytes) -> None:
    hidden = Redactor([secret])
    for encode in (base64.b64encode, base64.urlsafe_b64encode):
        written = encode(before + secret.encode() + after).decode()
        left = hidden.redact(written)
        assert MASK in left
        # What is left next to the stars holds the neighbours and no whole byte of the secret.
        assert len(left.replace(MASK, "").rstrip("=")) <= len(before + after) * 4 // 3 + 4


@given(_ENCODABLE)
def test_a_secret_encoded_alone_leaves_nothing(secret: str) -> None:
    assert Redactor([secret]).redact(base64.b64encode(secret.encode()).decode()) == MASK


@given(st.text(alphabet="abc XYZ=:/\n", max_size=200))
def test_text_without_secrets_is_unchanged(text: str) -> None:
    assert Redactor(["hunter2-0123456789", "p4ss/w0rd+x"]).redact(text) == text


def test_overlapping_secrets_leave_no_end_of_either() -> None:
    assert Redactor(["abcd1234", "1234wxyz"]).redact("<abcd1234wxyz>") == f"<{MASK}>"


def test_a_secret_within_a_longer_one_does_not_break_it() -> None:
    assert Redactor(["s3cr3t", "s3cr3t-and-more"]).redact("=s3cr3t-and-more=") == f"={MASK}="


def test_a_repeated_secret_is_masked_each_time() -> None:
    assert Redactor(["a1a1"]).redact("a1a1a1 a1a1") == f"{MASK} {MASK}"


@pytest.mark.parametrize(
    "value",
    ["true", "False", "null", "None", "5432", "-1", "0.25", "1048576", "abc", " x ", "****"],
)
def test_a_value_that_is_everywhere_is_not_masked(value: str) -> None:
    text = f"port {value}, enabled {value}: {base64.b64encode(value.encode()).decode()}"
    assert Redactor([value]).redact(text) == text


def test_a_long_number_is_masked() -> None:
    hidden = Redactor()
    hidden.add_value({"pin": 12345678, "port": 5432})
    assert hidden.redact("12345678 on 5432") == f"{MASK} on 5432"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("production of product", "production of product"),
        ("user prod, host", f"user {MASK}, host"),
        ("prod", MASK),
        (r"line\nprod\n", rf"line\n{MASK}\n"),
        ("user%3Aprod%40host", f"user%3A{MASK}%40host"),
        ("prod:prod@prod", f"{MASK}:{MASK}@{MASK}"),
    ],
)
def test_a_short_word_is_masked_where_it_stands_as_a_word(text: str, expected: str) -> None:
    assert Redactor(["prod"]).redact(text) == expected


def test_each_line_of_a_multi_line_secret_is_masked_on_its_own() -> None:
    key = "-----BEGIN X-----\nMIIEvQIBADANBg\nkqhkiG9w0BAQ\n-----END X-----\n"
    hidden = Redactor([key])
    assert hidden.redact("  | MIIEvQIBADANBg\n  | kqhkiG9w0BAQ") == f"  | {MASK}\n  | {MASK}"
    assert "kqhk" not in hidden.redact(json_text.write({"key": key}))
    assert hidden.redact(base64.b64encode(key.encode()).decode()) == MASK


def test_the_leaves_of_nested_values_are_masked() -> None:
    hidden = Redactor()
    hidden.add_value({"users": [{"name": "app", "password": "p4ss-one"}, {"password": "p4ss-two"}]})
    assert hidden.redact("p4ss-one p4ss-two app") == f"{MASK} {MASK} app"


def test_the_leaves_of_a_secret_that_is_json_are_masked() -> None:
    hidden = Redactor(['{"user": "app", "password": "p4ss/one", "on": true}'])
    assert hidden.redact("got p4ss/one") == f"got {MASK}"
    assert hidden.redact("true") == "true"


def test_a_secret_that_only_looks_like_json_is_masked_as_text() -> None:
    assert Redactor(["{not json"]).redact("a {not json b") == f"a {MASK} b"


# Measured: 0.25 s; one alternation of 800 plain writings takes 3.2 s.
@pytest.mark.timeout(30)
def test_two_hundred_secrets_are_looked_for_in_a_megabyte() -> None:
    hidden = Redactor(f"s3cret/{number:04}&x" for number in range(200))
    text = "an ordinary line of a log, 0123456789\n" * 27_000 + "s3cret%2F0042%26x"
    assert hidden.redact(text).endswith(f"\n{MASK}")


# In quadratic time it would take hours.
@pytest.mark.timeout(30)
def test_text_of_backslashes_is_read_in_linear_time() -> None:
    assert Redactor(['"x1"y']).redact("\\" * 200_000 + "x1").endswith("x1")


def test_what_several_threads_learn_at_once_is_all_known() -> None:
    redactor = Redactor()
    ready = threading.Barrier(4)
    names = [[f"secret-{thread}-{number}" for number in range(60)] for thread in range(4)]

    def learn(own: list[str]) -> None:
        ready.wait()
        for each in own:
            redactor.add(each)

    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        threads = [threading.Thread(target=learn, args=(own,)) for own in names]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    finally:
        sys.setswitchinterval(before)
    left = [each for own in names for each in own if each in redactor.redact(each)]
    assert left == []


def test_secrets_that_others_make_are_asked_for_before_each_text() -> None:
    made: list[str] = []
    redactor = Redactor(ask=lambda: tuple(made))
    assert redactor.redact("a new-secret here") == "a new-secret here"
    made.append("new-secret")
    assert redactor.redact("a new-secret here") == f"a {MASK} here"
    made.clear()
    assert redactor.redact("a new-secret here") == f"a {MASK} here"
