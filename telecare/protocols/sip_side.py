"""Our side of SIP, without sockets: who may ask what, what is stored, and how it is answered."""

import re
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from telecare.protocols import bs8521, sip_challenged, sip_messages
from telecare.protocols.base import Cut, KeyOf, Message, Verdict
from telecare.protocols.bs8521 import Bs8521
from telecare.protocols.scaip import CONTENT_TYPE, Scaip, account_of, is_variant
from telecare.protocols.scaip_parts import Parts
from telecare.protocols.sip_digest import Digest, Proof
from telecare.protocols.sip_messages import ALLOW, Request, Unreadable
from telecare.protocols.sip_registrar import SHORTEST, Registrar, TooBrief
from telecare.protocols.sip_transactions import Answer, Answers, Flow, Questions

ACCEPT = ("Accept", CONTENT_TYPE)
# Some units say no type, or a plainer one; their alarms are taken.
TYPES = frozenset({CONTENT_TYPE, "application/xml", "text/xml", ""})
# What is not stored by then is left to the unit's second destination.
STORED_WITHIN = 6.0  # seconds
RETRY_AFTER = ("Retry-After", "10")
# Messages of one unit from one place that may wait for the store; beyond, it is asked to wait.
MOST_OF_ONE = 32
CLEAN_EVERY = 60.0  # seconds

_WANTED = re.compile(rb"(?:MESSAGE|REGISTER|OPTIONS|SIP/2\.0) ")
_SCANNERS = re.compile(
    rb"(?im)^user-agent[ \t]*:[^\r\n]*(?:friendly-scanner|sipvicious|sipcli|sip-?scan|sundayddr"
    rb"|vaxsipuseragent|pplsip|iwar|sivus|smap|svmap|gulp|zmap|masscan|nmap)"
)
_TARGET = re.compile(r"sips?:(?:[^@]*@)?(\[[^\]]*\]|[^:;>\s?]+)", re.IGNORECASE)
_NUMERIC = re.compile(r"\[.*\]|[\d.]+|localhost", re.IGNORECASE)


@dataclass(slots=True)
class Exchange:
    """A MESSAGE between its arrival and its answer."""

    request: Request
    flow: Flow
    answer: Answer
    account: str
    until: float
    protocol: "SipProtocol"

    @property
    def one(self) -> tuple[str, str]:
        """The unit and where it is: a forger elsewhere must not fill the unit's measure."""
        return self.account, self.flow.host


# What is spoken inside SIP here.
SipProtocol = Scaip | Bs8521
# Hands a message over to be stored; without an exchange nobody waits for the answer.
Take = Callable[[Cut, Message, Flow, "Exchange | None"], None]


