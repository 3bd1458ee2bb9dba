"""`extends`: what a base defines is final, and what stands on it adds to it."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from gate.errors import InvalidPolicy
from gate.policy.loading import load_policy
from tests.evidence import attestation, github, judge, signature

if TYPE_CHECKING:
    from gate.policy.model import Policy

SCAN = "/.github/workflows/s.yml@refs/heads/main"
SIGNER = 'issuer = "https://gitlab.com"\nidentity = "https://gitlab.com/acme/{}//.gitlab-ci.yml@refs/heads/main"\n'
BASE = f"""version = 1
[signers.platform]
{SIGNER.format("platform")}
[[rules]]
name = "base"
images = ["ghcr.io/acme/**"]
signature.signers = ["platform"]
"""
CHILD = f"""version = 1
extends = ["base.toml"]
[signers.team]
{SIGNER.format("team")}
[[rules]]
name = "team"
images = ["ghcr.io/acme/team"]
signature.signers = ["team", "platform"]
"""
WAIVER = """
[[waivers]]
rule = "base"
check = "signature"
images = ["ghcr.io/acme/team"]
reason = "x"
owner = "y"
expires = 2099-01-01
"""


class Files:
    """Policies in one folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.write("base.toml", BASE)
        self.write("policy.toml", CHILD)

    def write(self, name: str, text: str) -> Path:
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        return path

    def load(self, name: str = "policy.toml") -> Policy:
        return load_policy(self.folder / name)

    def problems(self, name: str = "policy.toml") -> tuple[str, ...]:
        with pytest.raises(InvalidPolicy) as caught:
            self.load(name)
        return tuple(problem.replace(f"{self.folder}/", "") for problem in caught.value.problems)


@pytest.fixture
def files(tmp_path: Path) -> Files:
    return Files(tmp_path)


def test_a_policy_has_the_rules_of_what_it_extends_first_and_may_use_its_names(files: Files) -> None:
    policy = files.load()
    assert [rule.name for rule in policy.rules] == ["base", "team"]
    assert sorted(policy.signers) == ["platform", "team"]


def test_each_file_is_named_with_its_digest(files: Files) -> None:
    assert [(file.path, file.kind, file.sha256) for file in files.load().files] == [
        ("policy.toml", "policy", hashlib.sha256(CHILD.encode()).hexdigest()),
        ("base.toml", "base", hashlib.sha256(BASE.encode()).hexdigest()),
    ]


def test_a_policy_may_add_no_rule_of_its_own(files: Files) -> None:
    files.write("policy.toml", 'version = 1\nextends = ["base.toml"]\n')
    assert [rule.name for rule in files.load().rules] == ["base"]


def test_a_base_may_define_names_alone_but_somewhere_there_must_be_a_rule(files: Files) -> None:
    names = BASE.partition("[[rules]]")[0]
    files.write("base.toml", names)
    assert [rule.name for rule in files.load().rules] == ["team"]
    files.write("policy.toml", 'version = 1\nextends = ["base.toml"]\n')
    assert files.problems() == ("policy.toml: no rule: neither this file nor what it extends has one",)
    assert files.problems("base.toml") == ("base.toml: the key 'rules' is missing",)


FINAL = {
    "a signer": ("", f"\n[signers.platform]\n{SIGNER.format('mine')}", "12:10: signers.platform"),
    "a rule": (
        "",
        '\n[[rules]]\nname = "base"\nimages = ["**"]\nsignature.signers = ["team"]\n',
        "12:3: rules[1] ('base')",
    ),
    "limits": ("\n[limits]\npages = 3\n", "\n[limits]\npages = 4\n", "12:2: limits"),
    "a registry": (
        '\n[registries."ghcr.io"]\nmirrors = ["a.test"]\n',
        '\n[registries."ghcr.io"]\nmirrors = ["b.test"]\n',
        "12:13: registries.'ghcr.io'",
    ),
    "an agent": (
        '\n[agents.a]\nids = ["a"]\nmodels = "any"\n',
        '\n[agents.a]\nids = "any"\nmodels = "any"\n',
        "12:9: agents.a",
    ),
    "a builder": (
        '\n[builders.b]\nid = "b"\nsigners = ["platform"]\nlevel = 1\n',
        '\n[builders.b]\nid = "b"\nsigners = ["team"]\nlevel = 3\n',
        "12:11: builders.b",
    ),
    "trust": ('\n[trust]\nroots = ["github"]\n', '\n[trust]\nroots = ["public-good"]\n', "12:2: trust"),
}


