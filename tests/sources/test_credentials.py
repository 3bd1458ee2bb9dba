"""Which credential goes with which repository, where it is found, and what a wrong configuration is told."""

from __future__ import annotations

import json
import os
import stat
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from gate.cli.access import read_access
from gate.errors import AccessDenied, DeadlineExceeded, InvalidUsage, Unavailable
from gate.limits import Deadline, Limits
from gate.reference import parse_reference
from gate.sources.registry.credential_helper import HelperFailed, ask
from gate.sources.registry.credentials import Credential, Credentials
from tests.network import auth

if TYPE_CHECKING:
    from collections.abc import Mapping

SECRET = "hunter2"


def find(
    environment: Mapping[str, str],
    repository: str = "acme/api",
    *,
    host: str = "ghcr.io",
    seconds: float = 20,
    limits: Limits | None = None,
    **flags: Any,
) -> Credential | None:
    access = read_access(environment, [parse_reference(f"{host}/{repository}:v1")], **flags)
    credentials = Credentials(access, limits=limits or Limits(), deadline=Deadline(seconds))
    return credentials.find(host, repository).credential


def missing(environment: Mapping[str, str], host: str = "ghcr.io") -> str:
    access = read_access(environment)
    found = Credentials(access, limits=Limits(), deadline=Deadline(20)).find(host, "acme/api")
    assert found.credential is None
    return found.missing


def inline(**config: object) -> dict[str, str]:
    return {"DOCKER_AUTH_CONFIG": json.dumps(config)}


def user(name: str) -> dict[str, str]:
    return {"auth": auth(name, SECRET)}


def helper(folder: Path, name: str, script: str) -> dict[str, str]:
    """A credential helper on a PATH of its own, and the environment that leads there."""
    program = folder / f"docker-credential-{name}"
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(program.stat().st_mode | stat.S_IXUSR)
    return {"PATH": f"{folder}:{os.environ['PATH']}"}


# The entries of one configuration


@pytest.mark.parametrize(
    ("entry", "expected"),
    [
        ({"auth": auth("ada", SECRET)}, ("ada", SECRET, "", "")),
        ({"auth": auth("ada", "a:b:c")}, ("ada", "a:b:c", "", "")),
        ({"auth": auth("ada", SECRET + "\0\0")}, ("ada", SECRET, "", "")),
        ({"username": "ada", "password": SECRET}, ("ada", SECRET, "", "")),
        ({"username": "bob", "password": "x", "auth": auth("ada", SECRET)}, ("ada", SECRET, "", "")),
        ({"identitytoken": SECRET}, ("", "", SECRET, "")),
        ({"identitytoken": SECRET, "auth": auth("ada", "")}, ("ada", "", SECRET, "")),
        ({"auth": auth("<token>", SECRET)}, ("", "", SECRET, "")),
        ({"registrytoken": SECRET}, ("", "", "", SECRET)),
    ],
)
def test_an_entry_is_read_as_docker_writes_it(entry: object, expected: tuple[str, ...]) -> None:
    found = find(inline(auths={"ghcr.io": entry}))
    assert found is not None
    assert (found.username, found.password, found.identity_token, found.registry_token) == expected
    assert found.source == "DOCKER_AUTH_CONFIG (ghcr.io)"
    assert SECRET not in repr(found)


@pytest.mark.parametrize("entry", [{}, {"auth": ""}, {"auth": auth("ada", "")}, {"email": "a@b"}, {"username": "ada"}])
def test_an_empty_entry_is_none(entry: object) -> None:
    assert find(inline(auths={"ghcr.io": entry})) is None


@pytest.mark.parametrize("entry", [{"auth": "hunter2"}, {"auth": "aHVudGVyMg=="}, {"auth": 7}, {"password": []}, "x"])
def test_an_entry_that_cannot_be_read_is_said_without_its_content(entry: object) -> None:
    with pytest.raises(
        AccessDenied, match=r"the credentials in DOCKER_AUTH_CONFIG \(ghcr\.io\) cannot be read"
    ) as error:
        find(inline(auths={"ghcr.io": entry}))
    assert SECRET not in str(error.value)
    assert "aHVudGVyMg" not in str(error.value)


