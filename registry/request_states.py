"""What becomes of a request: answered, taken on as a case, or withdrawn (REQ 7)."""

from enum import StrEnum


class RequestState(StrEnum):
    RECEIVED = "received"
    SIMPLE = "simple"
    ANSWERED = "answered"
    TAKEN_ON = "taken_on"
    WITHDRAWN = "withdrawn"


STEPS = {
    RequestState.RECEIVED: {
        RequestState.SIMPLE,
        RequestState.TAKEN_ON,
        RequestState.WITHDRAWN,
    },
    RequestState.SIMPLE: {
        RequestState.ANSWERED,
        RequestState.TAKEN_ON,
        RequestState.WITHDRAWN,
    },
    RequestState.ANSWERED: set[RequestState](),
    RequestState.TAKEN_ON: set[RequestState](),
    RequestState.WITHDRAWN: set[RequestState](),
}