@pytest.mark.parametrize(("base", "child", "place"), FINAL.values(), ids=FINAL)
def test_what_a_base_defines_is_not_defined_again(base: str, child: str, place: str, files: Files) -> None:
    files.write("base.toml", BASE + base)
    files.write("policy.toml", CHILD + child)
    assert files.problems() == (f"policy.toml:{place}: base.toml defines it, and does not mark it open = true",)


@pytest.mark.parametrize(("base", "child", "place"), FINAL.values(), ids=FINAL)
def test_what_a_base_marks_open_may_be_defined_anew(base: str, child: str, place: str, files: Files) -> None:
    if base:
        header, _, rest = base.lstrip().partition("\n")
        files.write("base.toml", f"{BASE}\n{header}\nopen = true\n{rest}")
    else:
        mark = "[signers.platform]\n" if "signers" in place else "[[rules]]\n"
        files.write("base.toml", BASE.replace(mark, f"{mark}open = true\n"))
    files.write("policy.toml", CHILD + child)
    policy = files.load()
    limits, mirrors = policy.limits, policy.registries.get("ghcr.io")
    found = {
        "signers": str(policy.signers["platform"]).count("acme/mine"),
        "rules": (
            [rule.name for rule in policy.rules] == ["base", "team"]
            and [pattern.text for pattern in policy.rules[0].images] == ["**"]
        ),
        "limits": limits.pages == 4,
        "registries": mirrors is not None and mirrors.mirrors == ("b.test",),
        "agents": [str(agent.ids) for agent in policy.agents.values()] == ["any"],
        "builders": [builder.level for builder in policy.builders.values()] == [3],
        "trust": [root.name for root in policy.roots] == ["public-good"],
    }
    kind = place.split(": ")[1].replace("[", ".").split(".")[0]
    assert found[kind]


NAMED = """version = 1
[signers.s]
open = true
issuer = "https://x"
identity = "s"
[builders.b]
open = true
id = "b"
signers = ["s"]
level = 1
[agents.a]
open = true
ids = ["a"]
models = "any"
[[rules]]
images = ["a.b/c"]
provenance = { signers = ["s"], level = 1, source = "any", refs = "any" }
[rules.agents]
allow = "any"
"""
ANEW = {
    "signers.s": 'issuer = "https://y"\nidentity = "y"\n',
    "builders.b": 'id = "y"\nsigners = ["s"]\nlevel = 1\n',
    "agents.a": 'ids = ["y"]\nmodels = "any"\n',
}


@pytest.mark.parametrize(
    ("deny", "name"),
    [
        ('[[deny]]\nreason = "x"\nsigners = ["s"]\n', "signers.s"),
        ('[[deny]]\nreason = "x"\nbuilders = ["b"]\n', "builders.b"),
        ('[[deny]]\nreason = "x"\nagents = ["a"]\n', "agents.a"),
        ('deny = ["a"]\n', "agents.a"),
    ],
)
def test_no_file_says_anew_whom_a_base_denies(deny: str, name: str, files: Files) -> None:
    """Rule 27: what is open is for rules to use, and who is denied by that name stays denied."""
    child = f'version = 1\nextends = ["base.toml"]\n[{name}]\n{ANEW[name]}'
    files.write("policy.toml", child)
    files.write("base.toml", NAMED + deny)
    (problem,) = files.problems()
    assert problem.startswith("policy.toml:3:")
    assert f"{name}: base.toml denies whom it means by this name, and does not leave that to others" in problem
    files.write("base.toml", NAMED)
    assert files.load().rules
    if "[[deny]]" in deny:
        files.write("policy.toml", child + deny)
        assert files.load().denies, "whom a file denies is whom it says"


