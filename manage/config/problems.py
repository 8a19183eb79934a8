"""All problems of one configuration file at once."""

from __future__ import annotations

from collections.abc import Sequence

from manage.config.model import Problem
from manage.errors import EXIT_USAGE, NodeyardError

HINT = "Every key and what it takes: manage config explain"


class InvalidConfig(NodeyardError):
    """The file cannot be used; `problems` names each reason with its line."""

    def __init__(self, file: str, problems: Sequence[Problem]) -> None:
        self.problems = tuple(sorted(problems, key=lambda problem: (problem.line, problem.path)))
        count = "a problem" if len(self.problems) == 1 else f"{len(self.problems)} problems"
        lines = "".join(f"\n  {sentence(problem)}" for problem in self.problems)
        super().__init__(f"{file} has {count}:{lines}", HINT)

    def without_lines(self, opening: str, key: str = "") -> NodeyardError:
        """The same about a file that was not written for them: without lines, and without the path `key` they set."""
        reasons = [without_line(problem, given=key) for problem in self.problems]
        said = f" {reasons[0]}." if len(reasons) == 1 else "".join(f"\n  {reason}" for reason in reasons)
        return NodeyardError(f"{opening}:{said}", HINT, exit_code=EXIT_USAGE)


def sentence(problem: Problem) -> str:
    """`line 12: services.kaspad.ram_scal: it is not a key ...; did you mean ram_scale?`"""
    return f"line {problem.line}: {without_line(problem)}"


def without_line(problem: Problem, given: str = "") -> str:
    """The same without its line, and without its path where that is `given`."""
    where = f"{problem.path}: " if problem.path not in ("", given) else ""
    return f"{where}{problem.message}" + (f"; {problem.hint}" if problem.hint else "")
