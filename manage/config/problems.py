"""All problems of one configuration file in one error."""

from __future__ import annotations

from collections.abc import Sequence

from manage.config.model import Problem
from manage.errors import EXIT_USAGE, NodeyardError

HINT = "Every key and its values: manage config explain"


class InvalidConfig(NodeyardError):
    """The file cannot be used. `problems` holds each reason with its line."""

    def __init__(self, file: str, problems: Sequence[Problem]) -> None:
        self.problems = tuple(sorted(problems, key=lambda problem: (problem.line, problem.path)))
        count = "a problem" if len(self.problems) == 1 else f"{len(self.problems)} problems"
        lines = "".join(f"\n  {sentence(problem)}" for problem in self.problems)
        super().__init__(f"{file} has {count}:{lines}", HINT)

    def without_lines(self, opening: str, key: str = "") -> NodeyardError:
        """The error for a file that these problems kept from being written: no lines, and no path if it is `key`."""
        reasons = [without_line(problem, given=key) for problem in self.problems]
        said = f" {reasons[0]}." if len(reasons) == 1 else "".join(f"\n  {reason}" for reason in reasons)
        return NodeyardError(f"{opening}:{said}", HINT, exit_code=EXIT_USAGE)


def sentence(problem: Problem) -> str:
    """`line 12: services.kaspad.ram_scal: unknown key; did you mean ram_scale?`"""
    return f"line {problem.line}: {without_line(problem)}"


def without_line(problem: Problem, given: str = "") -> str:
    """The same without the line, and without the path if it is `given`."""
    where = f"{problem.path}: " if problem.path not in ("", given) else ""
    return f"{where}{problem.message}" + (f"; {problem.hint}" if problem.hint else "")