def test_what_a_base_denies_by_its_own_text_may_be_called_anything(files: Files) -> None:
    files.write("base.toml", NAMED + '[[deny]]\nreason = "x"\nagents = ["evil"]\n')
    files.write("policy.toml", f'version = 1\nextends = ["base.toml"]\n[agents.evil]\n{ANEW["agents.a"]}')
    assert [str(item) for item in files.load().denies[0].agents] == ["y", "evil"]


def test_a_base_without_trust_means_the_default_and_that_is_final_too(files: Files) -> None:
    """Else whoever extends it would say who its signers are."""
    files.write("policy.toml", CHILD + '\n[trust]\nroots = ["github"]\n')
    (problem,) = files.problems()
    assert problem.startswith("policy.toml:12:2: trust: what it extends trusts the default roots")


@pytest.mark.parametrize("extends", ['"base.toml", "beside.toml"', '"beside.toml", "base.toml"'])
@pytest.mark.parametrize("mark", ["", "open = true\n"])
def test_no_file_beside_a_base_says_whom_it_trusts(extends: str, mark: str, files: Files) -> None:
    files.write("beside.toml", f'version = 1\n[trust]\n{mark}roots = ["github"]\n')
    files.write("policy.toml", CHILD.replace('"base.toml"', extends))
    (problem,) = files.problems()
    assert problem.startswith("beside.toml:2:2: trust: base.toml trusts the default roots, and does not extend")


def test_an_open_trust_beside_a_base_opens_that_of_the_base_to_nobody(files: Files) -> None:
    files.write("beside.toml", 'version = 1\n[trust]\nopen = true\nroots = ["public-good"]\n')
    text = CHILD.replace('"base.toml"', '"base.toml", "beside.toml"') + '\n[trust]\nroots = ["github"]\n'
    files.write("policy.toml", text)
    (problem,) = files.problems()
    assert problem.startswith("policy.toml:12:2: trust: what it extends trusts the default roots")


def test_files_without_signers_stand_beside_any_trust(files: Files) -> None:
    files.write("limits.toml", "version = 1\n[limits]\npages = 3\n")
    files.write("base.toml", BASE + '\n[trust]\nroots = ["github"]\n')
    files.write("policy.toml", CHILD.replace('"base.toml"', '"base.toml", "limits.toml"'))
    assert [root.name for root in files.load().roots] == ["github"]


def test_a_base_sees_no_name_of_what_extends_it(files: Files) -> None:
    files.write("base.toml", BASE.replace('signers = ["platform"]', 'signers = ["team"]'))
    (problem,) = files.problems()
    assert problem.startswith("base.toml:9:22: rules[0] ('base').signature.signers: 'team' is not defined")


@pytest.mark.parametrize("waivable", [True, False])
def test_a_rule_of_a_base_is_waived_only_where_it_says_so(files: Files, *, waivable: bool) -> None:
    files.write("base.toml", BASE.replace("[[rules]]\n", f"[[rules]]\nwaivable = {str(waivable).lower()}\n"))
    files.write("policy.toml", CHILD + WAIVER)
    if waivable:
        assert [waiver.rule for waiver in files.load().waivers] == ["base"]
    else:
        assert files.problems() == (
            "policy.toml:13:1: waivers[0].rule: 'base' is a rule of a file that this one extends, and not waivable = true",  # noqa: E501
        )


def test_a_base_may_waive_its_own_rule_and_not_one_of_what_extends_it(files: Files) -> None:
    files.write("base.toml", BASE + WAIVER)
    assert [waiver.rule for waiver in files.load().waivers] == ["base"]
    files.write("base.toml", BASE + WAIVER.replace('rule = "base"', 'rule = "team"'))
    assert files.problems() == ("base.toml:12:1: waivers[0].rule: no rule is called 'team'",)


def test_every_files_end_counts(files: Files) -> None:
    files.write("base.toml", BASE.replace("version = 1\n", "version = 1\nexpires = 2030-01-01\n"))
    files.write("policy.toml", CHILD.replace("version = 1\n", "version = 1\nexpires = 2040-01-01\n"))
    expires = files.load().expires
    assert expires is not None
    assert expires.year == 2030


