"""`gate policy`: whether a policy is one, what it says with all that it extends, and the language's JSON Schema.

What comes in: a policy file, or cosign's flags. What goes out: text or JSON, and exit code 0 or 2. It fetches nothing
and looks at no image.
"""

from __future__ import annotations

import json
import sys
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path  # noqa: TC003  (typer reads the flags' types)
from typing import TYPE_CHECKING, Annotated, Any

import typer
from msgspec.structs import replace

from gate.cli import policies
from gate.cli.help import SETTINGS, Command, Group
from gate.cli.output import show
from gate.cli.roots import load_roots
from gate.errors import Finding, Invalid, InvalidPolicy, InvalidUsage
from gate.reference import readable

if TYPE_CHECKING:
    from collections.abc import Callable

    from gate.policy.merging import Merged
    from gate.policy.model import Policy
    from gate.policy.reading import KeyPath

_CHECK_EXAMPLES = """
Examples:
  gate policy check policy.toml
  gate policy check policy.toml --strict --output json
  gate policy check - --strict
"""
_SHOW_EXAMPLES = """
Examples:
  gate policy show policy.toml
  gate policy show policy.toml --digest
  gate policy show --key release.pub --type slsaprovenance1
"""
_SCHEMA_EXAMPLES = """
Examples:
  gate policy schema
  gate policy schema > policy.schema.json
  gate policy schema | jq .properties
"""
_EXAMPLES = """
Examples:
  gate policy check policy.toml
  gate policy show policy.toml --digest
  gate policy schema > policy.schema.json
"""
_app = typer.Typer(
    help="Check a policy, show what it says, print its JSON Schema.",
    epilog=_EXAMPLES,
    cls=Group,
    context_settings={**SETTINGS},
    no_args_is_help=True,
    rich_markup_mode=None,
)


class Form(StrEnum):
    """How a command answers."""

    TEXT = "text"
    JSON = "json"


@_app.command("check", cls=Command, epilog=_CHECK_EXAMPLES)
def check(
    path: Annotated[Path, typer.Argument(metavar="FILE", help="a policy; - is standard input", show_default=False)],
    *,
    strict: Annotated[bool, typer.Option("--strict", help="warnings are errors, too")] = False,
    output: Annotated[
        Form, typer.Option("--output", help="text or json", metavar="FORM", show_default=False)
    ] = Form.TEXT,
) -> None:
    """Say everything that is wrong with a policy.

    Warnings are about what it says and probably does not mean. Exit codes: 0 it is valid, 2 it is not.
    """
    from gate.policy.dates import as_of  # noqa: PLC0415

    policy: Policy | None = None
    errors: tuple[Finding, ...] = ()
    other = ""
    try:
        policy, _ = _read(path)
        policy = as_of(policy, datetime.now(UTC))
        load_roots(policy)
    except InvalidPolicy as error:
        errors = error.findings
    except Invalid as error:
        other = str(error)
    warnings = () if policy is None else policy.warnings
    if strict:
        errors, warnings = (*errors, *warnings), ()
    valid = not errors and not other
    if output is Form.JSON:
        found = [_json(item, "error") for item in errors] + [_json(item, "warning") for item in warnings]
        if other:
            about = Finding(file=readable(path), line=None, column=None, key="", text=other)
            found.append(_json(about, "error"))
        show(json.dumps({"valid": valid, "findings": found}, indent=2) + "\n")
    else:
        for word, items in (("error", errors), ("warning", warnings)):
            for item in items:
                text = f"{item.key}: {item.text}" if item.key else item.text
                show(f"{replace(item, key='', text=f'{word}: {text}')}\n")
        if other:
            show(f"{readable(path)}: error: {other}\n")
        show(f"{readable(path)}: {_summary(len(errors) + bool(other), len(warnings))}\n")
    raise typer.Exit(0 if valid else 2)


