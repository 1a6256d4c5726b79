"""Queries over a notification."""

from __future__ import annotations

from typing import Any

import pytest

from purveyor_emulator.filters import matches
from purveyor_emulator.refusal import RefusedError

DOCUMENT: Any = {"type": "create", "service": {"slug": "orders", "size": 5}, "tags": ["a", "b"]}


@pytest.mark.parametrize(
    ("query", "fits"),
    [
        ({}, True),
        ({"type": "create"}, True),
        ({"type": "delete"}, False),
        ({"service.slug": {"$eq": "orders"}}, True),
        ({"service.slug.deeper": "orders"}, False),
        ({"service": {"slug": "orders", "size": 5}}, True),
        ({"type": {"$ne": "create"}}, False),
        ({"absent": {"$ne": "x"}}, True),
        ({"absent": None}, True),
        ({"type": {"$in": ["update", "create"]}}, True),
        ({"type": {"$nin": ["update", "create"]}}, False),
        ({"tags": "a"}, True),
        ({"tags": {"$in": ["c"]}}, False),
        ({"service.size": {"$gt": 4, "$lt": 6}}, True),
        ({"service.size": {"$gte": 5, "$lte": 5}}, True),
        ({"service.size": {"$gt": 5}}, False),
        ({"service.size": {"$gt": "4"}}, False),
        ({"service.slug": {"$regex": "^ord"}}, True),
        ({"service.slug": {"$not": {"$regex": "^ord"}}}, False),
        ({"$and": [{"type": "create"}, {"service.slug": "orders"}]}, True),
        ({"$and": [{"type": "create"}, {"service.slug": "other"}]}, False),
        ({"$or": [{"type": "x"}, {"service.slug": "orders"}]}, True),
        ({"$nor": [{"type": "x"}, {"service.slug": "orders"}]}, False),
        ({"type": "create", "service.slug": "other"}, False),
    ],
)
def test_a_query_finds_what_it_describes(query: dict[str, Any], *, fits: bool) -> None:
    assert matches(query, DOCUMENT) is fits


@pytest.mark.parametrize(
    "query",
    [
        {"$where": "1"},
        {"type": {"$exists": True}},
        {"type": "x", "slug": {"$near": 1}},
        {"$or": []},
        {"$or": ["x"]},
        {"type": {"$in": "create"}},
        {"type": {"$regex": "("}},
        {"type": {"$not": 5}},
    ],
)
def test_a_query_that_is_none_is_refused(query: dict[str, Any]) -> None:
    with pytest.raises(RefusedError) as caught:
        matches(query, DOCUMENT)
    assert caught.value.status == 400
