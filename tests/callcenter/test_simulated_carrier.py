"""The built-in carrier does what Twilio does, seen by Twilio's own SDK and by our webhooks."""

from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from datetime import timedelta
from uuid import uuid4

import httpx2
import pytest

from callcenter.carriers import paths, simulated, twiml
from callcenter.carriers.base import LegState, Refused, TryAgain
from callcenter.carriers.simulated_wire import Faults
from callcenter.carriers.twilio import Twilio
from tests.callcenter.office import Office, account, open_office

CALLER = "+390815550101"
LINE = "+390815550000"


@dataclass
class Town:
    """An office, a double in front of it, and the SDK carrier pointed at the double."""

    office: Office
    double: simulated.Double
    carrier: Twilio

    def post(self, path: str, **form: str) -> dict[str, str]:
        login = self.carrier.account.login
        answer = httpx2.post(self.double.url + path, data=form, auth=login)
        answer.raise_for_status()
        return answer.json() if answer.content else {}

    def ring(self) -> str:
        return self.post("/simulator/calls", From=CALLER, To=LINE)["sid"]


@pytest.fixture
def town() -> Iterator[Town]:
    with (
        open_office() as office,
        simulated.running(account(office.url), pace=60) as double,
        closing(Twilio(account(office.url, double.url))) as carrier,
    ):
        yield Town(office, double, carrier)
    assert double.cloud.wire.errors == []
    assert office.forged == 0


def queueing(town: Town) -> None:
    town.office.documents[paths.INCOMING] = twiml.greet_and_queue(
        "Buongiorno",
        "Linea sociale",
        wait_url=town.office.url + paths.WAIT,
        left_url=town.office.url + paths.LEFT,
    )
    town.office.documents[paths.WAIT] = twiml.while_waiting(
        ["Resti in linea"], choice_url=town.office.url + paths.CHOICE
    )


def room(town: Town, label: str) -> str:
    return twiml.join(
        twiml.Room(name="room", label=label, events_url=town.office.url + paths.CONFERENCE)
    )


def test_a_caller_hears_the_greeting_and_waits_with_a_position(town: Town) -> None:
    queueing(town)
    first, second = town.ring(), town.ring()

    assert town.office.wait_for(paths.INCOMING, CallSid=first)["CallStatus"] == "ringing"
    waiting = town.office.wait_for(paths.WAIT, CallSid=second, QueuePosition="2")
    assert waiting["CurrentQueueSize"] == "2"
    assert waiting["QueueSid"].startswith("QU")
    assert town.double.cloud.legs[first].heard[:2] == ["Buongiorno", "Resti in linea"]


def test_the_caller_who_hangs_up_leaves_the_queue_and_we_hear_of_it_twice(town: Town) -> None:
    queueing(town)
    sid = town.ring()
    town.office.wait_for(paths.WAIT, CallSid=sid)

    town.post(f"/simulator/calls/{sid}/hang-up")

    assert town.office.wait_for(paths.LEFT, CallSid=sid)["QueueResult"] == "hangup"
    assert town.office.wait_for(paths.STATUS, CallSid=sid)["CallStatus"] == "completed"


def test_the_caller_is_pulled_into_the_conference_where_the_operator_is(town: Town) -> None:
    queueing(town)
    call = uuid4()
    town.office.documents[paths.OPERATOR] = room(town, "operator")
    town.office.documents[paths.CONNECT] = room(town, "caller")
    sid = town.ring()
    queue = town.office.wait_for(paths.WAIT, CallSid=sid)["QueueSid"]

    operator = town.post("/simulator/clients/anna/calls", call=str(call))["sid"]
    joined = town.office.wait_for(
        paths.CONFERENCE, CallSid=operator, StatusCallbackEvent="participant-join"
    )
    town.carrier.pull(call, sid=sid, queue_sid=queue)

    assert joined["SequenceNumber"] == "1"
    assert town.office.wait_for(paths.LEFT, CallSid=sid)["QueueResult"] == "redirected"
    town.office.wait_for(paths.CONFERENCE, CallSid=sid, StatusCallbackEvent="participant-join")
    town.office.wait_for(paths.CONFERENCE, StatusCallbackEvent="conference-start")
    # The operator's line breaks: the caller stays.
    town.post(f"/simulator/calls/{operator}/hang-up")
    left = town.office.wait_for(paths.CONFERENCE, StatusCallbackEvent="participant-leave")
    assert (left["CallSid"], left["ReasonParticipantLeft"]) == (operator, "participant_hung_up")
    assert town.double.cloud.legs[sid].state is LegState.IN_PROGRESS
    # We end it; the caller hears no more of it.
    town.carrier.end_conference(joined["ConferenceSid"])
    town.office.wait_for(paths.STATUS, CallSid=sid, CallStatus="completed")
    ended = town.office.wait_for(paths.CONFERENCE, StatusCallbackEvent="conference-end")
    assert ended["ReasonConferenceEnded"] == "conference-ended-via-api"
    town.carrier.end_conference(joined["ConferenceSid"])


