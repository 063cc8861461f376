"""Texts that somebody might send to do harm: by seed, so that a run can be repeated."""

import random

# In every text; what runs in a browser would set it in the window. Long enough not to come up by
# chance in a nonce or a token.
MARK = "zq7marca"
RUNS = f"window.{MARK}=1"
SCRIPTS = (
    f"<script>{RUNS}</script>",
    f'"><img src=x onerror="{RUNS}">',
    f"'><svg/onload={RUNS}>",
    f"javascript:{RUNS}",
    f"</script><script>{RUNS}</script>",
    f"<iframe srcdoc='<script>{RUNS}</script>'></iframe>",
    "<style>*{display:none}</style>" + MARK,
    f'<a href="javascript:{RUNS}">' + MARK,
    f"{{{{7*7}}}}${{{RUNS}}}<%= {MARK} %>",
    f"<base href=//elsewhere.example.it>{MARK}",
    f"&lt;b&gt;{MARK}&#x3C;b>",
    f"]]>{MARK}<!--",
)
FORMULAS = ("=1+1", "=cmd|' /C calc'!A0", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", " =1", "\uff1d1")
CONTROLS = ("\x00", "\x07", "\x08", "\x1b[2J", "\x7f", "\x9b31m", "\ufeff", "\ufffe", "\u2028")
DIRECTIONS = ("\u202e", "\u202d", "\u2066", "\u2069", "\u200f", "\U000e0041")
LINES = (f"\r\nSet-Cookie: {MARK}=1", "\n\n", "\r", '\n{"event":"made.up"}', "\r\n.\r\nQUIT")
OTHERS = (
    "'; DROP TABLE people; --",
    "%s%n%(name)s",
    "../../../../etc/passwd",
    "\ud800",
    "\u0301" * 40,
    "بسم الله",
    "null",
    "1e999",
)
KINDS = (SCRIPTS, FORMULAS, CONTROLS, DIRECTIONS, LINES, OTHERS)
HUGE = 200_000


def texts(count: int, seed: int) -> list[str]:
    """So many, every kind among the first; one in forty is huge."""
    chance = random.Random(seed)
    made = []
    for number in range(count):
        kind = KINDS[number % len(KINDS)]
        text = chance.choice(kind) + MARK + chance.choice(chance.choice(KINDS))
        made.append(text * (HUGE // len(text)) if number % 40 == 39 else text)
    return made
