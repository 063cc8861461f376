"""The verb `carrier`: the telephone network that the built-in carrier speaks to."""

from callcenter.carriers import simulated
from callcenter.carriers.account import account
from registry.kit.settings import settings
from webconsole import logs


def carrier() -> None:
    """Be the built-in telephone network, on this machine alone."""
    logs.configure(settings())
    simulated.serve(account(), host="127.0.0.1", port=settings().simulated_carrier_port)
