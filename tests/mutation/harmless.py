"""The places where a change does no harm, each with its reason: a closed table.

A mutated artifact that passes must mean what it meant, and its place must stand here. Each row has an example, which a
test makes and judges: a row that nothing hits any more is an error.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from tests.mutation.judging import Effect

_ENTRY = r"layer/verificationMaterial/tlogEntries/\d+"
_STAMPS = r"layer/verificationMaterial/timestampVerificationData"
_SIGNER = r"0\.1\.1\.0\.4\.0"
"""A timestamp's one SignerInfo, behind its certificates or an empty set of them (RFC 5652, 5.1 and 5.3)."""
_LEGACY_ENTRY = r"annotations/dev\.sigstore\.cosign/bundle>"
_LEGACY_STAMP = r"annotations/dev\.sigstore\.cosign/rfc3161timestamp"
_GONE = "removed|null|emptied"
_SPACES = "space-(before|after)"


@dataclass(frozen=True, slots=True, kw_only=True)
class Harmless:
    """Changes (`change`) at places (`place`), both patterns for the whole, in cases whose name matches `case`.

    `example` is one of them: a case, a place and a change. `effects` are what they may come to.
    """

    place: str
    change: str
    reason: str
    example: tuple[str, str, str]
    case: str = ".*"
    effects: frozenset[Effect] = frozenset({Effect.SAME})

    def covers(self, case: str, place: str, change: str, effect: Effect) -> bool:
        """Whether this row is about that mutation."""
        return (
            effect in self.effects
            and re.fullmatch(self.case, case) is not None
            and re.fullmatch(self.place, place) is not None
            and re.fullmatch(self.change, change) is not None
        )


_WITNESS = frozenset({Effect.SAME, Effect.FEWER})

