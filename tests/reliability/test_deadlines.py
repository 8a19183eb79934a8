"""A change waits for other programs, and for none of them for ever."""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path

import pytest

from manage.apply import gate
from manage.engine import compose_cli
from manage.errors import NodeyardError
from manage.host import firewall
from manage.installation.layout import Layout
from tests.stage.deadlines import within

DEAF = "from signal import *; import time; signal(SIGTERM, SIG_IGN); print('pulling', flush=True); time.sleep(60)"


@pytest.mark.promise("A docker-compose that hangs ends with a sentence, and no process of it is left", runs="ci")
def test_a_compose_that_hangs_is_ended(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(compose_cli, "STOP_S", 0.2)
    program = f"import os; open({str(tmp_path / 'pid')!r}, 'w').write(str(os.getpid())); {DEAF}"
    with pytest.raises(NodeyardError) as ended:
        within(20, lambda: compose_cli.run([sys.executable, "-c", program], deadline_s=1.0))
    assert ended.value.message == "docker-compose did not end within 1.0 s and was stopped.\n  pulling"
    with pytest.raises(ProcessLookupError):
        os.kill(int((tmp_path / "pid").read_text()), 0)


def test_hashing_that_hangs_is_given_up(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(compose_cli, "HASHING_S", 0.3)
    (tmp_path / "hangs").write_text(f"#!{sys.executable}\nimport time\ntime.sleep(60)\n")
    (tmp_path / "hangs").chmod(0o755)
    monkeypatch.setattr(compose_cli, "binary", lambda: (str(tmp_path / "hangs"),))
    process = compose_cli.HashingProcess(["services: {}"], tmp_path)
    with pytest.raises(NodeyardError, match="did not hash the services within"):
        within(20, process.result)
    process.close()


@pytest.mark.promise("The gate of a change ends also if the clock is set back meanwhile", runs="ci")
def test_a_clock_that_is_set_back_does_not_prolong_the_gate(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(gate, "GRACE_S", 0.5)
    real, began = time.time, time.time()
    monkeypatch.setattr(time, "time", lambda: real() - (3600 if real() - began > 0.2 else 0))
    assert within(10, lambda: gate.wait(Layout(tmp_path), "kaspad", began, 0.0)).answer == "fail"


def test_an_nft_that_hangs_delays_no_status(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "nft").write_text("#!/bin/sh\nexec sleep 60\n")
    (tmp_path / "nft").chmod(0o755)
    monkeypatch.setattr(firewall, "_PATH", f"{tmp_path}:{firewall._PATH}")
    monkeypatch.setattr(firewall, "_PATIENCE_S", 0.3)
    assert within(10, firewall.is_present) is False
