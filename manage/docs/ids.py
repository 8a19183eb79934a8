"""Tables of what must be unique across services: user ids and host port offsets."""

from __future__ import annotations

from manage.catalog.model import Catalog


def users(catalog: Catalog) -> str:
    """The user id, ports and networks of each service."""
    lines = ["| service | uid | listens (inside) | on networks |", "|---|---|---|---|"]
    for name, entry in sorted(catalog.entries.items(), key=lambda item: (item[1]["uid"] or 10**6, item[0])):
        ports = ", ".join(f"{port} {_number(value['number'])}" for port, value in entry.get("ports", {}).items())
        lines.append(
            f"| {name} | {entry['uid']} | {ports or 'none'} | {', '.join(entry.get('networks', [])) or 'none'} |"
        )
    return "\n".join(lines) + "\n"


def ports(catalog: Catalog) -> str:
    """The offset from `ports.base` of each port that a service publishes on the host's loopback."""
    lines = ["| offset | service | port |", "|---|---|---|"]
    lines += [f"| {offset} | {name} | {port} |" for offset, name, port in sorted(_published(catalog))]
    return "\n".join(lines) + "\n"


def _published(catalog: Catalog) -> list[tuple[int, str, str]]:
    return [
        (value.get("offset", 0), name, port)
        for name, entry in catalog.entries.items()
        for port, value in entry.get("ports", {}).items()
        if value.get("publish") == "loopback"
    ]


def _number(number: object) -> str:
    """One number, or the different ones of the networks."""
    if isinstance(number, dict):
        return "/".join(str(each) for each in dict.fromkeys(number.values()))
    return str(number)
