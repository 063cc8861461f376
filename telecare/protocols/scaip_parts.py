"""SCAIP messages sent in parts (`ame`): the first is the alarm, the others add to it.

A body over 1,300 bytes must not go by UDP, so a unit splits it: the parts share account and
reference. Without this each part would be a press of its own.
"""

from dataclasses import dataclass

from telecare.protocols.base import Kind, Message, Phase, Report, Verdict
from telecare.protocols.scaip_codes import number

# A unit sends its parts one after the other; a reference that comes later is another message.
PARTS_WITHIN = 300.0  # seconds
MOST_BEGUN = 10_000


@dataclass(slots=True)
class _Begun:
    content: bytes
    until: float


class Parts:
    """Which messages have begun. Lost at a restart: a late part is then an alarm once more."""

    def __init__(self) -> None:
        self._begun: dict[tuple[str, str], _Begun] = {}

    def join(self, message: Message, now: float) -> None:
        """Make of a later part what it is; the first one, and its repeats, stay as they are."""
        if not message.sequence.strip("0"):
            return  # a unit that does not number: each message stays a press
        key = message.account, message.sequence
        begun = self._begun.get(key)
        if begun is None or begun.until <= now:
            if message.verdict is Verdict.GOOD and is_part(message):
                if len(self._begun) >= MOST_BEGUN:
                    self.forget(now)
                if len(self._begun) < MOST_BEGUN:
                    self._begun[key] = _Begun(message.content, now + PARTS_WITHIN)
            return
        continues = message.verdict is Verdict.GOOD or message.reason == "missing"
        if message.content == begun.content or not continues:
            return
        message.verdict, message.reason = Verdict.GOOD, ""
        message.reports = [
            Report(Kind.UPDATE, Phase.STILL, "part", text=report.text) for report in message.reports
        ]

    def forget(self, now: float) -> None:
        """What began long ago is over."""
        for key in [each for each, begun in self._begun.items() if begun.until <= now]:
            del self._begun[key]

    def __len__(self) -> int:
        return len(self._begun)


def is_part(message: Message) -> bool:
    """Whether the unit says that there is more than one of it."""
    said = dict(message.extras)
    return (number(said.get("ame", "")) or 0) > 1
