"""`[[deny]]` as it is read: what a newcomer may write, and what is refused."""

from __future__ import annotations

import pytest

from gate.policy.model import DeniedIdentity
from tests.policy.sample import GOOD, parse, problems, swap, warnings

BAD = {
    "nothing": (
        "",
        "deny[0]: one entry denies one of signers, builders, digests, agents and models: write an entry for",
    ),
    "two kinds": ('agents = ["x"]\nmodels = ["y"]', "deny[0]: one entry denies one of signers, builders, digests,"),
    "an empty list": ("signers = []", "deny[0].signers: the list is empty"),
    "an unknown key": ('signer = ["ci"]', "deny[0]: unknown key 'signer'; did you mean 'signers'?"),
    "a name of nobody": ('signers = ["sc"]', "deny[0].signers: 'sc' is not defined under [signers]"),
    "an identity as a name": (
        'signers = ["ada@acme.com"]',
        "deny[0].signers: 'ada@acme.com' is no name of [signers]: write { identity = 'ada@acme.com' }",
    ),
    "an empty identity": ("signers = [{}]", "deny[0].signers[0]: it is empty"),
    "a builder that is not there": ('builders = ["b"]', "deny[0].builders: 'b' is not defined under [builders]"),
    "a builder.id as a name": ('builders = ["https://x/y"]', "write { id = 'https://x/y' }"),
    "half a digest": ('digests = ["sha256:abc"]', "deny[0].digests[0]: 'sha256:abc' is not a whole digest, sha256:..."),
    "a dated digest": (
        f'digests = ["sha256:{"a" * 64}"]\nuntil = 2027-01-31',
        "deny[0]: a digest is denied whenever it was signed: leave from and until out",
    ),
    "any identity": ('signers = [{ identity = "any" }]', 'deny[0].signers: "any" would be a text like any other, and'),
    "any issuer": ('signers = [{ issuer = "any" }]', 'deny[0].signers: "any" would'),
    "any extension": ('signers = [{ extensions = { token-subject = "any" } }]', "and deny nobody: leave the key out"),
    "any builder": ('builders = [{ id = "any" }]', 'deny[0].builders: "any" would'),
    "an identity with a plain star": (
        'signers = [{ identity = "https://x/*" }]',
        "deny[0].signers: 'https://x/*' is exact, and denies nobody but by a plain *: write { glob = 'https://x/*' }",
    ),
    "a builder.id with a plain star": (
        'builders = [{ id = "https://x/*" }]',
        "deny[0].builders: 'https://x/*' is exact",
    ),
    "a workflow without a ref": (
        'signers = [{ identity = "https://github.com/acme/old/.github/workflows/x.yml" }]',
        "/acme/old/.github/workflows/x.yml' is no workflow's whole name, and denies nobody: it ends in @ and a ref",
    ),
    "a repository": (
        'signers = [{ identity = { glob = "https://github.com/acme/old/**" } }]',
        "it ends in @ and a ref, where a star stops: write { glob = 'https://github.com/acme/old/**@**' }",
    ),
    "a GitLab group": (
        'signers = [{ identity = { glob = "https://gitlab.com/acme/*//.gitlab-ci.yml" } }]',
        "write { glob = 'https://gitlab.com/acme/*//.gitlab-ci.yml@**' }",
    ),
    "a builder that is a workflow without a ref": (
        'builders = [{ id = { glob = "https://ghe.test/acme/*/.github/workflows/*" } }]',
        "deny[0].builders: 'https://ghe.test/acme/*/.github/workflows/*' is no workflow's whole name",
    ),
    "any builder of a repository": (
        'builders = [{ id = { glob = "https://github.com/acme/old/**" } }]',
        "deny[0].builders: 'https://github.com/acme/old/**' is no workflow's whole name",
    ),
    "an agent with a plain star": (
        'agents = ["x", "claude*"]',
        "deny[0].agents: 'claude*' is exact, and denies nobody",
    ),
    "a model with a plain star": ('models = ["gpt-*"]', "deny[0].models: 'gpt-*' is exact, and denies nobody"),
    "any agent": ('agents = ["any"]', 'deny[0].agents: "any" stands alone and not in a list'),
    "no offset": ('agents = ["x"]\nfrom = 2027-01-31T00:00:00', "is no date and time with an offset"),
    "until before from": (
        'agents = ["x"]\nfrom = 2027-01-31\nuntil = 2027-01-31',
        "deny[0].until: it is not after from, so that nothing would be denied",
    ),
}