def test_a_caller_still_in_the_greeting_can_be_pulled_too(town: Town) -> None:
    queueing(town)
    town.office.documents[paths.INCOMING] = twiml.say("Buongiorno, " * 200)
    town.office.documents[paths.CONNECT] = room(town, "caller")
    sid = town.ring()
    town.office.wait_for(paths.INCOMING, CallSid=sid)
    town.carrier.pull(uuid4(), sid=sid, queue_sid=None)
    joined = town.office.wait_for(
        paths.CONFERENCE, CallSid=sid, StatusCallbackEvent="participant-join"
    )
    assert joined["SequenceNumber"] == "1"
    # From the greeting straight into the room: this caller has never waited in the queue.
    assert town.office.forms(paths.WAIT) == []
    assert town.double.cloud.legs[sid].state is LegState.IN_PROGRESS


def test_a_key_pressed_while_waiting_lets_the_caller_leave(town: Town) -> None:
    queueing(town)
    town.office.documents[paths.CHOICE] = twiml.leave_queue()
    town.office.documents[paths.LEFT] = twiml.say_and_end("La richiamiamo")
    sid = town.ring()
    town.office.wait_for(paths.WAIT, CallSid=sid)
    leg = town.double.cloud.legs[sid]
    while not town.office.forms(paths.CHOICE):
        town.post(f"/simulator/calls/{sid}/keys", Digits="1")

    assert town.office.wait_for(paths.LEFT, CallSid=sid)["QueueResult"] == "leave"
    town.office.wait_for(paths.STATUS, CallSid=sid, CallStatus="completed")
    assert leg.heard[-1] == "La richiamiamo"
    assert town.office.forms(paths.CHOICE)[0]["Digits"] == "1"


def test_a_number_we_dial_tells_how_far_it_has_come(town: Town) -> None:
    call = uuid4()
    sid = town.carrier.place(call, to=CALLER, from_=LINE)
    town.office.wait_for(paths.ANSWERED, CallSid=sid)

    # They come in no promised order: each is waited for by itself.
    steps = ["initiated", "ringing", "in-progress", "completed"]
    told = [town.office.wait_for(paths.STATUS, CallSid=sid, CallStatus=step) for step in steps]
    assert [int(form["SequenceNumber"]) for form in told] == [0, 1, 2, 3]
    assert "CallDuration" in told[-1]
    found = town.carrier.look(sid)
    assert found is not None
    assert found.state is LegState.COMPLETED
    since = found.started_at
    assert since is not None
    asked = since - timedelta(minutes=1)
    assert [leg.sid for leg in town.carrier.find(to=CALLER, from_=LINE, since=asked)] == [sid]


@pytest.mark.parametrize("outcome", ["busy", "failed", "no-answer"])
def test_a_number_may_not_answer(town: Town, outcome: str) -> None:
    town.post(f"/simulator/numbers/{CALLER}", outcome=outcome)
    sid = town.carrier.place(uuid4(), to=CALLER, from_=LINE)
    town.office.wait_for(paths.STATUS, CallSid=sid, CallStatus=outcome)
    assert town.office.forms(paths.ANSWERED) == []


def test_a_third_party_is_added_held_and_told_something(town: Town) -> None:
    town.office.documents[paths.OPERATOR] = room(town, "operator")
    town.office.documents[paths.HOLD] = twiml.say("Un momento")
    town.office.documents[paths.ANNOUNCE] = twiml.say("Attenzione")
    town.post("/simulator/clients/anna/calls")
    conference = town.office.wait_for(paths.CONFERENCE)["ConferenceSid"]
    call = uuid4()

    other = town.carrier.add(conference, call, to="+39112", from_=LINE, label="112")
    town.office.wait_for(paths.CONFERENCE, CallSid=other, StatusCallbackEvent="participant-join")
    town.carrier.hold(conference, other, on=True)
    town.carrier.announce(conference, call)

    town.office.wait_for(paths.CONFERENCE, StatusCallbackEvent="participant-hold")
    assert town.double.cloud.legs[other].heard == ["Un momento", "Attenzione"]
    with pytest.raises(Refused) as twice:
        town.carrier.add(conference, call, to="+39112", from_=LINE, label="112")
    assert twice.value.code == 16025