CANDIDATES = (
    Harmless(
        place=rf"|annotations|layer[^>]*|{_LEGACY_ENTRY}(/Payload)?",
        change="reordered",
        reason="the keys of an object have no order (RFC 8259, 4)",
        example=("lab/agent-signed/0", "layer", "reordered"),
    ),
    Harmless(
        place=rf"annotations|layer[^>]*|{_LEGACY_ENTRY}(/Payload)?|{_LEGACY_STAMP}>",
        change="unknown-key",
        reason="unknown fields are ignored: bundles, envelopes and annotations gain some with time (protobuf's JSON)",
        example=("lab/agent-signed/0", "layer/verificationMaterial", "unknown-key"),
    ),
    Harmless(
        place=r"layer/(dsseEnvelope|messageSignature|verificationMaterial)/[^>]*",
        change="unpadded|url-alphabet",
        reason="the same bytes: protobuf's JSON takes either base64 alphabet, with padding or without",
        example=("lab/agent-signed/0", "layer/dsseEnvelope/signatures/0/sig", "url-alphabet"),
    ),
    Harmless(
        place=r"layer/(payload|signatures/\d/sig)",
        change="url-alphabet",
        reason="the same bytes: DSSE takes either base64 alphabet, and Google Cloud Build writes the other one",
        example=("public-good/slsa-generator-v2.1.0", "layer/payload", "url-alphabet"),
    ),
    Harmless(
        place=rf"{_ENTRY}/(logIndex|integratedTime|inclusionProof/(logIndex|treeSize))",
        change="as-number|leading-zero|type:number",
        reason="the same number: protobuf's JSON takes a 64-bit integer as text or as number",
        example=("lab/agent-signed/0", "layer/verificationMaterial/tlogEntries/0/inclusionProof/treeSize", "as-number"),
    ),
    Harmless(
        place=rf"{_ENTRY}/inclusionProof/(hashes|logIndex)",
        change="removed|null",
        reason="the first entry of its log: an empty list and a 0 are what protobuf's JSON leaves out",
        example=(
            "conformance/intoto-with-custom-trust-root",
            "layer/verificationMaterial/tlogEntries/0/inclusionProof/logIndex",
            "removed",
        ),
    ),
    Harmless(
        place=rf"{_ENTRY}/logIndex>?",
        change=rf"{_GONE}|plus-one|type:number|swapped:\d|flipped:\d+",
        reason="without a promise nobody signs it: what is reported is the index that the inclusion proof proves",
        example=("lab/agent-signed/0", "layer/verificationMaterial/tlogEntries/0/logIndex", "plus-one"),
    ),
    Harmless(
        place="layer/mediaType",
        change=rf"{_SPACES}|swapped:\d",
        reason="versions 0.1 to 0.3 differ in what a bundle must hold, and it holds that of either; spaces say nothing",
        example=("conformance/happy-path-intoto-in-dsse-v3", "layer/mediaType", "swapped:0"),
    ),
    Harmless(
        place=r"layer/(dsseEnvelope/)?signatures/\d+/keyid",
        change=".*",
        reason="a keyid is a hint (DSSE, envelope.md): the signer is whoever's key or certificate verifies it",
        example=("conformance/intoto-with-custom-trust-root", "layer/dsseEnvelope/signatures/0/keyid", "removed"),
    ),
    Harmless(
        place="layer/verificationMaterial/publicKey(/hint)?",
        change=".*",
        reason="a key's hint is no key: the policy's own keys are tried",
        example=("lab/keyed-bundle/0", "layer/verificationMaterial/publicKey/hint", "removed"),
    ),
    Harmless(
        place="layer/messageSignature/messageDigest",
        change="removed|null",
        reason="what a bundle states of its artifact's digest is optional: the signature is over the artifact itself",
        example=("conformance/happy-path-v0.3", "layer/messageSignature/messageDigest", "removed"),
    ),
    Harmless(
        place=rf"{_STAMPS}(/rfc3161Timestamps(/\d+)?)?",
        change=rf"{_GONE}|swapped:\d",
        reason="a witness of the time less: what remains is verified, and lies within the same certificate's minutes or"
        " is a key's, for which witnesses are upper bounds and never make it younger than it says",
        example=(
            "forge/bundle-0.3-message-hashedrekord-key",
            "layer/verificationMaterial/timestampVerificationData",
            "removed",
        ),
        case="conformance/(intoto-with-custom|managed-key).*|lab/keyed-bundle/0|forge/(rekor-v1.*|.*key.*)",
        effects=_WITNESS,
    ),
    Harmless(
        place=rf"{_STAMPS}/rfc3161Timestamps/\d+/signedTimestamp",
        change=r"swapped:\d",
        reason="for a key, a timestamp of an authority outside the root is ignored and noted (rule 5)",
        example=(
            "forge/bundle-0.3-message-hashedrekord-key",
            "layer/verificationMaterial/timestampVerificationData/rfc3161Timestamps/0/signedTimestamp",
            "swapped:1",
        ),
        case=".*key.*",
        effects=_WITNESS,
    ),
    Harmless(
        place=_LEGACY_STAMP,
        change="removed|emptied",
        reason="a witness of the time less: the log's own remains, within the same certificate's minutes",
        example=("forge/sig-hashedrekord-stamps", "annotations/dev.sigstore.cosign/rfc3161timestamp", "removed"),
        effects=frozenset({Effect.FEWER}),
    ),
    Harmless(
        place="(layer|annotations)[^>]*",
        change=r"swapped:\d",
        reason="another signature by the same key over the same bytes, and no log that knows only one of them",
        example=("forge/sig-unlogged-key", "annotations/dev.cosignproject.cosign/signature", "swapped:0"),
        case="forge/.*-unlogged-key",
    ),
    Harmless(
        place="layer/verificationMaterial/certificate(/rawBytes)?",
        change=r"swapped:\d",
        reason="another certificate of the same key and the same name, and no log that knows only one of them",
        example=("forge/bundle-0.3-statement-github", "layer/verificationMaterial/certificate", "swapped:0"),
        case="forge/bundle-0.3-statement-github",
    ),
    Harmless(
        place="layer/signatures",
        change=r"doubled:\d",
        reason="the same signature twice is one principal (rule 8)",
        example=("forge/att-dsse", "layer/signatures", "doubled:0"),
    ),
    Harmless(
        place=rf"{_STAMPS}/rfc3161Timestamps/\d+/signedTimestamp>{_SIGNER}\.1(\.\d+)*",
        change=r"flipped:\d+",
        reason="for a key, a timestamp that names another signer is one of an authority outside the root (rule 5)",
        example=(
            "lab/keyed-bundle/0",
            "layer/verificationMaterial/timestampVerificationData/rfc3161Timestamps/0/signedTimestamp>0.1.1.0.4.0.1.0.0.0.0",
            "flipped:251",
        ),
        case=".*key.*",
        effects=_WITNESS,
    ),
    Harmless(
        place=rf"({_STAMPS}/rfc3161Timestamps/\d+/signedTimestamp|{_LEGACY_STAMP}>/SignedRFC3161Timestamp)"
        rf">(0\.1\.1\.0\.0|{_SIGNER}\.(0|4\.0))",
        change=r"flipped:\d+",
        reason="CMS signs neither its version numbers nor the name of the signature's algorithm (RFC 5652, 5.4): the"
        " signature is verified by what the authority's key is",
        example=(
            "github/wheel",
            "layer/verificationMaterial/timestampVerificationData/rfc3161Timestamps/0/signedTimestamp>0.1.1.0.4.0.0",
            "flipped:253",
        ),
    ),
    Harmless(
        place=rf"{_ENTRY}/inclusionProof/checkpoint/envelope#4\.1",
        change=r"flipped:\d+",
        reason="the name before the log's signature: its key decides, and the origin that is signed",
        example=(
            "lab/agent-signed/0",
            "layer/verificationMaterial/tlogEntries/0/inclusionProof/checkpoint/envelope#4.1",
            "flipped:0",
        ),
    ),
    Harmless(
        place=rf"{_ENTRY}/inclusionProof/checkpoint/envelope#[5-9]\.[12]",
        change=r"flipped:\d+",
        reason="a witness's signature of the checkpoint: gate asks for the log's own",
        example=(
            "conformance/rekor2-dsse-happy-path",
            "layer/verificationMaterial/tlogEntries/0/inclusionProof/checkpoint/envelope#5.1",
            "flipped:0",
        ),
    ),
    Harmless(
        place=rf"{_ENTRY}/inclusionPromise",
        change="removed|null",
        reason="a witness less: the inclusion proof proves the entry, and a timestamp the time",
        example=(
            "conformance/managed-key-happy-path",
            "layer/verificationMaterial/tlogEntries/0/inclusionPromise",
            "removed",
        ),
        effects=frozenset({Effect.FEWER}),
    ),
    Harmless(
        place=rf"{_ENTRY}/inclusionProof(/checkpoint)?",
        change=_GONE,
        reason="a 0.1 bundle's signed entry timestamp proves its entry by itself (sigstore_bundle.proto)",
        example=("conformance/happy-path-v0.1", "layer/verificationMaterial/tlogEntries/0/inclusionProof", "removed"),
        case="conformance/happy-path-v0.1|forge/bundle-0.1-message-hashedrekord-proof",
    ),
    Harmless(
        place="layer/verificationMaterial/x509CertificateChain/certificates",
        change=r"doubled:\d",
        reason="certificates after the first are the signer's word: the chain is the root's own",
        example=(
            "conformance/happy-path-v0.1",
            "layer/verificationMaterial/x509CertificateChain/certificates",
            "doubled:0",
        ),
    ),
    Harmless(
        place=r"annotations/(predicateType|dev\.sigstore\.cosign/chain)(>.*)?",
        change=".*",
        reason="nobody reads it: the type is the statement's own, and the chain the root's own",
        example=("public-good/slsa-generator-v2.1.0", "annotations/predicateType", "emptied"),
    ),
    Harmless(
        place="annotations/dev.cosignproject.cosign/signature",
        change=".*",
        reason="an envelope carries its own signatures: the annotation is for simple signing",
        example=("public-good/slsa-generator-v2.1.0", "annotations/dev.cosignproject.cosign/signature", "removed"),
        case="lab/keyed-legacy/0|public-good/.*|forge/att-.*",
    ),
    Harmless(
        place="annotations",
        change=r"emptied|swapped:\d",
        reason="a key's envelope without a log needs none of its annotations",
        example=("lab/keyed-legacy/0", "annotations", "emptied"),
        case="lab/keyed-legacy/0|google/provenance|forge/att-unlogged-key",
    ),
    Harmless(
        place=r"annotations/dev\.sigstore\.cosign/(bundle|rfc3161timestamp)",
        change=_SPACES,
        reason="space around a JSON text (RFC 8259, 2)",
        example=("public-good/slsa-generator-v2.1.0", "annotations/dev.sigstore.cosign/bundle", "space-after"),
    ),
    Harmless(
        place=r"annotations/dev\.sigstore\.cosign/certificate",
        change=rf"{_SPACES}|NUL-after",
        reason="text around a PEM block is a comment (RFC 7468, 2)",
        example=("public-good/slsa-generator-v2.1.0", "annotations/dev.sigstore.cosign/certificate", "space-after"),
    ),
    Harmless(
        place=rf"{_LEGACY_ENTRY}/Payload/logID",
        change=rf"upper|lines|{_SPACES}",
        reason="the same bytes: hex in capitals, or with space between",
        example=("public-good/slsa-generator-v2.1.0", "annotations/dev.sigstore.cosign/bundle>/Payload/logID", "upper"),
    ),
)

