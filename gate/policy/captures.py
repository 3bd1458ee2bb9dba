"""`{repo}` in a rule's `images` and in the evidence that it asks for: one name for both (design rule 7).

What comes in: rules with the signers and builders that they use; later an image's name. What goes out: problems and
warnings about captures; a rule and a policy in which every capture stands for what the image's name has there.

Without a capture a rule with wildcards on both sides lets an image of one repository pass under the name of another.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from msgspec import Struct
from msgspec.structs import replace

from gate.policy.images import captured
from gate.policy.matching import How, Pattern
from gate.policy.parties import Anything, CertificateHolder

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from gate.policy.model import Policy, Rule
    from gate.policy.parties import Signer
    from gate.policy.reading import KeyPath
    from gate.policy.sections import Definitions
    from gate.reference import Reference


def bind(rule: Rule, policy: Policy, reference: Reference) -> tuple[Rule, Policy]:
    """The rule and the policy for this image: captures stand for the segments of its name.

    Of several `images` that match the first counts. A capture that has no value matches nothing.
    """
    values = next((found for item in rule.images if (found := captured(item, reference)) is not None), {})
    if not values:
        return rule, policy
    signers = {name: _bound(signer, values) for name, signer in policy.signers.items()}
    builders = {name: _bound(builder, values) for name, builder in policy.builders.items()}
    return _bound(rule, values), replace(policy, signers=signers, builders=builders)


def check_captures(rule: Rule, at: KeyPath, to: Definitions) -> None:
    """Hold a rule's captures against each other; and see whether one is missing where both sides have wildcards."""
    each = [frozenset(item.names) for item in rule.images]
    if len(set(each)) > 1:
        to.reader.problem((*at, "images"), "each of the images has the same captures, or none has any")
        return
    known = each[0] if each else frozenset()
    used: set[str] = set()
    for what, value in _evidence(rule, to):
        names = {name for pattern in _patterns(value) for name in pattern.names}
        used |= names
        for name in sorted(names - known):
            to.reader.problem(at, f"{what} has {{{name}}}, and the images of this rule do not")
    for name in sorted(known - used):
        to.reader.warning((*at, "images"), f"{{{name}}} is captured, and nothing that the rule asks for has it")
    if not known and any("*" in item.text for item in rule.images) and (wide := _wide(rule, to)):
        to.reader.warning(
            (*at, "images"),
            f"an image that {wide} lets through would pass under every name here: capture what they share, as in "
            "images = ['ghcr.io/acme/{repo}'] and 'https://github.com/acme/{repo}'",
        )


def _evidence(rule: Rule, to: Definitions) -> Iterator[tuple[str, object]]:
    """What the rule asks for, with the signers and builders that it names."""
    yield "what it asks for", (rule.signature, rule.provenance, rule.source, rule.agents, rule.attestations)
    builders = rule.provenance.builders if rule.provenance is not None else ()
    signers = set(_signers(rule))
    for name in builders:
        if name in to.builders:
            yield f"[builders.{name}]", to.builders[name]
            signers |= to.builders[name].signers
    for name in sorted(signers):
        if name in to.signers:
            yield f"[signers.{name}]", to.signers[name]


def _signers(rule: Rule) -> Iterator[str]:
    for section in (rule.signature, rule.provenance, rule.agents, *rule.attestations):
        if section is not None:
            yield from section.signers
    for part in (rule.provenance, rule.source):
        yield from (pair.signer for pair in part.vsa) if part is not None else ()


def _wide(rule: Rule, to: Definitions) -> str | None:
    """What of the evidence fits more than one repository; None if something in the rule fits one alone."""
    if rule.provenance is not None:
        source = rule.provenance.source
        wide = isinstance(source, Anything) or any(item.how is not How.EXACT for item in source)
        return "provenance.source" if wide and not isinstance(source, Anything) else None
    names = rule.signature.signers if rule.signature is not None else tuple(_signers(rule))
    found = [name for name in names if name in to.signers and _is_wide(to.signers[name])]
    return f"[signers.{found[0]}]" if found else None


def _is_wide(signer: Signer) -> bool:
    """Whether an identity fits more than one repository: it has a wildcard before its ref. Mail addresses have none."""
    holder = signer.holder
    if not isinstance(holder, CertificateHolder) or holder.identity.how is How.EXACT:
        return False
    if any(name in ("source-repository-uri", "github-workflow-repository") for name, _ in holder.extensions):
        return False
    where, _, _ = holder.identity.text.partition("@")
    return "://" in where and any(sign in where.partition("://")[2] for sign in "*+[")


def _patterns(value: object) -> Iterator[Pattern]:
    if isinstance(value, Pattern):
        yield value
    elif isinstance(value, tuple | list):
        for item in value:
            yield from _patterns(item)
    elif isinstance(value, Struct):
        for name in value.__struct_fields__:
            yield from _patterns(getattr(value, name))


def _bound(value: Any, values: Mapping[str, str]) -> Any:
    """The same with every pattern bound."""
    if isinstance(value, Pattern):
        return value.bind(values)
    if isinstance(value, tuple):
        return tuple(_bound(item, values) for item in value)
    if isinstance(value, Struct) and any(_patterns(value)):
        changed = {
            name: _bound(getattr(value, name), values)
            for name in value.__struct_fields__
            if any(_patterns(getattr(value, name)))
        }
        return replace(value, **changed)
    return value
