"""A storm's units that speak SCAIP: one MESSAGE each, and believed only when the centre says ok."""

import socket
from collections.abc import Iterable

from typing_extensions import override

from telecare.protocols import sip_frames, sip_messages, xml_documents
from telecare.protocols.base import Cut
from telecare.protocols.scaip import CONTENT_TYPE, REQUEST
from telecare.protocols.sip_frames import SipFramer
from telecare.protocols.sip_messages import Request, Unreadable
from telecare.simulator_storm import Line, Storm

MAINS = (("dty", "0002"), ("stc", "0085"), ("lco", "002"), ("crd", "no-voice:"))
PRESS = (("dty", "0003"), ("stc", "0010"), ("lco", "043"), ("crd", "sip:"))
OK = "0"


class ScaipLine(Line):
    """One UDP socket or TCP connection, on which units speak one after the other."""

    @override
    async def say(self, storm: Storm, account: str) -> bool:
        """Whether our own MESSAGE with `snu` 0 has come back for it; it is answered as well."""
        reference = f"S{storm.sequence}U{account}"
        await self.connect()
        await self.send(self._press(account, reference, pressed=account in storm.presses))
        while True:
            for cut in self._cuts(await self.hear()):
                if await self._is_told(cut, reference):
                    return True

    def _press(self, account: str, reference: str, *, pressed: bool) -> bytes:
        host, port = self.own
        target = f"sip:centrale@{self.address[0]}:{self.address[1]}"
        fields = [("ref", reference), ("cid", account), *(PRESS if pressed else MAINS)]
        return sip_messages.ask(
            "MESSAGE",
            target=target,
            sender=f"sip:{account}@{host}:{port}",
            receiver=target,
            via=f"SIP/2.0/{'UDP' if self.kind is socket.SOCK_DGRAM else 'TCP'} {host}:{port}",
            branch=sip_messages.branch(),
            body=(CONTENT_TYPE, xml_documents.write(REQUEST, fields)),
        )

    def _cuts(self, data: bytes) -> Iterable[Cut]:
        if self.kind is socket.SOCK_STREAM:
            return self._framer.feed(data)
        cut = sip_frames.datagram(data)
        return [] if cut is None else [cut]

    @override
    def opened(self) -> None:
        self._framer = SipFramer()

    async def _is_told(self, cut: Cut, reference: str) -> bool:
        """Raises ConnectionError where the centre refuses."""
        if cut.raw.startswith(b"SIP/2.0"):
            if not cut.raw.startswith(b"SIP/2.0 200"):
                raise ConnectionError("refused")
            return False
        try:
            told = sip_messages.read(cut.raw)
        except Unreadable:
            return False
        if not isinstance(told, Request):
            return False
        host, port = self.address
        await self.send(sip_messages.respond(told, 200, host=host, port=port))
        said = xml_documents.read(told.body)
        if said.first("ref") != reference:
            return False  # to a unit that has spoken here before
        if said.first("snu") != OK:
            raise ConnectionError("not taken")
        return True
