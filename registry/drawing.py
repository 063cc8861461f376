"""A picture drawn anew: only what is seen is taken over, nothing else that its file carries.

Where it was taken, with what, and the uncut picture that some files hide are left behind, and so is
whatever was hidden in the file for the program that opens it.
"""

import io
from dataclasses import dataclass
from importlib import import_module
from typing import Any

from registry import file_kinds
from registry.kit.errors import Invalid, TooLarge

TAKEN = {"jpg": "JPEG", "png": "PNG", "webp": "WEBP"}
LARGE, SMALL = 1280, 320  # pixels of the longer side
MOST_PIXELS = 50_000_000
QUALITY = 82
MEDIA_TYPE = "image/jpeg"


@dataclass(frozen=True, kw_only=True)
class Drawn:
    """The same picture twice, as JPEG; width and height are of the large one, in pixels."""

    large: bytes
    small: bytes
    width: int
    height: int


def drawn(content: bytes) -> Drawn:
    """Raises Invalid for what is no picture, TooLarge for more pixels than any camera makes."""
    if file_kinds.kind_of(content).ending not in TAKEN:
        raise Invalid("A picture is a JPEG, PNG or WebP file", field="file")
    pillow = import_module("PIL.Image")  # a fifth of a second to load
    try:
        with pillow.open(io.BytesIO(content), formats=list(TAKEN.values())) as sent:
            if sent.width * sent.height > MOST_PIXELS:
                raise TooLarge("This picture has too many pixels", field="file")
            sent.draft("RGB", (2 * LARGE, 2 * LARGE))
            large = _clean(pillow, import_module("PIL.ImageOps").exif_transpose(sent))
    except (OSError, SyntaxError, ValueError, pillow.DecompressionBombError) as trouble:
        raise Invalid("This picture cannot be read: take it anew", field="file") from trouble
    small = large.copy()
    small.thumbnail((SMALL, SMALL))
    return Drawn(
        large=_written(large), small=_written(small), width=large.width, height=large.height
    )


def _clean(pillow: Any, sent: Any) -> Any:
    """The pixels alone, on white where one sees through, no larger than is kept."""
    sent = sent.convert("RGBA")
    sent.thumbnail((LARGE, LARGE))
    clean = pillow.new("RGB", sent.size, "white")
    clean.paste(sent, mask=sent.getchannel("A"))
    return clean


def _written(picture: Any) -> bytes:
    out = io.BytesIO()
    picture.save(out, "JPEG", quality=QUALITY, optimize=True)
    return out.getvalue()