def test_every_verb_of_the_language_is_executed(town: Town) -> None:
    url = town.office.url
    town.office.documents |= {
        paths.INCOMING: (
            f"<Response><Play>tone.wav</Play><Pause length='1'/>"
            f"<Gather numDigits='1' timeout='1'><Say>Prema</Say></Gather>"
            f"<Dial action='{url}/dialled' timeout='5'><Number>+39081555</Number></Dial></Response>"
        ),
        "/dialled": f"<Response><Dial action='{url}/rung'><Client>bruno</Client></Dial></Response>",
        "/rung": f"<Response><Record maxLength='2' action='{url}/recorded'/></Response>",
        "/recorded": f"<Response><Redirect>{url}/last</Redirect></Response>",
        "/last": "<Response><Say>Fine</Say><Hangup/><Say>Mai</Say></Response>",
    }
    town.post("/simulator/numbers/+39081555", answers_after="1", talks_for="5")
    town.post("/simulator/numbers/client:bruno", outcome="busy")
    sid = town.ring()

    assert town.office.wait_for("/dialled")["DialCallStatus"] == "completed"
    assert town.office.wait_for("/rung")["DialCallStatus"] == "busy"
    assert town.office.wait_for("/recorded")["RecordingSid"].startswith("RE")
    town.office.wait_for(paths.STATUS, CallSid=sid, CallStatus="completed")
    assert town.double.cloud.legs[sid].heard == ["♪ tone.wav", "Prema", "Fine"]


def test_what_has_ended_is_gone_and_hanging_up_twice_is_no_error(town: Town) -> None:
    sid = town.ring()
    town.office.wait_for(paths.STATUS, CallSid=sid, CallStatus="completed")
    town.carrier.hang_up(sid)
    with pytest.raises(Refused) as refused:
        town.carrier.requeue(uuid4(), sid=sid)
    assert refused.value.gone
    assert town.carrier.look("CA" + "f" * 32) is None


def test_a_text_is_sent_and_reported(town: Town) -> None:
    sid = town.carrier.send_text(uuid4(), to=CALLER, from_=LINE, body="Stiamo arrivando")
    assert town.office.wait_for(paths.TEXT_STATUS)["MessageSid"] == sid


def test_strangers_get_nothing_from_the_double(town: Town) -> None:
    answer = httpx2.get(town.double.url + "/simulator/calls", auth=("AC1", "guess"))
    assert answer.status_code == 401
    ours = town.carrier.account.login
    assert httpx2.get(town.double.url + "/nowhere", auth=ours).status_code == 404


def test_a_carrier_that_does_not_listen_was_surely_not_asked() -> None:
    with (
        closing(Twilio(account(api_base="http://127.0.0.1:9"))) as nobody,
        pytest.raises(TryAgain),
    ):
        nobody.place(uuid4(), to=CALLER, from_=LINE)


def test_a_faulty_network_repeats_and_delays() -> None:
    faults = Faults(duplicate=1.0, delay=1.0, longest_delay=0.5)
    with (
        open_office() as office,
        simulated.running(account(office.url), pace=60, faults=faults) as double,
        closing(Twilio(account(office.url, double.url))) as carrier,
    ):
        carrier.place(uuid4(), to=CALLER, from_=LINE)
        for state in ("initiated", "ringing", "in-progress", "completed"):
            office.wait_for(paths.STATUS, CallStatus=state)
        assert len(office.forms(paths.ANSWERED)) == 2


def test_a_faulty_network_loses_callbacks_but_never_documents() -> None:
    with (
        open_office() as office,
        simulated.running(account(office.url), pace=60, faults=Faults(lose=1.0)) as double,
        closing(Twilio(account(office.url, double.url))) as carrier,
    ):
        carrier.place(uuid4(), to=CALLER, from_=LINE)
        office.wait_for(paths.ANSWERED)
        assert office.forms(paths.STATUS) == []
        assert double.cloud.wire.errors == []
