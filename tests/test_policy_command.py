"""`gate policy`, and what `gate verify` takes for a policy: files, standard input, cosign's flags."""

from __future__ import annotations

import hashlib
import io
import json
import sys
from typing import TYPE_CHECKING, TypeAlias

import pytest

from gate import cli
from gate.policy.loading import load_policy
from gate.policy.problems import schema
from tests.conftest import LAB, Ran
from tests.images import Layout, policy
from tests.policy.sample import GOOD, swap

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

WORKFLOW = "https://github.com/acme/api/.github/workflows/release.yml@refs/heads/main"
ISSUER = "http://127.0.0.1:8899/github"


@pytest.fixture
def gate(capsys: pytest.CaptureFixture[str]) -> Callable[..., tuple[int, str, str]]:
    def run(*arguments: object) -> tuple[int, str, str]:
        code = cli.run([str(argument) for argument in arguments])
        captured = capsys.readouterr()
        return code, captured.out, captured.err

    return run


Gate: TypeAlias = "Callable[..., tuple[int, str, str]]"


def put(folder: Path, text: str, name: str = "policy.toml") -> Path:
    path = folder / name
    path.write_text(text)
    return path


def feed(monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(text.encode())))


# check


def test_check_says_that_a_policy_is_one(tmp_path: Path, gate: Gate) -> None:
    path = put(tmp_path, GOOD)
    assert gate("policy", "check", path) == (0, f"{path}: a valid policy\n", "")


def test_check_says_everything_that_is_wrong_with_file_line_and_column(tmp_path: Path, gate: Gate) -> None:
    path = put(tmp_path, GOOD.replace("threshold = 1", "treshold = 1").replace('"any"', "any") + "[signer]\n")
    code, out, _ = gate("policy", "check", path)
    assert code == 2
    assert out.splitlines() == [
        f"{path}:23:1: error: rules[0] ('production').signature: unknown key 'treshold'; did you mean 'threshold'?",
        f"{path}:37:2: error: unknown key 'signer'; did you mean 'signers'?",
        f"{path}: 2 errors",
    ]


def test_check_lets_warnings_be_errors_where_it_is_asked_to(tmp_path: Path, gate: Gate) -> None:
    path = put(tmp_path, swap('builders = ["gitlab"]\nlevel = 2', 'builders = ["gitlab"]\nlevel = 3'))
    code, out, _ = gate("policy", "check", path)
    assert (code, out.splitlines()[-1]) == (0, f"{path}: a valid policy, 1 warning")
    code, out, _ = gate("policy", "check", path, "--strict")
    assert (code, out.splitlines()[-1]) == (2, f"{path}: 1 error")


def test_check_answers_in_json_too(tmp_path: Path, gate: Gate) -> None:
    path = put(tmp_path, GOOD + "[limit]\n")
    code, out, _ = gate("policy", "check", path, "--output", "json")
    assert code == 2
    assert json.loads(out) == {
        "valid": False,
        "findings": [
            {
                "severity": "error",
                "file": str(path),
                "line": 37,
                "column": 2,
                "key": "",
                "text": "unknown key 'limit'; did you mean 'limits'?",
            }
        ],
    }


def test_check_reads_the_trust_roots_too(tmp_path: Path, gate: Gate) -> None:
    path = put(tmp_path, swap('roots = ["public-good"]', 'roots = ["gone.json"]'))
    code, out, _ = gate("policy", "check", path)
    assert code == 2
    assert "trust root 'gone.json'" in out


def test_check_refuses_an_expired_policy(tmp_path: Path, gate: Gate) -> None:
    path = put(tmp_path, swap("version = 1", "version = 1\nexpires = 2020-01-01"))
    assert gate("policy", "check", path)[0] == 2


def test_check_reads_standard_input(gate: Gate, monkeypatch: pytest.MonkeyPatch) -> None:
    feed(monkeypatch, GOOD)
    assert gate("policy", "check", "-")[:2] == (0, "-: a valid policy\n")
    feed(monkeypatch, GOOD + '[signers.k]\nkey = "k.pub"\n')
    code, out, _ = gate("policy", "check", "-")
    assert code == 2
    assert "a policy from standard input has no folder: name files by absolute paths" in out


