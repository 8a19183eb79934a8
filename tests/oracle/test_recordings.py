"""A replayed recording gives exactly the same prices."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from nodeclients.zmq import Frame
from oracle.errors import OracleError
from oracle.live import recording

from tests.oracle.bitcoind import Bitcoind
from tests.oracle.generator import Generator
from tests.oracle.process import environment
from tests.stage.waiting import until


def oracle(*arguments: str, env: dict[str, str]) -> subprocess.CompletedProcess[str]:
    argv = [sys.executable, "-m", "oracle", *arguments]
    return subprocess.run(argv, env=env, capture_output=True, text=True, timeout=120, check=False)


@pytest.mark.promise("A replay gives the same prices, bit for bit, whatever the hash seed", runs="ci")
@pytest.mark.promise(
    "The replay of a recording of a real node gives the same prices, bit for bit",
    runs="real",
    case="real",
)
def test_a_replay_prints_what_the_recording_printed(node: Bitcoind, tmp_path: Path) -> None:
    generator = Generator(node)
    generator.pay(400)
    file, printed = tmp_path / "recording", tmp_path / "printed"
    env = environment(node.running)
    with printed.open("wb") as out:
        argv = [sys.executable, "-m", "oracle", "record", str(file)]
        recorder = subprocess.Popen(argv, env={**env, "PYTHONUNBUFFERED": "1"}, stdout=out)
    until(lambda: b'"state": "ok"' in printed.read_bytes(), 30)
    generator.pay(600)
    generator.replace(50)
    node.mine()
    generator.pay(100)
    node.reorganise(2)
    count = printed.read_bytes().count(b"\n")
    until(lambda: printed.read_bytes().count(b"\n") > count + 4, 30)
    recorder.send_signal(signal.SIGINT)
    assert recorder.wait(20) == 0
    for hash_seed in ("1", "2"):
        replayed = oracle("replay", str(file), env={**env, "PYTHONHASHSEED": hash_seed})
        assert replayed.returncode == 0, replayed.stderr
        assert replayed.stdout == printed.read_text()
    assert len(set(printed.read_text().splitlines())) > 5


def test_a_recording_that_was_cut_off_ends_where_it_was_cut(tmp_path: Path) -> None:
    file = tmp_path / "recording"
    frames = [Frame("rawtx", bytes(range(100)), 7, 1.5), recording.own(recording.TICK, 2.0)]
    with file.open("wb") as out:
        recorder = recording.Recorder(out)
        for frame in frames:
            recorder.write(frame)
    assert list(recording.read(file)) == frames
    file.write_bytes(file.read_bytes()[:-3])
    assert list(recording.read(file)) == frames[:1]


@pytest.mark.promise("Recordings that are truncated, and files that are not recordings, are handled", runs="ci")
@pytest.mark.parametrize("content", [b"", b"nonsense", recording.MAGIC + b"\xff" * 40])
def test_what_is_no_recording_is_refused_or_empty(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "file"
    file.write_bytes(content)
    try:
        assert list(recording.read(file)) == []
    except OracleError as fault:
        assert str(file) in fault.message


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["replay", "/nothing"], 1, "cannot be read"),
        (["replay"], 64, "The following arguments are required: file"),
        (["record", "/nothing/there"], 1, "Cannot write"),
        (["recrod"], 64, "invalid choice: 'recrod'"),
    ],
)
def test_a_wrong_call_is_a_sentence(arguments: list[str], code: int, words: str, tmp_path: Path) -> None:
    password = tmp_path / "password"
    password.write_text("x")
    env = {**os.environ, "PYTHONPATH": "services", "BITCOIND_RPC_PASSWORD_FILE": str(password)}
    done = oracle(*arguments, env=env)
    assert done.returncode == code, done.stderr
    assert words in done.stderr
    assert "Traceback" not in done.stderr
