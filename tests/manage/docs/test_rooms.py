"""The imports between the rooms are counted from the source."""

from __future__ import annotations

from pathlib import Path

from manage.docs import rooms
from manage.docs.files import write


def test_imports_are_counted_by_room_and_own_modules_are_not(tmp_path: Path) -> None:
    write(
        tmp_path,
        {
            "cli/up.py": b"from manage import errors, plan\nfrom manage.plan.make import make\nimport os\n",
            "cli/down.py": b"def run():\n    import manage.plan.model\n    from manage.cli.up import run\n",
            "plan/make.py": b"from manage import errors\n",
            "plan/model.py": b"",
            "errors.py": b"",
        },
    )
    counted = rooms.imports(tmp_path)
    assert counted == {("cli", "errors"): 1, ("cli", "plan"): 3, ("plan", "errors"): 1}
    assert "| `cli` | 2 | errors 1, plan 3 |" in rooms.table(tmp_path, counted)
    assert "cli -->|3| plan" in rooms.picture(counted)
    assert "cli -->|1| errors" not in rooms.picture(counted), "the way by plan already shows it"


def test_rooms_that_import_each_other_both_have_an_arrow() -> None:
    picture = rooms.picture({("images", "apply"): 1, ("apply", "images"): 2})
    assert "images -->|1| apply" in picture
    assert "apply -->|2| images" in picture
