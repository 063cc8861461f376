"""The verb `receive`: the sockets on which devices raise alarms."""

from telecare.receivers import main
from webconsole import house


def receive() -> None:
    """Receive alarms until told to stop."""
    with house.open_():
        main.serve()
