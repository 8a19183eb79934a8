"""Case files: facts in, verdict out.

Those of a service lie in `profiles/services/<name>/cases/`, those of a generic driver in `cases/` beside this file.

    {"about": "no peers", "network": "mainnet", "facts": {"peers": 0}, "age_s": 1, "engine": {"state": "running"},
     "now": 1795300000, "verdict": "degraded", "reason": "0 peers", "checks": {"rpc": true}, "waits_for": []}

`age_s` (default 0) is how long before `now` the facts were measured. Thresholds, options and startup time are those of
the service.yml on that network, with the declared defaults; a case may change them (`thresholds`, `options`,
`startup_s`). Thin spaces in reasons are written as plain ones.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from manage.catalog.drivers.options import option_values, threshold_values
from manage.catalog.drivers.read import declaration
from manage.health import drivers
from manage.health.drivers import Target
from manage.health.model import EngineState, Fact, Judgement

SERVICES = Path(__file__).parents[3] / "profiles" / "services"
OWN = Path(__file__).parent / "cases"
REQUIRED = {"about", "network", "facts", "engine", "now", "verdict", "reason", "checks"}
OPTIONAL = {"age_s", "thresholds", "options", "startup_s", "waits_for", "databases"}


@dataclass(frozen=True)
class Case:
    path: Path
    driver: str
    target: Target
    document: dict[str, Any]

    @property
    def name(self) -> str:
        return f"{self.path.parent.parent.name if self.path.parent.name == 'cases' else self.driver}: {self.path.stem}"

    @property
    def expected(self) -> tuple[Any, ...]:
        document = self.document
        return document["verdict"], document["reason"], document["checks"], tuple(document.get("waits_for", ()))

    def judge(self) -> Judgement:
        now = float(self.document["now"])
        measured_at = now - self.document.get("age_s", 0)
        facts = tuple(Fact(name, value, measured_at) for name, value in self.document["facts"].items())
        engine = EngineState(**self.document["engine"])
        return drivers.load(self.driver).judge(self.target, facts, engine, now)


def outcome(judgement: Judgement) -> tuple[Any, ...]:
    """As `Case.expected` writes it."""
    return judgement.verdict, judgement.reason.replace("\u202f", " "), dict(judgement.checks), judgement.waits_for


def service_health(name: str, network: str) -> dict[str, Any]:
    """driver, thresholds, options and startup_s in a service.yml, on one network."""
    document = _service_file(name)
    health = document["health"]
    return {
        "driver": health["driver"],
        "thresholds": {key: _on(value, network) for key, value in health.get("thresholds", {}).items()},
        "options": health.get("options", {}),
        "startup_s": _on(document["startup_s"], network),
    }


@cache
def _service_file(name: str) -> dict[str, Any]:
    document: dict[str, Any] = yaml.safe_load((SERVICES / name / "service.yml").read_text())
    return document


def _on(value: Any, network: str) -> Any:
    return value[network] if isinstance(value, dict) else value


def read(path: Path) -> Case:
    """One case file. ValueError names what is wrong with it."""
    document = json.loads(path.read_text(encoding="utf-8"))
    missing, unknown = REQUIRED - set(document), set(document) - REQUIRED - OPTIONAL
    if missing or unknown:
        raise ValueError(f"{path}: missing keys {sorted(missing)}, unknown keys {sorted(unknown)}")
    network = document["network"]
    if path.parent.name == "cases":
        name = path.parent.parent.name
        health = service_health(name, network)
    else:
        name = path.parent.name
        health = {"driver": name, "thresholds": {}, "options": {}, "startup_s": 30}
    declared = declaration(health["driver"])
    target = Target(
        name=name,
        title=name.capitalize(),
        group="services",
        driver=health["driver"],
        network=network,
        thresholds=threshold_values(declared, {**health["thresholds"], **document.get("thresholds", {})}),
        options=option_values(declared, {**health["options"], **document.get("options", {})}),
        startup_s=document.get("startup_s", health["startup_s"]),
        databases=tuple(document.get("databases", ())),
    )
    return Case(path, health["driver"], target, document)


def paths() -> list[Path]:
    return [*sorted(SERVICES.glob("*/cases/*.json")), *sorted(OWN.glob("*/*.json"))]