_SPELLING = "space-(before|after)|NUL-after|lines|upper|lower|url-alphabet"
_AT_ALL = rf"{_GONE}|{_SPELLING}|swapped:\d|type:.*"
_NUMBERS = rf"{_GONE}|as-text|plus-one|negative|huge|swapped:\d|type:.*"

MANIFESTS = (
    Harmless(
        place=r"referrer:[^>]*|index:[^>]*",
        change="reordered|unknown-key",
        reason="unknown keys and their order: image-spec tells readers to ignore what they do not know",
        example=("lab/agent-signed", "referrer:", "unknown-key"),
    ),
    Harmless(
        place="(referrer|index):(schemaVersion|mediaType)",
        change=_NUMBERS + "|" + _AT_ALL,
        reason="what a document says of its own type: left out or of another kind it is read by its fields",
        example=("lab/agent-signed", "index:mediaType", "upper"),
    ),
    Harmless(
        place=r"referrer:(artifactType|config(/[^/]+)?|annotations(/[^>]*)?>?)",
        change=f"{_NUMBERS}|{_AT_ALL}",
        reason="hints of the listing: what is a candidate is said by the media types of the layers",
        example=("lab/agent-signed", "referrer:artifactType", "removed"),
    ),
    Harmless(
        place="referrer:subject/(mediaType|size)",
        change=f"{_NUMBERS}|{_AT_ALL}",
        reason="a subject is the image by its digest",
        example=("lab/agent-signed", "referrer:subject/size", "plus-one"),
    ),
    Harmless(
        place="referrer:layers",
        change=r"doubled:\d",
        reason="the same candidate twice counts once",
        example=("lab/agent-signed", "referrer:layers", "doubled:0"),
    ),
    Harmless(
        place=r"referrer:layers/\d+/mediaType",
        change=_SPACES,
        reason="spaces in a media type say nothing",
        example=("lab/agent-signed", "referrer:layers/0/mediaType", "space-after"),
    ),
    Harmless(
        place=r"referrer:layers/\d+/annotations(/(predicateType|dev\.cosignproject\.cosign/signature))?",
        change=f"{_NUMBERS}|{_AT_ALL}",
        reason="an envelope carries its own signatures and its own type",
        example=("lab/keyed-legacy", "referrer:layers/0/annotations/predicateType", "emptied"),
        case="lab/keyed-legacy",
    ),
    Harmless(
        place=r"referrer:layers(/.*)?|index:manifests/\d+(/annotations/org.*)?",
        change=".*",
        reason="a candidate less, and the policy asks for no more than the others show (rule 27)",
        example=("lab/keyed-legacy", "referrer:layers", "emptied"),
        case="lab/(keyed-legacy|many-attestations)",
        effects=frozenset({Effect.FEWER}),
    ),
    Harmless(
        place="index:manifests",
        change=r"doubled:\d|reversed",
        reason="a list of what there is: neither order nor repetition says anything",
        example=("lab/agent-signed", "index:manifests", "reversed"),
    ),
    Harmless(
        place=r"index:manifests/\d+",
        change="removed",
        reason="a referrer or a child is found without the list: by its subject, and by the index that names it",
        example=("lab/agent-signed", "index:manifests/1", "removed"),
    ),
    Harmless(
        place=r"index:manifests/\d+/annotations(/org\.opencontainers\.image\.ref\.name)?",
        change=f"{_GONE}|{_SPELLING}",
        reason="an image's tag, and the reference names none: it is the one image that there is (rule 24)",
        example=("lab/agent-signed", "index:manifests/0/annotations", "removed"),
    ),
    Harmless(
        place=r"index:manifests/\d+/(artifactType|mediaType|size)",
        change=f"{_GONE}|{_SPELLING}|huge|plus-one",
        reason="a manifest is what its digest says, whatever the list says beside it",
        example=("lab/agent-signed", "index:manifests/1/size", "huge"),
    ),
)