def test_another_moment_must_be_allowed_by_every_file(files: Files) -> None:
    allowed = 'version = 1\nat = "allow"\n'
    files.write("policy.toml", CHILD.replace("version = 1\n", allowed))
    assert files.problems() == ("policy.toml:2:1: at: what it extends does not allow it",)
    files.write("base.toml", BASE.replace("version = 1\n", allowed))
    assert files.load().at_allowed
    files.write("policy.toml", CHILD)
    assert not files.load().at_allowed


# Which files.


def test_a_base_may_be_pinned(files: Files) -> None:
    pin = hashlib.sha256(BASE.encode()).hexdigest()
    text = CHILD.replace('["base.toml"]', f'[{{ path = "base.toml", sha256 = "{pin}" }}]')
    files.write("policy.toml", text)
    assert files.load().rules
    files.write("base.toml", BASE + "# changed\n")
    (problem,) = files.problems()
    assert problem.startswith("policy.toml:2:12: extends[0]: base.toml has the sha256 ")
    assert problem.endswith("not the one that is pinned")


def test_paths_are_relative_to_the_file_in_which_they_stand(files: Files) -> None:
    files.write("shared/base.toml", BASE + '[trust]\nroots = ["roots/r.json"]\n')
    files.write("policy.toml", CHILD.replace("base.toml", "shared/base.toml"))
    (root,) = files.load().roots
    assert Path(root.folder) == files.folder / "shared"


def test_a_base_of_two_is_read_once(files: Files) -> None:
    for name in ("a.toml", "b.toml"):
        files.write(name, 'version = 1\nextends = ["base.toml"]\n')
    files.write("policy.toml", CHILD.replace('["base.toml"]', '["a.toml", "b.toml", "./b.toml"]'))
    assert [rule.name for rule in files.load().rules] == ["base", "team"]


def test_a_circle_is_refused(files: Files) -> None:
    files.write("base.toml", BASE.replace("version = 1\n", 'version = 1\nextends = ["policy.toml"]\n'))
    assert files.problems() == ("base.toml:2:12: extends[0]: policy.toml extends itself",)
    files.write("policy.toml", CHILD.replace("base.toml", "policy.toml"))
    assert "policy.toml:2:12: extends[0]: policy.toml extends itself" in files.problems()


def test_the_number_of_files_is_bounded_in_depth_and_breadth(files: Files) -> None:
    for number in range(9):
        files.write(f"{number}.toml", f'version = 1\nextends = ["{number + 1}.toml"]\n')
    files.write("9.toml", BASE)
    assert files.load("1.toml").rules
    assert "8.toml:2:12: extends[0]: 9.toml is more than 8 files deep" in files.problems("0.toml")
    for number in range(40):
        files.write(f"w{number}.toml", "version = 1\n")
    listed = ", ".join(f'"w{number}.toml"' for number in range(31))
    files.write("wide.toml", f'version = 1\nextends = ["base.toml", {listed}]\n')
    assert any("a policy has at most 32 files" in problem for problem in files.problems("wide.toml"))


def test_all_files_of_a_policy_are_bounded_together(files: Files) -> None:
    """Thirty-two of them, each as long as one may be, would take half a minute to read."""
    bound = 256 << 10
    child, base = CHILD.replace('["base.toml"]', '["base.toml", "more.toml"]'), BASE + "#" * (bound // 2)
    files.write("policy.toml", child)
    files.write("base.toml", base)
    files.write("more.toml", "version = 1\n".ljust(bound - len(child) - len(base), "#"))
    assert files.load().rules
    files.write("more.toml", "version = 1\n".ljust(bound - len(child) - len(base) + 1, "#"))
    assert files.problems() == (f"more.toml: with what it extends, the policy has more than {bound} bytes",)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("gone.toml", "gone.toml: the policy cannot be read: No such file or directory"),
        ("broken.toml", "broken.toml:2:1: not TOML: Invalid statement"),
    ],
)
def test_a_base_that_cannot_be_read_is_told_by_its_own_name(name: str, expected: str, files: Files) -> None:
    files.write("broken.toml", "version = 1\n!\n")
    files.write("policy.toml", CHILD.replace("base.toml", name))
    assert files.problems() == (expected,)


