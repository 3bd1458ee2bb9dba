"""The rooms: data flows one way, each dependency has one door, nothing heavy is imported early."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "gate"

# Upward is downward in this list: a room imports from rooms that stand before it, and from itself.
LINE = [
    "__init__",
    "errors",
    "limits",
    "duration",
    "strictjson",
    "pointer",
    "parallel",
    "memory",
    "progress",
    "platforms",
    "reference",
    "sources",
    "discovery",
    "sigstore_private",
    "trust",
    "verification",
    "claims",
    "attest",
    "policy",
    "verdict",
    "checks",
    "flow",
    "report",
    "cli",
    "__main__",
]
DOORS = {
    "typer": {"cli"},
    "oras": {"sources"},
    "requests": {"sources"},
    "publicsuffixlist": {"sources"},
    "urllib3": {"sources"},
    "sigstore": {"sigstore_private", "report"},  # the report only names its version
    "rfc3161_client": {"verification"},
    "cryptography": {"verification"},
    "tomli": {"policy"},
    "tuf": {"trust"},
    "jsonschema": {"policy"},
    "referencing": {"policy"},
    "re2": {"policy"},
}
MODULES = sorted(PACKAGE.rglob("*.py"))
FAMILIES = {"signatures", "provenance", "source", "agents", "attestations"}


def _room(path: Path) -> str:
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


def _imports(path: Path) -> set[str]:
    """Every module that a file imports, wherever in the file, but for imports that are for types alone."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    for node in ast.walk(tree):
        if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING":
            node.body = []
    found: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: imports are absolute"
            found.add(node.module or "")
            found |= {f"{node.module}.{alias.name}" for alias in node.names if node.module == "gate"}
    return found


def test_every_room_is_in_the_line() -> None:
    assert {_room(path) for path in MODULES} == set(LINE)


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_stages_import_only_from_those_before_them(path: Path) -> None:
    room = _room(path)
    for module in _imports(path):
        if module.startswith("gate."):
            other = module.split(".")[1]
            if other in LINE:
                assert LINE.index(other) <= LINE.index(room), f"{room} imports {module}"


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_each_dependency_has_one_door(path: Path) -> None:
    own = set(sys.stdlib_module_names) | {"gate", "msgspec"}  # values everywhere are its Structs
    for module in _imports(path):
        top = module.split(".")[0]
        if top not in own:
            assert _room(path) in DOORS.get(top, set()), f"{path} imports {module}"


JSON_READERS = {
    "strictjson.py": "reads whatever others wrote",
    "verification/evidence.py": "a payload that strictjson has read",
    "attest/predicate.py": "the same, to be changed",
    "policy/problems.py": "gate's own schema",
}


def test_json_is_parsed_in_one_place() -> None:
    """Duplicate keys, NaN, depth and size are refused there, before anything is built."""
    calls = re.compile(r"\bjson\.loads?\(|\bJSONDecoder\b|msgspec\.json|\bfrom json\b")
    found = {path.relative_to(PACKAGE).as_posix() for path in MODULES if calls.search(path.read_text(encoding="utf-8"))}
    assert found == set(JSON_READERS)


def test_checks_do_not_import_each_other() -> None:
    for family in FAMILIES:
        files = [path for path in MODULES if path.relative_to(PACKAGE).parts[:2] in _names(family)]
        assert files
        for path in files:
            others = FAMILIES - {family}
            assert not {
                name for name in _imports(path) if name.startswith("gate.checks.") and name.split(".")[2] in others
            }


def _names(family: str) -> set[tuple[str, str]]:
    """A family is a file, or a folder of files."""
    return {("checks", f"{family}.py"), ("checks", family)}


def test_only_verification_makes_a_verified() -> None:
    makers = {
        _room(path)
        for path in MODULES
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call) and ast.unparse(node.func).split(".")[-1] in {"Verified", "replace"}
        if "Verified" in ast.unparse(node) or "seal" in ast.unparse(node)
    }
    assert makers == {"verification"}


def test_the_seal_is_used_in_verification_alone() -> None:
    users = {_room(path) for path in MODULES if "_SEAL" in path.read_text(encoding="utf-8")}
    assert users == {"verification"}


def test_what_sigstore_keeps_private_is_used_in_one_file() -> None:
    private = re.compile(r"sigstore\._[a-z]|_inner\b|_verifier\._|\"_store\"")
    users = {path.name for path in MODULES if private.search(path.read_text(encoding="utf-8"))}
    assert users == {"sigstore_private.py"}


def test_exit_codes_and_printing_have_one_place() -> None:
    for path in MODULES:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and ast.unparse(node.func) in {"print", "sys.exit", "os._exit", "exit"}:
                assert _room(path) == "cli", f"{path} calls {ast.unparse(node.func)}"


def test_nothing_reads_the_environment_or_the_clock_but_the_command() -> None:
    for path in MODULES:
        text = path.read_text(encoding="utf-8")
        if _room(path) != "cli":
            assert "os.environ" not in text, path
            assert "datetime.now" not in text, path
            assert "utcnow" not in text, path


@pytest.mark.parametrize(
    "arguments", [["--help"], ["--version"], ["verify", "--no-such-flag"], ["verify", "--help"], ["inspect", "--help"]]
)
def test_help_version_and_usage_errors_import_nothing_heavy(arguments: list[str]) -> None:
    program = (
        "import sys; from gate import cli; cli.run(sys.argv[1:]);"
        "heavy = {'oras', 'requests', 'rich', 'cryptography', 'jsonschema', 're2'} & set(sys.modules);"
        "heavy |= {name for name in sys.modules if name.startswith('sigstore.')};"  # the package's own file is a line
        "sys.exit(7 if heavy else 0)"
    )
    done = subprocess.run([sys.executable, "-c", program, *arguments], cwd=ROOT, capture_output=True, check=False)
    assert done.returncode == 0, done.stderr


def test_the_first_request_is_in_flight_before_sigstore_is_imported() -> None:
    tree = ast.parse((PACKAGE / "flow" / "judge.py").read_text(encoding="utf-8"))
    judge = next(node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef) and node.name == "judge")
    lines = [ast.unparse(node) for node in judge.body]
    started = next(number for number, line in enumerate(lines) if "Background(" in line)
    imported = next(number for number, line in enumerate(lines) if "gate.verification" in line)
    assert started < imported
    assert "gate.verification" not in _top_level(tree)


def test_a_policy_is_read_before_anything_that_verifies_is_imported() -> None:
    """Section 7: the first request waits for the policy alone."""
    program = (
        "import sys; from pathlib import Path; from gate.policy.loading import load_policy;"
        "load_policy(Path('tests/cases/lab/policies/production.toml'));"
        "sys.exit(7 if {'cryptography', 'gate.verification', 'gate.claims'} & set(sys.modules) else 0)"
    )
    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, check=False)
    assert done.returncode == 0, done.stderr


def _top_level(tree: ast.Module) -> set[str]:
    return {node.module or "" for node in tree.body if isinstance(node, ast.ImportFrom)}
