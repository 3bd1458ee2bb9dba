"""Untrusted JSON: documents that have one reading are read, all others are refused, and refusing costs little."""

from __future__ import annotations

import contextlib
import json
import math
import random
import time
from typing import TYPE_CHECKING

import pytest

from gate.errors import LimitExceeded
from gate.limits import Limits, Tally
from gate.strictjson import JSON, Refused, parse, parse_object

if TYPE_CHECKING:
    from collections.abc import Callable


def _refused(raw: bytes, *, limits: Limits | None = None, tokens: int | None = None) -> Refused:
    with pytest.raises(Refused) as caught:
        parse(raw, limits=limits, tokens=tokens)
    return caught.value


@pytest.mark.parametrize(
    ("raw", "value"),
    [
        (b"null", None),
        (b" \t\r\n true ", True),
        (b"0", 0),
        (b"-0", 0),
        (b"1e2", 100.0),
        (b"123456789012345678901234567890", 123456789012345678901234567890),
        (b'"\\u00e9\\ud83d\\ude00"', "\u00e9\U0001f600"),
        ('"\u00e9"'.encode(), "\u00e9"),
        (b'{"a": {"b": [1, {"c": []}]}}', {"a": {"b": [1, {"c": []}]}}),
        (b'{"": 1, " ": 2}', {"": 1, " ": 2}),
        (b'{"a": "{[}]\\"{\\\\"}', {"a": '{[}]"{\\'}),
        (b'{"a": {"x": 1}, "b": {"x": 1}}', {"a": {"x": 1}, "b": {"x": 1}}),
    ],
)
def test_a_document_with_one_reading_is_read(raw: bytes, value: JSON) -> None:
    assert parse(raw) == value


@pytest.mark.parametrize(
    ("raw", "words"),
    [
        (b"", "not JSON"),
        (b" ", "not JSON"),
        (b"{", "not JSON"),
        (b"}", "not JSON"),
        (b"[1,]", "not JSON"),
        (b'{"a": 1,}', "not JSON"),
        (b"{'a': 1}", "not JSON"),
        (b"{a: 1}", "not JSON"),
        (b"// x\n1", "not JSON"),
        (b"01", "not JSON"),
        (b"+1", "not JSON"),
        (b".5", "not JSON"),
        (b"1.", "not JSON"),
        (b"0x1", "not JSON"),
        (b"True", "not JSON"),
        (b"1 2", "not JSON"),
        (b"1\0", "not JSON"),
        (b"{}{}", "not JSON"),
        (b'"\x01"', "not JSON"),
        (b'"\n"', "not JSON"),
        (b'"\\x"', "not JSON"),
        (b'"\\u12"', "not JSON"),
        (b'"unfinished', "not JSON"),
        (b'"unfinished\\', "not JSON"),
        (b'"\\"', "not JSON"),
        (b"\xef\xbb\xbf{}", "BOM"),
        (b"\xff\xfe{\0}\0", "not UTF-8"),
        (b'"\xc3\x28"', "not UTF-8"),
        (b'"\xc0\x80"', "not UTF-8"),
        (b'"\xed\xa0\x80"', "not UTF-8"),
        (b'"\xf5\x80\x80\x80"', "not UTF-8"),
        (b"NaN", "NaN"),
        (b"[Infinity]", "Infinity"),
        (b'{"a": -Infinity}', "-Infinity"),
        (b"1e999", "double"),
        (b"[-1e999]", "double"),
        (b'{"a": 1, "a": 1}', "duplicate key 'a'"),
        (b'{"a": 1, "b": 2, "\\u0061": 3}', "duplicate key 'a'"),
        (b'{"b": 1, "a": 2, "c": 3, "a": 4}', "duplicate key 'a'"),
        (b'[{"x": {"": 1, "": 2}}]', "duplicate key ''"),
        (b"9" * 5000, "not JSON"),
    ],
)
def test_a_document_without_one_reading_is_refused(raw: bytes, words: str) -> None:
    refused = _refused(raw)
    assert words in str(refused)
    assert refused.costly is words.startswith("duplicate"), "two readings under a good signature are could not look"


@pytest.mark.parametrize("raw", [b'"\\ud800"', b'{"\\udc00": 1}', b'"\\udc00\\ud800"'])
def test_half_a_surrogate_pair_is_refused(raw: bytes) -> None:
    assert str(_refused(raw)) == "half of a surrogate pair, which is no character"


