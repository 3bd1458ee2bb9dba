"""What stands around evidence, as functions of bytes: indexes, labels, layouts, what registries and helpers answer, and
what a job is handed: docker's configuration, files of bundles, policies that others extend, keys.
"""

from __future__ import annotations

import atexit
import hashlib
import json
import tempfile
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from gate.attest.marks import read_marks
from gate.attest.repository import _parse as parse_commit
from gate.discovery.entries import choose, listed_digests, read_index
from gate.discovery.labels import read_labels
from gate.errors import GateError, InvalidPolicy, LimitExceeded, Malformed
from gate.platforms import parse_platform
from gate.policy.loading import load_policy
from gate.reference import Digest, parse_reference
from gate.sources import Content
from gate.sources.access import AuthFile
from gate.sources.file import read_bundles
from gate.sources.layout import LayoutSource
from gate.sources.registry.configuration import Unreadable, entries, read_configuration
from gate.sources.registry.http import Reply, error_codes
from gate.sources.registry.tokens import read_token
from gate.strictjson import Refused
from gate.verification.keys import fingerprint, read_key
from tests.conftest import LAB
from tests.fuzz.target import Target
from tests.verification.lab import LIMITS

if TYPE_CHECKING:
    from gate.sources import Source
    from gate.sources.manifest import Descriptor

_FOLDER: Final = tempfile.TemporaryDirectory(prefix="gate-fuzz-")
atexit.register(_FOLDER.cleanup)


def _put(name: str, raw: bytes) -> Path:
    path = Path(_FOLDER.name) / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(raw)
    return path


def _content(raw: bytes) -> Content:
    return Content(digest=Digest("sha256", hashlib.sha256(raw).hexdigest()), media_type="", raw=raw)


def _index(raw: bytes) -> object:
    """Which entries of an index are judged, for every platform and for two that are named."""
    image = _content(raw)
    found: list[object] = [listed_digests(image, LIMITS)]
    index = read_index(image, LIMITS)
    for wanted in () if index is None else (None, [parse_platform("linux/amd64"), parse_platform("linux/arm64/v8")]):
        assert index is not None
        found.append(choose(index, wanted, LIMITS))
    return found


class _Configured:
    """A source whose one blob is an image's configuration."""

    def __init__(self, raw: bytes) -> None:
        self._raw = raw

    def blob(self, descriptor: Descriptor) -> bytes:
        """Whatever is asked for."""
        del descriptor
        return self._raw


def _labels(raw: bytes) -> object:
    """Labels of a configuration, and annotations of a manifest."""
    digest = f"sha256:{hashlib.sha256(raw).hexdigest()}"
    config = {"mediaType": "application/vnd.oci.image.config.v1+json", "digest": digest, "size": len(raw)}
    manifest = json.dumps({"schemaVersion": 2, "config": config, "layers": []}).encode()
    source: Any = _Configured(raw)
    held: Source = source
    found = [read_labels(_content(manifest), held, LIMITS), read_labels(_content(raw), None, LIMITS)]
    return [(item.found, item.index, str(item.error)) for item in found]


@cache
def _laid_out() -> Path:
    """A layout with an index, its children and what is signed of them."""
    lab = LAB / "index-signed-children-not"
    for path in lab.glob("blobs/sha256/*"):
        _put(f"layout/blobs/sha256/{path.name}", path.read_bytes())
    return _put("layout/oci-layout", (lab / "oci-layout").read_bytes()).parent


def _layout(raw: bytes) -> object:
    """The one image of a layout with this index.json."""
    folder = _laid_out()
    _put("layout/index.json", raw)
    return LayoutSource(parse_reference(f"oci:{folder}"), limits=LIMITS).resolve().digest


def _reply(raw: bytes) -> Reply:
    return Reply(
        url="https://registry.test/",
        host="registry.test",
        status=200,
        foreign=False,
        media_type="application/json",
        challenge="",
        link="",
        account="",
        retry_after=None,
        body=raw,
    )


def _configuration(raw: bytes) -> object:
    """Which entries docker's configuration has for one repository."""
    path = str(_put("config.json", raw))
    document = read_configuration(AuthFile(source="x", path=path, needed=True))
    assert document is not None
    return list(entries(document, "ghcr.io", "acme/api"))


def _extended(raw: bytes) -> object:
    """A policy that others extend: what a child of it makes of it."""
    _put("base.toml", raw)
    child = b'version = 1\nextends = ["base.toml"]\n[[rules]]\nimages = ["**"]\nsignature.signers = ["release"]\n'
    read = load_policy(_put("child.toml", child))
    return read.sha256, sorted(read.signers), [(rule.name, sorted(rule.files)) for rule in read.rules], read.warnings


