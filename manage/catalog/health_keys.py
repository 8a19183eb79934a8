"""The `health` section of a service, checked against the declaration of its driver."""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import replace

from manage.catalog.document import KeyPath
from manage.catalog.drivers.options import offered_checks, option_problems
from manage.catalog.drivers.read import declaration, drivers
from manage.catalog.model import Health
from manage.catalog.reader import Reader, unknown_name


def completed(reader: Reader, health: Health, ports: Collection[str], secrets: Collection[str]) -> Health:
    """`health` with the defaults of its driver filled in; problems go to `reader`.

    `ports` are the service's, `secrets` those that watch has for it: options of these names must be among them.
    """
    if health.driver not in drivers():
        reader.add_problem(("health", "driver"), unknown_name("health driver", health.driver, drivers()))
        return health
    driver = declaration(health.driver)
    for name in health.thresholds:
        if name not in driver.thresholds:
            reader.add_problem(("health", "thresholds", name), unknown_name("threshold", name, driver.thresholds))
    thresholds = {name: t.default for name, t in driver.thresholds.items() if t.default is not None}
    thresholds |= {name: float(value) for name, value in health.thresholds.items()}
    for name in driver.thresholds.keys() - thresholds.keys():
        reader.add_problem(("health", "thresholds"), f"{name} is missing: {driver.thresholds[name].meaning}")
    problems = option_problems(driver, health.options)
    for sentence in problems:
        where, _, rest = sentence.partition(" ")
        reader.add_problem(_path(where), rest)
    options = {name: health.options.get(name, option.default) for name, option in driver.options.items()}
    for name, known in (("port", ports), ("secret", secrets)):
        if not problems and options.get(name) and options[name] not in known:
            reader.add_problem(("health", "options", name), unknown_name(name, options[name], known, always=True))
    return replace(health, thresholds=thresholds, options={} if problems else options)


def checks(health: Health) -> tuple[str, ...]:
    """Every check that another service may wait for: the driver's own and those of the service's rules."""
    return offered_checks(declaration(health.driver), health.options)


def _path(where: str) -> KeyPath:
    """`health.options.rules[0].check` -> the path of that key."""
    parts = re.findall(r"[^.\[\]]+", where)
    return tuple(int(part) if part.isdigit() else part for part in parts)