@pytest.mark.parametrize(
    ("key", "host"),
    [
        ("ghcr.io", "ghcr.io"),
        ("GHCR.io", "ghcr.io"),
        ("https://ghcr.io", "ghcr.io"),
        ("http://ghcr.io/", "ghcr.io"),
        ("https://ghcr.io/v2/", "ghcr.io"),
        ("https://ghcr.io/v1/", "ghcr.io"),
        ("ghcr.io:443", "ghcr.io"),
        ("ghcr.io/acme", "ghcr.io"),
        ("ghcr.io/acme/api", "ghcr.io"),
        ("https://ghcr.io/acme/", "ghcr.io"),
        ("registry.example:5000", "registry.example:5000"),
        ("https://registry.example:5000/v2/", "registry.example:5000"),
        ("[2001:db8::1]:5000", "[2001:db8::1]:5000"),
        ("https://index.docker.io/v1/", "docker.io"),
        ("index.docker.io/v1", "docker.io"),
        ("index.docker.io", "docker.io"),
        ("registry-1.docker.io", "docker.io"),
        ("docker.io", "docker.io"),
        ("docker.io/acme", "docker.io"),
    ],
)
def test_a_key_names_a_registry_in_many_ways(key: str, host: str) -> None:
    found = find(inline(auths={"other.example": user("bob"), key: user("ada")}), host=host)
    assert found is not None
    assert found.username == "ada"


@pytest.mark.parametrize(
    "key",
    [
        "gcr.io",
        "xghcr.io",
        "ghcr.io.evil.example",
        "ghcr.io:5000",
        "ghcr.io/acm",
        "ghcr.io/acme/api/more",
        "ghcr.io/api",
        "ghcr.io/v2",
        "*.ghcr.io",
        "*",
        "ftp://ghcr.io",
        "",
        "https://",
        "user@ghcr.io",
    ],
)
def test_a_key_of_another_registry_or_repository_does_not_count(key: str) -> None:
    assert find(inline(auths={key: user("ada")})) is None


def test_the_most_specific_key_wins_wherever_it_stands(tmp_path: Path) -> None:
    answer = json.dumps({"Username": "helper", "Secret": SECRET})
    environment = helper(tmp_path, "x", f"echo '{answer}'")
    keys = {
        "ghcr.io/acme/api": user("repository"),
        "ghcr.io/acme": user("namespace"),
        "https://ghcr.io/": user("legacy"),
        "ghcr.io": user("host"),
    }
    for auths in (keys, dict(reversed(keys.items()))):
        config = {"auths": auths, "credHelpers": {"ghcr.io": "x"}, "credsStore": "x"}
        names = []
        for repository in ("acme/api", "acme/web", "other/api"):
            found = find(environment | inline(**config), repository)
            assert found is not None
            names.append(found.username)
        assert names == ["repository", "namespace", "helper"]
        found = find(inline(auths=auths, credsStore="missing"), "other/api")
        assert found is not None
        assert found.username == "host"


@pytest.mark.parametrize(
    ("key", "host"),
    [
        ("*.azurecr.io", "acme.azurecr.io"),
        ("https://*.AZUREcr.io", "acme.azurecr.io"),
        ("*.azurecr.io:443", "acme.azurecr.io"),
        ("https://*.azurecr.io/v2/", "acme.azurecr.io"),
        ("*.azurecr.io/acme", "acme.azurecr.io"),
        ("*.azurecr.io/acme/api", "acme.azurecr.io"),
        ("*.*.registry.example", "a.b.registry.example"),
        ("k8s.*.io", "k8s.gcr.io"),
        ("k8s.*", "k8s.io"),
        ("*.io", "ghcr.io"),
        ("app*.k8s.io", "app.k8s.io"),
        ("app*.k8s.io", "app-1.k8s.io"),
        ("*-docker.pkg.dev", "europe-docker.pkg.dev"),
        ("a*b*c.example", "axxbyyc.example"),
        ("a**c.example", "abc.example"),
        ("*.registry.example:5000", "eu.registry.example:5000"),
        ("10.0.0.*:5000", "10.0.0.5:5000"),
        ("127.0.0.*:80", "127.0.0.1"),
        ("docker.*", "docker.io"),
    ],
)
def test_a_glob_of_a_pull_secret_means_each_host_that_it_matches_label_by_label(key: str, host: str) -> None:
    found = find(inline(auths={key: user("ada")}), host=host)
    assert found is not None
    assert (found.username, found.source) == ("ada", f"DOCKER_AUTH_CONFIG ({key})")


