"""The operator's stack.yml: read with all faults at once, described, written."""

from manage.config.faults import ConfigFaults
from manage.config.read import flatten, load, parse
from manage.config.schema import describe
from manage.config.write import set_value, write_initial

__all__ = ["ConfigFaults", "describe", "flatten", "load", "parse", "set_value", "write_initial"]
