"""The whole command over an image with statements about its commits: found, verified, judged, reported."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from tests.advisories.scene import Scene
from tests.agents.documents import EARLIER, HEAD, Said, agentattest, built, claim, gitsign, pedigree, silent
from tests.agents.scene import leaf, rule
from tests.evidence import AGENT, MODEL
from tests.forge import SIGNED_AT, statement

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.conftest import Ran


class Image(Scene):
    """An image to which signed statements are attached, and a policy in the scene's folder."""

    def say(self, signer: str, said: Said) -> None:
        """Attach a statement by one of the signers of these tests."""
        more: dict[str, Any] = {"subject": list(said.subjects)} if said.subjects else {}
        payload = statement(self.hex, predicate=said.predicate, predicate_type=said.predicate_type, **more)
        self.bundle(self.sigstore.sign(payload, leaf=leaf(signer), at=(SIGNED_AT,)))

    def ask(self, text: str) -> Ran:
        """The verdict under a policy, which trusts the scene's root."""
        (self.folder / "root.json").write_text(json.dumps(self.sigstore.root()))
        path = self.folder / "policy.toml"
        rooted = text.replace("version = 1", 'version = 1\n[trust]\nroots = ["root.json"]').replace(
            "ghcr.io/acme/**", "**"
        )
        path.write_text(rooted)
        return self._verify(f"oci:{self.path}:v1", policy=path)


@pytest.fixture
def image(tmp_path: Path, verify: Callable[..., Ran]) -> Image:
    return Image(tmp_path, verify)


def test_a_commits_statement_counts_and_is_reported_as_what_it_is(image: Image) -> None:
    """Rules 1 and 14: beside the provenance, about its head; the report says about what, by whom and how much."""
    image.say("release", silent())
    image.say("scanner", pedigree())
    ran = image.ask(rule())
    assert ran.code == 0, ran.out
    found = ran.report["images"][0]
    (about,) = [item for item in found["evidence"] if item["about"]]
    assert (about["about"], about["verified"], about["signer"]["identity"][:26]) == (
        [f"sha1:{HEAD}"],
        True,
        "https://github.com/acme/sc",
    )
    (commit,) = found["commits"]
    assert (commit["hash"], commit["head"], commit["agent"], commit["model"]) == (HEAD, True, AGENT, MODEL)
    assert (commit["format"], commit["vouched_by"], commit["evidence"]) == ("pedigree", "tenant", about["digest"])
    assert f"{AGENT} with {MODEL} (autonomous_agent), vouched for by the tenant" in ran.out


def test_a_statement_of_an_unknown_type_about_a_commit_is_about_another_artifact(image: Image) -> None:
    """Rule 1: what is not known to be about commits is rejected for its subject, as ever."""
    image.say("release", built())
    image.say("scanner", Said("https://example.com/x/v1", {}, pedigree().subjects))
    ran = image.ask(rule())
    assert ran.code == 0
    assert [item["step"] for item in ran.report["images"][0]["evidence"] if not item["verified"]] == ["subject"]


def test_what_is_wrong_stands_by_each_commit(image: Image) -> None:
    """Each claim has its objections, each commit that nobody claims is there, and neither is a person's."""
    image.say("release", built(claim(model="evil")))
    image.say("scanner", gitsign(parents=(EARLIER,)))
    image.say("scanner", gitsign(about=EARLIER))
    image.say("stranger", agentattest(name="other"))
    text = rule(f'min-trust = "tenant"\nsigners = ["scanner"]\ncoverage = "range"\nbase = "{"9" * 40}"\n')
    ran = image.ask(text)
    assert ran.code == 1
    assert ran.failed == ("agents.coverage", "agents.models")
    commits = {(item["hash"], item["agent"]): item for item in ran.report["images"][0]["commits"]}
    ours = commits[HEAD, AGENT]
    assert [item["check"] for item in ours["objections"]] == ["agents.models"]
    assert "with 'evil'" in ours["objections"][0]["found"]
    theirs = commits[HEAD, "other"]
    assert (theirs["accepted"], theirs["objections"]) == (False, [])
    assert theirs["reason"] == "whoever signed it is none of those whose claims the rule accepts"
    nobody = commits[EARLIER, None]
    assert (nobody["authored_by"], nobody["accepted"], nobody["evidence"]) == ("unclaimed", False, None)
    assert f"{EARLIER[:12]}  unclaimed" in ran.out


def test_a_denied_signers_statement_about_a_commit_is_no_evidence(image: Image) -> None:
    """Rule 9: denying a signer rejects its evidence, whatever it is about."""
    image.say("release", silent())
    image.say("scanner", pedigree())
    ran = image.ask(rule(more='[[deny]]\nsigners = ["scanner"]\nreason = "left"\n'))
    assert ran.failed == ("agents.coverage",)
