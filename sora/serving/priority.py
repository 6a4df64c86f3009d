"""Which threads give way to the one that answers."""

import os
import threading
from contextlib import suppress

_WORK_NICENESS = 10


def give_way() -> None:
    """Lower the priority of this thread, which works, below that of the one that answers."""
    with suppress(OSError):  # no such thing on this system
        os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), _WORK_NICENESS)