_PEM_HOLDERS = (
    r"spec/(signature/publicKey/content|signatures/0/verifier|publicKey|content/envelope/signatures/0/publicKey)"
)

BODIES = (
    Harmless(
        place="[^>]*",
        change="unknown-key|reordered",
        reason="unknown fields and their order: Rekor's types gain some with time",
        example=("bundle 0.3 statement rekor-v2", "spec", "unknown-key"),
    ),
    Harmless(
        place="spec/envelopeHash.*",
        change=".*",
        reason="dsse 0.0.1: how the envelope was stored says nothing; payload, signature and signer are compared",
        example=("bundle 0.3 statement dsse", "spec/envelopeHash", "removed"),
    ),
    Harmless(
        place="spec/content/hash.*",
        change=".*",
        reason="intoto 0.0.2: how the envelope was stored says nothing; payload, signature and signer are compared",
        example=("bundle 0.2 statement intoto 0.0.2", "spec/content/hash", "removed"),
        case=".*intoto 0.0.2",
    ),
    Harmless(
        place="spec/content/payloadHash",
        change="removed",
        reason="intoto 0.0.1: older entries have none; the hash of the whole envelope is compared",
        example=("att intoto 0.0.1", "spec/content/payloadHash", "removed"),
        case="att intoto 0.0.1.*",
    ),
    Harmless(
        place="spec/(payloadHash|data/hash|content/payloadHash|content/hash)/value",
        change=rf"upper|lines|{_SPACES}",
        reason="the same bytes: hex in capitals, or with space between",
        example=("bundle 0.3 statement dsse", "spec/payloadHash/value", "upper"),
    ),
    Harmless(
        place="spec/hashedRekordV002/signature/verifier/keyDetails",
        change=".*",
        reason="which algorithm is said by the key itself, and is the signature's before the log is asked",
        example=("bundle 0.3 statement rekor-v2", "spec/hashedRekordV002/signature/verifier/keyDetails", "removed"),
    ),
    Harmless(
        place=f"{_PEM_HOLDERS}>",
        change=r"flipped:\d+",
        reason="the text around a PEM block's bytes: its lines, and bits that no byte is made of",
        example=("bundle 0.3 statement dsse", "spec/signatures/0/verifier>", "flipped:352"),
    ),
)