# show and schema


def test_show_prints_all_that_a_policy_extends_with_file_and_line(tmp_path: Path, gate: Gate) -> None:
    put(tmp_path, GOOD, "base.toml")
    path = put(tmp_path, 'version = 1\nextends = ["base.toml"]\n[limits]\npages = 3\n')
    code, out, _ = gate("policy", "show", path)
    assert code == 0
    assert f"# base    base.toml  sha256:{hashlib.sha256(GOOD.encode()).hexdigest()}\n" in out
    lines = [" ".join(line.split()) for line in out.splitlines()]
    assert "[signers.ci] # base.toml:4" in lines
    assert "pages = 3 # policy.toml:4" in lines
    assert "[rules.signature] # base.toml:21" in lines
    shown = put(tmp_path, out, "shown.toml")
    assert load_policy(shown).signers == load_policy(path).signers


def test_show_says_what_a_preset_means(tmp_path: Path, gate: Gate) -> None:
    path = put(
        tmp_path,
        GOOD.replace('builders = ["gitlab"]', 'builders = ["gitlab", "gcb"]')
        + '[builders.gcb]\npreset = "google-cloud-build"\n',
    )
    code, out, _ = gate("policy", "show", path)
    assert code == 0
    assert "{ id = " in next(line for line in out.splitlines() if line.startswith("preset = "))


def test_show_digest_covers_every_file_that_the_policy_names(tmp_path: Path, gate: Gate) -> None:
    (tmp_path / "keys").mkdir()
    (tmp_path / "schemas").mkdir()
    key = put(tmp_path, KEY, "keys/k.pub")
    schema_file = put(tmp_path, '{"required": ["scanner"]}', "schemas/s.json")
    base = put(tmp_path, GOOD, "base.toml")
    root = put(tmp_path, next(LAB.rglob("*trusted_root.json")).read_text(), "root.json")
    text = (
        'version = 1\nextends = ["base.toml"]\n[signers.key]\nkey = "keys/k.pub"\n[[rules]]\nimages = ["**"]\n'
        '[[rules.attestations]]\ntype = "vuln"\nsigners = ["key"]\nschema = "schemas/s.json"\n'
    )
    put(tmp_path, GOOD.replace('roots = ["public-good"]', 'roots = ["root.json"]'), "base.toml")
    path = put(tmp_path, text)
    seen = {gate("policy", "show", path, "--digest")[1]}
    copy = put(tmp_path, text, "another-name.toml")
    assert gate("policy", "show", copy, "--digest")[1] in seen
    for changed in (path, key, schema_file, base, root):
        changed.write_text(changed.read_text() + "\n")
        code, out, _ = gate("policy", "show", path, "--digest")
        assert code == 0
        assert out not in seen, changed
        seen.add(out)


def test_the_digest_covers_two_files_that_a_symbolic_link_lets_look_like_one(tmp_path: Path, gate: Gate) -> None:
    """`link/../keys/k.pub` is beside the folder that the link points to, and not beside the link."""
    (tmp_path / "elsewhere" / "base").mkdir(parents=True)
    (tmp_path / "elsewhere" / "keys").mkdir()
    (tmp_path / "here" / "keys").mkdir(parents=True)
    (tmp_path / "here" / "link").symlink_to(tmp_path / "elsewhere" / "base")
    named = '[signers.{}]\nkey = "{}"\n[[rules]]\nimages = ["**"]\nsignature.signers = ["{}"]\n'
    put(tmp_path, "version = 1\n" + named.format("theirs", "../keys/k.pub", "theirs"), "elsewhere/base/base.toml")
    text = 'version = 1\nextends = ["link/base.toml"]\n' + named.format("ours", "keys/k.pub", "ours")
    path = put(tmp_path, text, "here/policy.toml")
    keys = [put(tmp_path, KEY, f"{folder}/keys/k.pub") for folder in ("here", "elsewhere")]
    seen = {gate("policy", "show", path, "--digest")[1]}
    for key in keys:
        key.write_text(KEY + "\n")
        code, out, _ = gate("policy", "show", path, "--digest")
        assert code == 0
        assert out not in seen, key
        seen.add(out)


