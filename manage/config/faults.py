"""All faults of one configuration file at once."""

from __future__ import annotations

from collections.abc import Sequence

from manage.config.model import Fault
from manage.errors import NodeyardError


class ConfigFaults(NodeyardError):
    """The file cannot be used; `faults` names each reason with its line."""

    def __init__(self, file: str, faults: Sequence[Fault]) -> None:
        self.faults = tuple(sorted(faults, key=lambda fault: (fault.line, fault.path)))
        count = "a fault" if len(self.faults) == 1 else f"{len(self.faults)} faults"
        lines = "".join(f"\n  {sentence(fault)}" for fault in self.faults)
        super().__init__(f"{file} has {count}:{lines}", "Every key and what it takes: manage config explain")


def sentence(fault: Fault) -> str:
    """`line 12: services.kaspad.ram_scal: it is not a key ...; did you mean ram_scale?`"""
    where = f"line {fault.line}: " + (f"{fault.path}: " if fault.path else "")
    return f"{where}{fault.message}" + (f"; {fault.hint}" if fault.hint else "")