@pytest.mark.parametrize(
    ("key", "host"),
    [
        ("*.azurecr.io", "azurecr.io"),
        ("*.azurecr.io", "a.b.azurecr.io"),
        ("*.azurecr.io", "acme.azurecr.io.evil.example"),
        ("*.azurecr.io", "acme-azurecr.io"),
        ("*.azurecr.io", "acme.xazurecr.io"),
        ("*.azurecr.io", "acme.azurecr.com"),
        ("*azurecr.io", "acme.azurecr.io"),
        ("*", "ghcr.io"),
        ("*.*", "localhost"),
        ("*.io", "acme.azurecr.io"),
        ("*.*.io", "ghcr.io"),
        ("ghcr.*", "ghcr.evil.io"),
        ("app*.k8s.io", "ap.k8s.io"),
        ("aa*aa.example", "aaa.example"),
        ("a*b*c.example", "axxcyyb.example"),
        ("*a*a*.example", "xa.example"),
        ("*.azurecr.io", "acme.azurecr.io:5000"),
        ("*.azurecr.io:5000", "acme.azurecr.io"),
        ("*.azurecr.io:5000", "acme.azurecr.io:5001"),
        ("*.azurecr.io:*", "acme.azurecr.io:5000"),
        ("*.azurecr.io:0443", "acme.azurecr.io"),
        ("*.azurecr.io.", "acme.azurecr.io"),
        ("*.azurecr.io/acm", "acme.azurecr.io"),
        ("*.azurecr.io/*", "acme.azurecr.io"),
        ("*.azurecr.io/acme/api/more", "acme.azurecr.io"),
        ("user@*.azurecr.io", "acme.azurecr.io"),
        ("ftp://*.azurecr.io", "acme.azurecr.io"),
        ("?cme.azurecr.io", "acme.azurecr.io"),
        ("[a-z]*.azurecr.io", "acme.azurecr.io"),
        ("*.docker.io", "docker.io"),
        ("*", "[2001:db8::1]"),
        ("*:5000", "[2001:db8::1]:5000"),
        ("*.K8S.io", "acme.\N{KELVIN SIGN}8s.io"),
        ("acme.\N{KELVIN SIGN}8s.*", "acme.k8s.io"),
    ],
)
def test_a_glob_is_never_used_for_a_host_that_it_does_not_match(key: str, host: str) -> None:
    access = read_access(inline(auths={key: user("ada")}))
    assert Credentials(access, limits=Limits(), deadline=Deadline(20)).find(host, "acme/api").credential is None


def test_a_glob_counts_where_nothing_names_the_registry_and_the_one_that_spells_more_comes_first(
    tmp_path: Path,
) -> None:
    answer = json.dumps({"Username": "helper", "Secret": SECRET})
    environment = helper(tmp_path, "x", f"echo '{answer}'")
    keys = {
        "*.azurecr.io": user("any"),
        "*.azurecr.io/acme": user("any, by path"),
        "ac*.azurecr.io": user("letters"),
        "*.*.io": user("labels"),
        "acm*.azurec*.io": user("more letters, fewer labels"),
        "acme.azurecr.io": user("spelled"),
    }
    for order in (list(keys), list(reversed(keys))):
        left = list(order)
        names = []
        while left:
            found = find(inline(auths={key: keys[key] for key in left}), host="acme.azurecr.io")
            assert found is not None
            names.append(found.username)
            left.remove(next(key for key in left if keys[key] == user(found.username)))
        assert names == ["spelled", "letters", "any, by path", "any", "more letters, fewer labels", "labels"]
    for more in ({"credHelpers": {"acme.azurecr.io": "x"}}, {"credsStore": "x"}):
        found = find(environment | inline(auths={"*.azurecr.io": user("glob")}, **more), host="acme.azurecr.io")
        assert found is not None
        assert found.username == "helper"