def _policies() -> tuple[bytes, ...]:
    example = LAB.parents[2] / "policy.toml.example"
    open_one = b'version = 1\n[signers.release]\nissuer = "https://i"\nidentity = "https://x"\n[signers]\nopen = true\n'
    return (*(path.read_bytes() for path in (*sorted((LAB / "policies").glob("*.toml")), example)), open_one)


def _commit(raw: bytes) -> object:
    """The marks of a commit's object, out of a repository that somebody else wrote to."""
    commit = parse_commit("1" * 40, raw)
    return commit, read_marks(commit)


_COMMITS: Final = tuple(
    f"tree {'5' * 40}\nparent {'9' * 40}\nauthor {author} 1740830400 +0000\ncommitter {author} 1740830400 +0000\n\n"
    f"Mend it\n\n{trailers}\n".encode()
    for author, trailers in (
        ("Ada <ada@acme.com>", "Assisted-by: Claude:claude-opus-4-6 git\nSigned-off-by: Ada <ada@acme.com>"),
        ("copilot <198982749+Copilot@users.noreply.github.com>", "Agent-Logs-Url: https://x\nCo-authored-by: B <b@x>"),
        ("dependabot[bot] <49699333+dependabot[bot]@users.noreply.github.com>", "Agent: a\nModel: m\n  folded"),
    )
)
_INDEX: Final = json.dumps(
    {
        "schemaVersion": 2,
        "manifests": [
            {
                "mediaType": "application/vnd.oci.image.manifest.v1+json",
                "digest": f"sha256:{number:064x}",
                "size": 5,
                "platform": {"os": system, "architecture": architecture},
                "annotations": {"vnd.docker.reference.digest": f"sha256:{1:064x}"},
            }
            for number, (system, architecture) in enumerate(
                [("linux", "amd64"), ("linux", "arm64"), ("unknown", "unknown")], 1
            )
        ],
    }
).encode()
_IMAGE_CONFIGURATION: Final = json.dumps(
    {
        "architecture": "amd64",
        "config": {
            "Labels": {
                "org.opencontainers.image.source": "https://github.com/acme/api",
                "org.opencontainers.image.revision": "1" * 40,
            }
        },
    }
).encode()
_DOCKER: Final = json.dumps(
    {
        "auths": {"https://ghcr.io/v2/": {"auth": "YTpi"}, "*.io": {"identitytoken": "x"}, "ghcr.io/acme": {}},
        "credHelpers": {"ghcr.io": "x"},
        "credsStore": "desktop",
    }
).encode()

TARGETS: Final[dict[str, Target]] = {
    "index": Target(call=_index, refusals=(LimitExceeded, Malformed), seeds=lambda: (_INDEX,)),
    "labels": Target(call=_labels, refusals=(Refused,), seeds=lambda: (_IMAGE_CONFIGURATION, _INDEX)),
    "layout": Target(
        call=_layout,
        refusals=(GateError,),
        seeds=lambda: tuple(path.read_bytes() for path in sorted(LAB.glob("*/index.json"))),
    ),
    "bundle-file": Target(
        call=lambda raw: read_bundles(str(_put("bundles.jsonl", raw)), LIMITS),
        refusals=(LimitExceeded,),
        seeds=lambda: ((LAB.parent / "github" / "bundle.jsonl").read_bytes() * 2, b"{}\n{}\n", b"[\n]"),
    ),
    "token-answer": Target(
        call=lambda raw: read_token(_reply(raw), "a token"),
        refusals=(Malformed,),
        seeds=lambda: (b'{"token":"abc.def","access_token":"x","expires_in":300}', b'{"access_token":"x"}'),
    ),
    "error-answer": Target(
        call=error_codes,
        refusals=(),
        seeds=lambda: (b'{"errors":[{"code":"NAME_UNKNOWN","message":"x","detail":{}}]}',),
    ),
    "docker-configuration": Target(call=_configuration, refusals=(Unreadable,), seeds=lambda: (_DOCKER,)),
    "extended-policy": Target(call=_extended, refusals=(InvalidPolicy,), seeds=_policies),
    "commit": Target(call=_commit, refusals=(), seeds=lambda: _COMMITS),
    "key": Target(
        call=lambda raw: fingerprint(read_key(raw)),
        refusals=(ValueError,),
        seeds=lambda: ((LAB / "key.pub").read_bytes(),),
    ),
}
