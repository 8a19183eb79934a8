"""All faults of one configuration file at once."""

from __future__ import annotations

from collections.abc import Sequence

from manage.config.model import Fault
from manage.errors import EXIT_USAGE, NodeyardError

HINT = "Every key and what it takes: manage config explain"


class ConfigFaults(NodeyardError):
    """The file cannot be used; `faults` names each reason with its line."""

    def __init__(self, file: str, faults: Sequence[Fault]) -> None:
        self.faults = tuple(sorted(faults, key=lambda fault: (fault.line, fault.path)))
        count = "a fault" if len(self.faults) == 1 else f"{len(self.faults)} faults"
        lines = "".join(f"\n  {sentence(fault)}" for fault in self.faults)
        super().__init__(f"{file} has {count}:{lines}", HINT)

    def of_answers(self, opening: str, key: str = "") -> NodeyardError:
        """The same about a file that was not written for them: without lines, and without the path `key` they set."""
        reasons = [without_line(fault, given=key) for fault in self.faults]
        said = f" {reasons[0]}." if len(reasons) == 1 else "".join(f"\n  {reason}" for reason in reasons)
        return NodeyardError(f"{opening}:{said}", HINT, exit_code=EXIT_USAGE)


def sentence(fault: Fault) -> str:
    """`line 12: services.kaspad.ram_scal: it is not a key ...; did you mean ram_scale?`"""
    return f"line {fault.line}: {without_line(fault)}"


def without_line(fault: Fault, given: str = "") -> str:
    """The same without its line, and without its path where that is `given`."""
    where = f"{fault.path}: " if fault.path not in ("", given) else ""
    return f"{where}{fault.message}" + (f"; {fault.hint}" if fault.hint else "")
