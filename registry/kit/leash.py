"""Run a program that never outlives its parent: `leash.py SIGNAL PARENT UID GID PROGRAM …`.

Started as a file, alone and without our packages, so that it costs some milliseconds. On Linux the
kernel sends SIGNAL when the parent dies, however it dies; elsewhere the next start finds and stops
what was left. A UID of -1 keeps the user. The kernel forgets the wish when the user changes, so
the user is changed first.
"""

import ctypes
import os
import sys

PR_SET_PDEATHSIG = 1


def main(arguments: list[str]) -> None:
    """Become the program; never returns."""
    ending, parent, uid, gid = (int(each) for each in arguments[:4])
    command = arguments[4:]
    if uid >= 0:
        os.setgroups([gid])
        os.setgid(gid)
        os.setuid(uid)
    if sys.platform == "linux":
        ctypes.CDLL(None, use_errno=True).prctl(PR_SET_PDEATHSIG, ending, 0, 0, 0)
    if os.getppid() != parent:
        sys.exit("The process that wanted this program has ended")
    os.execv(command[0], command)  # noqa: S606 - no shell is wanted


if __name__ == "__main__":
    main(sys.argv[1:])