@_app.command("show", cls=Command, epilog=_SHOW_EXAMPLES)
def show_policy(
    path: Annotated[
        Path | None, typer.Argument(metavar="[FILE]", help="a policy; - is standard input", show_default=False)
    ] = None,
    identity: policies.Identity = None,
    identity_regexp: policies.IdentityRegexp = None,
    issuer: policies.Issuer = None,
    issuer_regexp: policies.IssuerRegexp = None,
    workflow_trigger: policies.Trigger = None,
    workflow_sha: policies.Sha = None,
    workflow_name: policies.Name = None,
    workflow_repository: policies.Repository = None,
    workflow_ref: policies.Ref = None,
    key: policies.Key = None,
    annotations: policies.Annotations = None,
    predicate_type: policies.Type = None,
    trusted_root: policies.TrustedRootFile = None,
    *,
    digest: Annotated[
        bool, typer.Option("--digest", help="only the digest of all its files, for gate verify --policy-sha256")
    ] = False,
) -> None:
    """Print a policy with all that it extends.

    Each value stands with the file and line that it is from. With cosign's flags: the policy that they mean, to start
    from.
    """
    flags = policies.read_flags(
        identity=identity,
        identity_regexp=identity_regexp,
        issuer=issuer,
        issuer_regexp=issuer_regexp,
        trigger=workflow_trigger,
        sha=workflow_sha,
        name=workflow_name,
        repository=workflow_repository,
        ref=workflow_ref,
        key=key,
        annotations=annotations,
        predicate_type=predicate_type,
        trusted_root=trusted_root,
    )
    if path is not None and flags.given:
        raise InvalidUsage(f"{flags.given[0]} and a policy do not go together: a policy says who signs")
    if path is None and not flags.given:
        raise InvalidUsage("no policy: name a FILE, or say who signs, as cosign has it")
    from gate.policy.closure import closure, closure_digest  # noqa: PLC0415
    from gate.policy.writing import write  # noqa: PLC0415

    if path is None:
        from gate.policy.flags import policy_of  # noqa: PLC0415

        text = policy_of(flags)
        policy = policies.of_flags(flags, text)
        if not digest:
            show(text)
            return
    else:
        policy, merged = _read(path)
    roots = {root.name: root.sha256 for root in load_roots(policy)}
    if digest:
        show(f"{closure_digest(policy, roots)}\n")
        return
    assert path is not None
    for file in closure(policy, roots):
        show(f"# {file.kind:<7} {file.path}  sha256:{file.sha256}\n")
    show(f"# all of it {closure_digest(policy, roots)}\n\n")
    show(write(merged.sound, _remark(merged)))


@_app.command("schema", cls=Command, epilog=_SCHEMA_EXAMPLES)
def schema() -> None:
    """Print the JSON Schema of policies, for editors and other tools."""
    from gate.policy.problems import schema_text  # noqa: PLC0415

    show(schema_text())


def _read(path: Path) -> tuple[Policy, Merged]:
    from gate.policy.documents import MAX_BYTES, STANDARD_INPUT, read_bytes  # noqa: PLC0415
    from gate.policy.loading import parse_merged  # noqa: PLC0415

    raw = sys.stdin.buffer.read(MAX_BYTES + 1) if path == STANDARD_INPUT else read_bytes(path)
    return parse_merged(raw, path)


def _remark(merged: Merged) -> Callable[[KeyPath], str]:
    from gate.policy.presets import PRESETS  # noqa: PLC0415
    from gate.policy.writing import spell  # noqa: PLC0415

    def remark(at: KeyPath) -> str:
        document, path = merged.origin(at)
        place = document.place(path)
        where = document.shown if place is None else f"{document.shown}:{place[0]}"
        if at[0] == "builders" and at[-1] == "preset":
            preset = PRESETS[document.data["builders"][path[1]]["preset"]]
            where += f": {spell(dict(preset.entry()))}"
        return where

    return remark


def _json(item: Finding, severity: str) -> dict[str, Any]:
    return {
        "severity": severity,
        "file": item.file,
        "line": item.line,
        "column": item.column,
        "key": item.key,
        "text": item.text,
    }


def _summary(errors: int, warnings: int) -> str:
    if errors:
        return f"{errors} error{'s' * (errors > 1)}" + (f", {warnings} warning{'s' * (warnings > 1)}" * bool(warnings))
    return "a valid policy" + (f", {warnings} warning{'s' * (warnings > 1)}" * bool(warnings))


def add_to(app: typer.Typer) -> None:
    """Add the verb to the command."""
    app.add_typer(_app, name="policy")
