"""Trust roots: built in or from a file, checked whole before anything is fetched."""

from __future__ import annotations

import hashlib
import json
from datetime import UTC, datetime, timedelta
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import sigstore

from gate import sigstore_private, trust
from gate.errors import GateError, InvalidTrustRoot
from gate.trust import Window, window
from gate.verification.roots import Root

if TYPE_CHECKING:
    from collections.abc import Callable

LAB = Path(__file__).parent / "cases" / "lab"
PACKAGED = Path(sigstore.__file__).parent / "_store" / "https%3A%2F%2Ftuf-repo-cdn.sigstore.dev" / "trusted_root.json"
STARTS = "2021-01-12T11:53:27Z"
PARTS = ["certificateAuthorities", "ctlogs", "tlogs"]
NO_ROOT = "trust root 'acme.json' is no Sigstore trusted root: mediaType"
NO_WINDOW = "the part has no validFor"
ALL_PARTS = [*PARTS, "timestampAuthorities"]


def document() -> dict[str, Any]:
    """sigstore.dev's own root, to break."""
    found: dict[str, Any] = json.loads(PACKAGED.read_bytes())
    return found


def changed(change: Callable[[dict[str, Any]], object]) -> bytes:
    found = document()
    change(found)
    return json.dumps(found).encode()


def holder(part: dict[str, Any]) -> dict[str, Any]:
    """Where a log or an authority keeps its validFor."""
    found: dict[str, Any] = part.get("publicKey", part)
    return found


def complaint(raw: bytes) -> str:
    with pytest.raises(InvalidTrustRoot) as caught:
        trust.parse("acme.json", raw, dated=None)
    assert caught.value.exit_code == 2
    return str(caught.value)


# Built in


def test_the_built_in_root_is_the_one_that_sigstore_carries() -> None:
    assert metadata.version("sigstore") == "4.5.1"
    root = trust.load("public-good", folder=Path("nowhere"))
    assert root.name == "public-good"
    assert root.sha256 == hashlib.sha256(PACKAGED.read_bytes()).hexdigest()
    assert root.document == document()


def test_the_built_in_root_is_pinned() -> None:
    root = trust.load("public-good", folder=Path("nowhere"))
    assert root.sha256 == "6494e21ea73fa7ee769f85f57d5a3e6a08725eae1e38c755fc3517c9e6bc0b66"


def test_the_built_in_root_has_the_date_of_its_newest_key() -> None:
    root = trust.load("public-good", folder=Path("nowhere"))
    starts = [part["validFor"]["start"] for key in ALL_PARTS for part in map(holder, document()[key])]
    assert root.dated == max(map(datetime.fromisoformat, starts))
    assert root.dated is not None
    assert root.dated.tzinfo is not None


def test_the_built_in_name_wins_over_a_file_of_that_name(tmp_path: Path) -> None:
    (tmp_path / "public-good").write_bytes((LAB / "trusted_root.json").read_bytes())
    root = trust.load("public-good", folder=tmp_path)
    assert root.sha256 == hashlib.sha256(PACKAGED.read_bytes()).hexdigest()
    other = trust.load("./public-good", folder=tmp_path)
    assert other.sha256 != root.sha256


def test_another_sigstore_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sigstore, "__version__", "4.6.0")
    with pytest.raises(GateError, match=r"gate was built for sigstore 4\.5\.1 and finds 4\.6\.0"):
        trust.load("public-good", folder=Path("nowhere"))


# Files


def test_a_root_is_found_beside_the_policy_and_not_in_the_working_directory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "ci").mkdir()
    (tmp_path / "policies").mkdir()
    raw = (LAB / "trusted_root.json").read_bytes()
    (tmp_path / "policies" / "acme.json").write_bytes(raw)
    (tmp_path / "ci" / "acme.json").write_bytes(PACKAGED.read_bytes())
    monkeypatch.chdir(tmp_path / "ci")
    root = trust.load("acme.json", folder=tmp_path / "policies")
    assert (root.name, root.sha256) == ("acme.json", hashlib.sha256(raw).hexdigest())
    assert root.dated is None, "nobody says how old a file is"
    assert trust.load("../policies/acme.json", folder=tmp_path / "ci").sha256 == root.sha256
    assert trust.load(str(tmp_path / "policies" / "acme.json"), folder=Path("nowhere")).sha256 == root.sha256


