"""The page and its headers, the end of the process, and settings that are refused."""

from __future__ import annotations

import json
import re
import subprocess
import sys

import pytest

from tests.oracle.bitcoind import Bitcoind
from tests.oracle.conftest import Start
from tests.oracle.process import environment
from tests.stage.ports import free_port


@pytest.mark.promise("The oracle's headers are strict: nothing from other origins, no inline script", runs="ci")
def test_faults_are_sentences_and_headers_are_strict(start: Start) -> None:
    oracle = start()
    missing = oracle.get("/nothing")
    assert missing.status == 404
    assert "has no such path" in missing.body["error"]
    page = oracle.get("/")
    assert page.status == 200
    for part in ("default-src 'none'", "script-src 'self'", "frame-ancestors 'none'"):
        assert part in page.headers["content-security-policy"]
    assert "<script>" not in page.body
    assert " style=" not in page.body
    assert json.loads(json.dumps(oracle.get("/openapi.json").body))["info"]["title"] == "Nodeyard oracle"


@pytest.mark.promise("A feed that fails by itself ends the process with 1 and says so", runs="ci")
def test_a_feed_that_fails_by_itself_ends_the_process(simulated: Bitcoind) -> None:
    nowhere = "tcp://*:1"  # ZMQ binds to such an address and cannot connect to it
    env = environment(simulated.running, BITCOIND_ZMQ=nowhere, LISTEN=f"127.0.0.1:{free_port()}")
    argv = [sys.executable, "-m", "oracle"]
    done = subprocess.run(argv, env=env, cwd="/", capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 1
    assert "the feed failed; the process ends" in done.stdout


@pytest.mark.parametrize("prefix", ["", "/oracle"])
def test_every_file_of_the_page_is_there_with_and_without_a_prefix(start: Start, prefix: str) -> None:
    oracle = start(ROOT_PATH=prefix)
    page = oracle.get("/").body
    scripts = {name: oracle.get(f"/page/{name}") for name in re.findall(r'"page/([^"]+)"', page)}
    assert {"main.js", "oracle.css", "icon.svg"} <= scripts.keys()
    imported = re.findall(r'from "\./([^"]+)"', scripts["main.js"].body)
    for name, answer in {**scripts, **{name: oracle.get(f"/page/{name}") for name in imported}}.items():
        assert answer.status == 200, name
    assert len(imported) > 3
    assert "http" not in page, "nothing from elsewhere"
    assert oracle.get("/api/v1/price").status == 200


@pytest.mark.promise("An impossible setting is one sentence", runs="ci")
@pytest.mark.parametrize(
    ("env", "words"),
    [
        ({"NETWORK": "moon"}, "NETWORK is 'moon'"),
        ({"MARKET": "real"}, "On private it must be synthetic or none"),
        ({"MARKET": "fake"}, "Expected one of: real, synthetic, none"),
        ({"NETWORK": "mainnet", "MARKET": "synthetic"}, "On mainnet it must be real or none"),
        ({"LISTEN": "8000"}, "Expected ADDRESS:PORT"),
        ({"BITCOIND_ZMQ": "http://x:1"}, "Expected tcp://HOST:PORT"),
        ({"BITCOIND_RPC_URL": "http://x:99999"}, "Expected http://HOST:PORT"),
        ({"BITCOIND_RPC_PASSWORD_FILE": ""}, "password is missing"),
        ({"DATABASE_URL": "mysql://x"}, "starts with postgresql://"),
        ({"DATABASE_URL": "postgresql://x@y/z"}, "DATABASE_PASSWORD_FILE is not"),
        ({"LOG_LEVEL": "loud"}, "LOG_LEVEL is 'loud'"),
        ({"ROOT_PATH": "oracle"}, "must start with a slash"),
    ],
)
def test_an_impossible_setting_is_one_sentence(env: dict[str, str], words: str, simulated: Bitcoind) -> None:
    from oracle.errors import OracleError
    from oracle.web.settings import from_env

    given = {**environment(simulated.running), **env}
    with pytest.raises(OracleError) as fault:
        from_env({key: value for key, value in given.items() if value})
    assert words in f"{fault.value.message} {fault.value.hint}"
