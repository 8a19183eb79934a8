"""The `health` section of a service, held to what its driver declares."""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import replace

from manage.catalog.document import Path_
from manage.catalog.drivers.options import offered_checks, option_faults
from manage.catalog.drivers.read import declaration, drivers
from manage.catalog.model import Health
from manage.catalog.reader import Reader, unknown


def completed(reader: Reader, health: Health, ports: Collection[str], secrets: Collection[str]) -> Health:
    """`health` with the defaults of its driver filled in; faults go to `reader`.

    `ports` are the service's, `secrets` those that watch has for it: options of these names must be among them.
    """
    if health.driver not in drivers():
        reader.fault(("health", "driver"), unknown("health driver", health.driver, drivers()))
        return health
    driver = declaration(health.driver)
    for name in health.thresholds:
        if name not in driver.thresholds:
            reader.fault(("health", "thresholds", name), unknown("threshold", name, driver.thresholds))
    thresholds = {name: t.default for name, t in driver.thresholds.items() if t.default is not None}
    thresholds |= {name: float(value) for name, value in health.thresholds.items()}
    for name in driver.thresholds.keys() - thresholds.keys():
        reader.fault(("health", "thresholds"), f"{name} is missing: {driver.thresholds[name].meaning}")
    faults = option_faults(driver, health.options)
    for sentence in faults:
        where, _, rest = sentence.partition(" ")
        reader.fault(_path(where), rest)
    options = {name: health.options.get(name, option.default) for name, option in driver.options.items()}
    for name, known in (("port", ports), ("secret", secrets)):
        if not faults and options.get(name) and options[name] not in known:
            reader.fault(("health", "options", name), unknown(name, options[name], known, always=True))
    return replace(health, thresholds=thresholds, options={} if faults else options)


def checks(health: Health) -> tuple[str, ...]:
    """Every check that another service may wait for: the driver's own and those of the service's rules."""
    return offered_checks(declaration(health.driver), health.options)


def _path(where: str) -> Path_:
    """`health.options.rules[0].check` -> the path of that key."""
    parts = re.findall(r"[^.\[\]]+", where)
    return tuple(int(part) if part.isdigit() else part for part in parts)
