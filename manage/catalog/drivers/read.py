"""Reading declarations from their YAML files."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from manage.catalog.drivers.model import COMPARISONS, OPERANDS, OPTION_TYPES, Declaration, Option, Threshold
from manage.errors import NodeyardError
from manage.installation.layout import CHECKOUT

VERSION = 1
FOLDER = CHECKOUT / "manage" / "health" / "probes"
COMMON = "common"
_KEYS = {"version", "summary", "checks", "thresholds", "options"}
_THRESHOLD_KEYS = {"unit", "meaning", "default"}
_OPTION_KEYS = {"type", "meaning", "default", "pattern", "minimum", "maximum", "measured", "compared"}


@cache
def declaration(driver: str) -> Declaration:
    """The declaration of a driver. Raises NodeyardError when its file is missing or faulty."""
    own = _document(driver)
    thresholds = {**_common_thresholds(), **own["thresholds"]}
    try:
        return Declaration(
            driver=driver,
            summary=str(own["summary"]),
            checks={str(name): str(meaning) for name, meaning in own["checks"].items()},
            thresholds={name: _threshold(name, entry) for name, entry in thresholds.items()},
            options={name: _option(name, entry) for name, entry in own["options"].items()},
        )
    except (KeyError, TypeError, ValueError, AttributeError) as fault:
        raise NodeyardError(f"{_path(driver)} is not a declaration: {fault}.", "Compare it with http.yml.") from fault


@cache
def drivers() -> tuple[str, ...]:
    """The names of all drivers that have a declaration."""
    return tuple(sorted(path.stem for path in FOLDER.glob("*.yml") if path.stem != COMMON))


@cache
def _common_thresholds() -> Mapping[str, Any]:
    return dict(_document(COMMON)["thresholds"])


def _path(driver: str) -> Path:
    return FOLDER / f"{driver}.yml"


def _document(driver: str) -> dict[str, Any]:
    try:
        document = yaml.load(_path(driver).read_bytes(), yaml.CSafeLoader)
    except FileNotFoundError:
        raise NodeyardError(
            f"The health driver {driver} has no declaration.", f"It would be manage/health/probes/{driver}.yml"
        ) from None
    except yaml.YAMLError as fault:
        raise NodeyardError(f"{_path(driver)} is not YAML: {fault}.", "Correct the file.") from fault
    if not isinstance(document, dict) or document.get("version") != VERSION or not set(document) <= _KEYS:
        raise NodeyardError(
            f"{_path(driver)} is not a declaration of version {VERSION}.", f"Its keys are {', '.join(sorted(_KEYS))}."
        )
    return {"summary": "", "checks": {}, "thresholds": {}, "options": {}, **document}


def _threshold(name: str, entry: Mapping[str, Any]) -> Threshold:
    _require_keys(f"threshold {name}", entry, _THRESHOLD_KEYS)
    default = entry.get("default")
    return Threshold(name, str(entry["unit"]), str(entry["meaning"]), None if default is None else float(default))


def _option(name: str, entry: Mapping[str, Any]) -> Option:
    _require_keys(f"option {name}", entry, _OPTION_KEYS)
    if entry["type"] not in OPTION_TYPES:
        raise ValueError(f"option {name} has the type {entry['type']}; the types are {', '.join(OPTION_TYPES)}")
    compared = entry.get("compared", {})
    if not set(compared) <= set(COMPARISONS) or not set(compared.values()) <= set(OPERANDS):
        raise ValueError(f"option {name} compares by {compared}")
    return Option(
        name=name,
        type=entry["type"],
        meaning=str(entry["meaning"]),
        default=entry.get("default"),
        pattern=entry.get("pattern", ""),
        minimum=entry.get("minimum"),
        maximum=entry.get("maximum"),
        measured={key: _option(key, inner) for key, inner in entry.get("measured", {}).items()},
        compared=compared,
    )


def _require_keys(what: str, entry: Mapping[str, Any], known: set[str]) -> None:
    unknown = sorted(set(entry) - known)
    if unknown:
        raise ValueError(f"{what} has the unknown key {unknown[0]}")
