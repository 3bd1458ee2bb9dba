"""Forty policies with something mistyped, and the whole message that a newcomer gets: file, line, column and words.

The messages stand in `mistyped.txt`, one a line, under the name of the mistake.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from gate import __version__
from gate.errors import InvalidPolicy
from tests.policy.sample import GOOD, after, parse, swap

WAIVER = """\
[[waivers]]
rule = "production"
check = "provenance.level"
images = ["ghcr.io/acme/legacy"]
reason = "moves in January"
owner = "ada@acme.com"
expires = 2027-01-31
"""
MISTYPED: dict[str, str] = {
    "a colon for an equals sign": swap("version = 1", "version: 1"),
    "no quotes around a text": swap('issuer = "https://gitlab.com"', "issuer = https://gitlab.com"),
    "a version that there is not": swap("version = 1", "version = 2"),
    "a table's name": swap("[signers.ci]", "[signer.ci]"),
    "a key": swap("threshold = 1", "treshold = 1"),
    "a key in a pattern": swap("{ glob =", "{ golb ="),
    "Fulcio's own spelling of an extension": swap("token-subject", "sourceRepositoryURI"),
    "a key of another section": after("[rules.signature]", "level = 2"),
    "a missing issuer": swap('issuer = "https://gitlab.com"\n', ""),
    "an empty list": swap('signers = ["ci", "scanner"]', "signers = []"),
    "one name without a list": swap('signers = ["ci", "scanner"]', 'signers = "ci"'),
    "a number in quotes": swap("threshold = 1", 'threshold = "1"'),
    "a threshold of nobody": swap("threshold = 1", "threshold = 0"),
    "more principals than names": swap("threshold = 1", "threshold = 3").replace(
        '{ glob = "*@acme.com" }', '"ada@acme.com"'
    ),
    "a level that there is not": swap("level = 2\nsource", "level = 4\nsource"),
    "a name that is not defined": swap('builders = ["gitlab"]', 'builders = ["gitlub"]'),
    "a duration in words": swap('max-age = "1w"', 'max-age = "1 week"'),
    "a duration of months": swap('max-age = "1w"', 'max-age = "3mo"'),
    "a tag in images": swap('"ghcr.io/acme/**"', '"ghcr.io/acme/api:1.0"'),
    "a short name in images": swap('"ghcr.io/acme/**"', '"nginx"'),
    "a scheme in images": swap('"ghcr.io/acme/**"', '"https://ghcr.io/acme/api"'),
    "a branch without refs/heads": swap('refs = ["refs/heads/main"]', 'refs = ["main"]'),
    "any in a list": swap('refs = ["refs/heads/main"]', 'refs = ["any"]'),
    "a ref behind a source": swap(
        '["https://gitlab.com/acme/api"]', '["git+https://gitlab.com/acme/api@refs/heads/main"]'
    ),
    "a question mark in a glob": swap('glob = "*@acme.com"', 'glob = "ad?@acme.com"'),
    "a regex that is none": swap('{ glob = "*@acme.com" }', "{ regex = '(ada|bob@acme.com' }"),
    "a word that there is not": swap('humans = "deny"', 'humans = "denied"'),
    "a predicate type": swap('type = "vuln"', 'type = "vulns"'),
    "two rules of one name": GOOD
    + '[[rules]]\nname = "production"\nimages = ["ghcr.io/else"]\nsignature.signers = ["ci"]\n',
    "a rule that asks for nothing": GOOD + '[[rules]]\nimages = ["ghcr.io/else"]\n',
    "a capture that the images do not have": swap(
        'identity = "https://gitlab.com/acme/api//', 'identity = "https://gitlab.com/acme/{repo}//'
    ),
    "a waiver without an owner": GOOD + WAIVER.replace('owner = "ada@acme.com"\n', ""),
    "a waiver without an end": GOOD + WAIVER.replace("expires = 2027-01-31\n", ""),
    "a waiver of another check": GOOD + WAIVER.replace("provenance.level", "provenance.levels"),
    "a date without an offset": GOOD + WAIVER.replace("2027-01-31", "2027-01-31T00:00:00"),
    "a deny without a reason": GOOD + '[[deny]]\nsigners = ["ci"]\n',
    "a deny of an identity as a name": GOOD + '[[deny]]\nsigners = ["mallory@acme.com"]\nreason = "left"\n',
    "a size in decimal units": GOOD + '[limits]\nblob-bytes = "16MB"\n',
    "three things at once": swap("threshold = 1", "treshold = 1")
    .replace('"all"', '"any"')
    .replace("[trust]\nroots", "[trust]\nroot"),
}
SAID = {
    name: lines
    for name, *lines in (
        part.splitlines()
        for part in Path(__file__).with_name("mistyped.txt").read_text().removeprefix("# ").split("\n# ")
    )
}


@pytest.mark.parametrize("name", MISTYPED)
def test_a_newcomer_is_told_where_and_what(name: str) -> None:
    with pytest.raises(InvalidPolicy) as caught:
        parse(MISTYPED[name])
    expected = [line.replace("VERSION", __version__) for line in SAID[name] if line]
    assert list(caught.value.problems) == expected


def test_every_mistake_has_its_message_and_there_are_thirty_at_least() -> None:
    assert MISTYPED.keys() == SAID.keys()
    assert len(MISTYPED) >= 30
    assert all(any(lines) for lines in SAID.values())


def test_the_policies_are_right_but_for_that() -> None:
    assert parse(GOOD + WAIVER).warnings == ()


def test_an_element_of_a_long_list_is_found_on_its_own_line() -> None:
    listed = 'images = [\n  "ghcr.io/acme/**",  # fine\n\n  "ghcr.io/acme/api:1",\n  "nginx",\n]'
    with pytest.raises(InvalidPolicy) as caught:
        parse(swap('images = ["ghcr.io/acme/**"]', listed))
    assert [(item.line, item.column, item.key) for item in caught.value.findings] == [
        (23, 3, "rules[0] ('production').images"),
        (24, 3, "rules[0] ('production').images"),
    ]
