"""An inspection's document -> a text for people: what is attached, who signed it, what it claims, where was looked.

What comes in: the document, and nothing else. What goes out: lines of at most 100 columns, in ASCII. Foreign texts are
escaped and kept in their columns (`columns`). What does not verify says so first, and says nothing else of itself but
who it names, marked as not verified.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from gate.report.columns import WIDTH, labelled, plain, wrapped
from gate.report.inspection_commits import commits

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

UNTRUSTED: Final = (
    "No policy was given, so nobody is trusted here: a signature that verifies says who signed, not that they may. "
    "Anybody can sign, and attach, anything."
)
NO_VERDICT: Final = "This is no verdict: gate verify judges."
_SHOWN_ENTRIES: Final = 20
_ROUNDS: Final = ("image", "manifests", "blobs")
_EXTENSIONS: Final = (
    ("source-repository-uri", "github-workflow-repository"),
    ("source-repository-ref", "github-workflow-ref"),
    ("source-repository-digest", "github-workflow-sha"),
    ("build-trigger", "github-workflow-trigger"),
    ("build-signer-uri", ""),
    ("runner-environment", ""),
    ("run-invocation-uri", ""),
)
"""What matters most of a certificate: each by its new name, or its old one where that is all there is."""
_CONTENTS: Final = {
    "statement": "an attestation",
    "simple-signing": "a signature (cosign's simple signing)",
    "message": "a signature over the artifact itself",
}
_SIGN_V1: Final = "https://sigstore.dev/cosign/sign/v1"
_DOUBTS: Final = {
    "trust.stale": "the trust root may be too old to know it: gate trust update fetches a newer one",
    "clock": "this machine's clock may be wrong",
    "unreadable": "its signature verifies, but what it says is more than gate reads",
}


def to_text(document: Mapping[str, Any]) -> str:
    """The whole text, ending in a newline."""
    return "".join(f"{line}\n" for line in _lines(document))


def _lines(document: Mapping[str, Any]) -> Iterator[str]:
    if document["reference"] is not None:
        yield from labelled(0, "image", plain(document["reference"]))
    if document["digest"] is not None:
        yield from labelled(0, "digest", document["digest"])
        yield from labelled(0, "is", plain(document["media_type"] or "a file, or of no media type"))
        yield from wrapped(NO_VERDICT if document["policy"] else f"{UNTRUSTED} {NO_VERDICT}", WIDTH)
    for root in document["trust"]:
        lacks = [what for key, what in (("log", "log entry"), ("ct", "certificate timestamp")) if not root[key]]
        if lacks and root["dated"] is None:
            asked = f"no {' and no '.join(lacks)} was asked for in it"
            yield from labelled(0, "trust root", f"{plain(root['name'])} has no such log, so that {asked}")
    yield from _index(document)
    if document["digest"] is not None:
        yield ""
        yield from _attached(document)
        yield from commits(document)
    for note in document["notes"]:
        yield from labelled(0, "note", plain(note))
    yield from _places(document)
    if document["error"] is not None:
        yield from _error(document["error"])


def _index(document: Mapping[str, Any]) -> Iterator[str]:
    entries = document["index"]
    if not entries:
        return
    yield ""
    yield from wrapped(
        f"index of {len(entries)}: what is attached to its manifests was not looked at; inspect each by its digest",
        WIDTH,
    )
    for entry in entries[:_SHOWN_ENTRIES]:
        yield f"  {entry['digest']}  {plain(entry['platform'] or 'no platform')}"
    if len(entries) > _SHOWN_ENTRIES:
        yield f"  and {len(entries) - _SHOWN_ENTRIES} more (--output json)"


def _attached(document: Mapping[str, Any]) -> Iterator[str]:
    found = document["attached"]
    if not found:
        if document["complete"]:
            yield "nothing is attached: every place that is known was read to its end"
        else:
            yield "nothing was found, but not every place could be read: this does not say that nothing is attached"
        return
    yield f"attached ({len(found)})" + ("" if document["complete"] else ": not all, some of it could not be looked at")
    for item in found:
        yield from _item(item, document)


def _item(item: Mapping[str, Any], document: Mapping[str, Any]) -> Iterator[str]:
    yield f"[{item['number']}] {item['digest']}" + (f", layer {item['layer']}" if item["layer"] else "")
    size = f", {item['size']} bytes" if item["size"] else ""
    yield from labelled(4, "is", plain(f"{item['kind']} ({item['media_type'] or 'no media type'}){size}"))
    yield from labelled(4, "found by", plain(item["place"]))
    for signature in item["signatures"]:
        yield from _signature(signature)
    if item["rejected"] is not None:
        yield from _rejected(item, document)
    elif not item["signatures"]:
        yield from labelled(4, "signature", "NOT TRIED: see the error below")


def _signature(signature: Mapping[str, Any]) -> Iterator[str]:
    """One that verifies: who, when, and what it says."""
    yield from labelled(4, "signature", plain(f"verifies, in the trust root {signature['root']}"))
    content = _CONTENTS[signature["content"]]
    if signature["predicate_type"] == _SIGN_V1:
        content = "a signature (cosign's sign/v1)"
    elif signature["predicate_type"] is not None:
        content += f": {signature['predicate_type'] or 'no predicate type'}"
    yield from labelled(4, "over", plain(content))
    for subject in signature["about"]:
        yield from labelled(4, "about", plain(f"{subject}, and not the image"))
    signer = signature["signer"]
    yield from _who(signer)
    for new, old in _EXTENSIONS:
        name = new if new in signer["extensions"] or old not in signer["extensions"] else old
        if name in signer["extensions"]:
            yield from labelled(4, "", plain(f"{name} {signer['extensions'][name]}"))
    yield from labelled(4, "signed", _when(signature))
    for name, value in signature["annotations"].items():
        yield from labelled(4, "says", plain(f"{name} = {value}"))
    for note in signature["notes"]:
        yield from labelled(4, "note", plain(note))
    if signature["provenance"] is not None:
        yield from _provenance(signature["provenance"])
    if signature["about_commits"] is not None:
        yield from _about_commits(signature["about_commits"])


def _who(signer: Mapping[str, Any]) -> Iterator[str]:
    if signer["key"] is not None:
        yield from labelled(4, "by", f"a key that was given: {signer['key']}")
        return
    yield from labelled(4, "by", plain(signer["identity"]))
    yield from labelled(4, "issuer", plain(signer["issuer"]))


def _when(signature: Mapping[str, Any]) -> str:
    logs = [f"log {entry['id'][:12]} entry {entry['index']}" for entry in signature["log"]]
    if signature["signed_at"] is None:
        return ", ".join(["at a time that nothing proves", *(logs or ["in no log"])])
    keyed = " at the latest" if signature["signer"]["key"] is not None else ""
    return ", ".join([f"{signature['signed_at']}{keyed}", *(logs or ["in no log"])])


def _provenance(found: Mapping[str, Any]) -> Iterator[str]:
    yield from labelled(4, "builder", plain(found["builder"] or "none named"))
    yield from labelled(4, "build type", plain(found["build_type"] or "none named"))
    for who, key in (("certificate", "certified"), ("provenance", "stated")):
        source = found[key]
        if source is None:
            continue
        parts = [source["repository"] or "no repository", source["ref"] or "no ref", *source["commits"]]
        text = ", ".join(parts if source["commits"] else [*parts, "no commit"])
        yield from labelled(4, "source", plain(f"{text} (says the {who})"))
        if source["conflict"]:
            yield from labelled(4, "", plain(f"it contradicts itself: {source['conflict']}"))


def _about_commits(found: Mapping[str, Any]) -> Iterator[str]:
    """What else a statement says of commits; its claims are in the table."""
    said = f"{found['claims']} about commits, in the table below" if found["claims"] else "none about commits"
    yield from labelled(4, "claims", plain(f"{said}; format {found['format']}"))
    for review in found["reviews"][:_SHOWN_ENTRIES]:
        of = f"commit {review['commit']}" if review["commit"] else f"tree {review['tree'] or 'that it does not name'}"
        yield from labelled(4, "review", plain(f"by {review['reviewer']}, of {of}: so it claims"))
    for hint in found["hints"][:_SHOWN_ENTRIES]:
        who = " with ".join(part for part in (hint["agent"] or "an agent", hint["model"]) if part)
        yield from labelled(4, "hint", plain(f"{who}, by {hint['what']}, in {hint['commit'] or 'no commit named'}"))
    for kind in ("reviews", "hints"):
        if len(found[kind]) > _SHOWN_ENTRIES:
            yield from labelled(4, "", f"and {len(found[kind]) - _SHOWN_ENTRIES} more {kind} (--output json)")
    for problem in found["unreadable"][:_SHOWN_ENTRIES]:
        yield from labelled(4, "", plain(f"cannot be read: {problem}"))
    if found["unread"] is not None:
        yield from labelled(4, "", plain(f"NOT ALL READ: {found['unread']['message']}"))


def _rejected(item: Mapping[str, Any], document: Mapping[str, Any]) -> Iterator[str]:
    """One that does not verify: why, and whom it names. Nothing that it says is shown."""
    rejected = item["rejected"]
    if rejected["by_unknown_key"]:
        key = "that is none of those given" if document["keys"] or document["policy"] else "that was not given"
        reason = f"it is signed with a key {key} (--key FILE tries one), or it is broken"
    else:
        reason = "; and ".join([rejected["reason"], *(also["reason"] for also in rejected["also_failed"])])
    if item["kind"] == "other":
        yield from labelled(4, "signature", plain(f"NONE: {reason}"))
        return
    yield from labelled(4, "signature", plain(f"DOES NOT VERIFY ({rejected['step']}): {reason}"))
    if rejected["step"] == "trust-root" and not document["policy"]:
        yield from labelled(4, "", "if it is a private instance's, --trusted-root FILE verifies it under that")
    if rejected["doubt"] is not None:
        yield from labelled(4, "", _DOUBTS[rejected["doubt"]])
    stated = rejected["stated_signer"]
    if stated is not None:
        named = stated["key"] or f"{stated['identity']} of {stated['issuer']}"
        yield from labelled(4, "", plain(f"it names, NOT VERIFIED: {named}"))


def _places(document: Mapping[str, Any]) -> Iterator[str]:
    """Each place: what it holds, or why it could not be read to its end."""
    ledger = document["ledger"]
    if not ledger or document["digest"] is None:  # then the error says it all
        return
    yield ""
    yield "looked at"
    for entry in ledger:
        where = f" in {entry['repository']}" if entry["repository"] else ""
        if not entry["complete"]:
            told = f"COULD NOT LOOK{where}: {entry['error']['message']}"
        elif entry["place"] in _ROUNDS:
            continue
        else:
            by = " (by the policy 403 means that nothing is there: forbidden-tag)" if entry["absent_by"] else ""
            told = f"{entry['found']} found{where}{by}"
        yield from labelled(2, plain(entry["place"]), plain(told), column=22)
    for remedy in dict.fromkeys(entry["error"]["remedy"] for entry in ledger if not entry["complete"]):
        yield from labelled(2, "do", plain(remedy), column=22)


def _error(error: Mapping[str, Any]) -> Iterator[str]:
    yield ""
    yield from labelled(0, "could not look", plain(error["message"]))
    yield from labelled(0, "do", plain(error["remedy"]))
