"""`manage` in this process, on installations that no engine knows of."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from manage.cli.main import main
from manage.installation import owners
from manage.installation.layout import Layout
from tests.stage.initial import initialise
from tests.stage.owners import Paper


@dataclass(frozen=True)
class Outcome:
    code: int
    out: str
    err: str


Manage = Callable[..., Outcome]


@pytest.fixture
def manage(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Manage:
    """Run `manage ARGUMENTS` as root would; owners are on paper."""
    paper = Paper().owners()
    monkeypatch.setattr(owners, "of_this_process", lambda: paper)

    def run(*arguments: str) -> Outcome:
        with pytest.raises(SystemExit) as left:
            main(list(arguments))
        printed = capsys.readouterr()
        return Outcome(int(left.value.code or 0), printed.out, printed.err)

    return run


@pytest.fixture
def layout(tmp_path: Path) -> Layout:
    """An installation with a stack.yml, as `manage init` leaves it."""
    layout = Layout(tmp_path / "nodeyard", Paper().owners())
    initialise(layout)
    return layout
