"""The addresses at which the carrier reaches us: written once, used by both directions."""

from uuid import UUID

INCOMING = "/twilio/voice/incoming"
WAIT = "/twilio/voice/wait"
CHOICE = "/twilio/voice/choice"
LEFT = "/twilio/voice/left"
AGAIN = "/twilio/voice/again"
CONNECT = "/twilio/voice/connect"
OPERATOR = "/twilio/voice/operator"
ANSWERED = "/twilio/voice/answered"
REPLY = "/twilio/voice/reply"
HOLD = "/twilio/voice/hold"
ANNOUNCE = "/twilio/voice/announce"
TONES = "/twilio/voice/tones"
FAREWELL = "/twilio/voice/farewell"
STATUS = "/twilio/voice/status"
CONFERENCE = "/twilio/conference"
TEXT_STATUS = "/twilio/text/status"


def of_call(path: str, call_id: UUID) -> str:
    """The same address for one call. Ids only: the carrier writes addresses in its logs."""
    return f"{path}?call={call_id}"
