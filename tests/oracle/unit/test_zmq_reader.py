"""The reader knows that it is connected, however fast the node answers."""

from __future__ import annotations

import time
from typing import Any

import pytest
import zmq
from nodeclients.zmq import subscribe
from oracle.live import zmq_reader
from oracle.live.zmq_reader import ZmqReader

from tests.stage.waiting import until


@pytest.mark.promise("The oracle notices its connection to a node that answers at once", runs="ci")
def test_a_handshake_that_is_over_at_once_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    with zmq.Context() as context, context.socket(zmq.PUB) as node:
        port = node.bind_to_random_port("tcp://127.0.0.1")
        accepted = node.get_monitor_socket(zmq.EVENT_HANDSHAKE_SUCCEEDED)

        def connect_and_wait(*arguments: Any) -> None:
            """The node's side of the handshake is over before the reader does anything else."""
            subscribe(*arguments)
            assert accepted.poll(10_000)

        monkeypatch.setattr(zmq_reader, "subscribe", connect_and_wait)
        with ZmqReader(f"tcp://127.0.0.1:{port}", ["sequence"], time.time) as reader:
            until(lambda: reader.connected, 10)
        node.disable_monitor()
        accepted.close()
