"""Documents by their bytes."""

import pytest

from core.documents import is_pdf


@pytest.mark.parametrize("content", [b"%PDF-1.7\n1 0 obj\n%%EOF\n", b"%PDF-2.0\n%%EOF" + b" " * 1000])
def test_a_pdf_begins_and_ends_as_one(content: bytes) -> None:
    assert is_pdf(content)


@pytest.mark.parametrize(
    "content", [b"", b"%PDF-1.7", b"\n%PDF-1.7 %%EOF", b"<html>%PDF-1.7 %%EOF", b"%PDF-1.7 %%EOF" + b" " * 1024]
)
def test_anything_else_is_none(content: bytes) -> None:
    assert not is_pdf(content)
