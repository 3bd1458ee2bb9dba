"""A TUF repository that a test makes with python-tuf, breaks, and serves on the loopback."""

from __future__ import annotations

import threading
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

from securesystemslib.signer import CryptoSigner
from tuf.api import metadata as tuf

from tests.conftest import LAB

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

CONTENT = (LAB / "trusted_root.json").read_bytes()
ROLES = ("root", "timestamp", "snapshot", "targets")


class _Quiet(SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
        """Say nothing."""


class _Server(ThreadingHTTPServer):
    def handle_error(self, request: Any, client_address: Any) -> None:
        """Nothing: clients that hang up in the middle are what the tests are about."""


class Repository:
    """A TUF repository with one key for all roles, and `trusted_root.json` as its one target."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.signer = CryptoSigner.generate_ed25519()
        self.first_root = b""
        (folder / "targets").mkdir()

    def publish(
        self,
        content: bytes = CONTENT,
        *,
        expires: timedelta = timedelta(days=1),
        signer: Any = None,
        change: Callable[[dict[str, Any]], None] | None = None,
        signers: Sequence[Any] = (),
    ) -> None:
        """Write the whole repository, expiring after `expires`, its metadata signed by `signer`.

        `change` may change the documents, by file name, before they are signed, by each of `signers` if there are any.
        """
        end = (datetime.now(UTC) + expires).replace(microsecond=0)
        target = tuf.TargetFile.from_data("trusted_root.json", content)
        root: Any = tuf.Root(
            expires=datetime.now(UTC).replace(microsecond=0) + timedelta(days=9), consistent_snapshot=False
        )
        for role in ROLES:
            root.add_key(self.signer.public_key, role)
        targets = tuf.Targets(expires=end, targets={"trusted_root.json": target})
        documents: dict[str, Any] = {
            "1.root": root,
            "targets": targets,
            "snapshot": tuf.Snapshot(expires=end, meta={"targets.json": tuf.MetaFile(1)}),
            "timestamp": tuf.Timestamp(expires=end, snapshot_meta=tuf.MetaFile(1)),
        }
        if change is not None:
            change(documents)
        for name, signed in documents.items():
            metadata = tuf.Metadata(signed)
            own = [signer if signer is not None and name != "1.root" else self.signer]
            for number, key in enumerate(signers or own):
                metadata.sign(key, append=number > 0)
            metadata.to_file(str(self.folder / f"{name}.json"))
        (self.folder / "targets" / "trusted_root.json").write_bytes(content)
        self.first_root = (self.folder / "1.root.json").read_bytes()

    @contextmanager
    def served(self) -> Iterator[str]:
        """The address under which it is served."""
        server = _Server(("127.0.0.1", 0), partial(_Quiet, directory=str(self.folder)))
        thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_address[1]}"
        finally:
            server.shutdown()
            thread.join()
            server.server_close()
