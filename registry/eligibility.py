"""May somebody have a service? A first look at stored facts, which says why (REQ 15).

Never a decision: a fact that nobody knows is asked, and a "no" is always shown with its rule.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from registry.kit.errors import Invalid
from registry.spelling import fold


class Fact(StrEnum):
    AGE = "age"
    ISEE = "isee"
    CHILDREN = "children"
    TOWN = "town"
    LIVES_ALONE = "lives_alone"
    DISABILITY = "disability"
    HOMELESS = "homeless"
    PREGNANT = "pregnant"


NUMBERS = {Fact.AGE, Fact.ISEE, Fact.CHILDREN}
YES_OR_NO = {Fact.LIVES_ALONE, Fact.DISABILITY, Fact.HOMELESS, Fact.PREGNANT}


class Verdict(StrEnum):
    MET = "met"
    NOT_MET = "not_met"
    UNKNOWN = "unknown"


class Outlook(StrEnum):
    LIKELY = "likely"
    UNLIKELY = "unlikely"
    ASK = "ask"


@dataclass(frozen=True, kw_only=True)
class Rule:
    """A number lies between two ends (both included), a town is one of some, a yes is wanted."""

    fact: Fact
    at_least: float | None = None
    at_most: float | None = None
    one_of: tuple[str, ...] = ()


@dataclass(frozen=True)
class Finding:
    rule: Rule
    verdict: Verdict


@dataclass(frozen=True)
class Check:
    outlook: Outlook
    findings: tuple[Finding, ...]


def rules(written: Sequence[Mapping[str, Any]]) -> tuple[Rule, ...]:
    """The rules of a sheet as it stores them. Raises Invalid for one that says nothing."""
    return tuple(_rule(each) for each in written)


def _rule(written: Mapping[str, Any]) -> Rule:
    try:
        fact = Fact(written["fact"])
        ends = [written.get(end) for end in ("at_least", "at_most")]
        low, high = (None if end is None else float(end) for end in ends)
    except (KeyError, ValueError, TypeError):
        raise _meaningless() from None
    towns = written.get("one_of") or ()
    if isinstance(towns, str) or not all(isinstance(town, str) for town in towns):
        raise _meaningless()
    told = {
        fact in NUMBERS: low is not None or high is not None,
        fact is Fact.TOWN: bool(towns),
        fact in YES_OR_NO: True,
    }
    if not told[True] or (low is not None and high is not None and low > high):
        raise _meaningless()
    return Rule(fact=fact, at_least=low, at_most=high, one_of=tuple(towns))


def _meaningless() -> Invalid:
    return Invalid("A condition of the sheet cannot be read", field="rules")


def check(wanted: Sequence[Rule], known: Mapping[Fact, Any]) -> Check:
    """What each rule says of what is known. One that is not met outweighs all that are."""
    findings = tuple(Finding(rule, _verdict(rule, known.get(rule.fact))) for rule in wanted)
    verdicts = {each.verdict for each in findings}
    if Verdict.NOT_MET in verdicts:
        return Check(Outlook.UNLIKELY, findings)
    if Verdict.UNKNOWN in verdicts or not verdicts:
        return Check(Outlook.ASK, findings)
    return Check(Outlook.LIKELY, findings)


def _verdict(rule: Rule, known: Any) -> Verdict:
    if known is None or known == "":
        return Verdict.UNKNOWN
    if rule.fact is Fact.TOWN:
        met = fold(str(known)) in {fold(town) for town in rule.one_of}
    elif rule.fact in YES_OR_NO:
        met = bool(known)
    else:
        above = rule.at_least is None or known >= rule.at_least
        met = above and (rule.at_most is None or known <= rule.at_most)
    return Verdict.MET if met else Verdict.NOT_MET