@pytest.mark.parametrize(("lines", "expected"), BAD.values(), ids=BAD)
def test_a_deny_that_would_deny_nothing_or_something_else_is_refused(lines: str, expected: str) -> None:
    assert any(expected in line for line in problems(f'{GOOD}[[deny]]\nreason = "because"\n{lines}\n'))


@pytest.mark.parametrize(
    "line",
    [
        'signers = [{ identity = { glob = "https://github.com/acme/old/**@refs/**" } }]',
        "signers = [{ identity = { regex = 'https://github.com/acme/old/.*' } }]",
        'signers = [{ identity = { glob = "https://kubernetes.io/namespaces/*/serviceaccounts/*" } }]',
        'signers = [{ identity = "spiffe://acme.com/ci" }]',
        'builders = [{ id = "https://github.com/actions/runner" }]',
        'builders = [{ id = { glob = "https://gitlab.com/acme/*/-/runners/*" } }]',
    ],
)
def test_a_name_that_somebody_may_have_is_denied(line: str) -> None:
    assert len(parse(f'{GOOD}[[deny]]\nreason = "because"\n{line}\n').denies) == 1


def test_a_deny_says_why() -> None:
    assert problems(f'{GOOD}[[deny]]\nsigners = ["ci"]\n') == ("deny[0]: the key 'reason' is missing",)


def test_a_name_of_an_agent_denies_its_ids_and_what_is_called_like_it() -> None:
    (deny,) = parse(f'{GOOD}[[deny]]\nagents = ["copilot", "other"]\nreason = "x"\n').denies
    assert [pattern.text for pattern in deny.agents] == ["copilot-agent-v3", "copilot", "other"]


def test_an_agent_with_any_id_cannot_be_denied_by_its_name() -> None:
    text = swap('ids = ["copilot-agent-v3"]', 'ids = "any"')
    (problem,) = problems(f'{text}[[deny]]\nagents = ["copilot"]\nreason = "x"\n')
    assert "to deny all agents, allow none" in problem


def test_a_name_of_a_builder_denies_its_id() -> None:
    (deny,) = parse(f'{GOOD}[[deny]]\nbuilders = ["gitlab"]\nreason = "x"\ndocs = "https://x"\n').denies
    assert [pattern.text for pattern in deny.builders] == ["https://gitlab.com/acme/api/-/runners/7"]
    assert deny.docs == "https://x"


def test_signers_are_denied_by_name_or_by_what_their_certificate_says() -> None:
    listed = '["ci", { issuer = "https://x", identity = { glob = "*@x.com" }, extensions = { token-subject = "1" } }]'
    (deny,) = parse(f'{GOOD}[[deny]]\nsigners = {listed}\nreason = "x"\n').denies
    named, certificate = deny.signers
    assert named == DeniedIdentity(name="ci")
    assert (str(certificate.issuer), str(certificate.identity)) == ("https://x", "glob *@x.com")
    assert [(name, str(pattern)) for name, pattern in certificate.extensions] == [("token-subject", "1")]


def test_a_deny_of_agents_that_no_rule_judges_is_refused_and_one_that_some_do_not_is_pointed_out() -> None:
    deny = '[[deny]]\nmodels = ["gpt-3"]\nreason = "x"\n'
    plain = '[[rules]]\nname = "plain"\nimages = ["a.b/c"]\nsignature.signers = ["ci"]\n'
    assert warnings(GOOD + deny) == ()
    assert warnings(GOOD + plain + deny) == (
        "deny[0]: it counts only where a rule has [rules.agents]; 'plain' has none",
    )
    without = swap('[rules.agents]\nallow = ["copilot"]\nhumans = "deny"\n', "")
    assert problems(without + deny) == ("deny[0]: no rule has [rules.agents], so that nothing would be denied",)
