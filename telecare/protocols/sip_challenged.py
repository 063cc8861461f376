"""Messages without the proof that their unit can give: each waits a little for it, and is kept."""

from collections import Counter
from dataclasses import dataclass

from telecare.protocols.base import Cut, Message
from telecare.protocols.sip_transactions import Flow

# A unit challenged that does not come back has perhaps been pressed all the same.
PROOF_WITHIN = 16.0  # seconds
MOST = 10_000
# Of one unit from one place: who claims its account elsewhere must not fill its measure.
MOST_OF_ONE = 32

# What is said, by whom: a unit that tries again without a proof says the same.
Said = tuple[str, bytes]


@dataclass(frozen=True, slots=True)
class Challenged:
    """One message that was answered with a challenge."""

    cut: Cut
    flow: Flow
    account: str
    until: float

    @property
    def one(self) -> tuple[str, str]:
        return self.account, self.flow.host


class Waiting:
    """What was challenged and not proved yet."""

    def __init__(self) -> None:
        self._waiting: dict[Said, Challenged] = {}
        self._of_one: Counter[tuple[str, str]] = Counter()

    def __len__(self) -> int:
        return len(self._waiting)

    def add(self, message: Message, cut: Cut, flow: Flow, now: float) -> None:
        """Wait from the first time it was said; later attempts do not put it off."""
        challenged = Challenged(cut, flow, message.account, now + PROOF_WITHIN)
        said = _said(message, cut)
        full = len(self._waiting) >= MOST or self._of_one[challenged.one] >= MOST_OF_ONE
        if full or said in self._waiting:
            return
        self._waiting[said] = challenged
        self._of_one[challenged.one] += 1

    def proved(self, message: Message, cut: Cut) -> None:
        """The same came again with its proof. Whatever else the unit said goes on waiting."""
        self._drop(_said(message, cut))

    def overdue(self, now: float) -> list[Challenged]:
        """Those of which nobody has shown a proof in time; they wait no longer."""
        late = [(said, each) for said, each in self._waiting.items() if each.until <= now]
        for said, _ in late:
            self._drop(said)
        return [each for _, each in late]

    def _drop(self, said: Said) -> None:
        dropped = self._waiting.pop(said, None)
        if dropped is None:
            return
        self._of_one[dropped.one] -= 1
        if not self._of_one[dropped.one]:
            del self._of_one[dropped.one]


def _said(message: Message, cut: Cut) -> Said:
    return message.account, message.content or cut.body
