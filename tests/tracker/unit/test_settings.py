"""The environment: one sentence for every fault."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from serving.settings import ServerSettings, SettingsError
from tracker.settings import from_env

SERVICES = Path(__file__).parents[3] / "services"


@pytest.fixture
def env(tmp_path: Path) -> dict[str, str]:
    (tmp_path / "password").write_text("secret\n")
    (tmp_path / "token").write_text("0123456789abcdef\n")
    return {
        "NETWORK": "sandbox",
        "LISTEN": "127.0.0.1:8000",
        "ROOT_PATH": "/tracker/",
        "KASPAD_URL": "ws://kaspad:18510",
        "DATABASE_URL": "postgresql://tracker@timescaledb:5432/tracker_sandbox",
        "DATABASE_PASSWORD_FILE": str(tmp_path / "password"),
        "TOKEN_FILE": str(tmp_path / "token"),
    }


def test_a_whole_environment_is_read(env: dict[str, str]) -> None:
    settings = from_env(env)
    assert settings.server == ServerSettings("127.0.0.1", 8000, "/tracker", "info")
    assert (settings.network.prefix, settings.token) == ("kaspasim", "0123456789abcdef")


@pytest.mark.parametrize(
    ("key", "value", "sentence"),
    [
        ("NETWORK", "", "Missing environment variable: NETWORK."),
        ("NETWORK", "simnet", "Expected one of: mainnet, testnet, private, sandbox."),
        ("LISTEN", "8000", "such as 0.0.0.0:8000"),
        ("KASPAD_URL", "http://kaspad:18510", "starts with ws://"),
        ("KASPAD_URL", "ws://[kaspad", "starts with ws://"),
        ("DATABASE_URL", "mysql://x/y", "starts with postgresql://"),
        ("TOKEN_FILE", "/nowhere/token", "Cannot read /nowhere/token (TOKEN_FILE): No such file"),
        ("DATABASE_PASSWORD_FILE", "/nowhere/password", "(DATABASE_PASSWORD_FILE): No such file"),
    ],
)
def test_a_fault_is_named_in_a_sentence(env: dict[str, str], key: str, value: str, sentence: str) -> None:
    with pytest.raises(SettingsError) as raised:
        from_env({**env, key: value})
    assert key in str(raised.value)
    assert sentence in str(raised.value)


def test_all_missing_variables_are_named_at_once() -> None:
    with pytest.raises(SettingsError, match="variables: NETWORK, LISTEN, KASPAD_URL, DATABASE_URL"):
        from_env({})


@pytest.mark.parametrize(("text", "sentence"), [("", "is empty"), ("short", "shorter than 16")])
def test_a_token_that_guards_nothing_is_refused(env: dict[str, str], text: str, sentence: str) -> None:
    Path(env["TOKEN_FILE"]).write_text(text)
    with pytest.raises(SettingsError, match=sentence):
        from_env(env)


def test_the_process_ends_with_64_and_one_sentence() -> None:
    ended = subprocess.run(
        [sys.executable, "-m", "tracker"],
        cwd=SERVICES,
        env={"PYTHONPATH": str(SERVICES)},
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    assert ended.returncode == 64
    assert ended.stdout == ""
    assert ended.stderr.startswith("Missing environment variables: NETWORK")
    assert ended.stderr.count("\n") == 1
