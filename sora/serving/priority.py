"""Which threads give way to the one that answers."""

import os
import threading
from contextlib import suppress

_WORK_NICENESS = 10


def give_way() -> None:
    """Lower the priority of this thread, which works, below that of the one that answers.

    Threads and processes that it starts have the same.
    """
    with suppress(OSError):  # no such thing on this system
        thread = threading.get_native_id()
        niceness = max(os.getpriority(os.PRIO_PROCESS, thread), _WORK_NICENESS)
        os.setpriority(os.PRIO_PROCESS, thread, niceness)
