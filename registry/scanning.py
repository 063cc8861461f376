"""The scanner: a program of the house looks at each new document before anybody reads it.

`CENTRALE_SCAN_COMMAND` gets the document on its standard input; 0 means clean, 1 infected, and
anything else that it could not look, so that it is asked again (clamdscan and others do so).
"""

import shlex
import subprocess
from uuid import UUID

import structlog

from registry import attachments
from registry.attachments import Attachment, AttachmentState
from registry.kit.db import get, transaction
from registry.kit.settings import settings

PATIENCE = 25  # seconds; a worker's task may last 30
CLEAN, INFECTED = 0, 1
log = structlog.get_logger()


class NotScanned(Exception):  # noqa: N818 - said of the document
    """The scanner could not look; its deadline comes again."""


def scan(attachment_id: UUID) -> None:
    """Done by a worker; twice gives the same."""
    command = shlex.split(settings().scan_command)
    with transaction() as session:
        if get(session, Attachment, attachment_id).state is not AttachmentState.WAITING:
            return
        content = attachments.content_of(session, attachment_id)
    if not command:
        raise NotScanned("no command is set any more")
    said = subprocess.run(  # noqa: S603 - the command is the installation's own setting
        command, input=content, capture_output=True, check=False, timeout=PATIENCE
    ).returncode
    if said not in {CLEAN, INFECTED}:
        raise NotScanned(f"exit code {said}")
    log.info("attachment.scanned", attachment=str(attachment_id), clean=said == CLEAN)
    with transaction() as session:
        attachments.checked(session, attachment_id, clean=said == CLEAN)
