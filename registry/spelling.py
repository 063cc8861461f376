"""How a name is compared: folded to plain letters, and as it sounds to an Italian ear."""

import re
import unicodedata
from functools import lru_cache

# Letters that Unicode does not take apart into a Latin letter and its marks. Cyrillic as on
# Ukrainian and Russian passports (ICAO 9303, with the soft and hard signs left out).
LETTERS = str.maketrans(
    {
        "ł": "l", "ø": "o", "đ": "d", "ð": "d", "þ": "th", "æ": "ae", "œ": "oe", "ı": "i",
        "ə": "e",
        "а": "a", "б": "b", "в": "v", "г": "g", "ґ": "g", "д": "d", "е": "e", "є": "ie",
        "ж": "zh", "з": "z", "и": "i", "і": "i", "к": "k", "л": "l", "м": "m", "н": "n",
        "о": "o", "п": "p", "р": "r", "с": "s", "т": "t", "у": "u", "ф": "f", "х": "kh",
        "ц": "ts", "ч": "ch", "ш": "sh", "щ": "shch", "ь": "", "ъ": "", "ы": "y", "э": "e",
        "ю": "iu", "я": "ia",
    }
)  # fmt: skip

# Written before a surname and heard as part of it: De Luca, Lo Presti, El Amrani, D'Angelo.
PARTICLES = frozenset(
    {"d", "da", "dal", "dall", "dalla", "dalle", "de", "degli", "dei", "del", "dell", "della"}
    | {"delle", "dello", "di", "la", "le", "li", "lo", "san", "sant", "santa", "santo"}
    | {"el", "al", "ben", "bin", "abd", "abdel", "ould", "van", "von", "der", "den"}
)

# The first that fits at each place, read as in Italian; capitals are sounds, not letters.
SOUNDS = {
    r"tsch|tch|c?ci(?=[aou])|c?c(?=[eiy])": "C",
    r"sch|sk": "sK",
    r"sci(?=[aou])|sc(?=[eiy])|sh|zh|tz|ts|ks|[zx]": "s",
    r"gl(?=i)": "l",
    r"gn|ny|nj": "ni",
    r"gh": "G",
    r"dj|g?gi(?=[aou])|g?g(?=[eiy])": "J",
    r"g": "G",
    r"c?kh|c?k|ch|c?q|c": "K",
    r"ph": "f",
    r"th": "t",
    r"w": "v",
    r"h": "",
    r"[yj]": "i",
}
HEARD = tuple(SOUNDS.values())
LETTER = re.compile("|".join(f"({letters})" for letters in SOUNDS))
TWICE = re.compile(r"(.)\1+")
WORD = re.compile(r"[^\W_]+")
APOSTROPHE = re.compile(r"(?<=\w)['’`´](?=\w)")
PARTS_AT_MOST = 4


@lru_cache(maxsize=1 << 16)
def fold(text: str) -> str:
    """Small plain letters and single spaces: "D’Àngelo  Łucja" becomes "dangelo lucja"."""
    plain = unicodedata.normalize("NFKD", APOSTROPHE.sub("", text)).casefold()
    plain = unicodedata.normalize("NFKD", plain)
    plain = "".join(mark for mark in plain if not unicodedata.combining(mark))
    return " ".join(WORD.findall(plain.translate(LETTERS)))


@lru_cache(maxsize=1 << 16)
def sound(word: str) -> str:
    """The same for words that sound alike: Chiesa and Kiesa, Bellucci and Beluci."""
    return TWICE.sub(r"\1", LETTER.sub(lambda found: HEARD[(found.lastindex or 1) - 1], word))


@lru_cache(maxsize=1 << 16)
def forms(name: str) -> tuple[str, ...]:
    """The words under which a name is looked up: in one piece first, then each of its parts.

    "De Luca Rossi" gives "delucarossi", "deluca" and "rossi"; "Maria Grazia" gives
    "mariagrazia", "maria" and "grazia".
    """
    whole = fold(name).replace(" ", "")
    return tuple(dict.fromkeys((whole, *parts(name))))


@lru_cache(maxsize=1 << 16)
def parts(name: str) -> tuple[str, ...]:
    """The words of a name, each particle joined to what follows it."""
    found: list[str] = []
    carried = ""
    for word in fold(name).split():
        carried += word
        if word not in PARTICLES:
            found.append(carried)
            carried = ""
    return (*found[:PARTS_AT_MOST], *((carried,) if carried else ()))