def test_of_two_keys_that_mean_the_same_the_first_wins() -> None:
    found = find(inline(auths={"https://ghcr.io": user("first"), "http://ghcr.io": user("second")}))
    assert found is not None
    assert found.username == "first"


# Where configurations are


def write(path: Path, name: str, host: str = "ghcr.io") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps({"auths": {host: user(name)}}))
    return path


def test_sources_have_an_order(tmp_path: Path) -> None:
    folder = tmp_path / "docker"
    environment = {
        "DOCKER_AUTH_CONFIG": json.dumps({"auths": {"ghcr.io": user("inline")}}),
        "REGISTRY_AUTH_FILE": str(write(tmp_path / "auth.json", "registry-auth-file")),
        "DOCKER_CONFIG": str(write(folder / "config.json", "docker-config").parent),
        "XDG_RUNTIME_DIR": str(tmp_path / "run"),
        "HOME": str(tmp_path / "home"),
        "CI_REGISTRY": "ghcr.io",
        "CI_REGISTRY_USER": "job",
        "CI_REGISTRY_PASSWORD": SECRET,
        "GATE_REGISTRY_PASSWORD": SECRET,
        "GATE_REGISTRY_USERNAME": "twin",
    }
    write(tmp_path / "run" / "containers" / "auth.json", "runtime")
    write(tmp_path / "home" / ".config" / "containers" / "auth.json", "configuration")
    write(tmp_path / "home" / ".docker" / "config.json", "home")
    found = find(environment, registry_username="flag")
    assert found is not None
    assert (found.username, found.source) == ("flag", "--registry-username")
    seen = []
    for name in ("GATE_REGISTRY_USERNAME", "DOCKER_AUTH_CONFIG", "REGISTRY_AUTH_FILE", "DOCKER_CONFIG", "", "", "", ""):
        found = find(environment)
        seen.append("" if found is None else found.username)
        environment.pop(name, None)
        if name == "GATE_REGISTRY_USERNAME":
            environment.pop("GATE_REGISTRY_PASSWORD")
        if seen[-1] == "home":
            (tmp_path / "home" / ".docker" / "config.json").unlink()
        if seen[-1] == "runtime":
            environment.pop("XDG_RUNTIME_DIR")
        if seen[-1] == "configuration":
            environment.pop("HOME")
    assert seen == ["twin", "inline", "registry-auth-file", "docker-config", "home", "runtime", "configuration", "job"]


def test_docker_config_stands_in_place_of_the_home(tmp_path: Path) -> None:
    write(tmp_path / ".docker" / "config.json", "home")
    assert find({"HOME": str(tmp_path), "DOCKER_CONFIG": str(tmp_path / "empty")}) is None


def test_the_inline_variable_may_be_a_path_as_gitlabs_file_variables_are(tmp_path: Path) -> None:
    found = find({"DOCKER_AUTH_CONFIG": str(write(tmp_path / "DOCKER_AUTH_CONFIG", "ada"))})
    assert found is not None
    assert (found.username, found.source) == ("ada", "DOCKER_AUTH_CONFIG (ghcr.io)")


