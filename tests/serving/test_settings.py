"""How a service is reached: one sentence for every fault."""

from __future__ import annotations

import pytest
from serving.settings import ServerSettings, SettingsError, from_env


def test_without_an_environment_it_is_reached_from_this_host_alone() -> None:
    assert from_env({}) == ServerSettings("127.0.0.1", 8000, "", "info")


def test_a_whole_environment_is_read() -> None:
    env = {"LISTEN": "0.0.0.0:8600", "ROOT_PATH": "/tracker/", "LOG_LEVEL": "debug"}
    assert from_env(env) == ServerSettings("0.0.0.0", 8600, "/tracker", "debug")


def test_an_ipv6_address_to_listen_at_is_read() -> None:
    settings = from_env({"LISTEN": "[::]:8000"})
    assert (settings.host, settings.port) == ("::", 8000)


@pytest.mark.parametrize(
    ("key", "value", "sentence"),
    [
        ("LISTEN", "", "such as 0.0.0.0:8000"),
        ("LISTEN", "8000", "such as 0.0.0.0:8000"),
        ("LISTEN", "0.0.0.0:99999", "such as 0.0.0.0:8000"),
        ("LISTEN", "0.0.0.0:²", "such as 0.0.0.0:8000"),
        ("ROOT_PATH", "tracker", "must start with a slash: /tracker."),
        ("LOG_LEVEL", "loud", "Expected one of: debug, info, warning, error"),
    ],
)
def test_a_fault_is_named_in_a_sentence(key: str, value: str, sentence: str) -> None:
    with pytest.raises(SettingsError) as raised:
        from_env({key: value})
    assert key in str(raised.value)
    assert sentence in str(raised.value)
