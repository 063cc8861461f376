"""All figures of telecare as rows of a sheet: what is counted, which part of it, how many."""

from collections.abc import Iterator

from telecare.figures import Figures
from telecare.planned import PlannedState
from webconsole.words import Words

Row = list[str | float | None]


def rows(found: Figures, words: Words) -> Iterator[Row]:
    say = words.say
    yield [say("Figure"), say("Of which"), say("Value")]
    answered = say("Alarms answered in time (per cent)")
    for level in found.levels:
        yield [answered, say("within %(n)s s", n=level.within), level.percent]
    yield [say("Seconds to the answer"), say("half are answered sooner"), _short(found.middle)]
    ninth = say("nine in ten are answered sooner")
    yield [say("Seconds to the answer"), ninth, _short(found.ninth_tenth)]
    yield [say("Alarms"), "", len(found.answers)]
    for kind, n in found.kinds.items():
        yield [say("Alarms by cause"), words.kind(kind), n]
    for outcome, n in found.outcomes.items():
        yield [say("How they ended"), words.alarm_outcome(outcome), n]
    yield [say("False alarms"), "", found.false_alarms]
    yield from _set_going(found, words)
    for state in PlannedState:
        yield [say("Planned calls"), words.planned_state(state), found.planned[state.value]]
    for hours, n in found.faults:
        age = say("for more than %(n)s hours", n=hours) if hours else say("in all")
        yield [say("Faults open now"), age, n]


def _set_going(found: Figures, words: Words) -> Iterator[Row]:
    say, done = words.say, found.activations
    yield [say("Help sent after an alarm"), "", sum(found.helped.values())]
    for outcome, n in found.helped.items():
        yield [say("Help sent after an alarm"), words.alarm_outcome(outcome), n]
    yield [say("Homes activated"), say("with their first unit"), done.begun]
    yield [say("Homes activated"), say("with a unit now"), done.active]
    yield [say("Installations tested"), "", done.installations]
    yield [say("Installations tested"), say("days from the request, for half of them"), done.days]


def _short(seconds: float | None) -> float | None:
    return None if seconds is None else round(seconds, 1)
