"""The API documentation for people: one page, generated from the OpenAPI document, with no external resources."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from html import escape
from typing import Any

_STYLE = (
    "body{font:16px/1.5 system-ui,sans-serif;max-width:52rem;margin:2rem auto;padding:0 1rem;color:#1c2430}"
    "code,pre{font-family:ui-monospace,monospace;font-size:.9em}pre{background:#f3f5f7;padding:.75rem;overflow:auto}"
    "h2{margin-top:2.5rem;font-size:1.05rem;border-top:1px solid #d8dde3;padding-top:1rem}b{color:#0a6b5c}"
)


def page(openapi: Mapping[str, Any], root_path: str) -> str:
    """HTML of every operation with its body and responses; `root_path` is the path prefix of the proxy."""
    operations = "".join(_operations(openapi, root_path))
    title = escape(openapi["info"]["title"])
    return (
        f'<!doctype html><html lang="en"><meta charset="utf-8"><title>{title}</title><style>{_STYLE}</style>'
        f"<h1>{title}</h1><p>{escape(openapi['info'].get('description', ''))}</p>"
        f'<p>Machine-readable: <a href="{escape(root_path)}/openapi.json"><code>{escape(root_path)}/openapi.json</code>'
        f"</a></p>{operations}</html>"
    )


def _operations(openapi: Mapping[str, Any], root_path: str) -> Iterator[str]:
    for path, methods in openapi["paths"].items():
        for method, operation in methods.items():
            yield f"<h2><code><b>{method.upper()}</b> {escape(root_path + path)}</code></h2>"
            yield f"<p>{escape(operation.get('description', ''))}</p>"
            body = operation.get("requestBody", {}).get("content", {}).get("application/json", {}).get("schema")
            if body:
                yield f"<p>Body</p><pre>{escape(_fields(openapi, body))}</pre>"
            for status, answer in sorted(operation["responses"].items()):
                schema = answer.get("content", {}).get("application/json", {}).get("schema")
                fields = f"<pre>{escape(_fields(openapi, schema))}</pre>" if schema else ""
                yield f"<p>{status}: {escape(answer['description'])}</p>{fields}"


def _fields(openapi: Mapping[str, Any], schema: Mapping[str, Any]) -> str:
    """The keys of a schema, one per line, with type and meaning."""
    named = _resolve(openapi, schema)
    required = set(named.get("required", ()))
    lines = []
    for key, field in named.get("properties", {}).items():
        meaning = field.get("description", "")
        optional = "" if key in required else " (optional)"
        lines.append(f"{key}: {_type(field)}{optional}{'  ' + meaning if meaning else ''}")
    return "\n".join(lines)


def _resolve(openapi: Mapping[str, Any], schema: Mapping[str, Any]) -> Mapping[str, Any]:
    if "$ref" not in schema:
        return schema
    found: Mapping[str, Any] = openapi["components"]["schemas"][schema["$ref"].rsplit("/", 1)[-1]]
    return found


def _type(field: Mapping[str, Any]) -> str:
    if "$ref" in field:
        return str(field["$ref"]).rsplit("/", 1)[-1]
    if "anyOf" in field:
        return " or ".join(_type(each) for each in field["anyOf"])
    if "const" in field:
        return repr(field["const"])
    if "enum" in field:
        return " | ".join(map(repr, field["enum"]))
    if field.get("type") == "array":
        return f"list of {_type(field['items'])}"
    return str(field.get("format") or field.get("type", "any"))