@pytest.mark.parametrize("name", ["missing.json", "git-hub", "public-god", "Public-Good", "~/root.json"])
def test_a_root_that_is_not_there_is_told_with_what_is_built_in(tmp_path: Path, name: str) -> None:
    with pytest.raises(InvalidTrustRoot) as caught:
        trust.load(name, folder=tmp_path)
    assert str(caught.value) == (
        f"trust root '{name}': {tmp_path / name} cannot be read (No such file or directory); "
        "built in: public-good, github"
    )


def test_a_folder_is_no_root(tmp_path: Path) -> None:
    with pytest.raises(InvalidTrustRoot) as caught:
        trust.load(".", folder=tmp_path)
    assert (
        str(caught.value)
        == f"trust root '.': {tmp_path} cannot be read (Is a directory); built in: public-good, github"
    )


def test_a_root_is_not_read_without_end(tmp_path: Path) -> None:
    (tmp_path / "acme.json").write_bytes(PACKAGED.read_bytes().ljust((1 << 20) + 1))
    with pytest.raises(InvalidTrustRoot) as caught:
        trust.load("acme.json", folder=tmp_path)
    assert str(caught.value) == f"trust root 'acme.json': {tmp_path / 'acme.json'} has more than 1048576 bytes"
    (tmp_path / "acme.json").write_bytes(PACKAGED.read_bytes().ljust(1 << 20))
    assert trust.load("acme.json", folder=tmp_path).document == document()


@pytest.mark.skipif(not Path("/dev/zero").exists(), reason="no /dev/zero here")
def test_a_device_without_end_is_not_read_without_end() -> None:
    with pytest.raises(InvalidTrustRoot, match="has more than 1048576 bytes"):
        trust.load("/dev/zero", folder=Path())


# Content


def test_a_whole_root_is_read_and_its_keys_too() -> None:
    root = trust.parse("acme.json", changed(lambda _: None), dated=None)
    keys = Root(root)
    assert (len(keys.logs), len(keys.ct_logs), len(keys.authorities), len(keys.timestamp_authorities)) == (2, 2, 2, 1)
    assert [len(trust.parts(root.document, key)) for key in ALL_PARTS] == [2, 2, 2, 1]


@pytest.mark.parametrize(
    ("raw", "message"),
    [
        (b"", "trust root 'acme.json': not JSON: Expecting value: line 1 column 1 (char 0)"),
        (b"<html>", "trust root 'acme.json': not JSON: Expecting value: line 1 column 1 (char 0)"),
        (b"-----BEGIN PUBLIC KEY-----", "trust root 'acme.json': not JSON: Expecting value: line 1 column 1 (char 0)"),
        (b"{}{}", "trust root 'acme.json': not JSON: Extra data: line 1 column 3 (char 2)"),
        (b"[]", "trust root 'acme.json': the document is not a JSON object"),
        (b"null", "trust root 'acme.json': the document is not a JSON object"),
        (b'{"mediaType": "\xff"}', "trust root 'acme.json': not UTF-8"),
        (b'{"tlogs": 1, "tlogs": 2}', "trust root 'acme.json': duplicate key 'tlogs'"),
        (b'{"a": NaN}', "trust root 'acme.json': NaN is not JSON"),
        (b'{"a": 1e999}', "trust root 'acme.json': a number beyond what a double holds"),
        (b"[" * 100_000, "trust root 'acme.json': JSON nested deeper than 64 ([limits] json-depth)"),
        (
            b"[" + b"1," * 200_000 + b"1]",
            "trust root 'acme.json': JSON of more than 200000 tokens ([limits] json-tokens)",
        ),
        (b"{}", f"{NO_ROOT} None"),
        (b'{"mediaType": 1}', f"{NO_ROOT} 1"),
        (
            b'{"mediaType": "application/vnd.dev.sigstore.bundle.v0.3+json"}',
            f"{NO_ROOT} 'application/vnd.dev.sigstore.bundle.v0.3+json'",
        ),
        (
            b'{"mediaType": "\\u001b[31m"}',
            f"{NO_ROOT} '\\x1b[31m'",
        ),
    ],
)
def test_what_is_no_trusted_root_is_refused_with_the_reason(raw: bytes, message: str) -> None:
    assert complaint(raw) == message


