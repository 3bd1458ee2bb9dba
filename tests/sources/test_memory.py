"""What a registry sends is bounded in memory too, whatever it sends and to how many images at once."""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
import threading
from datetime import UTC, datetime
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import pytest

from gate import trust
from gate.errors import GateError, LimitExceeded
from gate.flow import ImageJudgement, Judge
from gate.limits import SMALL_DOCUMENT, Deadline, Limits, Tally
from gate.parallel import Background, Budget
from gate.policy.loading import load_policy
from gate.reference import parse_digest, parse_reference
from gate.sources import Sources
from tests.conftest import LAB, Ran, policy_path
from tests.images import BUNDLE, EMPTY, OCI_INDEX, OCI_MANIFEST, Layout, entry, policy
from tests.registry_server import RegistryServer, Response

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

NOW = datetime(2026, 11, 24, tzinfo=UTC)
SIGNED = LAB / "agent-signed"
SUBJECT = "sha256:ce39ee20454501e67d525ccbd237fc620ded9966a1eb43ae80abac3c9f992529"
LARGE = SMALL_DOCUMENT + 1000


def judge(image: str, path: Path, *, limits: Limits | None = None, light: bool = False) -> ImageJudgement:
    loaded = load_policy(path)
    roots = [trust.load(root.name, folder=path.parent) for root in loaded.roots]
    limits, deadline = limits or Limits(), Deadline(20)
    sources = Sources(limits=limits, deadline=deadline)
    made = Judge(loaded, roots=roots, sources=sources, limits=limits, deadline=deadline, now=NOW, light=light)
    return made.judge(parse_reference(image))


def padded(document: dict[str, Any], size: int) -> bytes:
    """A document of exactly that many bytes."""
    document = {**document, "annotations": {"pad": ""}}
    document["annotations"]["pad"] = "x" * (size - len(json.dumps(document)))
    return json.dumps(document).encode()


def referrer(number: int, size: int, *layers: dict[str, Any]) -> bytes:
    config = {"mediaType": EMPTY, "digest": f"sha256:{number:064x}", "size": 2}
    subject = {"mediaType": OCI_MANIFEST, "digest": SUBJECT, "size": 1}
    kind = {"schemaVersion": 2, "mediaType": OCI_MANIFEST, "artifactType": BUNDLE}
    return padded({**kind, "config": config, "layers": [*layers], "subject": subject}, size)


def digest_of(raw: bytes) -> str:
    return f"sha256:{hashlib.sha256(raw).hexdigest()}"


def attached(*manifests: bytes, blobs: tuple[bytes, ...] = ()) -> Callable[[str], Response | None]:
    """A registry that has these attached to the image."""
    held = {digest_of(raw): raw for raw in (*manifests, *blobs)}
    listed = [{"mediaType": OCI_MANIFEST, "digest": digest_of(raw), "size": len(raw)} for raw in manifests]
    listing = json.dumps({"schemaVersion": 2, "mediaType": OCI_INDEX, "manifests": listed}).encode()

    def answer(path: str) -> Response | None:
        if "/referrers/" in path:
            return Response(body=listing, headers={"Content-Type": OCI_INDEX})
        raw = held.get(path.rpartition("/")[2])
        return None if raw is None else Response(body=raw, headers={"Content-Type": OCI_MANIFEST})

    return answer


# --- large documents


@pytest.mark.parametrize(("size", "times"), [(SMALL_DOCUMENT, 1), (LARGE, 2)])
@pytest.mark.parametrize("chunked", [False, True])
def test_a_large_manifest_is_read_when_it_is_its_turn(size: int, times: int, *, chunked: bool) -> None:
    raw = referrer(0, size)
    name = digest_of(raw)

    def answer(path: str) -> Response | None:
        if name not in path:
            return None
        head = f"HTTP/1.1 200 OK\r\nContent-Type: {OCI_MANIFEST}\r\nTransfer-Encoding: chunked\r\n\r\n{size:x}\r\n"
        return Response(raw=head.encode() + raw + b"\r\n0\r\n\r\n") if chunked else Response(body=raw)

    with RegistryServer({"acme/api": SIGNED}, intercept=answer) as server:
        source = Sources(limits=Limits(), deadline=Deadline(20)).open(parse_reference(f"{server.host}/acme/api:v1"))
        assert source.manifest(parse_digest(name), Tally()).raw == raw
        assert len(server.requests) == times
        small = Sources(limits=Limits(manifest_bytes=size - 1), deadline=Deadline(20))
        over = small.open(parse_reference(f"{server.host}/acme/api:v1"))
        with pytest.raises(LimitExceeded, match="manifest-bytes"):
            over.manifest(parse_digest(name), Tally())


