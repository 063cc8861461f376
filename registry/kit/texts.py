"""Texts from outside: what nobody can see is taken out before anything is stored or shown.

Control characters break logs and exports; direction marks make a text read otherwise than it is
("Trojan Source"). They come along unseen when a number is copied from a telephone, so they are
taken out rather than refused. Half a character cannot be mended: it is refused.
"""

import csv
import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from registry.kit.errors import Invalid

# Unseen and without a word in them: controls but tab and line ends, embeddings and overrides of
# direction, isolates, line and paragraph separators, tags, what is no character.
UNSEEN = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb\ufffe\uffff"
    "\U000e0000-\U000e007f]"
)
# What a spreadsheet takes for the beginning of a formula, also after spaces and in wide letters.
FORMULA = re.compile(r"\s*[=+\-@\uff1d\uff0b\uff0d\uff20]|[\t\r\n]")
HALF = re.compile("[\ud800-\udfff]")


def clean(text: str) -> str:
    """Without what cannot be seen, lines ended in one way. Raises Invalid for half a character."""
    if HALF.search(text):
        raise Invalid("There is half a character in the text: write that word anew")
    return UNSEEN.sub("", text.replace("\r\n", "\n").replace("\r", "\n"))


def clean_all(value: Any) -> Any:
    """The same for every text in a JSON value, the names of its fields too."""
    if isinstance(value, str):
        return clean(value)
    if isinstance(value, list):
        return [clean_all(each) for each in value]
    if isinstance(value, dict):
        return {clean(name): clean_all(each) for name, each in value.items()}
    return value


@contextmanager
def read_as_csv(field: str) -> Iterator[None]:
    """Raises Invalid, with the field, for lines that are no CSV, or have a cell without end."""
    try:
        yield
    except csv.Error as error:
        raise Invalid("These lines cannot be read as CSV: save them anew", field=field) from error


def cell(text: str) -> str:
    """The text for a cell of an export: never taken for a formula, whoever wrote it."""
    return f"'{text}" if FORMULA.match(text) else text
