"""What test_work.py runs in child processes."""

import os
import time

from sora.errors import VideoError


def job(item: object) -> object:
    if item == "bad":
        raise VideoError("is empty (0 bytes)")
    if item == "crash":
        os._exit(3)
    if item == "hang":
        time.sleep(60)
    if item == "memory":
        return len(bytearray(4 * 2**30))
    if item == "bug":
        raise ValueError("a fault of the program")
    if isinstance(item, float):
        time.sleep(item)
    return os.getpid() if item == "pid" else (item, "done")