@pytest.mark.parametrize("key", ["tlogs", "ctlogs", "certificateAuthorities", "timestampAuthorities"])
@pytest.mark.parametrize("value", [True, 7, "text", {}])
def test_a_part_of_a_root_that_is_no_list_is_refused(key: str, value: object) -> None:
    document = json.loads((LAB / "trusted_root.json").read_bytes())
    with pytest.raises(InvalidTrustRoot, match=f"{key}"):
        trust.parse("acme.json", json.dumps(document | {key: value}).encode(), dated=None)


def test_a_key_twice_is_refused_wherever_it_stands() -> None:
    raw = json.dumps(document()).replace('"tlogs": [{', '"tlogs": [{"baseUrl": "https://evil.com", ', 1).encode()
    assert complaint(raw) == "trust root 'acme.json': duplicate key 'baseUrl'"


MISSING = {
    "certificateAuthorities": "certificate authorities",
    "ctlogs": "certificate transparency logs",
    "tlogs": "transparency logs",
}


EXCUSE = {
    key: f'; if it has none, say so: {{ path = "...", {word} = "none" }}'
    for key, word in {"tlogs": "log", "ctlogs": "ct"}.items()
}


@pytest.mark.parametrize("key", PARTS)
def test_a_root_without_one_of_its_parts_is_refused(key: str) -> None:
    expected = f"trust root 'acme.json' has no {MISSING[key]} ({key}){EXCUSE.get(key, '')}"
    values: list[Any] = [None, [], {}, "x", 1, [None], [1, "x"], [[]], {"0": {}}]
    for value in values:
        assert complaint(json.dumps(document() | {key: value}).encode()) == expected


@pytest.mark.parametrize("key", PARTS)
def test_a_root_that_leaves_one_of_its_parts_out_is_refused(key: str) -> None:
    assert complaint(changed(lambda root: root.pop(key))) == (
        f"trust root 'acme.json' has no {MISSING[key]} ({key}){EXCUSE.get(key, '')}"
    )


def test_a_root_without_timestamp_authorities_is_read() -> None:
    for change in (lambda root: root.pop("timestampAuthorities"), lambda root: root.update(timestampAuthorities=[])):
        root = trust.parse("acme.json", changed(change), dated=None)
        assert Root(root).timestamp_authorities == ()


@pytest.mark.parametrize("key", ALL_PARTS)
def test_a_part_without_a_time_is_refused_wherever_it_stands(key: str) -> None:
    values: list[Any] = [None, [], STARTS, 1]
    for place in (0, -1):
        for value in values:
            root = document()
            holder(root[key][place])["validFor"] = value
            number = place % len(root[key])
            assert complaint(json.dumps(root).encode()) == f"trust root 'acme.json': {key}[{number}]: {NO_WINDOW}"
        root = document()
        del holder(root[key][place])["validFor"]
        assert complaint(json.dumps(root).encode()) == f"trust root 'acme.json': {key}[{number}]: {NO_WINDOW}"


@pytest.mark.parametrize("key", ALL_PARTS)
def test_an_empty_part_is_refused(key: str) -> None:
    number = len(document()[key])
    assert complaint(changed(lambda root: root[key].append({}))) == (
        f"trust root 'acme.json': {key}[{number}]: {NO_WINDOW}"
    )


