"""How a process keeps the memory of arrays that are gone: settings of glibc, which other libraries lack."""

import ctypes

_M_TRIM_THRESHOLD, _M_MMAP_THRESHOLD, _M_ARENA_MAX = -1, -3, -8  # of malloc.h
_KEPT_BYTES, _MAX_HEAP_ARRAY_BYTES = 128 * 2**20, 32 * 2**20
_MAX_ARENAS = 2


def keep_freed_memory() -> None:
    """Have new arrays take the memory of those that are gone, whichever threads made them.

    Else glibc gives it back to the system after each video, and new pages are slow; and it keeps some for
    each of many threads, which adds up.
    """
    set_option = getattr(ctypes.CDLL(None), "mallopt", None)
    if set_option:
        set_option(_M_TRIM_THRESHOLD, _KEPT_BYTES)
        set_option(_M_MMAP_THRESHOLD, _MAX_HEAP_ARRAY_BYTES)
        set_option(_M_ARENA_MAX, _MAX_ARENAS)