KEY = """-----BEGIN PUBLIC KEY-----
MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEg9KII7kzr/30HBluf00y9WwtMFkE
qc3oCcFVH3QJ37IBLUv/MUApbnNHFfD75ayJ/a0F45xa+MLv5zoep+GxsA==
-----END PUBLIC KEY-----
"""


def test_the_digest_of_one_file_is_its_own(tmp_path: Path, gate: Gate) -> None:
    path = put(tmp_path, GOOD)
    assert gate("policy", "show", path, "--digest")[1] == hashlib.sha256(GOOD.encode()).hexdigest() + "\n"


def test_schema_is_the_one_that_policies_are_held_against(gate: Gate) -> None:
    code, out, _ = gate("policy", "schema")
    assert (code, json.loads(out)) == (0, schema())


# What verify takes for a policy


@pytest.fixture
def image(tmp_path: Path) -> str:
    layout = Layout(tmp_path / "image")
    layout.sign(layout.image("amd", tag="v1"))
    return f"oci:{tmp_path / 'image'}:v1"


SIGNED = '[[rules]]\nname = "signed"\nimages = ["**"]\nsignature.signers = ["forge"]\n'


def test_a_policy_of_another_digest_is_refused(
    image: str, tmp_path: Path, gate: Gate, verify: Callable[..., Ran]
) -> None:
    path = policy(tmp_path, SIGNED)
    digest = gate("policy", "show", path, "--digest")[1].strip()
    passed = verify(image, "--policy-sha256", f"sha256:{digest}", policy=path)
    assert passed.code == 0
    assert passed.report["policy"]["closure_sha256"] == digest
    files = [(file["kind"], file["path"]) for file in passed.report["policy"]["files"]]
    assert files == [("policy", "policy.toml"), ("root", "root.json")]
    path.write_text(path.read_text() + "# one more\n")
    refused = verify(image, "--policy-sha256", digest, policy=path)
    assert refused.code == 2
    assert f"not {digest} of --policy-sha256" in refused.err
    assert verify(image, "--policy-sha256", "abc", policy=path).code == 2


def test_another_moment_counts_only_where_the_policy_allows_it_and_every_output_says_so(
    image: str, tmp_path: Path, verify: Callable[..., Ran]
) -> None:
    path = policy(tmp_path, SIGNED)
    refused = verify(image, "--at", "2099-01-01", policy=path)
    assert refused.code == 2
    assert 'at = "allow"' in refused.err
    path.write_text(path.read_text().replace("version = 1", 'version = 1\nat = "allow"'))
    ran = verify(image, "--at", "2099-01-01T00:00:00Z", policy=path)
    assert ran.code == 0
    assert ran.report["as_of"] == "2099-01-01T00:00:00Z"
    assert "judged as of 2099-01-01T00:00:00Z" in ran.report["warnings"][0]
    assert "warning: judged as of 2099-01-01T00:00:00Z" in ran.err
    assert verify(image, "--at", "2020-01-01", policy=path).code == 4  # signed in that moment's future
    assert verify(image, "--at", "monday", policy=path).code == 2


def test_a_policy_that_will_have_expired_by_another_moment_judges_nothing_as_of_it(
    image: str, tmp_path: Path, verify: Callable[..., Ran]
) -> None:
    path = policy(tmp_path, SIGNED)
    path.write_text(path.read_text().replace("version = 1", 'version = 1\nat = "allow"\nexpires = 2098-01-01'))
    assert verify(image, "--at", "2097-12-31T23:59:59Z", policy=path).code == 0
    refused = verify(image, "--at", "2098-01-01", policy=path)
    assert refused.code == 2
    assert "it expired at 2098-01-01T00:00:00Z" in refused.err


def test_an_age_is_judged_as_of_the_other_moment(image: str, tmp_path: Path, verify: Callable[..., Ran]) -> None:
    path = policy(
        tmp_path,
        'at = "allow"\n' + SIGNED.replace("signature.signers", 'signature.max-age = "1000d"\nsignature.signers'),
    )
    path.write_text(path.read_text().replace('at = "allow"\n', "").replace("version = 1", 'version = 1\nat = "allow"'))
    assert verify(image, policy=path).code == 0
    assert verify(image, "--at", "2099-01-01", policy=path).failed == ("signature",)