def test_all_problems_of_all_files_are_told_in_one_run(files: Files) -> None:
    files.write("base.toml", BASE + "[signer]\n")
    files.write("policy.toml", CHILD + "[limit]\n")
    assert files.problems() == (
        "base.toml:10:2: unknown key 'signer'; did you mean 'signers'?",
        "policy.toml:11:2: unknown key 'limit'; did you mean 'limits'?",
    )


# What a base is judged by.

SCANNED = """version = 1
[signers.one]
issuer = "https://token.actions.githubusercontent.com"
identity = "https://github.com/acme/one/.github/workflows/s.yml@refs/heads/main"
[signers.two]
issuer = "https://token.actions.githubusercontent.com"
identity = "https://github.com/acme/two/.github/workflows/s.yml@refs/heads/main"
[[rules]]
name = "scanned"
images = ["ghcr.io/acme/**"]
[[rules.attestations]]
type = "vuln"
signers = ["one", "two"]
where = [{ at = "/criticals", equals = 0 }]
"""
DENY = '[[deny]]\nsigners = ["two"]\nreason = "we do not like what it says"\n'


@pytest.mark.parametrize(("base", "child", "code"), [("", "", 1), (DENY, "", 0), ("", DENY, 1)])
def test_a_deny_takes_nothing_away_from_the_rules_of_a_base(base: str, child: str, code: int, tmp_path: Path) -> None:
    """Less evidence may turn a fail into a pass: what says that an image is bad is not for it to silence."""
    (tmp_path / "base.toml").write_text(SCANNED + base)
    good, bad = (
        attestation(predicate={"criticals": count}, signer=github(f"https://github.com/acme/{name}{SCAN}"))
        for name, count in (("one", 0), ("two", 3))
    )
    text = f'version = 1\nextends = ["base.toml"]\n{child}'
    assert judge(text, good, bad, folder=tmp_path).exit_code == code


def test_a_deny_of_what_extends_counts_for_its_own_rules(tmp_path: Path) -> None:
    (tmp_path / "base.toml").write_text(SCANNED)
    own = '[[rules]]\nname = "own"\nimages = ["ghcr.io/acme/**"]\nsignature.signers = ["two"]\n'
    evidence = (
        attestation(predicate={"criticals": 0}, signer=github(f"https://github.com/acme/one{SCAN}")),
        signature(github(f"https://github.com/acme/two{SCAN}")),
    )
    text = f'version = 1\nextends = ["base.toml"]\n{own}'
    assert judge(text, *evidence, folder=tmp_path).exit_code == 0
    assert judge(text + DENY, *evidence, folder=tmp_path).failed == ("signature",)


def test_what_counts_as_absent_is_for_the_base_to_say(files: Files) -> None:
    absent = '\n[registries."ghcr.io"]\nforbidden-tag = "absent"\n'
    files.write("policy.toml", CHILD + absent)
    (problem,) = files.problems()
    assert problem.endswith("what counts as absent is for the policy to say that this one extends")
    files.write("base.toml", BASE + '\n[registries."ghcr.io"]\nopen = true\nmirrors = ["a.test"]\n')
    assert files.load().registries["ghcr.io"].forbidden_tag_absent


@pytest.mark.parametrize("mark", ["", "open = true\n"])
def test_no_file_beside_a_base_says_what_counts_as_absent_for_its_rules(mark: str, files: Files) -> None:
    files.write("beside.toml", f'version = 1\n[registries."ghcr.io"]\n{mark}forbidden-tag = "absent"\n')
    for extends in ('"base.toml", "beside.toml"', '"beside.toml", "base.toml"'):
        files.write("policy.toml", CHILD.replace('"base.toml"', extends))
        (problem,) = files.problems()
        assert "what counts as absent is for base.toml to say" in problem


def test_a_registry_that_is_open_beside_a_base_is_open_to_nobody_above_it(files: Files) -> None:
    files.write("beside.toml", 'version = 1\n[registries."ghcr.io"]\nopen = true\nmirrors = ["a.test"]\n')
    text = CHILD.replace('"base.toml"', '"base.toml", "beside.toml"')
    files.write("policy.toml", text + '\n[registries."ghcr.io"]\nforbidden-tag = "absent"\n')
    (problem,) = files.problems()
    assert "what counts as absent is for the policy to say that this one extends" in problem