class SipSide:
    """Everything SIP that several units share. Times are seconds of a monotonic clock."""

    def __init__(
        self, protocol: Scaip, key_of: KeyOf, knows: Callable[[str], bool], take: Take, domain: str
    ) -> None:
        self._scaip = protocol
        self._bs8521 = Bs8521()
        self._key_of = key_of
        self._knows = knows
        self._take = take
        self._domain = domain.lower()
        self._digest = Digest()
        self.registrar = Registrar()
        self.answers = Answers()
        self.questions = Questions()
        self.counted: Counter[str] = Counter()
        self._storing: dict[tuple[str, ...], Exchange] = {}
        self._of_one: Counter[tuple[str, str]] = Counter()
        self._challenged = sip_challenged.Waiting()
        self._parts = Parts()
        self._clean_at = 0.0

    def received(self, cut: Cut, flow: Flow, now: float, at: datetime) -> bool:
        """A whole message, or what is left of one; says whether it was worth listening to."""
        if not _WANTED.match(cut.raw):
            self._unwanted(cut, flow)
            return False
        if b"user-agent" in cut.raw[:4096].lower() and _SCANNERS.search(cut.raw, 0, 4096):
            self.counted["dropped_scanner"] += 1
            return False
        try:
            read = sip_messages.read(cut.raw)
        except Unreadable:
            self.counted["dropped_unreadable"] += 1
            return False
        if not isinstance(read, Request):
            return self.questions.answered(read.branch, read.code)
        known = self.answers.recall(read.key)
        if known is None:
            return self._ask(read, cut, flow, now, at)
        if known.said is not None:
            self.counted["answered_again"] += 1
            flow.send(known.said)
        return True

    @property
    def protocols(self) -> tuple[SipProtocol, ...]:
        return self._scaip, self._bs8521

    def protocol_of(self, cut: Cut) -> SipProtocol:
        """By the body, as units are careless with the type of content."""
        return self._bs8521 if bs8521.speaks(cut.body) else self._scaip

    def _unwanted(self, cut: Cut, flow: Flow) -> None:
        """Other methods: a unit of ours is told, anybody else hears nothing."""
        if not self._knows(sip_messages.sender(cut.raw[:4096])):
            self.counted["dropped_method"] += 1
            return
        try:
            read = sip_messages.read(cut.raw)
        except Unreadable:
            self.counted["dropped_unreadable"] += 1
            return
        if isinstance(read, Request) and read.method != "ACK":
            self.counted["answer_405"] += 1
            flow.send(
                sip_messages.respond(read, 405, host=flow.host, port=flow.port, extra=[ALLOW])
            )

    def _ask(self, request: Request, cut: Cut, flow: Flow, now: float, at: datetime) -> bool:
        if not self._is_for_us(request.uri):
            self.counted["dropped_domain"] += 1
            return False
        answer = self.answers.expect(request.key, now)
        exchange = Exchange(request, flow, answer, "", now + STORED_WITHIN, self._scaip)
        if cut.flaw:
            self._say(exchange, 413 if cut.flaw == "too_large" else 400)
            if cut.body:
                message = self.protocol_of(cut).decode(cut, self._key_of, at)
                self._take(cut, message, flow, None)
        elif request.method == "OPTIONS":
            self._say(exchange, 200, [ALLOW, ACCEPT])
        elif request.method == "REGISTER":
            self._register(exchange, now)
        else:
            self._message(exchange, cut, now, at)
        return not cut.flaw

    def _is_for_us(self, uri: str) -> bool:
        """Without a domain of our own every name is ours; numeric addresses always are."""
        found = _TARGET.match(uri)
        host = found[1].lower() if found else ""
        return not self._domain or host == self._domain or _NUMERIC.fullmatch(host) is not None

    def _register(self, exchange: Exchange, now: float) -> None:
        request = exchange.request
        account = account_of(request.to_user)
        if not account:
            self._say(exchange, 400)
            return
        if not self._is_proven(exchange, account, now):
            return
        try:
            granted = self.registrar.register(request, account, exchange.flow, now)
        except TooBrief:
            self._say(exchange, 423, [("Min-Expires", str(SHORTEST))])
            return
        known = self.registrar.find(account, now)
        contact = [("Contact", f"<{known.contact}>;expires={granted}")] if known else []
        self._say(exchange, 200, [*contact, ("Expires", str(granted))])

    def _is_proven(self, exchange: Exchange, account: str, now: float) -> bool:
        """Whether a REGISTER may go on; where not, it has been answered."""
        proof = self._proof(exchange.request, account, now)
        if proof is Proof.WRONG:
            self._say(exchange, 403)
        elif proof in {Proof.MISSING, Proof.STALE}:
            self._challenge(exchange, proof, now)
        return proof in {None, Proof.GOOD}

    def _proof(self, request: Request, account: str, now: float) -> Proof | None:
        """None for a unit that has no password."""
        key = self._key_of(account)
        if key is None:
            return None
        written = request.headers.get("Authorization")
        return self._digest.check(written, request.method, account, key, now)

    def _challenge(self, exchange: Exchange, proof: Proof, now: float) -> None:
        stale = proof is Proof.STALE
        self._say(exchange, 401, self._digest.challenge(now, stale=stale))

    def _message(self, exchange: Exchange, cut: Cut, now: float, at: datetime) -> None:
        request = exchange.request
        protocol = exchange.protocol = self.protocol_of(cut)
        if request.content_type not in TYPES and protocol is self._scaip:
            self._say(exchange, 415, [ACCEPT])
            return
        message = protocol.decode(cut, self._key_of, at)
        if message.verdict is Verdict.BROKEN:  # an answer to something we never asked
            self._say(exchange, 200)
            return
        if not protocol.is_from(message, account_of(request.from_user)):
            cut.flaw = "identity"
        elif not self._has_proof(exchange, cut, message, now):
            return
        if cut.flaw or cut.proven:
            message = protocol.decode(cut, self._key_of, at)
        exchange.account = message.account
        if self._of_one[exchange.one] >= MOST_OF_ONE:
            self._say(exchange, 486, [RETRY_AFTER])
            return
        self._parts.join(message, now)
        self._storing[request.key] = exchange
        self._of_one[exchange.one] += 1
        self._take(cut, message, exchange.flow, exchange)

    def _has_proof(self, exchange: Exchange, cut: Cut, message: Message, now: float) -> bool:
        """Whether the message is to be stored; with a wrong password it is, as refused."""
        proof = self._proof(exchange.request, message.account, now)
        if proof in {Proof.MISSING, Proof.STALE}:
            self._challenged.add(message, cut, exchange.flow, now)
            self._challenge(exchange, proof or Proof.MISSING, now)
            return False
        if proof is Proof.WRONG:
            cut.flaw = "wrong_key"
        elif proof is Proof.GOOD:
            cut.proven = True
            self._challenged.proved(message, cut)
        return True

    def stored(self, exchange: Exchange, message: Message, now: float, at: datetime) -> None:
        """It is safe: answer, and send what SCAIP itself says as a MESSAGE of our own."""
        if not self._ends(exchange):
            return
        if message.verdict is Verdict.GOOD:
            said: bytes | None = exchange.protocol.acknowledge(message, self._key_of, at)
        else:
            said = exchange.protocol.refuse(message, at)
        if message.reason == "wrong_key":
            self._say(exchange, 403)
        elif said is None:
            self._say(exchange, 400)
        elif is_variant(message):
            self._say(exchange, 200, body=(CONTENT_TYPE, said))
        else:
            self._say(exchange, 200)
            self._tell(exchange, said, now, trusted=message.verdict is not Verdict.SEALED)

    def _ends(self, exchange: Exchange) -> bool:
        """Whether it was still waiting for its answer."""
        if self._storing.pop(exchange.request.key, None) is None:
            return False
        self._of_one[exchange.one] -= 1
        if not self._of_one[exchange.one]:
            del self._of_one[exchange.one]
        return True

    def _tell(self, exchange: Exchange, said: bytes, now: float, *, trusted: bool) -> None:
        """Send an `mrs` back the way the request came, or the way the unit registered.

        Whoever speaks for a unit that they are not hears nothing of where it is, nor it of them.
        """
        request, flow = exchange.request, exchange.flow
        known = self.registrar.find(exchange.account, now) if trusted else None
        if not flow.alive and known is not None:
            flow = known.flow
        branch = sip_messages.branch()
        data = sip_messages.ask(
            "MESSAGE",
            target=known.contact if known is not None else request.from_uri,
            sender=sip_messages.uri(request.receiver),
            receiver=request.from_uri,
            via=f"SIP/2.0/{flow.transport.upper()} {flow.local}",
            branch=branch,
            body=(exchange.protocol.content_type, said),
        )
        self.questions.ask(branch, flow, data, now, self._told)

    def _told(self, code: int) -> None:
        self.counted["told" if 200 <= code < 300 else f"untold_{code}"] += 1  # noqa: PLR2004 - success

    def _say(
        self,
        exchange: Exchange,
        code: int,
        extra: list[tuple[str, str]] | None = None,
        body: tuple[str, bytes] | None = None,
    ) -> None:
        flow = exchange.flow
        exchange.answer.said = sip_messages.respond(
            exchange.request, code, host=flow.host, port=flow.port, extra=extra or [], body=body
        )
        self.counted[f"answer_{code}"] += 1
        flow.send(exchange.answer.said)

    def tick(self, now: float, at: datetime) -> None:
        """What time brings: repeats, what could not be stored, challenges nobody took up."""
        self.questions.repeat(now)
        self.answers.forget(now)
        if now >= self._clean_at:
            self._clean_at = now + CLEAN_EVERY
            self.registrar.forget(now)
            self._parts.forget(now)
        for exchange in [each for each in self._storing.values() if each.until <= now]:
            self._ends(exchange)
            self._say(exchange, 503, [RETRY_AFTER])
        for left in self._challenged.overdue(now):
            left.cut.flaw = "no_proof"
            message = self.protocol_of(left.cut).decode(left.cut, self._key_of, at)
            self._take(left.cut, message, left.flow, None)
