"""Bodies that nobody read."""

import asyncio

import pytest

from sora.serving.intake.unread import UnreadBodies


def answer_to(chunks: list[bytes], *, is_endless: bool = False, reads: int = 0) -> tuple[list, int]:
    """Have an app that reads some messages answer; give what was sent, and how much of the body was read."""
    left, sent, num_read = list(chunks), [], 0

    async def receive() -> dict:
        nonlocal num_read
        if is_endless:
            await asyncio.sleep(0)
            return {"type": "http.request", "body": b"x", "more_body": True}
        num_read += 1
        return {"type": "http.request", "body": left.pop(0), "more_body": bool(left)}

    async def send(message: dict) -> None:
        sent.append(message)

    async def app(scope, receive, send) -> None:
        for _ in range(reads):
            await receive()
        await send({"type": "http.response.start", "status": 401, "headers": []})
        await send({"type": "http.response.body", "body": b""})

    asyncio.run(UnreadBodies(app, patience_seconds=0.05)({"type": "http"}, receive, send))
    return sent, num_read


@pytest.mark.parametrize("reads", [0, 1, 3])
def test_the_rest_is_read_before_the_answer(reads):
    sent, num_read = answer_to([b"a", b"b", b"c"], reads=reads)
    assert num_read == 3
    assert sent[0] == {"type": "http.response.start", "status": 401, "headers": []}


def test_a_body_without_end_ends_the_connection():
    sent, _ = answer_to([], is_endless=True)
    assert sent[0]["headers"] == [(b"connection", b"close")]
    assert sent[1]["type"] == "http.response.body"
