"""A trust root's name -> the trusted root that its TUF repository publishes now.

What comes in: `public-good` or `github`, or another repository with its first root. What goes out: the bytes of the
repository's `trusted_root.json`, verified by The Update Framework from the packaged first root on; or `Unavailable`. It
keeps nothing: no cache, no HOME. It is the only code that ever contacts a TUF repository, and runs only when asked; it
does so by the same client, and so with the same authorities, proxies and deadline, as registries are asked.

`github.tuf-root.json` is the first root of GitHub's TUF repository, as its command line has it (cli/cli 2.62.0, MIT).
Source: TUF specification 5.3-5.7, by python-tuf; sigstore's root-signing repository (layout, target name).
"""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Final

from msgspec import Struct

from gate import sigstore_private
from gate.errors import GateError, InvalidTrustRoot, InvalidUsage, Unavailable
from gate.trust import GITHUB, PUBLIC_GOOD, TrustRoot, parse

if TYPE_CHECKING:
    from datetime import datetime

    from gate.limits import Deadline
    from gate.sources.access import Access

_TARGET: Final = "trusted_root.json"
_MAX_BYTES: Final = 1 << 20


class Repository(Struct, frozen=True, kw_only=True):
    """A TUF repository: where it is, and the first root that everything after is verified from."""

    url: str
    first_root: bytes


def repository(name: str) -> Repository:
    """The repository of a built-in root. Raises `InvalidTrustRoot` for a root that is a file: nobody publishes it."""
    if name == PUBLIC_GOOD:
        first = sigstore_private.packaged_root(PUBLIC_GOOD).with_name("root.json").read_bytes()
        return Repository(url="https://tuf-repo-cdn.sigstore.dev", first_root=first)
    if name == GITHUB:
        first = Path(__file__).with_name("github.tuf-root.json").read_bytes()
        return Repository(url="https://tuf-repo.github.com", first_root=first)
    raise InvalidTrustRoot(f"trust root {name!a} has no known TUF repository; {PUBLIC_GOOD} and {GITHUB} have one")


def fetch(name: str, source: Repository, access: Access, deadline: Deadline) -> bytes:
    """The trusted root that a repository publishes now. Raises `Unavailable` when it cannot be had or not be verified:
    both may be a mirror's trouble, and neither is a reason to go on with an older one unasked. `InvalidUsage` for a
    URL, a first root or certificate authorities that are none.
    """
    # Only an update needs these.
    from tuf.api.exceptions import DownloadError, RepositoryError  # noqa: PLC0415
    from tuf.api.metadata import Metadata, Root  # noqa: PLC0415
    from tuf.api.serialization import DeserializationError  # noqa: PLC0415
    from tuf.ngclient.config import UpdaterConfig  # noqa: PLC0415
    from tuf.ngclient.updater import Updater  # noqa: PLC0415

    from gate.trust.fetcher import Fetcher  # noqa: PLC0415

    fetcher = Fetcher(source.url, access, deadline=deadline, cap=_MAX_BYTES)
    try:
        first: Metadata[Root] | None = Metadata[Root].from_bytes(source.first_root)
    except DeserializationError:
        first = None
    if first is None or not isinstance(first.signed, Root):
        raise InvalidUsage(f"trust root {name!a}: what {source.url} is to be trusted by is no TUF root.json")
    with tempfile.TemporaryDirectory(prefix="gate-tuf-") as folder:
        try:
            updater = Updater(
                metadata_dir=folder,
                metadata_base_url=source.url,
                target_dir=folder,
                target_base_url=f"{source.url.rstrip('/')}/targets/",
                fetcher=fetcher,
                config=UpdaterConfig(targets_max_length=_MAX_BYTES),
                bootstrap=source.first_root,
            )
            updater.refresh()
            target = updater.get_targetinfo(_TARGET)
            if target is None:
                raise Unavailable(f"trust root {name!a}: {source.url} publishes no {_TARGET}")
            return Path(updater.download_target(target, filepath=str(Path(folder) / "root"))).read_bytes()
        except (DownloadError, RepositoryError, OSError, ValueError) as error:
            reason = error.__cause__ if isinstance(error.__cause__, GateError) else error
            late = Unavailable(f"trust root {name!a} could not be refreshed from {source.url}: {reason}")
            if isinstance(reason, Unavailable):
                late.remedy = reason.remedy
            raise late from None


def refreshed(root: TrustRoot, now: datetime, access: Access, deadline: Deadline) -> TrustRoot:
    """A built-in root as its repository publishes it now, dated now. Raises `Unavailable` or `InvalidTrustRoot`."""
    raw = fetch(root.name, repository(root.name), access, deadline)
    return parse(root.name, raw, dated=now, log_none=root.log_none, ct_none=root.ct_none)