@pytest.mark.parametrize("key", ["tlogs", "timestampAuthorities"])
@pytest.mark.parametrize(
    ("valid_for", "reason"),
    [
        ({}, "None is no time"),
        ({"end": STARTS}, "None is no time"),
        ({"start": None}, "None is no time"),
        ({"start": 1610452407}, "1610452407 is no time"),
        ({"start": STARTS, "end": 1}, "1 is no time"),
        ({"start": STARTS, "end": []}, "[] is no time"),
        ({"start": ""}, "'' is no time"),
        ({"start": "yesterday"}, "'yesterday' is no time"),
        ({"start": "2021-13-01T00:00:00Z"}, "'2021-13-01T00:00:00Z' is no time"),
        ({"start": STARTS, "end": ""}, "'' is no time"),
        ({"start": STARTS, "end": "2021-02-30T00:00:00Z"}, "'2021-02-30T00:00:00Z' is no time"),
    ],
)
def test_a_time_that_is_none_is_refused(key: str, valid_for: Any, reason: str) -> None:
    raw = changed(lambda root: holder(root[key][-1]).update(validFor=valid_for))
    number = len(document()[key]) - 1
    assert complaint(raw) == f"trust root 'acme.json': {key}[{number}]: {reason}"


@pytest.mark.parametrize(
    "change",
    [
        lambda root: root["tlogs"][0].pop("logId"),
        lambda root: root["tlogs"][0].pop("baseUrl"),
        lambda root: root["tlogs"][0]["logId"].update(keyId="!"),
        lambda root: root["ctlogs"][0]["logId"].update(keyId=1),
        lambda root: root["certificateAuthorities"][0].pop("certChain"),
        lambda root: root["certificateAuthorities"][0]["certChain"].update(certificates=[]),
        lambda root: root["certificateAuthorities"][0]["certChain"]["certificates"][0].update(rawBytes="AAAA"),
        lambda root: root["certificateAuthorities"][0]["certChain"]["certificates"][0].update(rawBytes=1),
        lambda root: root["timestampAuthorities"][0]["certChain"]["certificates"].pop(),
        lambda root: root["timestampAuthorities"][0].pop("certChain"),
    ],
)
def test_keys_and_certificates_that_cannot_be_read_are_refused_and_not_skipped(
    change: Callable[[dict[str, Any]], object],
) -> None:
    root = trust.parse("acme.json", changed(change), dated=None)
    with pytest.raises(InvalidTrustRoot, match=r"^trust root 'acme\.json' cannot be read: "):
        Root(root)


# Windows

START, END = datetime(2021, 1, 1, tzinfo=UTC), datetime(2022, 12, 31, 23, 59, 59, 999_000, tzinfo=UTC)
TICK = timedelta(microseconds=1)


@pytest.mark.parametrize(
    ("moment", "held"),
    [
        (START - TICK, False),
        (START, True),
        (START + TICK, True),
        (END - TICK, True),
        (END, True),
        (END + TICK, False),
    ],
)
def test_both_ends_belong_to_a_window(moment: datetime, held: bool) -> None:
    assert Window(start=START, end=END).holds(moment) is held


def test_a_window_without_an_end_is_open() -> None:
    assert not Window(start=START, end=None).holds(START - TICK)
    assert Window(start=START, end=None).holds(START)
    assert Window(start=START, end=None).holds(datetime.max.replace(tzinfo=UTC))


def test_a_window_that_ends_before_it_starts_holds_nothing() -> None:
    reversed_window = Window(start=END, end=START)
    assert not any(reversed_window.holds(moment) for moment in (START, END, START + (END - START) / 2))


def test_a_window_of_one_moment_holds_that_moment() -> None:
    assert Window(start=START, end=START).holds(START)
    assert not Window(start=START, end=START).holds(START + TICK)