def test_large_documents_of_an_image_come_one_at_a_time_and_those_of_a_run_image_by_image() -> None:
    budget = Budget(1, Deadline(10))
    inside: list[str] = []
    first, go, others = threading.Event(), threading.Event(), []

    def read(name: str, tally: Tally) -> None:
        with tally.large():
            inside.append(name)
            assert inside.count("a") + inside.count("b") == len(inside)
            first.set()
            go.wait(5)

    with budget.share() as share:
        tally = Tally(share)
        running = [Background(lambda: read("a", tally)) for _ in range(2)]
        assert first.wait(5)

        def other() -> None:
            with budget.share() as mine:
                read("b", Tally(mine))

        others = [Background(other)]
        assert inside == ["a"]
        go.set()
        for one in running:
            one.result(Deadline(5))
        assert inside == ["a", "a"], "the other image waits until this one is judged"
    others[0].result(Deadline(5))
    assert inside == ["a", "a", "b"]


def test_what_is_large_of_another_image_is_read_when_this_one_is_judged(verify: Callable[..., Ran]) -> None:
    blob = b"{}"
    layer = {"mediaType": BUNDLE, "digest": digest_of(blob), "size": len(blob)}
    manifest = referrer(0, LARGE, layer)
    answer = attached(manifest, blobs=(blob,))

    def slowly(path: str) -> Response | None:
        return Response(body=blob, pause=0.2) if "/blobs/" in path else answer(path)

    with RegistryServer({"acme/a": SIGNED, "acme/b": SIGNED}, intercept=slowly) as server:
        verify(*(f"{server.host}/acme/{name}:v1" for name in "ab"), policy=policy_path("production"))
        asked = {name: [item for item in server.requests if f"/acme/{name}/" in item.path] for name in "ab"}
    whole = {
        name: [item for item in items if item.path.endswith(digest_of(manifest))][1].start
        for name, items in asked.items()
    }
    first, second = sorted(whole, key=whole.__getitem__)
    assert max(item.end for item in asked[first] if "/blobs/" in item.path) <= whole[second]


def test_large_configurations_come_one_at_a_time_too(tmp_path: Path) -> None:
    layout = Layout(tmp_path / "image")
    configs = [padded({"config": {}, "number": number}, LARGE) for number in range(3)]
    items = [layout.image(str(number), config=config) for number, config in enumerate(configs)]
    layout.index([entry(item, f"linux/a{number}") for number, item in enumerate(items)], tag="v1")
    path = policy(
        tmp_path,
        '[[rules]]\nimages = ["**"]\nplatforms = "each"\nprovenance = { signers = ["forge"], level = 1, '
        'source = "any", refs = "any", labels = "must-agree" }\n',
    )

    def slowly(path: str) -> Response | None:
        held = {digest_of(config): config for config in configs}.get(path.rpartition("/")[2])
        return None if held is None else Response(body=held, pause=0.05)

    with RegistryServer({"acme/api": layout.folder}, intercept=slowly) as server:
        judge(f"{server.host}/acme/api:v1", path)
        asked = sorted((item.start, item.end) for item in server.requests if "/blobs/" in item.path)
    assert len(asked) == len(configs)
    assert all(end <= start for (_, end), (start, _) in pairwise(asked))


def test_of_an_image_that_is_over_a_limit_no_further_large_document_is_read() -> None:
    manifests = [referrer(number, LARGE) for number in range(20)]
    with RegistryServer({"acme/api": SIGNED}, intercept=attached(*manifests)) as server:
        found = judge(f"{server.host}/acme/api:v1", policy_path("production"), limits=Limits(manifests_bytes=3 * LARGE))
        missed = [entry.error for entry in found.ledger if entry.place == "manifests" and entry.error is not None]
        asked = [request.path for request in server.requests if "/manifests/sha256:" in request.path]
    assert found.exit_code == 4
    assert {error.limit for error in missed if isinstance(error, LimitExceeded)} == {"manifests-bytes"}
    assert len(asked) <= 20 + 4, "each once, to learn that it is large, and four of them whole"


# --- what is kept


def _held(error: GateError | None) -> tuple[object, ...]:
    assert error is not None
    return error.__traceback__, error.__cause__, error.__context__


def test_an_error_that_a_report_keeps_holds_nothing_that_was_read(tmp_path: Path) -> None:
    """The frames that it passed would hold every manifest of the image until the end of the run."""
    page = padded({"schemaVersion": 2, "mediaType": OCI_INDEX, "manifests": []}, 5000)
    tags = Response(body=page, headers={"Content-Type": OCI_INDEX})
    with RegistryServer({"acme/api": SIGNED}, intercept=lambda p: tags if "/sha256-" in p else None) as server:
        image = f"{server.host}/acme/api:v1"
        found = judge(image, policy_path("production"), limits=Limits(manifests_bytes=6000))
        missed = [entry.error for entry in found.ledger if entry.error is not None]
        assert any(isinstance(error, LimitExceeded) for error in missed)
        assert {_held(error) for error in missed} == {(None, None, None)}
        server.intercept = None
        over = judge(image, policy_path("production"), limits=Limits(proofs=1))
        assert isinstance(over.error, LimitExceeded)
        assert _held(over.error) == (None, None, None)
        server.intercept = lambda _: Response(status=403)
        assert _held(judge(image, policy_path("production")).error) == (None, None, None)