@pytest.mark.parametrize("path", ["config", "run"])
def test_relative_homes_are_ignored(path: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for place in (".docker/config.json", "containers/auth.json", ".config/containers/auth.json"):
        write(tmp_path / path / place, "ada")
    assert find({"HOME": path, "XDG_RUNTIME_DIR": path, "XDG_CONFIG_HOME": path}) is None


def test_the_jobs_credentials_are_for_its_registry_alone() -> None:
    job = {"CI_REGISTRY": "registry.gitlab.com", "CI_REGISTRY_USER": "job", "CI_REGISTRY_PASSWORD": SECRET}
    found = find(job, host="registry.gitlab.com")
    assert found is not None
    assert (found.username, found.source) == ("job", "CI_REGISTRY_PASSWORD")
    for host in ("gitlab.com", "ghcr.io", "registry.gitlab.com:5000"):
        assert find(job, host=host) is None
    for name in job:
        assert find({**job, name: ""}, host="registry.gitlab.com") is None
    assert find({**job, "CI_REGISTRY": "not a host"}, host="registry.gitlab.com") is None


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"{", "is not a JSON object"),
        (b"[]", "is not a JSON object"),
        (b'{"auths": {"ghcr.io": {}, "ghcr.io": {}}}', "is not a JSON object"),
        (b'{"auths": []}', "has auths that are no object"),
        (b'{"credHelpers": "x"}', "has credHelpers that are no object"),
        (b'{"credsStore": {}}', "has a credsStore that is no name"),
        (b" " * ((1 << 20) + 1), "is longer than"),
    ],
)
def test_a_configuration_that_was_named_and_cannot_be_read_is_the_jobs_fault(
    content: bytes, message: str, tmp_path: Path
) -> None:
    path = tmp_path / ".docker" / "config.json"
    path.parent.mkdir()
    path.write_bytes(content)
    for environment in (
        {"DOCKER_CONFIG": str(path.parent)},
        {"REGISTRY_AUTH_FILE": str(path)},
        {"DOCKER_AUTH_CONFIG": str(path)},
    ):
        with pytest.raises(InvalidUsage, match=f"^{next(iter(environment))} {message}"):
            find(environment)
    assert f"~/.docker/config.json {message}" in missing({"HOME": str(tmp_path)}), "nobody named it: it is mentioned"


def test_missing_configurations_are_errors_only_where_the_file_itself_was_named(tmp_path: Path) -> None:
    for name in ("DOCKER_AUTH_CONFIG", "REGISTRY_AUTH_FILE"):
        with pytest.raises(InvalidUsage, match=f"{name} is neither JSON nor the path of a file") as error:
            find({name: str(tmp_path / "c2VjcmV0")})
        assert "c2VjcmV0" not in str(error.value), "it may be JSON in base64"
    assert missing({"DOCKER_CONFIG": str(tmp_path), "HOME": str(tmp_path)}) == "none were given"


def test_a_configuration_without_auths_is_none(tmp_path: Path) -> None:
    assert missing(inline(auths=None, credHelpers=None)) == "there are none for ghcr.io in DOCKER_AUTH_CONFIG"


# Flags


@pytest.mark.parametrize(
    ("environment", "flags", "message"),
    [
        ({"GATE_REGISTRY_PASSWORD": SECRET}, {}, "without a user name"),
        ({}, {"registry_password_file": "/dev/null"}, "without a user name"),
        ({}, {"registry_username": "ada"}, "--registry-username without a password"),
        ({"GATE_REGISTRY_USERNAME": "ada"}, {}, "GATE_REGISTRY_USERNAME without a password"),
        ({}, {"registry_username": "ada", "registry_password_file": "/dev/null"}, "without a password"),
        ({}, {"registry_username": "ada", "registry_password_file": "/nonexistent"}, "cannot be read"),
        ({"GATE_REGISTRY_PASSWORD": SECRET}, {"registry_username": "a:b"}, "has no colon"),
        ({"GATE_REGISTRY_PASSWORD": f"{SECRET}\n{SECRET}"}, {"registry_username": "ada"}, "control characters"),
        ({}, {"client_cert": "c.pem"}, "go together"),
        ({}, {"client_key": "c.key"}, "go together"),
        ({}, {"plain_http": ["https://x"]}, "--plain-http"),
        ({}, {"token_host": ["x/y"]}, "--token-host"),
    ],
)
def test_flags_that_cannot_be_are_refused(environment: dict[str, str], flags: Any, message: str) -> None:
    with pytest.raises(InvalidUsage, match=message) as error:
        read_access(environment, [parse_reference("ghcr.io/acme/api")], **flags)
    assert SECRET not in str(error.value)


