"""Whether a verification summary's `resourceUri` is the image that is judged.

What comes in: the URI, the image's canonical name and its digest. What goes out: yes or no. Read are the forms in use:
a reference (`ghcr.io/acme/api`, with `:tag` or `@sha256:...`), with `oci://`, `docker://` or `https://` before it, and
a package URL (`pkg:oci/api?repository_url=ghcr.io/acme/api`). What is not read is another resource.

Sources: SLSA, VSA ("resourceUri"); purl-spec, types oci and docker.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final
from urllib.parse import parse_qsl, unquote

from gate.errors import GateError
from gate.reference import parse_reference

if TYPE_CHECKING:
    from gate.reference import Digest

_SCHEME: Final = re.compile(r"\A(?:oci|docker|https)://")
_PURL: Final = re.compile(r"pkg:oci/(?P<name>[^/@?#]+)(?:@(?P<version>[^?#]+))?\?(?P<query>[^#]+)")


def is_image(resource: str, name: str, digest: Digest) -> bool:
    """Whether `resource` is the image `name`; a digest in it must be the one that is judged."""
    package = _PURL.fullmatch(resource)
    text = _repository(package) if package is not None else _SCHEME.sub("", resource, count=1)
    try:
        reference = parse_reference(text)
    except GateError:
        return False
    return not reference.local and reference.name == name and reference.digest in (None, digest)


def _repository(package: re.Match[str]) -> str:
    """The repository of a package URL, with its digest. Its name must be the end of the repository."""
    repositories = [value for key, value in parse_qsl(package["query"]) if key == "repository_url"]
    if len(repositories) != 1 or repositories[0].rpartition("/")[2] != unquote(package["name"]):
        return ""
    version = f"@{unquote(package['version'])}" if package["version"] else ""
    return f"{repositories[0]}{version}"
