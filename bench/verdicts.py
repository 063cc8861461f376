"""The plain end of a bench: each target, what was measured, and whether it was met."""

_missed: list[str] = []


def say(what: str, *, met: bool) -> None:
    """One target, in words with the figure and what is wanted."""
    print(f"{'met' if met else 'MISSED':9} {what}", flush=True)
    if not met:
        _missed.append(what)


def end() -> int:
    """The exit code: 1 when any target was missed."""
    return min(1, len(_missed))
