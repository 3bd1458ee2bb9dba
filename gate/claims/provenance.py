"""A verified statement -> `Provenance`: the builder, and the source that it was built from.

What comes in: verified evidence. What goes out: the facts of a SLSA provenance v1, v0.2 or v0.1, each from the field
that is fixed for its build type (`builds`), or None where the statement is no build provenance. The level is not read
from anywhere: it is the policy's (signer, builder.id) entry.

Sources: SLSA provenance v1, v0.2 and v0.1 ("Schema", "Parsing rules", "Migrating from 0.2"); design rules 1, 10 and 12.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Final

from msgspec import Struct

from gate.claims.builds import SLSA_V01, SLSA_V02, SLSA_V1, BuildType, find_build_type, github
from gate.claims.fields import OfAnotherType, text_at
from gate.claims.source import Source, certified_source
from gate.pointer import Missing, leaves, value_at

if TYPE_CHECKING:
    from gate.strictjson import JSON
    from gate.verification import Verified

_AGENT_COMMIT: Final = "https://refs.arewm.com/agent-commit/"  # an agent's run, not a build (rule 1)


class _Fields(Struct, frozen=True, kw_only=True):
    """Where each version of the predicate keeps what all of them have (v1, "Migrating from 0.2")."""

    build_type: tuple[str, ...]
    builder_id: tuple[str, ...]
    parameters: str
    dependencies: str
    invocation: tuple[tuple[str, ...], ...]


_FIELDS: Final = {
    SLSA_V1: _Fields(
        build_type=("buildDefinition", "buildType"),
        builder_id=("runDetails", "builder", "id"),
        parameters="/buildDefinition/externalParameters",
        dependencies="/buildDefinition/resolvedDependencies",
        invocation=(("runDetails", "metadata", "invocationId"), ("runDetails", "metadata", "invocationID")),
    ),
    SLSA_V02: _Fields(
        build_type=("buildType",),
        builder_id=("builder", "id"),
        parameters="/invocation/parameters",
        dependencies="/materials",
        invocation=(("metadata", "buildInvocationId"), ("metadata", "buildInvocationID")),
    ),
    SLSA_V01: _Fields(
        build_type=("recipe", "type"),
        builder_id=("builder", "id"),
        parameters="/recipe/arguments",
        dependencies="/materials",
        invocation=(("metadata", "buildInvocationId"),),
    ),
}


class Provenance(Struct, frozen=True, kw_only=True):
    """One build provenance. `certified` is what its certificate says of the source, `stated` what its predicate says.

    `self_hosted` is whether the predicate says that it was built on a runner of the tenant's own.
    """

    evidence: Verified
    builder_id: str
    build_type: str
    invocation: str
    certified: Source | None
    stated: Source
    self_hosted: bool

    @property
    def known_parameters(self) -> tuple[str, ...]:
        """The external parameters that its build type defines, as JSON pointers."""
        build_type = _build_type(self.evidence, self.build_type)
        return build_type.known if build_type is not None else ()

    @property
    def parameters(self) -> tuple[str, ...]:
        """The JSON pointer of each external parameter that it states."""
        found = _at(self.evidence, "parameters")
        return () if isinstance(found, Missing) else tuple(leaves(found))

    @property
    def dependencies(self) -> tuple[tuple[str, Mapping[str, str]], ...]:
        """What went into the build as far as it says: each URI with its digests. It need not be all (SLSA)."""
        found = _at(self.evidence, "dependencies")
        entries = [item for item in found if isinstance(item, Mapping)] if isinstance(found, list) else []
        return tuple((text_at(item, "uri"), _digests(item.get("digest"))) for item in entries)


def read_provenance(evidence: Verified) -> Provenance | None:
    """The provenance in a statement; None if it is none."""
    if evidence.statement is None or evidence.statement.predicate_type not in _FIELDS:
        return None
    fields = _FIELDS[evidence.statement.predicate_type]
    predicate = evidence.statement.predicate
    build_type = text_at(predicate, *fields.build_type)
    if build_type.startswith(_AGENT_COMMIT):
        return None
    builder_id = text_at(predicate, *fields.builder_id)
    certified = certified_source(evidence.signer)
    return Provenance(
        evidence=evidence,
        builder_id=builder_id,
        build_type=build_type,
        invocation=next(filter(None, (text_at(predicate, *way) for way in fields.invocation)), ""),
        certified=certified,
        stated=_stated(
            _build_type(evidence, build_type), predicate, certified.repository if certified is not None else None
        )
        if builder_id and build_type
        else Source(conflict=f"the provenance has no {'builder.id' if build_type else 'buildType'}"),
        self_hosted=github.says_self_hosted(predicate),
    )


def _build_type(evidence: Verified, uri: str) -> BuildType | None:
    assert evidence.statement is not None, "a provenance is a statement"
    return find_build_type(evidence.statement.predicate_type, uri)


def _stated(build_type: BuildType | None, predicate: Mapping[str, JSON], certified: str | None) -> Source:
    """The source by the reader of this build type; an unknown build type has no source (rule 12).

    A field of another type than its own is something stated that agrees with nothing (A-T18).
    """
    if build_type is None:
        return Source()
    try:
        return build_type.read(predicate, certified)
    except OfAnotherType as error:
        return Source(conflict=f"in the provenance {error}")


def _at(evidence: Verified, field: str) -> JSON | Missing:
    assert evidence.statement is not None, "a provenance is a statement"
    return value_at(evidence.statement.predicate, getattr(_FIELDS[evidence.statement.predicate_type], field))


def _digests(value: JSON) -> Mapping[str, str]:
    found = value.items() if isinstance(value, Mapping) else ()
    return {algorithm: digest for algorithm, digest in found if isinstance(digest, str)}