def test_a_policy_comes_from_standard_input(
    image: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, verify: Callable[..., Ran]
) -> None:
    path = policy(tmp_path, SIGNED)
    text = path.read_text()
    monkeypatch.chdir(tmp_path)  # where root.json lies
    feed(monkeypatch, text)
    refused = verify(image, policy="-")
    assert refused.code == 2
    assert "a policy from standard input has no folder: name files by absolute paths" in refused.err
    feed(monkeypatch, text.replace('roots = ["', f'roots = ["{tmp_path}/'))
    ran = verify(image, policy="-")
    assert (ran.code, ran.report["policy"]["path"]) == (0, "-")
    feed(monkeypatch, "")
    assert verify(image, "--refs-from", "-", policy="-").code == 2


# cosign's flags


def lab(image: str) -> str:
    return f"oci:{LAB / image}"


def flags(**given: str) -> list[str]:
    found = {"certificate-identity": WORKFLOW, "certificate-oidc-issuer": ISSUER, "trusted-root": str(LAB_ROOT)}
    found |= {name.replace("_", "-"): value for name, value in given.items()}
    return [part for name, value in found.items() if value for part in (f"--{name}", value)]


LAB_ROOT = next(LAB.rglob("*trusted_root.json"))


def test_a_key_whose_log_and_timestamp_are_of_an_unknown_instance_is_told_in_one_sentence(
    verify: Callable[..., Ran],
) -> None:
    """Rule 28: the lab's instance is younger than the built-in root."""
    ran = verify(lab("keyed-bundle"), "--key", str(LAB / "key.pub"))
    log = "55fe56dc38d3857af26cf80b8c9b1ed9f99922dcee3b8ab542ba830fd1e2d53f"
    assert ran.code == 4
    assert (
        f"trust.stale: its transparency log {log} is not in the trust root, and a timestamp authority of it is not in "
        "the trust root 'public-good' of "
    ) in ran.out
    assert "do        fetch a newer trust root (gate trust update ROOT --to FILE" in ran.out


def test_cosigns_flags_are_a_policy(verify: Callable[..., Ran]) -> None:
    ran = verify(lab("agent-signed"), *flags())
    assert (ran.code, ran.outcomes) == (0, {"signature": "pass"})
    assert ran.report["policy"]["from"] == "flags"
    assert verify(lab("agent-signed"), *flags(certificate_identity=WORKFLOW + "2")).code == 1
    assert verify(lab("agent-signed"), *flags(certificate_oidc_issuer="https://x")).code == 1


def test_a_regexp_matches_from_end_to_end_and_the_message_says_so(verify: Callable[..., Ran]) -> None:
    ours = {"certificate_identity": "", "certificate_identity_regexp": "https://github.com/acme/.*"}
    assert verify(lab("agent-signed"), *flags(**ours)).code == 0
    ran = verify(lab("agent-signed"), *flags(**{**ours, "certificate_identity_regexp": "github.com/acme"}))
    assert ran.code == 1
    assert (
        "here a regular expression matches from end to end" in ran.report["images"][0]["rules"][0]["checks"][0]["found"]
    )


@pytest.mark.parametrize(("ref", "code"), [("refs/heads/main", 0), ("refs/heads/other", 1)])
def test_the_workflow_flags_are_certificate_extensions(ref: str, code: int, verify: Callable[..., Ran]) -> None:
    assert verify(lab("agent-signed"), *flags(certificate_github_workflow_ref=ref)).code == code


@pytest.mark.parametrize(("kind", "code"), [("https://slsa.dev/provenance/v1", 0), ("vuln", 1)])
def test_a_type_asks_for_an_attestation(kind: str, code: int, verify: Callable[..., Ran]) -> None:
    ran = verify(lab("agent-signed"), *flags(type=kind))
    assert ran.code == code
    assert set(ran.outcomes) == {"attestations.vuln" if kind == "vuln" else "attestations.slsaprovenance1"}


