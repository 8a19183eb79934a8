"""The operator's stack.yml: reads it and reports all problems at once, describes its keys, writes it."""

from manage.config.problems import InvalidConfig
from manage.config.read import flatten, load, parse
from manage.config.schema import describe
from manage.config.write import set_value, unset_value, write_initial

__all__ = ["InvalidConfig", "describe", "flatten", "load", "parse", "set_value", "unset_value", "write_initial"]
