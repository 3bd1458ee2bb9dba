"""Every way in which gate gives no answer says what to do next."""

from __future__ import annotations

import importlib
import pkgutil
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

import gate
from gate import cli, errors
from gate.errors import CouldNotLook, GateError, Invalid, LimitExceeded

if TYPE_CHECKING:
    from collections.abc import Iterator

for _module in pkgutil.walk_packages(gate.__path__, "gate."):
    if _module.name != "gate.__main__":
        importlib.import_module(_module.name)


def _below(error: type[GateError]) -> Iterator[type[GateError]]:
    for inner in error.__subclasses__():
        yield inner
        yield from _below(inner)


EVERY = sorted(set(_below(GateError)), key=lambda error: error.__name__)


@pytest.mark.parametrize("error", EVERY)
def test_an_error_says_what_to_do_about_it_and_not_that_it_is_a_fault_of_ours(error: type[GateError]) -> None:
    assert error.remedy
    assert error.remedy != GateError.remedy
    assert not error.remedy.endswith(".")
    assert error.remedy.isprintable()


@pytest.mark.parametrize("error", [error for error in EVERY if issubclass(error, CouldNotLook)])
def test_what_could_not_be_looked_at_says_that_this_is_nothing_about_the_image(error: type[GateError]) -> None:
    assert "this says nothing about" in error.remedy


@pytest.mark.parametrize("error", [error for error in EVERY if error.exit_code == 3])
def test_what_may_pass_says_to_try_again_or_what_else_would_help(error: type[GateError]) -> None:
    assert "run it again" in error.remedy or "--ca-file" in error.remedy


@pytest.mark.parametrize("error", EVERY)
def test_no_remedy_tells_to_do_what_cannot_help(error: type[GateError]) -> None:
    if issubclass(error, CouldNotLook) and error.exit_code == 4:
        assert "running it again will" in error.remedy or "run it again" not in error.remedy


def test_a_limit_that_no_policy_sets_is_none_to_raise_in_the_policy() -> None:
    assert "raise the limit" in LimitExceeded("too many", limit="referrers").remedy
    assert "raise the limit" not in LimitExceeded("too many", limit="").remedy


def test_every_error_is_in_the_tree_at_the_top_of_the_module() -> None:
    tree = (errors.__doc__ or "").split()
    for error in EVERY:
        if error.__module__ == "gate.errors":
            assert error.__name__ in tree
            assert error.__doc__


@pytest.mark.parametrize(
    "arguments",
    [["inspect", "oci:nowhere"], ["trust", "show", "nowhere.json"], ["trust", "update", "acme"], ["sh", "-c", "true"]],
)
def test_a_command_that_fails_says_what_to_do(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    code = cli.run(arguments)
    captured = capsys.readouterr()
    assert code == Invalid.exit_code
    assert captured.out == ""
    assert "\n  do  " in captured.err


@pytest.mark.parametrize(
    "arguments",
    [
        ["verify", "oci:nowhere", "--policy", "policy.toml.example"],
        ["verify", "--refs-from", "nowhere", "--policy", "policy.toml.example"],
        ["inspect", "oci:tests/cases/lab/unsigned", "--key", "nowhere"],
        ["inspect", "oci:tests/cases/lab/unsigned", "--policy", "nowhere"],
        ["policy", "show", "nowhere"],
    ],
)
def test_a_path_that_leads_nowhere_is_told_as_that(
    arguments: list[str], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(Path(__file__).parents[1])
    assert cli.run(arguments) == Invalid.exit_code
    assert "\n  do  compare the path with what is there" in capsys.readouterr().err
