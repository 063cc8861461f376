"""Words of the doors: protocols, verdicts, reasons, technical troubles, what a frame became."""

from collections.abc import Mapping

from webconsole.words import KINDS, N_, Words

PROTOCOLS = {
    "sia-dc09": "SIA DC-09",
    "scaip": "SCAIP",
    "json": N_("App and webhook (JSON)"),
    "receiver-lines": N_("Lines of hardware receivers"),
    "sos-access": "SOS Access",
    "bs8521": "BS 8521-2",
    "mqtt": "MQTT",
}

TROUBLES = {
    "mains": N_("Mains lost"),
    "unit_battery": N_("Battery of the unit"),
    "pendant_battery": N_("Battery of the pendant"),
    "radio": N_("Pendant not heard by the unit"),
    "link": N_("Link trouble"),
    "sensor": N_("Sensor trouble"),
    "tamper": N_("Tampered with"),
    "system": N_("Fault of the unit"),
    "clock": N_("Clock of the unit is wrong"),
    "silent": N_("Silent"),
    "key": N_("Key cannot be opened"),
    "test_missed": N_("Test missed"),
    "line_errors": N_("Many damaged frames"),
    "presence": N_("Somebody is there"),
    "update": N_("News of the unit"),
    "test": N_("Test"),
    "cancel": N_("Taken back"),
    "heartbeat": N_("Sign of life"),
}

TOGETHER = {
    "silent": N_("Units silent"),
    "mains": N_("Units without mains"),
    "link": N_("Units with link trouble"),
}

VERDICTS = {
    "good": N_("good"),
    "clock_off": N_("clock off"),
    "sealed": N_("not trusted"),
    "odd": N_("odd"),
    "broken": N_("broken"),
}

REASONS = {
    "crc": N_("wrong checksum"),
    "checksum": N_("wrong checksum"),
    "length": N_("wrong length"),
    "header": N_("unreadable header"),
    "no_key": N_("encrypted, and no key is known"),
    "wrong_key": N_("encrypted with another key"),
    "not_hexadecimal": N_("encrypted part unreadable"),
    "clock": N_("clock out of the window"),
    "answer": N_("an answer, where a signal was expected"),
    "quarantined": N_("could not be stored as it was"),
    "too_long": N_("too long"),
    "noise": N_("no frame at all"),
    "data": N_("unreadable content"),
    "message_type": N_("unknown type of message"),
    "bytes": N_("characters that no receiver sends"),
    "no_length": N_("without its length"),
    "start_line": N_("unreadable header"),
    "head": N_("unreadable header"),
    "too_large": N_("too long"),
    "size": N_("too long"),
    "unfinished": N_("cut off before its end"),
    "xml": N_("unreadable XML"),
    "doctype": N_("XML that we do not open"),
    "depth": N_("XML that we do not open"),
    "token": N_("unreadable XML"),
    "encoding": N_("unknown character set"),
    "root": N_("unknown document"),
    "missing": N_("a mandatory field is missing"),
    "reference": N_("without a reference"),
    "format": N_("fields of another format"),
    "content": N_("a field is not what it should be"),
    "identity": N_("speaks for another unit"),
    "no_proof": N_("without its password"),
    "no_password": N_("asks for a password, and has none"),
    "not_json": N_("no JSON object"),
    "no_id": N_("without an id"),
    "no_kind": N_("does not say what happened"),
    "foreign": N_("speaks for another unit"),
    "no_sender": N_("topic without an account"),
}

# Why somebody was sent away before there was a frame to keep.
AWAY = {
    "unauthenticated": N_("unknown or missing token"),
    "revoked": N_("token revoked while connected"),
    "too_many": N_("more signals than one unit may send"),
    "busy": N_("asked to come again: too much at once"),
    "too_large": N_("message too large"),
    "full": N_("no room for one more connection"),
    "refused_connections": N_("no room for one more connection"),
    "closed_slow": N_("connected, and said nothing good in time"),
    "closed_hopeless": N_("connected, and sent nothing but nonsense"),
    "dropped_datagrams": N_("left to be sent again: too much at once"),
    "dropped_scanner": N_("scanner of SIP, not answered"),
    "dropped_method": N_("SIP request of a stranger, not answered"),
    "dropped_unreadable": N_("no SIP at all, not answered"),
    "dropped_domain": N_("called another SIP domain, not answered"),
    "refused_unstored": N_("refused, beyond what is kept of nonsense"),
    "answer_405": N_("SIP request that we do not know"),
    "answer_413": N_("message too large"),
    "answer_415": N_("content that is no alarm"),
    "answer_486": N_("more signals than one unit may send"),
    "answer_503": N_("not stored in time: sent to its second destination"),
    "connect_refused": N_("the broker refused us"),
    "connect_failed": N_("the broker was not reached"),
    "subscribe_refused": N_("the broker does not let us listen"),
    "faults": N_("a fault of ours: see the log"),
}

BECAME = {
    "alarm": N_("alarm"),
    "called_off": N_("alarm taken back"),
    "fault": N_("fault"),
    "fault_over": N_("fault over"),
    "kept": N_("kept"),
    "refused": N_("refused"),
}

# Why our own test of a door did not come through, by the kind of error.
TESTS = {
    "ConnectionRefusedError": N_("nobody listens there"),
    "ConnectionError": N_("it did not take the signal"),
    "ConnectionResetError": N_("it hung up"),
    "TimeoutError": N_("no answer in time"),
    "gaierror": N_("its name is not known here"),
    "SSLCertVerificationError": N_("its certificate is not one that we trust"),
    "SSLError": N_("no TLS in common"),
    "Unavailable": N_("a setting of ours cannot be used: see the log"),
}

TABLES: Mapping[str, Mapping[str, str]] = {
    "protocol": PROTOCOLS,
    "kind": KINDS | TROUBLES,
    "outage": TOGETHER,
    "verdict": VERDICTS,
    "reason": REASONS,
    "became": BECAME,
    "away": AWAY,
    "test": TESTS,
}


def said(words: Words, table: str, code: str) -> str:
    """The word for a code of one of our tables; an unknown one is shown as it is."""
    return words.of(TABLES[table], code) if code else ""


def all_said(words: Words) -> dict[str, dict[str, str]]:
    """Every table in the reader's language, for the modules of the browser."""
    return {name: {code: words.of(table, code) for code in table} for name, table in TABLES.items()}
