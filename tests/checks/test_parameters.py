"""`provenance.parameters`: what a tenant may set from outside, and nothing else (SLSA, "Check expectations")."""

from __future__ import annotations

import pytest

from gate.errors import InvalidPolicy
from tests.evidence import (
    BUILDER,
    GITLAB_BUILD,
    MAIN,
    PROVEN,
    REPOSITORY,
    RULE,
    SIGNERS,
    SLSA_V02,
    failed,
    github,
    judge,
    loads,
    passes,
    policy,
    predicate_v02,
    predicate_v1,
    provenance,
)

WORKFLOW = {"repository": REPOSITORY, "ref": MAIN, "path": ".github/workflows/release.yml"}


def under(parameters: str) -> str:
    return SIGNERS + BUILDER + RULE + PROVEN + f"parameters = {parameters}\n"


@pytest.mark.parametrize(
    "external",
    [
        {"inputs": {"version": "1"}},
        {"inputs": {"version": ""}},
        {"inputs": {"version": False}},
        {"vars": ["x"]},
        {"workflows": WORKFLOW},
        {"workflow": {**WORKFLOW, "other": "x"}},
        {"": "x"},
        {"workflow/ref": "x"},
    ],
)
def test_an_unknown_external_parameter_is_refused(external: dict[str, object]) -> None:
    """SLSA-11: "Check expectations": reject unrecognised external parameters. By default they are not judged."""
    evidence = provenance(predicate_v1(external={"workflow": WORKFLOW, **external}))
    assert failed(under('"strict"'), evidence) == ("provenance.parameters",)
    assert passes(SIGNERS + BUILDER + RULE + PROVEN, evidence)


def test_the_build_types_own_parameters_are_known() -> None:
    assert passes(under('"strict"'), provenance())
    assert passes(under('"strict"'), provenance(predicate_v1(external={"workflow": WORKFLOW, "inputs": {}})))


def test_an_unknown_build_type_has_no_known_parameters() -> None:
    """SLSA-11: Rule 12: however much they look like GitHub's."""
    evidence = provenance(predicate_v1(build_type="https://example.test/bt"))
    assert failed(under('"strict"'), evidence) == ("provenance.parameters",)


@pytest.mark.parametrize(
    ("listed", "holds"),
    [
        ('["/inputs/version"]', True),
        ('["/inputs"]', True),
        ('[{ glob = "/inputs/*" }]', True),
        ("[{ regex = '/inputs/[a-z]+' }]", True),
        ('["/inputs/versio"]', False),
        ('["/input"]', False),
        ('["/inputs/version/x"]', False),
        ('[{ glob = "/*" }]', False),
        ('["/vars"]', False),
    ],
)
def test_the_policy_may_list_others(listed: str, holds: bool) -> None:
    """An exact pointer covers what is below it; a pattern is for the whole pointer."""
    evidence = provenance(predicate_v1(external={"workflow": WORKFLOW, "inputs": {"version": "1"}}))
    assert passes(under(listed), evidence) is holds


@pytest.mark.parametrize(("count", "more"), [(5, ""), (6, " and more"), (7, " and more")])
def test_the_result_names_what_is_unknown(count: int, more: str) -> None:
    external = {"workflow": WORKFLOW, "inputs": {str(n): "x" for n in range(count)}}
    judgement = judge(under('"strict"'), provenance(predicate_v1(external=external)))
    assert judgement.found("provenance.parameters") == (
        f"also '/inputs/0', '/inputs/1', '/inputs/2', '/inputs/3', '/inputs/4'{more}"
    )


def test_the_result_names_what_is_known() -> None:
    def words(parameters: str, build_type: str) -> tuple[str, str]:
        evidence = provenance(predicate_v1(build_type=build_type, external={}), signer=github())
        results = judge(under(parameters), evidence).results
        return next((item.expected, item.found) for item in results if item.check == "provenance.parameters")

    unknown = "https://example.test/bt"
    assert words('"strict"', unknown) == ("no external parameters", "0 parameters, all expected")
    listed = words('["/inputs", "/vars"]', unknown)
    assert listed == ("no external parameters but /inputs, /vars", "0 parameters, all expected")


def test_v02_keeps_them_in_its_invocation() -> None:
    """SLSA, "Migrating from 0.2"; GitLab's runner lists every variable of the job."""
    predicate = predicate_v02(build_type=GITLAB_BUILD)
    predicate["invocation"]["parameters"] = {"CI_JOB_ID": "", "MINE": ""}  # type: ignore[index]
    evidence = provenance(predicate, predicate_type=SLSA_V02)
    assert judge(under('"strict"'), evidence).failed == ("provenance.parameters",)
    assert not passes(under('[{ glob = "/CI_*" }]'), evidence)
    assert passes(under('[{ glob = "/CI_*" }, "/MINE"]'), evidence)


@pytest.mark.parametrize("value", ['"any"', '"Strict"', "[]", '["inputs"]', '["/inputs/~2"]', '[{ glob = "inputs/*" }]',
                                   "[1]", "true"])  # fmt: skip
def test_what_is_no_list_of_pointers_is_invalid(value: str) -> None:
    with pytest.raises(InvalidPolicy):
        policy(under(value))
    assert loads(under('"strict"'))
