"""What becomes of requests whose processes are killed, or stopped in the midst of their work."""

import os
import signal
import threading
import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import psutil
from hostile import KINDS, Target, answered, form, outcome_of
from served import Server


def worker_killed(server: Server, target: Target, num_clients: int = 8) -> dict[str, float]:
    """Kill a worker while requests are under way."""
    kinds = [KINDS["new clip"], KINDS["feedback"]]
    outcomes, slowest, ended = Counter[str](), [0.0], threading.Event()

    def client(number: int) -> None:
        while not ended.is_set():
            start = time.monotonic()
            outcomes[kinds[number % 2].send(target)] += 1
            slowest[0] = max(slowest[0], time.monotonic() - start)

    starts = num_starts(server)
    with ThreadPoolExecutor(num_clients) as pool:
        clients = [pool.submit(client, number) for number in range(num_clients)]
        time.sleep(3)
        server.workers()[0].kill()
        back = seconds_until(lambda: num_starts(server) > starts, 90)
        ended.set()
        for one in clients:
            one.result()
    wrong = sum(number for got, number in outcomes.items() if got not in ("200", "201", "503", "closed"))
    return {
        "worker killed: answers": sum(outcomes.values()),
        "worker killed: broken connections": outcomes["closed"],
        "worker killed: wrong outcomes": wrong,
        "worker killed: slowest answer s": slowest[0],
        "worker killed: back after s": back,
    }


def num_starts(server: Server) -> int:
    """Return how often a worker has said that it is ready."""
    return server.log.read_text().count("Service sora-video initialized")


def decoders_killed(server: Server, target: Target) -> dict[str, float]:
    """Kill all processes that read videos, which have nothing to do."""
    send(target)
    old = all_decoders(server)
    for one in old:
        one.kill()
    start = time.monotonic()
    outcome = send(target)
    seconds = time.monotonic() - start
    replaced = seconds_until(lambda: len(all_decoders(server)) == len(old), 30)
    return {
        "decoders killed: next answer after s": seconds if outcome == "200" else float("inf"),
        "decoders killed: replaced after s": time.monotonic() - start if replaced > 1 else seconds,
    }


def decoders_stopped(server: Server, target: Target) -> dict[str, float]:
    """Stop all processes that read videos, so that a reading takes for ever."""
    for one in all_decoders(server):
        os.kill(one.pid, signal.SIGSTOP)
    start = time.monotonic()
    outcome = send(target)
    ended = time.monotonic()
    stopped = [one for one in all_decoders(server) if one.status() == psutil.STATUS_STOPPED]
    for one in stopped:  # those that had nothing to read
        os.kill(one.pid, signal.SIGCONT)
    following = send(target)
    return {
        "decoders stopped: answer after s": ended - start if outcome == "400" else float("inf"),
        "decoders stopped: next answer after s": (
            time.monotonic() - ended if following == "200" else float("inf")
        ),
    }


def all_decoders(server: Server) -> list[psutil.Process]:
    """Return the processes of all workers that read videos."""
    return [one for worker in server.workers() for one in server.decoders(worker)]


def send(target: Target) -> str:
    """Send a new clip; return the outcome."""
    return outcome_of(lambda: answered(target, **form(target.new_clip())))


def seconds_until(holds: Callable[[], bool], patience_seconds: float) -> float:
    """Return after how many seconds something holds; infinity where it did not."""
    start = time.monotonic()
    while not holds():
        if time.monotonic() - start > patience_seconds:
            return float("inf")
        time.sleep(0.05)
    return time.monotonic() - start