@pytest.mark.parametrize("part", [{"validFor": {}}, {"publicKey": {"validFor": {}}}])
@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("2021-01-12T11:53:27Z", datetime(2021, 1, 12, 11, 53, 27, tzinfo=UTC)),
        ("2021-01-12T11:53:27.999Z", datetime(2021, 1, 12, 11, 53, 27, 999_000, tzinfo=UTC)),
        ("2021-01-12T12:53:27+01:00", datetime(2021, 1, 12, 11, 53, 27, tzinfo=UTC)),
        ("2021-01-12T11:53:27", datetime(2021, 1, 12, 11, 53, 27, tzinfo=UTC)),
    ],
)
def test_a_window_is_read_from_a_key_and_from_an_authority(part: dict[str, Any], written: str, meant: datetime) -> None:
    holder(part)["validFor"] = {"start": written, "end": written}
    assert window(part) == Window(start=meant, end=meant)
    holder(part)["validFor"] = {"start": written, "end": None}
    assert window(part) == Window(start=meant, end=None)


def test_a_keys_own_window_is_not_replaced_by_that_of_its_log() -> None:
    epoch = {"start": "1970-01-01T00:00:00Z"}
    part: dict[str, Any] = {"publicKey": {"validFor": {"start": STARTS}}, "validFor": epoch}
    assert window(part).start == datetime(2021, 1, 12, 11, 53, 27, tzinfo=UTC)
    with pytest.raises(ValueError, match=NO_WINDOW):
        window({"publicKey": {}, "validFor": epoch})


def test_the_root_of_the_package_is_asked_for_once_and_only_there() -> None:
    assert sigstore_private.packaged_root("public-good").read_bytes() == PACKAGED.read_bytes()


# Bugs that were found


@pytest.mark.parametrize("media_type", [[], {}])
def test_a_media_type_that_is_no_text_is_refused(media_type: Any) -> None:
    assert "mediaType" in complaint(changed(lambda root: root.update(mediaType=media_type)))


def test_a_root_whose_path_has_a_nul_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InvalidTrustRoot):
        trust.load("a\x00b", folder=tmp_path)


@pytest.mark.parametrize("name", ["\x1b[31m.json", "a\nb.json", "\u202e.json"])
def test_a_roots_path_is_escaped(tmp_path: Path, name: str) -> None:
    with pytest.raises(InvalidTrustRoot) as caught:
        trust.load(name, folder=tmp_path)
    assert str(caught.value).isprintable()


def test_a_time_in_another_script_is_escaped() -> None:
    raw = changed(lambda root: holder(root["tlogs"][0]).update(validFor={"start": "\u0662021"}))
    assert complaint(raw).isascii()


def test_a_part_that_is_wrong_is_named() -> None:
    assert "tlogs" in complaint(changed(lambda root: holder(root["tlogs"][1]).pop("validFor")))


@pytest.mark.parametrize("key", PARTS)
def test_a_part_that_is_no_object_is_refused_and_not_skipped(key: str) -> None:
    assert complaint(changed(lambda root: root[key].append("junk")))


def test_a_media_type_that_is_let_through_can_be_read() -> None:
    for media_type in trust._MEDIA_TYPES:
        raw = json.dumps(document() | {"mediaType": media_type}).encode()
        assert Root(trust.parse("acme.json", raw, dated=None)).logs


@pytest.mark.parametrize(
    ("key", "place", "raw_bytes"),
    [("tlogs", 0, "AAAA"), ("tlogs", 1, "AAAA"), ("ctlogs", 0, None), ("ctlogs", 1, "AAAA")],
)
def test_a_key_that_cannot_be_read_is_refused_and_not_skipped(key: str, place: int, raw_bytes: str | None) -> None:
    raw = changed(lambda root: root[key][place]["publicKey"].update(rawBytes=raw_bytes))
    with pytest.raises(InvalidTrustRoot):
        Root(trust.parse("acme.json", raw, dated=None))


@pytest.mark.parametrize(
    "change",
    [
        lambda root: root.update(more=1),
        lambda root: root.update(timestampAuthorities=None),
        lambda root: holder(root["tlogs"][0]).update(validFor={"start": "2021-01-12"}),
    ],
)
def test_what_only_sigstore_refuses_does_no_harm(change: Callable[[dict[str, Any]], object]) -> None:
    assert len(Root(trust.parse("acme.json", changed(change), dated=None)).logs) == 2