def test_nesting_is_read_up_to_the_limit_and_refused_beyond_it_as_costly() -> None:
    limits = Limits(json_depth=5)
    assert parse(b"[" * 5 + b"]" * 5, limits=limits) == [[[[[]]]]]
    assert parse(b"[" + b"[[]]," * 99 + b"[]]", limits=limits)
    for raw in (b"[" * 6 + b"]" * 6, b'{"a":' * 6 + b"1" + b"}" * 6, b'[{"a":' * 3 + b"1" + b"}]" * 3):
        assert _refused(raw + b"", limits=Limits(json_depth=5)).costly


def test_nesting_is_counted_whether_or_not_the_brackets_match() -> None:
    assert _refused(b"[" * 6, limits=Limits(json_depth=5)).costly
    assert _refused(b"]" * 3 + b"[" * 9, limits=Limits(json_depth=5)).costly


def test_brackets_inside_texts_are_no_nesting_and_no_tokens() -> None:
    raw = json.dumps({"a": "[{" * 1000, "[" * 1000: '\\"[' * 1000}).encode()
    assert parse(raw, limits=Limits(json_depth=1, json_tokens=6))
    assert parse(b'["[",1,2]', limits=Limits(json_tokens=4)) == ["[", 1, 2]
    assert _refused(b'["[",1,2]', limits=Limits(json_tokens=3)).limit == "json-tokens"


def test_what_looks_like_a_text_hides_no_nesting() -> None:
    # `"\\"` is a whole text: what comes after it is structure again.
    assert _refused(b'["\\\\", ' + b"[" * 6 + b"]" * 7, limits=Limits(json_depth=5)).costly
    assert _refused(b'["\\"", ' + b"[" * 6 + b"]" * 7, limits=Limits(json_depth=5)).costly


@pytest.mark.parametrize("size", [64 << 10, (64 << 10) + 1, (64 << 10) + 2])
def test_the_last_bracket_of_a_document_is_counted_wherever_it_is_cut(size: int) -> None:
    assert _refused((b"[" * 5).ljust(size) + b"[", limits=Limits(json_depth=5)).limit == "json-depth"


def test_what_is_nested_deeper_than_a_reader_can_is_refused_whatever_the_limit_says() -> None:
    refused = _refused(b"[" * 100_000 + b"]" * 100_000, limits=Limits(json_depth=1_000_000))
    assert (refused.limit, refused.costly) == ("json-depth", True)


def test_tokens_are_read_up_to_the_limit_and_refused_beyond_it_as_costly() -> None:
    raw = b"[1,2,3]"  # two brackets, two commas
    assert parse(raw, limits=Limits(json_tokens=4)) == [1, 2, 3]
    assert _refused(raw, limits=Limits(json_tokens=3)).costly
    assert _refused(b'{"a":1}', limits=Limits(json_tokens=2)).costly


def test_a_form_of_few_tokens_has_a_bound_of_its_own() -> None:
    limits = Limits(json_tokens=2)
    assert parse(b"[1,2,3]", limits=limits, tokens=4) == [1, 2, 3]
    assert _refused(b"[1,2,3]", tokens=3).costly


def test_a_signed_payload_has_bounds_of_its_own() -> None:
    limits = Limits(json_tokens=2, json_bytes=2, payload_tokens=4)
    assert parse(b"[1,2,3]", limits=limits, signed=True) == [1, 2, 3]
    assert _refused(b"[1,2,3]", limits=limits).costly
    with pytest.raises(Refused, match=r"JSON of more than 4 tokens \(\[limits\] payload-tokens\)"):
        parse(b"[1,2,3,4]", limits=limits, signed=True)


def test_bytes_are_read_up_to_the_limit_and_refused_beyond_it_as_costly() -> None:
    limits = Limits(json_bytes=100)
    assert parse(b'"' + b"!" * 98 + b'"', limits=limits)
    assert _refused(b'"' + b"!" * 99 + b'"', limits=limits).costly
    assert _refused(b" " * 101, limits=limits).costly


@pytest.mark.parametrize("padding", ["", "=", "==", "\\u003d\\u003D"])
def test_one_base64_text_does_not_count(padding: str) -> None:
    limits = Limits(json_bytes=200)
    text = "Az09+/-_" * 100 + padding
    longest, second = f'"{text}"'.encode(), b'"' + b"A" * 150 + b'"'
    assert parse(b'{"payload": ' + longest + b', "x": ' + second + b"}", limits=limits)
    assert _refused(b'{"payload": ' + longest + b', "x": ' + longest + b"}", limits=limits).costly
    assert _refused(b'{"payload": "!' + longest[1:] + b"}", limits=limits).costly
    just = b'{"payload": ' + longest + b"}"
    assert parse(just, limits=Limits(json_bytes=len(just) - len(text)))
    refused = _refused(just, limits=Limits(json_bytes=len(just) - len(text) - 1))
    assert str(refused) == "JSON of 15 bytes beside its payload; at most 14 are read ([limits] json-bytes)"


