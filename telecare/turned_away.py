"""What the doors turn away before it is a frame: counted by their processes, never stored."""

from collections import Counter
from collections.abc import Collection

from registry.kit.beats import Beat
from telecare.devices import DC09, JSON, RECEIVER_LINES, SCAIP, SOS_ACCESS

# How the counters of a door begin in the figures of its process. BS 8521-2 comes in by SIP.
NAMES: dict[str, tuple[str, ...]] = {
    DC09: ("",),
    SCAIP: ("sip_",),
    JSON: ("http_", "ws_", "mqtt_"),
    RECEIVER_LINES: ("receiver_lines_",),
    SOS_ACCESS: ("sos_access_",),
}
WHY = (
    "unauthenticated",
    "revoked",
    "too_many",
    "busy",
    "too_large",
    "full",
    "refused_connections",
    "closed_slow",
    "closed_hopeless",
    "dropped_datagrams",
    "dropped_scanner",
    "dropped_method",
    "dropped_unreadable",
    "dropped_domain",
    "refused_unstored",
    "answer_405",
    "answer_413",
    "answer_415",
    "answer_486",
    "answer_503",
    "connect_refused",
    "connect_failed",
    "subscribe_refused",
    "faults",
)


def of(heard: Collection[Beat], protocol: str) -> dict[str, int]:
    """Why and how often since each process began, the most frequent first; `heard`: those alive."""
    found: Counter[str] = Counter()
    for beat in heard:
        for name in NAMES.get(protocol, ()):
            found.update({why: round(beat.figures.get(name + why, 0)) for why in WHY})
    return {why: times for why, times in found.most_common() if times}