WRONG = {
    "no issuer": (
        ["--certificate-identity", "x"],
        "--certificate-oidc-issuer (or --certificate-oidc-issuer-regexp)",
    ),
    "no identity": (["--certificate-oidc-issuer", "x"], "--certificate-identity (or --certificate-identity-regexp) is"),
    "only a root": (["--trusted-root", "x"], "--certificate-identity (or --certificate-identity-regexp) is missing"),
    "both identities": (
        ["--certificate-identity", "x", "--certificate-identity-regexp", "x", "--certificate-oidc-issuer", "y"],
        "--certificate-identity and --certificate-identity-regexp do not go together",
    ),
    "a key with an identity": (
        ["--key", "k", "--certificate-identity", "x"],
        "--key and --certificate-identity do",
    ),
    "an annotation": (["--key", "k", "-a", "env"], "--annotations 'env': write KEY=VALUE"),
    "an annotation of two values": (
        ["--key", "k", "-a", "env=prod", "-a", "env=dev"],
        "--annotations env is 'prod' and 'dev'",
    ),
    "a key that is not there": (["--key", "gone.pub"], "gone.pub cannot be read"),
    "a policy too": (["--policy", "p.toml", "--key", "k"], "--key and --policy do not go together"),
    "nothing": ([], "no policy: give --policy FILE, or set GATE_POLICY, or say who signs with cosign's flags"),
}


@pytest.mark.parametrize(("given", "expected"), WRONG.values(), ids=WRONG)
def test_flags_that_do_not_go_together_are_refused(given: list[str], expected: str, verify: Callable[..., Ran]) -> None:
    ran = verify(lab("agent-signed"), *given)
    assert ran.code == 2
    assert expected in ran.err


EMPTY = [
    *(f"--certificate-{part}" for part in ("identity", "identity-regexp", "oidc-issuer", "oidc-issuer-regexp")),
    *(f"--certificate-github-workflow-{part}" for part in ("trigger", "sha", "name", "repository", "ref")),
    *("--key", "--type", "--trusted-root", "--annotations"),
]


@pytest.mark.parametrize("flag", EMPTY)
def test_a_flag_that_an_unset_variable_leaves_empty_lets_in_no_more(flag: str, verify: Callable[..., Ran]) -> None:
    """`--certificate-github-workflow-repository "$REPOSITORY"` asks for one repository, and never for any."""
    name = flag.removeprefix("--")
    others = {name.removesuffix("-regexp"): "", name: ""} if flag != "--key" else {}
    ran = verify(lab("agent-signed"), *flags(**others), flag, "")
    assert ran.code == 2


def test_an_empty_flag_is_not_overlooked_beside_the_environments_policy(
    monkeypatch: pytest.MonkeyPatch, verify: Callable[..., Ran]
) -> None:
    monkeypatch.setenv("GATE_POLICY", "policy.toml")
    ran = verify(lab("agent-signed"), "--certificate-github-workflow-ref", "")
    assert ran.code == 2
    assert "--certificate-github-workflow-ref and GATE_POLICY do not go together" in ran.err


def test_the_environments_policy_is_not_replaced_by_flags(
    monkeypatch: pytest.MonkeyPatch, verify: Callable[..., Ran]
) -> None:
    monkeypatch.setenv("GATE_POLICY", "policy.toml")
    ran = verify(lab("agent-signed"), *flags())
    assert ran.code == 2
    assert "--certificate-identity and GATE_POLICY do not go together" in ran.err


def test_show_prints_the_policy_that_the_flags_mean(gate: Gate, tmp_path: Path) -> None:
    code, out, _ = gate("policy", "show", *flags(trusted_root=""), "-a", "env=prod", "-a", "team=a b")
    assert code == 0
    (signer,) = load_policy(put(tmp_path, out)).signers.values()
    assert signer.annotations == (("env", "prod"), ("team", "a b"))
    assert gate("policy", "show")[0] == 2
    assert gate("policy", "show", "policy.toml", *flags())[0] == 2


@pytest.mark.parametrize("flag", ["--key", "--trusted-root"])
def test_no_output_takes_the_place_of_what_a_flag_names(flag: str, tmp_path: Path, gate: Gate) -> None:
    path = put(tmp_path, KEY, "named")
    code, _, err = gate("verify", lab("agent-signed"), flag, path, "--output", f"json={path}")
    assert code == 2
    assert path.read_text() == KEY, err
