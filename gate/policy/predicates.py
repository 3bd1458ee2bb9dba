"""Predicate types by cosign's short names, and the JSON Schema that a predicate must satisfy.

What comes in: a name or URI from the policy; the bytes of a schema file. What goes out: a predicate type;
`PredicateSchema`, which says why a predicate does not satisfy it. It fetches nothing: a schema that refers to another
document is refused (design rule 20), as is one that says less than its writer will have meant (`schemas`).

Source of the names: cosign's `pkg/cosign/attestation` and `cmd/cosign/cli/options/predicate.go`.
"""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING, Any, Final

import jsonschema
import referencing
from msgspec import Struct

from gate.errors import GateError
from gate.policy.schemas import DRAFT_7, DRAFT_2020, hold
from gate.strictjson import JSON, Refused, parse

if TYPE_CHECKING:
    from collections.abc import Mapping

SIGN_V1: Final = "https://sigstore.dev/cosign/sign/v1"
PROVENANCE_V02: Final = "https://slsa.dev/provenance/v0.2"
PROVENANCE_V1: Final = "https://slsa.dev/provenance/v1"
MAX_TOKENS: Final = 26_000
"""Brackets, commas and colons of all schemas of a policy, each of which takes some 50 us to check: CycloneDX 1.7's, the
largest that is known, has 13,000."""
_ERRORS: Final = 100  # of which the best is told; a large predicate may have one at each of its values
SHORT_NAMES: Final = {
    "custom": "https://cosign.sigstore.dev/attestation/v1",
    "cyclonedx": "https://cyclonedx.org/bom",
    "link": "https://in-toto.io/Link/v1",
    "openvex": "https://openvex.dev/ns",
    "slsaprovenance": PROVENANCE_V02,
    "slsaprovenance02": PROVENANCE_V02,
    "slsaprovenance1": PROVENANCE_V1,
    "spdx": "https://spdx.dev/Document",
    "spdxjson": "https://spdx.dev/Document",
    "vuln": "https://cosign.sigstore.dev/attestation/vuln/v1",
}


def predicate_type(name: str) -> str:
    """A short name's predicate type, or the URI itself. Raises `ValueError` for a word that is neither."""
    found = SHORT_NAMES.get(name)
    if found is not None:
        return found
    if ":" in name or "/" in name:
        return name
    raise ValueError(f"{name!a} is neither a predicate type URI nor one of {', '.join(sorted(SHORT_NAMES))}")


class PredicateSchema(Struct, frozen=True):
    """A JSON Schema that some predicates do not satisfy. `path` is for messages; `doubts` are what may let pass more
    than was meant.
    """

    path: str
    _validator: Any
    doubts: tuple[str, ...] = ()

    def violation(self, predicate: Mapping[str, JSON]) -> str | None:
        """Where and how the predicate does not satisfy the schema; None if it does."""
        try:
            errors = islice(self._validator.iter_errors(predicate), _ERRORS)
            error = jsonschema.exceptions.best_match(errors)
        except Exception as problem:  # noqa: BLE001  (what cannot be judged does not satisfy)
            return f"$: it cannot be judged by the schema ({type(problem).__name__})"
        if error is None:
            return None
        # jsonschema's words for `const` say what was expected and not what is there.
        said = f"it is {error.instance!r}; {error.message}" if error.validator == "const" else error.message
        message = said if len(said) <= 200 else said[:200] + "..."
        text = f"{error.json_path[:200]}: {message}"
        return text if text.isprintable() else ascii(text)[1:-1]


def weigh(raw: bytes) -> int:
    """How much a schema takes to read: its brackets, commas and colons, wherever they stand."""
    return sum(raw.count(mark) for mark in (b"{", b"}", b"[", b"]", b",", b":"))


def read_schema(path: str, raw: bytes) -> PredicateSchema:
    """Read a predicate's schema (draft 2020-12, or 7 where `$schema` says so). Raises `ValueError`."""
    try:
        document = parse(raw)
    except Refused as error:
        raise ValueError(str(error)) from None
    if not isinstance(document, dict):
        raise ValueError("a schema is a JSON object")  # noqa: TRY004
    dialect = document.get("$schema", DRAFT_2020)
    dialect = dialect.removesuffix("#") if isinstance(dialect, str) else dialect
    if dialect not in (DRAFT_2020, DRAFT_7):
        raise ValueError(f"$schema {ascii(document['$schema'])[:200]} is not draft 2020-12 or draft 7")
    kind = jsonschema.Draft7Validator if dialect == DRAFT_7 else jsonschema.Draft202012Validator
    try:
        kind.check_schema(document)
        doubts = hold(document, dialect)
        # A registry without a retriever: whatever a reference may come to mean, nothing is fetched.
        validator = kind(document, registry=referencing.Registry())
        empty = validator.is_valid({})
    except jsonschema.SchemaError as error:
        raise ValueError(f"no JSON Schema: {error.message[:200]}") from None
    except (ValueError, GateError):
        raise
    except Exception as error:  # noqa: BLE001  (a foreign document in a foreign library)
        raise ValueError(f"no JSON Schema that can be used ({type(error).__name__})") from None
    if empty:
        raise ValueError("it accepts {}, and so says nothing about a predicate; add what is required")
    return PredicateSchema(path, validator, doubts)
