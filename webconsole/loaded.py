"""What the processes of the house have read before they begin; the nursery imports it once."""

import gc
import importlib
import signal

import setproctitle

# Not `webconsole.cli` itself: each process runs it.
VERBS = ("web", "work", "sweep", "receive", "carrier")
# What those verbs find by name.
FOUND = ("webconsole.app", "celery.bin.celery", "uvicorn.protocols.http.auto")
ORDERS = (signal.SIGINT, signal.SIGHUP)


def heed_orders() -> None:
    """Take the orders of the terminal again, in a process that has work to do."""
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.signal(signal.SIGHUP, signal.SIG_DFL)


# First while the environment is untouched: the title is written over it.
setproctitle.setproctitle("centrale nursery")
# Ctrl-C is for the supervisor: the nursery ends with it.
for order in ORDERS:
    signal.signal(order, signal.SIG_IGN)
for module in (*(f"webconsole.cli_{verb}" for verb in VERBS), *FOUND):
    importlib.import_module(module)
# What was read stays where it is, so that the processes go on sharing its memory.
gc.collect()
gc.freeze()
