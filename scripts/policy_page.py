"""The table of keys in `docs/policy.md`, from the policy's JSON Schema.

What goes out: the page with its table made anew, on standard output, or with `--write` in its place.
`tests/test_policy_page.py` holds it current.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from gate.policy.problems import schema

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

PAGE: Final = Path(__file__).parents[1] / "docs" / "policy.md"
BEGIN: Final = "<!-- made by scripts/policy-page from gate/policy/schema.json -->\n"
END: Final = "<!-- end of what is made -->\n"
_KINDS: Final = {
    "text": "a text",
    "names": "a list of texts",
    "pattern": "a pattern",
    "patterns": "a list of patterns",
    "patterns-or-any": 'a list of patterns, or `"any"`',
    "duration": "a duration: `90d`, `1h30m`",
    "moment": "a date, or date and time",
    "size": "a size: `32MiB`",
    "count": "a number from 1",
    "seconds": "seconds",
    "choice": "`allow` or `deny`",
    "extensions": "a table of patterns",
    "pointer": "a JSON pointer",
    "open": "`true` or `false`",
    "description": "a text",
}
_TYPES: Final = {
    "string": "a text",
    "boolean": "`true` or `false`",
    "integer": "a number",
    "number": "a number",
    "array": "a list",
    "object": "a table",
}


def page(text: str) -> str:
    """The page `text`, with the table of this schema."""
    before, _, rest = text.partition(BEGIN)
    _, _, after = rest.partition(END)
    return f"{before}{BEGIN}\n{''.join(_tables())}{END}{after}"


def _tables() -> Iterator[str]:
    whole = schema()
    yield from _table("the top of the file", whole, leave={"signers", "builders", "agents"})
    for header, part in _parts(whole):
        yield from _table(f"`{header}`", part)


def _parts(whole: Mapping[str, Any]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Every table of the language with its header, in the order of the schema."""
    for key, value in whole["properties"].items():
        part = _resolved(value)
        inner = part.get("additionalProperties")
        if isinstance(inner, dict):
            yield f"[{key}.NAME]", _resolved(inner)
        elif part.get("type") == "object":
            yield f"[{key}]", part
        elif key not in {"extends", "at"} and isinstance(part.get("items"), dict):
            item = _resolved(part["items"])
            yield f"[[{key}]]", item
            if key == "rules":
                yield from _sections(item)


def _sections(rule: Mapping[str, Any]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    for key, value in rule["properties"].items():
        part = _resolved(value)
        if part.get("type") == "object" and "properties" in part:
            yield f"[rules.{key}]", part
        elif part.get("type") == "array" and "properties" in _resolved(part.get("items", {})):
            yield f"[[rules.{key}]]", _resolved(part["items"])


def _table(title: str, table: Mapping[str, Any], leave: frozenset[str] | set[str] = frozenset()) -> Iterator[str]:
    yield f"### {title[0].upper()}{title[1:]}\n\n"
    if table.get("description"):
        yield f"{_cell(table['description'])}\n\n"
    yield "| key | is | |\n|---|---|---|\n"
    required = set(table.get("required", ()))
    for key, value in table.get("properties", {}).items():
        if key in leave:
            continue
        part = _resolved(value)
        must = "**required**, " if key in required else ""
        yield f"| `{key}` | {must}{_kind(value, part)} | {_cell(part.get('description', ''))} |\n"
    yield "\n"


def _resolved(value: Mapping[str, Any]) -> Mapping[str, Any]:
    """A schema with what it refers to; what stands beside the reference goes first."""
    name = str(value.get("$ref", "")).removeprefix("#/$defs/")
    if not name:
        return value
    return {**schema()["$defs"][name], **{key: item for key, item in value.items() if key != "$ref"}}


def _kind(value: Mapping[str, Any], part: Mapping[str, Any]) -> str:
    name = str(value.get("$ref", "")).removeprefix("#/$defs/")
    if name in _KINDS:
        return _KINDS[name]
    if "const" in part:
        return f"`{part['const']}`"
    if "enum" in part:
        return " or ".join(f"`{item}`" for item in part["enum"])
    types = part.get("type", "object")
    said = " or ".join(_TYPES[item] for item in ([types] if isinstance(types, str) else types))
    if "maximum" in part and types == "integer":
        said += f" from {part['minimum']} to {part['maximum']}"
    words = part.get("items", {}).get("enum") if isinstance(part.get("items"), dict) else None
    return f"{said} of {', '.join(f'`{word}`' for word in words)}" if words else said


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")


if __name__ == "__main__":
    made = page(PAGE.read_text(encoding="utf-8"))
    if sys.argv[1:] == ["--write"]:
        PAGE.write_text(made, encoding="utf-8")
    else:
        sys.stdout.write(made)
