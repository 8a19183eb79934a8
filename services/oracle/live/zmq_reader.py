"""Reads ZMQ frames as fast as they arrive, in its own thread.

A publisher drops messages that a slow reader does not fetch (its hwm), and a block arrives as thousands of messages at
once. So the thread only reads: an event loop would be limited to 20,000 frames per second.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Sequence

import zmq
from nodeclients.zmq import Frame, subscribe
from zmq.utils.monitor import recv_monitor_message

POLL_MS = 200
CONNECTED = "oracle/connected"
"""Topic of a frame that marks a new connection. Before it, messages may be missing, except at the first one."""


class ZmqReader:
    """`with ZmqReader(address, topics, now) as reader:` reads in the background; `pop_frames` returns frames."""

    def __init__(
        self, address: str, topics: Sequence[str], now: Callable[[], float], wake: Callable[[], None] = lambda: None
    ) -> None:
        """`now` returns unix s. The thread calls `wake` when a frame arrives and none was waiting."""
        self._address = address
        self._topics = tuple(topics)
        self._now = now
        self._wake = wake
        self._frames: deque[Frame] = deque()
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="zmq", daemon=True)
        self.connected = False
        self.fault: BaseException | None = None

    def __enter__(self) -> ZmqReader:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()

    def __len__(self) -> int:
        return len(self._frames)

    def pop_frames(self, most: int) -> list[Frame]:
        """Remove and return up to `most` waiting frames, oldest first."""
        frames = self._frames
        return [frames.popleft() for _ in range(min(most, len(frames)))]

    def _run(self) -> None:
        try:
            with (
                zmq.Context() as context,
                context.socket(zmq.SUB) as socket,
                # Before it connects: a monitor tells nothing of a handshake that is over.
                socket.get_monitor_socket(zmq.EVENT_HANDSHAKE_SUCCEEDED | zmq.EVENT_DISCONNECTED) as monitor,
            ):
                subscribe(socket, self._address, self._topics)
                poller = zmq.Poller()
                poller.register(socket, zmq.POLLIN)
                poller.register(monitor, zmq.POLLIN)
                while not self._stop.is_set():
                    self._read(socket, monitor, dict(poller.poll(POLL_MS)))
                socket.disable_monitor()
        except BaseException as fault:  # the owner raises it
            self.fault = fault
            self._wake()

    def _read(self, socket: zmq.Socket[bytes], monitor: zmq.Socket[bytes], ready: dict[object, int]) -> None:
        if monitor in ready:
            self.connected = recv_monitor_message(monitor)["event"] == zmq.EVENT_HANDSHAKE_SUCCEEDED
            if self.connected:
                self._put(Frame(CONNECTED, b"", 0, self._now()))
        if socket not in ready:
            return
        while not self._stop.is_set():
            try:
                parts = socket.recv_multipart(zmq.NOBLOCK)
            except zmq.Again:
                return
            if len(parts) == 3 and len(parts[2]) == 4:
                topic, body, counter = parts
                self._put(Frame(topic.decode("latin-1"), body, int.from_bytes(counter, "little"), self._now()))

    def _put(self, frame: Frame) -> None:
        idle = not self._frames
        self._frames.append(frame)
        if idle:
            self._wake()
