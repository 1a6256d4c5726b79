"""Long listings of S3: the next page is on its way while one is read."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from mypy_boto3_s3.type_defs import ListObjectsV2OutputTypeDef


def read_ahead(
    pages: Iterable[ListObjectsV2OutputTypeDef],
) -> Iterator[ListObjectsV2OutputTypeDef]:
    """Ask for the next page while the last one is read; a single page costs no thread."""
    left = iter(pages)
    page = next(left, None)
    if page is None or not page.get("IsTruncated"):
        yield from (each for each in (page,) if each is not None)
        return
    from concurrent.futures import ThreadPoolExecutor

    with ThreadPoolExecutor(1) as pool:
        while page is not None:
            following = pool.submit(next, left, None)
            yield page
            page = following.result()
