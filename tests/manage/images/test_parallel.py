"""Images are made at the same time where none needs another, and an error or an interruption ends the run tidily."""

from __future__ import annotations

import threading

import pytest

from manage.events import Event, Progress
from manage.images import log, parallel

BASES = {
    "nginx": "base",
    "manager": "pymanager",
    "pymanager": "base",
    "base": "root",
    "root": "",
    "timescaledb": "base",
}


class Recorder:
    """A `make` that notes when each name began and ended; names in `held` wait until they are released."""

    def __init__(self, held: tuple[str, ...] = (), fails: str = "") -> None:
        self.began: list[str] = []
        self.ended: list[str] = []
        self.most = 0
        self.release = {name: threading.Event() for name in held}
        self._fails = fails
        self._lock = threading.Lock()

    def make(self, name: str, progress: Progress) -> str:
        with self._lock:
            self.began.append(name)
            self.most = max(self.most, len(self.began) - len(self.ended))
        progress(Event("step", name, f"Building image {name}"))
        if name in self.release:
            assert self.release[name].wait(20)
        with self._lock:
            self.ended.append(name)
        if name == self._fails:
            raise ValueError(f"{name} is broken")
        return name.upper()


def run(recorder: Recorder, workers: int = 2, progress: Progress = lambda _event: None) -> dict[str, str]:
    made: dict[str, str] = {}
    parallel.run(BASES, recorder.make, made.__setitem__, progress, workers=workers, cancelled=threading.Event())
    return made


@pytest.mark.promise("Images that do not need each other are built at the same time, each after its base", runs="ci")
def test_every_image_is_made_once_after_its_base_and_no_more_than_the_workers_at_a_time() -> None:
    recorder = Recorder()
    made = run(recorder)

    assert made == {name: name.upper() for name in BASES}
    assert sorted(recorder.began) == sorted(BASES)
    assert all(not base or recorder.ended.index(base) < recorder.ended.index(name) for name, base in BASES.items())
    assert recorder.most <= 2


def test_images_that_do_not_need_each_other_are_made_at_the_same_time() -> None:
    recorder = Recorder(held=("pymanager",))

    def release_when_another_ended(event: Event) -> None:
        if event.service == "timescaledb":  # begins on the other thread once nginx has ended
            recorder.release["pymanager"].set()

    run(recorder, progress=release_when_another_ended)
    assert recorder.ended.index("nginx") < recorder.ended.index("pymanager")


def test_the_longest_chain_begins_first() -> None:
    assert parallel.by_longest_chain(BASES)[:3] == ["root", "base", "pymanager"]


def test_an_image_whose_base_exists_already_begins_at_once() -> None:
    made: list[str] = []
    parallel.run(
        {"tracker": "pyservices"},
        lambda name, _progress: name,
        lambda name, _value: made.append(name),
        lambda _event: None,
        workers=2,
        cancelled=threading.Event(),
    )
    assert made == ["tracker"]


@pytest.mark.promise("After a failed build no other build begins, and those that have begun are finished", runs="ci")
def test_after_a_failure_nothing_else_begins_and_what_has_begun_is_finished() -> None:
    recorder = Recorder(held=("pymanager",), fails="nginx")
    bases = {"pymanager": "", "nginx": "", "manager": "pymanager", "timescaledb": ""}
    made: list[str] = []
    warnings: list[str] = []

    def progress(event: Event) -> None:
        if event.kind == "warning":
            warnings.append(event.text)
            recorder.release["pymanager"].set()

    with pytest.raises(ValueError, match="nginx is broken"):
        parallel.run(
            bases,
            recorder.make,
            lambda name, _value: made.append(name),
            progress,
            workers=2,
            cancelled=threading.Event(),
        )
    assert made == ["pymanager"]
    assert sorted(recorder.began) == ["nginx", "pymanager"]
    assert warnings == ["Image nginx failed. Waiting for pymanager, no other image is started."]


def test_progress_and_results_arrive_in_the_callers_thread() -> None:
    threads = set()
    parallel.run(
        BASES,
        Recorder().make,
        lambda _name, _value: threads.add(threading.current_thread()),
        lambda _event: threads.add(threading.current_thread()),
        workers=3,
        cancelled=threading.Event(),
    )
    assert threads == {threading.current_thread()}


@pytest.mark.promise("Ctrl-C ends the builds that run", runs="ci")
def test_an_interruption_cancels_what_is_being_made_and_waits_for_it() -> None:
    cancelled = threading.Event()
    ended: list[str] = []

    def make(name: str, progress: Progress) -> None:
        progress(Event("step", name, ""))
        assert cancelled.wait(20)
        ended.append(name)
        raise log.Cancelled

    def interrupt(_event: Event) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        parallel.run({"nginx": "", "kaspad": ""}, make, lambda *_: None, interrupt, workers=2, cancelled=cancelled)
    assert sorted(ended) == ["kaspad", "nginx"]