_OMITTED = (
    "predicate/(buildDefinition/externalParameters(/workflow(/(repository|ref))?)?"
    "|buildDefinition/resolvedDependencies/0/digest(/gitCommit)?"
    "|invocation(/configSource(/uri)?)?)"
)

STATEMENTS = (
    Harmless(
        place="[^>]*",
        change="unknown-key|reordered",
        reason="unknown fields and their order (in-toto and SLSA, 'Parsing rules')",
        example=("v1", "predicate", "unknown-key"),
    ),
    Harmless(
        place="(subject|predicate/(buildDefinition/resolvedDependencies|materials)(/0/(properties|annotations)/commits)?)",
        change=r"doubled:\d",
        reason="the same said twice is said once (rule 1 of subjects; A-T16 of claims)",
        example=("v1", "subject", "doubled:0"),
    ),
    Harmless(
        place="subject/0/name|predicate/(buildDefinition/externalParameters/workflow/path|invocation/configSource/entryPoint)",
        change=".*",
        reason="no rule judges it: a subject is its digest, and which file of the workflow says the signer",
        example=("v1", "subject/0/name", "removed"),
    ),
    Harmless(
        place="predicate/(buildDefinition/)?buildType",
        change=".*",
        reason="the certificate says the source, and an unknown build type says none (rule 12)",
        example=("v1 certified", "predicate/buildDefinition/buildType", "upper"),
        case=".* certified",
    ),
    Harmless(
        place=_OMITTED,
        change=_GONE,
        reason="the certificate says the source, and what the predicate omits is no disagreement (rule 12)",
        example=("v1 certified", "predicate/buildDefinition/externalParameters", "removed"),
        case=".* certified",
    ),
    Harmless(
        place="predicate/buildDefinition/externalParameters/workflow/ref",
        change=_GONE,
        reason="the dependency that is the source names the same ref",
        example=("v1", "predicate/buildDefinition/externalParameters/workflow/ref", "removed"),
    ),
    Harmless(
        place="predicate/(invocation/configSource|materials/0)/digest(/sha1)?",
        change=_GONE,
        reason="the config source and the material that it is each name the commit, and one of them is left",
        example=("v0.2", "predicate/materials/0/digest", "removed"),
    ),
)