def test_a_password_comes_from_the_environment_or_a_file(tmp_path: Path) -> None:
    path = tmp_path / "password"
    for text in (SECRET, f"{SECRET}\n", f"{SECRET}\r\n"):
        path.write_text(text, newline="")
        environment = {"GATE_REGISTRY_PASSWORD": "other"}
        found = find(environment, registry_username="ada", registry_password_file=str(path))
        assert found is not None
        assert (found.username, found.password) == ("ada", SECRET), "the flag counts before the environment"


@pytest.mark.parametrize(
    ("environment", "flags"),
    [
        ({"GATE_REGISTRY_PASSWORD": SECRET}, {"registry_username": "ada"}),
        ({}, {"client_cert": "c.pem", "client_key": "c.key"}),
    ],
    ids=["name", "certificate"],
)
def test_one_credential_for_several_registries_is_refused(environment: dict[str, str], flags: Any) -> None:
    references = [parse_reference(text) for text in ("ghcr.io/acme/api", "quay.io/acme/api")]
    with pytest.raises(InvalidUsage, match=r"one registry, and these are ghcr\.io, quay\.io"):
        read_access(environment, references, **flags)


def test_what_flags_give_is_for_the_registry_of_the_reference() -> None:
    access = read_access(
        {"GATE_REGISTRY_PASSWORD": SECRET}, [parse_reference("ghcr.io/acme/api")], registry_username="ada"
    )
    credentials = Credentials(access, limits=Limits(), deadline=Deadline(5))
    assert credentials.find("ghcr.io", "acme/api").credential is not None
    assert credentials.find("quay.io", "acme/api").credential is None


def test_no_repr_shows_a_secret() -> None:
    environment = {
        **inline(auths={"ghcr.io": {"username": "ada", "password": SECRET}}),
        "GATE_REGISTRY_PASSWORD": SECRET,
        "CI_REGISTRY": "quay.io",
        "CI_REGISTRY_USER": "job",
        "CI_REGISTRY_PASSWORD": SECRET,
        "https_proxy": f"http://ada:{SECRET}@proxy.example",
        "UNRELATED": SECRET,
    }
    access = read_access(environment, [parse_reference("ghcr.io/acme/api")], registry_username="ada")
    assert SECRET not in repr(access)
    assert "GATE_REGISTRY_PASSWORD" not in access.environment, "a helper has no business with it"


# Helpers


def test_a_helper_is_asked_for_the_registry(tmp_path: Path) -> None:
    environment = helper(tmp_path, "x", 'read server; echo "{\\"Username\\": \\"$1\\", \\"Secret\\": \\"$server\\"}"')
    found = find(environment | inline(credHelpers={"https://ghcr.io": "x"}))
    assert found is not None
    assert (found.username, found.password) == ("get", "ghcr.io")
    assert found.source == "DOCKER_AUTH_CONFIG (docker-credential-x)"
    hub = find(environment | inline(credsStore="x"), host="docker.io")
    assert hub is not None
    assert hub.password == "https://index.docker.io/v1/", "what docker calls it"


def test_a_helper_of_another_registry_is_not_asked(tmp_path: Path) -> None:
    environment = helper(tmp_path, "x", f"""echo '{{"Username": "ada", "Secret": "{SECRET}"}}'""")
    for key in ("other.example", "ghcr.io:5000", "ghcr.io/acme", "not a host"):
        assert find(environment | inline(credHelpers={key: "x"})) is None
    assert find(environment | inline(credHelpers={"ghcr.io": "x"})) is not None


def test_a_helpers_token_user_means_an_identity_token(tmp_path: Path) -> None:
    environment = helper(tmp_path, "x", f"""echo '{{"Username": "<token>", "Secret": "{SECRET}"}}'""")
    found = find(environment | inline(credsStore="x"))
    assert found is not None
    assert (found.username, found.identity_token) == ("", SECRET)


