"""Sends what a webhook is told: signed as Standard Webhooks has it, to the judged address."""

import base64
import hashlib
import hmac
import json
import ssl
from collections.abc import Iterable
from uuid import UUID

import structlog
import urllib3
from urllib3.exceptions import HTTPError

from registry import hook_deliveries, hook_guard
from registry.hook_deliveries import Delivery, DeliveryState
from registry.hook_guard import Forbidden, Goal
from registry.hooks import Hook
from registry.kit import clock
from registry.kit.db import get, locked, transaction

CONNECT, ANSWER = 3.0, 8.0  # seconds; together less than the lease of a deadline
GONE = 410
TAKEN = range(200, 300)
log = structlog.get_logger()


def deliver(delivery_id: UUID) -> None:
    """Done by a worker, perhaps twice: by the id the other side sees that it is one."""
    with transaction() as session:
        delivery = get(session, Delivery, delivery_id)
        hook = get(session, Hook, delivery.hook_id)
        if delivery.state is not DeliveryState.PENDING or not hook.active:
            return
        url, body, keys = hook.url, written(delivery.body), hook.keys
    status, error = None, None
    try:
        status = post(hook_guard.goal(url), body, headers(delivery_id, body, keys))
    except (HTTPError, OSError, Forbidden) as trouble:
        error = type(trouble).__name__
    log.info("hook.sent", delivery=str(delivery_id), status=status, error=error)
    with transaction() as session:
        delivery = locked(session, Delivery, delivery_id)
        if status in TAKEN and status is not None:
            hook_deliveries.taken(session, delivery, status)
            return
        hook_deliveries.refused(session, delivery, status=status, error=error)
        if status == GONE:
            # The other side says that it wants no more.
            locked(session, Hook, delivery.hook_id).active = False


def written(body: dict[str, object]) -> bytes:
    """The bytes that are signed and sent."""
    return json.dumps(body, sort_keys=True, separators=(",", ":")).encode()


def headers(delivery_id: UUID, body: bytes, keys: Iterable[bytes]) -> dict[str, str]:
    """https://www.standardwebhooks.com: id, seconds of now, one signature for each key."""
    moment = str(int(clock.now().timestamp()))
    signed = " ".join(sign(key, str(delivery_id), moment, body) for key in keys)
    return {
        "Content-Type": "application/json",
        "User-Agent": "Centrale-Webhooks/1",
        "webhook-id": str(delivery_id),
        "webhook-timestamp": moment,
        "webhook-signature": signed,
    }


def sign(key: bytes, message_id: str, moment: str, body: bytes) -> str:
    made = hmac.new(key, f"{message_id}.{moment}.".encode() + body, hashlib.sha256).digest()
    return f"v1,{base64.b64encode(made).decode()}"


def post(to: Goal, body: bytes, with_: dict[str, str]) -> int:
    """The status of the answer, whose words are not read; redirections are not followed."""
    address = hook_guard.look_up(to)
    patience = urllib3.Timeout(connect=CONNECT, read=ANSWER)
    with _pool(to, address, patience) as pool:
        answer = pool.urlopen(
            "POST",
            to.path,
            body=body,
            headers=with_ | {"Host": to.netloc},
            retries=False,
            redirect=False,
            preload_content=False,
        )
        answer.close()
        return answer.status


def _pool(to: Goal, address: str, patience: urllib3.Timeout) -> urllib3.HTTPConnectionPool:
    if not to.tls:
        return urllib3.HTTPConnectionPool(address, to.port, timeout=patience)
    return urllib3.HTTPSConnectionPool(
        address,
        to.port,
        timeout=patience,
        ssl_context=ssl.create_default_context(),
        server_hostname=to.host,
        assert_hostname=to.host,
    )