_SAYS = "(?!denies).*"
_DENIES = "denies.*"
_UNASKED = (
    r"buildDefinition/externalParameters/(target/base(Ref|Commit)|inputs|vars|substitutions|runSpec.*)"
    r"|buildDefinition/externalParameters/(configSource|buildConfigSource)/path|invocation/configSource/path"
    r"|(buildDefinition/internalParameters/(subagents/0/)?agent/runtime|agent)/version|agent/invocationKind"
    r"|runDetails/metadata(/.*)?|metadata(/.*)?|invocation/parameters|recipe/(arguments|entryPoint)"
    r"|predicateVersion|repo/baseCommit|authorship/declaredBy|fromRevisionID|fromID|targetRef"
    r"|timeVerified|policy/(digest(/.*)?|uri)|scanner/(uri|result/high)"
)

CLAIMED = (
    Harmless(
        place="[^>]*",
        change="unknown-key|reordered",
        reason="unknown fields and their order (in-toto and SLSA, 'Parsing rules')",
        example=("agent-commit", "predicate", "unknown-key"),
        case=_SAYS,
    ),
    Harmless(
        place="[^>]*",
        change=r"doubled:\d+|reversed",
        reason="the same said twice is said once, and lists are sets (rule 1 of subjects; A-T16 of claims)",
        example=("a format of one's own", "predicate/work", "doubled:0"),
        case=_SAYS,
    ),
    Harmless(
        place="subject/0/name",
        change=".*",
        reason="a subject is its digest",
        example=("pedigree", "subject/0/name", "emptied"),
        case=_SAYS,
    ),
    Harmless(
        place=f"predicate/({_UNASKED})",
        change=".*",
        reason="no rule asks for it",
        example=("build summary", "predicate/timeVerified", "removed"),
        case=_SAYS,
    ),
    Harmless(
        place="predicate/runDetails(/builder(/id)?)?",
        change=".*",
        reason="no builder vouches for this run: it is a tenant's word, and this rule takes it",
        example=("agent-commit", "predicate/runDetails", "removed"),
        case="agent-commit",
    ),
    Harmless(
        place="subject/0/uri",
        change=rf"{_GONE}|type:.*|space-after|NUL-after",
        reason="the target names the repository; a subject that names none, or the same, does not contradict it",
        example=("agent-commit", "subject/0/uri", "removed"),
        case="agent-commit",
    ),
    Harmless(
        place="predicate/buildDefinition/internalParameters/subagents(/0)?",
        change=_GONE,
        reason="a claim less: whoever is left is judged",
        example=("agent-commit", "predicate/buildDefinition/internalParameters/subagents", "removed"),
    ),
    Harmless(
        place="predicate/.*(/provider|modelProvider)",
        change=f"{_GONE}|upper",
        reason="the policy names the model without its provider",
        example=("pedigree", "predicate/agent/modelProvider", "removed"),
        case=_SAYS,
    ),
    Harmless(
        place="subject/0/digest/sha256",
        change=".*",
        reason="agentattest is about a patch, whose digest no registry knows: the predicate names the commit",
        example=("agentattest", "subject/0/digest/sha256", "plus-one"),
        case="agentattest.*",
    ),
    Harmless(
        place="predicate/(humanApproval(/(reviewerRefs|state))?|approvals)|subject/0/digest/gitTree",
        change=".*",
        reason="this rule asks for no reviewer",
        example=("agentattest", "predicate/humanApproval/state", "emptied"),
        case="agentattest|review coverage",
    ),
    Harmless(
        place="predicate/repo/url",
        change=_GONE,
        reason="without a repository the commit's hash says which it is",
        example=("agentattest, approved", "predicate/repo/url", "removed"),
        case="agentattest, approved",
    ),
    Harmless(
        place="predicate/authorship(/agents(/0)?)?",
        change=_GONE,
        reason="a claim less: who wrote the commit says the provenance too",
        example=("review coverage, approved", "predicate/authorship/agents", "emptied"),
        case="review coverage, approved",
    ),
    Harmless(
        place="predicate/source/(tree|message|author(/(name|email))?)",
        change=".*",
        reason="this rule asks for the parents alone; what else it says can only deny",
        example=("gitsign, parents", "predicate/source/message", "upper"),
        case="gitsign, parents",
    ),
    Harmless(
        place="predicate/dismissedApprovers",
        change="removed|null",
        reason="nobody took the approval back: an empty list is one that is not there",
        example=("gittuf, approved", "predicate/dismissedApprovers", "removed"),
        case="gittuf, approved",
    ),
    Harmless(
        place="predicate/materials/0/(digest(/gitCommit)?|uri)",
        change=".*",
        reason="a claim names its commit itself; spaces behind the ref make no other repository",
        example=("commits in provenance v0.1", "predicate/materials/0/digest", "removed"),
        case="commits in provenance v0.1",
    ),
    Harmless(
        place="predicate/(buildDefinition/resolvedDependencies|materials)(/.*)?",
        change=".*",
        reason="a dependency that is not the source, or another commit of it, which this rule does not ask for",
        example=("build: Tekton Chains", "predicate/buildDefinition/resolvedDependencies/0", "removed"),
        case="build: .*",
    ),
    Harmless(
        place="predicate/(buildDefinition/externalParameters/(buildConfigSource/ref|source/digest(/gitCommit)?|configSource"
        "/(digest/sha1|uri))|invocation(/configSource(/(digest(/sha1)?|uri))?)?)",
        change=".*",
        reason="another place names the same source, or the same repository in the same ref's folder; no rule asks for"
        " the commit",
        example=(
            "build: Google Cloud Build",
            "predicate/buildDefinition/externalParameters/buildConfigSource/ref",
            "removed",
        ),
        case="build: .*",
    ),
    Harmless(
        place="predicate/buildDefinition/externalParameters",
        change=".*",
        reason="Tekton Chains names its source among the dependencies, and no rule asks for parameters",
        example=("build: Tekton Chains", "predicate/buildDefinition/externalParameters", "removed"),
        case="build: Tekton Chains.*",
    ),
    Harmless(
        place="|_type|predicateType|predicate|subject.*",
        change=".*",
        reason="what is no statement of the format about the commit says nothing, and it could only deny (rule 27)",
        example=("denies: git-ai", "subject/0", "removed"),
        case=_DENIES,
    ),
    Harmless(
        place="predicate/.*",
        change=rf"{_GONE}|swapped:\d|plus-one|url-alphabet",
        reason="what denied is gone, or is about someone or something else (rule 27)",
        example=("denies: agent trace", "predicate/files", "removed"),
        case=_DENIES,
    ),
)

