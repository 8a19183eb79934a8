"""`manage plan` and `manage up` from the desired state on, for thirty services: `python thirty.py plan|up DIR`.

`state.pickle` in the folder is the state that catalog and templates would give (tests/bench/synthesised.py).
"""

from __future__ import annotations

import pickle
import sys
from pathlib import Path


def main(verb: str, directory: Path) -> None:
    import manage.cli.main  # noqa: F401 - what the command imports, too
    from manage.apply import planned, up
    from manage.cli import output
    from manage.cli.consent import PlanReview
    from manage.cli.progress import printer
    from manage.engine.reader import Reader
    from manage.plan.text import as_text

    state = pickle.loads((directory / "state.pickle").read_bytes())
    found = planned.read_facts_and_plan(state, Reader())
    if verb == "plan":
        output.say(as_text(found.whole))
        return
    plan, review = up.plan(found), PlanReview()
    review(plan, None)
    output.say(up.apply(state, shown=plan, review=review, progress=printer()).summary)


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]))
