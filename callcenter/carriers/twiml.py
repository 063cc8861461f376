"""The documents that tell the carrier what a caller hears and where the call goes."""

from dataclasses import dataclass

from twilio.twiml.voice_response import Dial, Gather, VoiceResponse

# By our codes of languages; what is nobody's in particular is said in Italian.
SPOKEN = {"it": "it-IT", "en": "en-GB"}
LANGUAGE = SPOKEN["it"]
VOICE = "alice"
QUEUE_SIZE = 500
# Everything a conference may tell us; the address is fixed by whoever enters first.
CONFERENCE_EVENTS = "start end join leave mute hold"
BREATH = 4  # seconds of quiet between two sentences to a waiting caller


@dataclass(frozen=True, kw_only=True)
class Room:
    """A conference: named by our id of the call, never by anything personal."""

    name: str
    label: str
    events_url: str
    wait_url: str | None = None


def greet_and_queue(greeting: str, queue: str, *, wait_url: str, left_url: str) -> str:
    """Say good day and let the caller wait."""
    answer = VoiceResponse()
    if greeting:
        answer.say(greeting, language=LANGUAGE, voice=VOICE)
    answer.enqueue(
        queue,
        action=left_url,
        method="POST",
        wait_url=wait_url,
        wait_url_method="POST",
        max_queue_size=QUEUE_SIZE,
    )
    return str(answer)


def while_waiting(
    sentences: list[str], *, choice_url: str | None = None, digits: int = 1, language: str = "it"
) -> str:
    """What a waiting caller hears, once; the carrier asks again when it is over.

    With `choice_url` a key may be pressed meanwhile.
    """
    answer = VoiceResponse()
    place: VoiceResponse | Gather = answer
    if choice_url:
        place = Gather(
            input="dtmf", action=choice_url, method="POST", num_digits=digits, timeout=BREATH
        )
        answer.append(place)
    for sentence in sentences:
        place.say(sentence, language=SPOKEN[language], voice=VOICE)
    if not choice_url:
        answer.pause(length=BREATH)
    return str(answer)


def ask(sentences: list[str], *, reply_url: str, times: int = 2, language: str = "it") -> str:
    """Say something and wait for a key; said again when none came, then the line ends."""
    answer = VoiceResponse()
    for _ in range(times):
        place = Gather(input="dtmf", action=reply_url, method="POST", num_digits=1, timeout=BREATH)
        for sentence in sentences:
            place.say(sentence, language=SPOKEN[language], voice=VOICE)
        answer.append(place)
    answer.hangup()
    return str(answer)


def leave_queue() -> str:
    """Out of the queue: the document of its `action` says what follows."""
    answer = VoiceResponse()
    answer.leave()
    return str(answer)


def join(room: Room, *, sentence: str = "") -> str:
    """Into the conference, which nobody ends by leaving: the call centre ends it."""
    answer = VoiceResponse()
    if sentence:
        answer.say(sentence, language=LANGUAGE, voice=VOICE)
    dial = Dial()
    dial.conference(
        room.name,
        participant_label=room.label,
        start_conference_on_enter=True,
        end_conference_on_exit=False,
        beep="false",
        wait_url=room.wait_url if room.wait_url is not None else "",
        wait_method="POST",
        status_callback=room.events_url,
        status_callback_method="POST",
        status_callback_event=CONFERENCE_EVENTS,
    )
    answer.append(dial)
    return str(answer)


def say_and_end(sentence: str = "", *, language: str = "it") -> str:
    """Say something, if anything, and hang up."""
    answer = VoiceResponse()
    if sentence:
        answer.say(sentence, language=SPOKEN[language], voice=VOICE)
    answer.hangup()
    return str(answer)


def say(sentence: str) -> str:
    """Say something and let the call go on."""
    answer = VoiceResponse()
    answer.say(sentence, language=LANGUAGE, voice=VOICE)
    return str(answer)


def press(digits: str) -> str:
    """Press keys, once, and let the call go on."""
    answer = VoiceResponse()
    answer.play(digits=digits)
    return str(answer)


def press_and_end(digits: str) -> str:
    """Press keys, leave the other side time to hear them, and hang up."""
    answer = VoiceResponse()
    answer.play(digits=digits)
    answer.pause(length=1)
    answer.hangup()
    return str(answer)


def nothing() -> str:
    """Do nothing more."""
    return str(VoiceResponse())