_PART = r"(tlogs|ctlogs|certificateAuthorities|timestampAuthorities)/\d+"

ROOTS = (
    Harmless(
        place="[^>]*",
        change="unknown-key|reordered|reversed",
        reason="unknown fields, the order of keys, and the order of parts: each part is found by what it is",
        example=("lab/agent-signed/0", "tlogs/0", "unknown-key"),
    ),
    Harmless(
        place=r"tlogs|ctlogs|certificateAuthorities|timestampAuthorities|.*/certChain/certificates",
        change=r"doubled:\d+",
        reason="the same part or certificate twice is one",
        example=("lab/agent-signed/0", "tlogs", "doubled:0"),
    ),
    Harmless(
        place=rf"{_PART}/(subject(/.*)?|uri|baseUrl|hashAlgorithm|publicKey/keyDetails|operator)",
        change=".*",
        reason="names, addresses and what the key itself says: nothing is asked there, and keys decide",
        example=("lab/agent-signed/0", "certificateAuthorities/0/uri", "removed"),
    ),
    Harmless(
        place=rf"{_PART}(/publicKey)?/validFor(/(start|end))?",
        change=r"swapped:\d|NUL-after|removed|null|flipped:\d+",
        reason="another window that holds the artifact's times; without an end it is open",
        example=("lab/agent-signed/0", "certificateAuthorities/0/validFor/start", "swapped:1"),
        effects=_WITNESS,
    ),
    Harmless(
        place=rf"{_PART}/certChain/certificates/\d+/rawBytes>[0-9.]*",
        change=r"flipped:\d+",
        reason="a root's certificates are trusted as they stand: of an anchor key and name count (RFC 5280, 6.1)",
        example=("lab/agent-signed/0", "certificateAuthorities/0/certChain/certificates/0/rawBytes>0.2", "flipped:341"),
    ),
    Harmless(
        place=r"certificateAuthorities/\d+/certChain/certificates/[1-9]",
        change="removed",
        reason="the last certificate that is left is the anchor: a root says itself what it trusts",
        example=("github/wheel", "certificateAuthorities/0/certChain/certificates/2", "removed"),
    ),
    Harmless(
        place="(certificateAuthorities|ctlogs|timestampAuthorities)(/.*)?",
        change=".*",
        reason="a key's signature has no certificate, and one of an authority outside the root no time (rule 5)",
        example=("forge/bundle-0.3-message-hashedrekord-key", "certificateAuthorities", "swapped:0"),
        case=".*key.*",
        effects=_WITNESS,
    ),
)


def reason(table: tuple[Harmless, ...], case: str, place: str, change: str, effect: Effect) -> str | None:
    """Why a mutation does no harm; None if the table does not know it."""
    return next((row.reason for row in table if row.covers(case, place, change, effect)), None)