def test_the_manifests_of_all_entries_of_an_index_are_bounded_together(tmp_path: Path) -> None:
    """They are kept until the index is judged."""
    layout = Layout(tmp_path / "image")
    items = [layout.image(f"image {number}", annotations={"pad": "x" * 2000}) for number in range(4)]
    layout.index([entry(item, f"linux/a{number}") for number, item in enumerate(items)], tag="v1")
    for item in items:
        layout.sign(item)
    path = policy(tmp_path, '[[rules]]\nimages = ["**"]\nplatforms = "each"\nsignature.signers = ["forge"]\n')
    with RegistryServer({"acme/api": layout.folder}) as server:
        assert judge(f"{server.host}/acme/api:v1", path).exit_code == 0
        found = judge(f"{server.host}/acme/api:v1", path, limits=Limits(manifests_bytes=8000))
    assert found.exit_code == 4
    assert any("manifests-bytes" in result.found for rule in found.rules for result in rule.results)


@pytest.mark.parametrize("light", [False, True])
def test_of_many_images_no_large_manifest_is_kept(*, light: bool, tmp_path: Path) -> None:
    layout = Layout(tmp_path / "image")
    layout.image("large", tag="large", annotations={"pad": "x" * LARGE})
    layout.image("small", tag="small")
    for tag in ("large", "small"):
        found = judge(f"oci:{layout.folder}:{tag}", policy(tmp_path), light=light)
        kept = [found.image, *(item.image for item in found.judged)]
        assert found.exit_code == 1
        assert found.notes == ()
        assert [bool(image.raw) for image in kept if image] == [not light or tag == "small"] * 2


def test_nothing_is_said_of_an_index_that_is_not_kept(tmp_path: Path) -> None:
    """It would look like a manifest of one platform."""
    layout = Layout(tmp_path / "image")
    entries = [entry(layout.image("one"), "linux/amd64")]
    document = {"schemaVersion": 2, "mediaType": OCI_INDEX, "manifests": entries, "annotations": {"pad": "x" * LARGE}}
    index = layout.manifest(document)
    with RegistryServer({"acme/api": layout.folder}) as server:
        found = judge(f"{server.host}/acme/api@{index['digest']}", policy(tmp_path), light=True)
    assert (found.exit_code, found.notes) == (1, ())


# --- the whole command

RUN = """
import resource, subprocess, sys
code = subprocess.run(sys.argv[1:], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL).returncode
print(code, resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss // 1024)
"""


def _bundles() -> Callable[[str], Response | None]:
    blobs = tuple(json.dumps({"mediaType": BUNDLE, "x": chr(97 + n) * (15 << 20)}).encode() for n in range(2))
    layers = [{"mediaType": BUNDLE, "digest": digest_of(blob), "size": len(blob)} for blob in blobs]
    return attached(*(referrer(n, 2000, layer) for n, layer in enumerate(layers)), blobs=blobs)


def _images(path: str) -> Response | None:
    large = path.endswith("/v1")
    body = referrer(abs(hash(path)), (4 << 20) - 1) if large else b""
    return Response(body=body, headers={"Content-Type": OCI_MANIFEST}) if large else None


HOSTILE: dict[str, Callable[[], Callable[[str], Response | None]]] = {
    "40 manifests of 4 MiB": lambda: attached(*(referrer(n, (4 << 20) - 1) for n in range(40))),
    "two bundles of 15 MiB": _bundles,
    "an image of 4 MiB": lambda: _images,
}


@pytest.mark.exhaustive
@pytest.mark.parametrize("hostile", HOSTILE)
@pytest.mark.parametrize("images", [1, 12])
def test_the_command_stays_under_256_mib(hostile: str, images: int) -> None:
    names = [f"acme/{number}" for number in range(images)]
    with RegistryServer(dict.fromkeys(names, SIGNED), intercept=HOSTILE[hostile]()) as server:
        references = [f"{server.host}/{name}:v1" for name in names]
        command = [sys.executable, "-m", "gate", "verify", *references, "--policy", str(policy_path("production"))]
        ran = subprocess.run(
            [sys.executable, "-c", RUN, *command], capture_output=True, text=True, timeout=100, check=True
        )
    code, peak = map(int, ran.stdout.split())
    assert code in {1, 4}
    assert peak < 256, f"{peak} MiB"