def test_a_helper_is_asked_once_in_a_run(tmp_path: Path) -> None:
    count = tmp_path / "count"
    script = f"""echo x >> {count}; echo '{{"Username": "ada", "Secret": "{SECRET}"}}'"""
    access = read_access(helper(tmp_path, "x", script) | inline(credsStore="x"))
    credentials = Credentials(access, limits=Limits(), deadline=Deadline(20))
    for repository in ("acme/api", "acme/web"):
        assert credentials.find("ghcr.io", repository).credential is not None
    assert count.read_text() == "x\n"


@pytest.mark.parametrize(
    ("script", "said"),
    [
        ("echo 'credentials not found in native keychain'; exit 1", ""),
        ("echo hunter2; exit 1", "docker-credential-x failed"),
        ("echo hunter2", "docker-credential-x answered with something else"),
        ("echo hunter2 >&2; exit 3", "docker-credential-x failed"),
        ("""echo '{"Username": 7, "Secret": "hunter2"}'""", "docker-credential-x answered with something else"),
        ("yes hunter2", "docker-credential-x does not stop talking"),
        ("exit 0", "docker-credential-x answered with something else"),
    ],
)
def test_a_helper_without_an_answer_is_mentioned_and_passed_over(
    script: str, said: str, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    environment = helper(tmp_path, "x", script) | inline(credsStore="x")
    text = missing(environment)
    assert text.startswith("there are none for ghcr.io in DOCKER_AUTH_CONFIG")
    assert text.endswith(f"(credsStore): {said}" if said else "DOCKER_AUTH_CONFIG")
    assert SECRET not in text
    assert capfd.readouterr() == ("", "")
    job = {"CI_REGISTRY": "ghcr.io", "CI_REGISTRY_USER": "job", "CI_REGISTRY_PASSWORD": SECRET}
    found = find(environment | job)
    assert found is not None
    assert found.username == "job"


@pytest.mark.parametrize("name", ["../x", "x/y", "", "-x", "x y", "x;y", "a" * 65, "x\n"])
def test_a_helper_with_an_impossible_name_is_not_run(name: str, tmp_path: Path) -> None:
    environment = helper(tmp_path, "x", "echo ran >&2")
    with pytest.raises(HelperFailed, match="impossible name"):
        ask(name, "ghcr.io", environment=environment, limits=Limits(), deadline=Deadline(5))


def test_a_helper_is_not_taken_from_the_working_directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    helper(tmp_path, "x", f"""echo '{{"Username": "evil", "Secret": "{SECRET}"}}'""")
    monkeypatch.chdir(tmp_path)
    for path in ("", ".", ":", "relative:."):
        assert "docker-credential-x is not installed here" in missing({"PATH": path} | inline(credsStore="x"))


def test_a_helper_that_hangs_is_left_in_time_with_all_that_it_started(tmp_path: Path) -> None:
    left = tmp_path / "left"
    environment = helper(tmp_path, "x", f"sleep 60 & echo $! > {left}; wait") | inline(credsStore="x")
    began = time.monotonic()
    with pytest.raises(Unavailable, match="docker-credential-x gave no credentials within"):
        find(environment, limits=Limits(helper_seconds=0.5))
    with pytest.raises(DeadlineExceeded):
        find(environment, seconds=0.5)
    assert time.monotonic() - began < 20
    status = Path("/proc") / left.read_text().strip() / "status"
    for _ in range(100):
        if not status.exists() or "State:\tZ" in status.read_text():
            return
        time.sleep(0.05)
    pytest.fail("what the helper started still runs")


def test_a_helper_that_closes_its_output_and_stays_is_left_too(tmp_path: Path) -> None:
    environment = helper(tmp_path, "x", "exec >&-; sleep 60") | inline(credsStore="x")
    with pytest.raises(Unavailable):
        find(environment, limits=Limits(helper_seconds=0.5))
