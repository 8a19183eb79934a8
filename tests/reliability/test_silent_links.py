"""A connection that dies without a reset is found by its heartbeat, and made again."""

from __future__ import annotations

import asyncio
import struct
import time

import pytest
import zmq
from nodeclients.zmq import ZmqSubscriber
from oracle.live.zmq_reader import ZmqReader

from tests.reliability.swallowing import SwallowingProxy

FOUND_S = 15.0
"""The heartbeat's interval and timeout, the reconnect, and room for a busy machine."""


async def heard(publisher: zmq.Socket[bytes], subscriber: ZmqSubscriber | ZmqReader) -> None:
    """Publish until the subscriber receives something."""
    counter = 0
    while True:
        publisher.send_multipart([b"sequence", bytes(32) + b"C", struct.pack("<I", counter)])
        counter += 1
        if isinstance(subscriber, ZmqReader):
            if any(frame.topic == "sequence" for frame in subscriber.pop_frames(100)):
                return
            await asyncio.sleep(0.05)
            continue
        try:
            await asyncio.wait_for(subscriber.receive(), 0.05)
        except TimeoutError:
            continue
        return


async def survives(kind: str) -> None:
    with zmq.Context() as context, context.socket(zmq.PUB) as publisher:
        publisher.setsockopt(zmq.LINGER, 0)
        port = publisher.bind_to_random_port("tcp://127.0.0.1")
        async with SwallowingProxy(port) as proxy:
            address = f"tcp://127.0.0.1:{proxy.port}"
            if kind == "watch":
                async with ZmqSubscriber(address, ["sequence"]) as subscriber:
                    await cut(publisher, subscriber, proxy)
            else:
                with ZmqReader(address, ["sequence"], time.time) as reader:
                    await cut(publisher, reader, proxy)


async def cut(publisher: zmq.Socket[bytes], subscriber: ZmqSubscriber | ZmqReader, proxy: SwallowingProxy) -> None:
    await asyncio.wait_for(heard(publisher, subscriber), FOUND_S)
    proxy.swallow()
    await asyncio.wait_for(heard(publisher, subscriber), FOUND_S)
    assert proxy.accepted >= 2


@pytest.mark.promise("A ZMQ connection that swallows everything is replaced within 15 s", runs="ci")
@pytest.mark.parametrize("kind", ["watch", "oracle"])
def test_a_subscriber_leaves_a_dead_connection(kind: str) -> None:
    asyncio.run(survives(kind))