def test_the_limits_are_those_that_the_design_names() -> None:
    assert (Limits().json_bytes, Limits().json_tokens, Limits().json_depth) == (4 << 20, 200_000, 64)
    parse(b"[" * 64 + b"]" * 64)
    assert _refused(b"[" * 65 + b"]" * 65).costly
    parse(b"[" + b"0," * 199_998 + b"0]")
    assert _refused(b"[" + b"0," * 199_999 + b"0]").costly
    parse(b'"' + b"!" * ((4 << 20) - 2) + b'"')
    assert _refused(b'"' + b"!" * ((4 << 20) - 1) + b'"').costly


def test_tokens_add_up_over_the_documents_of_an_image() -> None:
    limits = Limits(image_tokens=8, tally=Tally())
    parse(b"[1,2,3]", limits=limits)
    parse(b"[1,2,3]", limits=limits, signed=True)
    with pytest.raises(LimitExceeded, match="more than 8 JSON tokens"):
        parse(b"[]", limits=limits)
    assert parse(b"[1,2,3]", limits=Limits(image_tokens=8, tally=Tally()))


@pytest.mark.parametrize("size", [(64 << 10) - 3, (64 << 10) - 2, (64 << 10) - 1, 64 << 10, (64 << 10) + 1])
@pytest.mark.parametrize("ends", ["\\\\", '\\"', "\\\\\\\\", '\\\\\\"', "\\\\" * 40_000, "x"])
def test_structure_is_told_from_texts_wherever_the_document_is_cut(size: int, ends: str) -> None:
    text = f'"{"[" * size}{ends}"'.encode()
    assert parse(text, limits=Limits(json_depth=1))
    assert _refused(b"[" + text + b"," + b"[" * 8 + b"]" * 9, limits=Limits(json_depth=8)).costly
    assert _refused(b"[" + text + b",0" * 9 + b"]", limits=Limits(json_tokens=9)).costly


@pytest.mark.parametrize("raw", [b"[" * 1_000_000, b'{"a":' * 200_000, b"[]," * 500_000, b"{" * 10 + b"," * 1_000_000])
def test_a_document_that_would_cost_much_is_refused_before_it_is_parsed(raw: bytes) -> None:
    assert _refused(raw).costly


def test_many_empty_objects_are_one() -> None:
    """Else they would cost a multiple of the document's size."""
    found = parse(b'[{}, {"a": {}}]')
    assert isinstance(found, list)
    assert found[0] is found[1]["a"]


def test_an_object_is_an_object() -> None:
    assert parse_object(b'{"a": 1}') == {"a": 1}
    for raw in (b"[]", b'"x"', b"1", b"null", b"true"):
        with pytest.raises(Refused, match="not a JSON object"):
            parse_object(raw)


def _fastest(function: Callable[[], object], times: int = 3) -> float:
    found = math.inf
    for _ in range(times):
        start = time.perf_counter()
        function()
        found = min(found, time.perf_counter() - start)
    return found


def test_a_text_that_never_ends_takes_no_longer_than_one_that_does() -> None:
    inside = b'\\"' * 5000
    whole = _fastest(lambda: parse(b'"' + inside + b'"'))
    endless = _fastest(lambda: _refused(b'"' + inside), times=1)
    assert endless < 20 * whole + 0.01


@pytest.mark.parametrize(
    "raw",
    [
        b'"' + b"A" * 1_000_000 + b'"',
        b'"' + b"\\n" * 500_000 + b'"',
        b'"' * 1_000_001,
        b"\\" * 1_000_000,
        b'"' + b"\\" * 1_000_001,
        b"1" * 1_000_000,
        b"0." + b"1" * 1_000_000,
        b" " * 1_000_000,
        b"-" * 1_000_000,
    ],
)
def test_a_megabyte_of_anything_else_takes_no_time(raw: bytes) -> None:
    start = time.perf_counter()
    with contextlib.suppress(Refused):
        parse(raw)
    assert time.perf_counter() - start < 1


def test_mutated_documents_are_read_as_any_reader_reads_them_or_refused() -> None:
    chance = random.Random(1)  # noqa: S311
    good = json.dumps({"a": [1, 2.5, {"b": None}], "c": 't\u00e9xt\\"', "d": True, "e": {}}).encode()
    for _ in range(2000):
        changed = bytearray(good)
        for _ in range(chance.choice((1, 2, 3))):
            position = chance.randrange(len(changed))
            changed[position : position + 1] = chance.choice((b"", b'"', b"\\", b"{", b"]", b",", b":", b"\xff", b"1"))
        try:
            value = parse(bytes(changed))
        except Refused:
            continue
        assert value == json.loads(bytes(changed))
