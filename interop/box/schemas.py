"""The files of `scripts/ci` against the schemas of the systems that read them.

What comes in: the tools' modules with the schemas. What goes out: one line a file; and one for the same file with a key
that no system knows, which its schema must refuse, so that a schema that takes everything is noticed. It runs
no job.

Sources: check-jsonschema's vendored schemas (GitLab CI, GitHub Actions, CircleCI, Azure Pipelines); the CRDs in the
modules of Argo Workflows, Tekton and Flux; Kubernetes' OpenAPI document in its own; Groovy's own parser, of
the version that Jenkins has (2.4). Argo CD's hooks are annotations of a Job, for which there is no schema.
"""

from __future__ import annotations

import copy
import importlib.metadata
import json
import re
import shutil
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import jsonschema
from ruamel.yaml import YAML

from interop.box.image import ROOT
from interop.processes import clean_environment, run
from interop.tools import SCHEMAS

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from interop.tally import Tally
    from interop.tools import Tools

CI = ROOT / "scripts" / "ci"
VENDORED = Path(
    str(importlib.metadata.distribution("check-jsonschema").locate_file("check_jsonschema/builtin_schemas/vendor"))
)
PACKAGED = f"check-jsonschema {importlib.metadata.version('check-jsonschema')}"
OF_PACKAGE = {
    "gitlab.yml": "gitlab-ci",
    "gitlab-component.yml": "gitlab-ci",
    "github/action.yml": "github-actions",
    "circleci.yml": "circle-ci",
    "azure-pipelines.yml": "azure-pipelines",
}
DEFINITIONS = {
    "argo.yaml": ("argo-workflows", "manifests/base/crds/full/argoproj.io_workflowtemplates.yaml"),
    "tekton.yaml": ("tekton", "config/300-crds/300-task.yaml"),
    "flux.yaml": ("flux", "config/crd/bases/kustomize.toolkit.fluxcd.io_kustomizations.yaml"),
}
JOBS = ("kubernetes-job.yaml", "argocd.yaml")
UNKNOWN = "gateSaysThatNobodyKnowsThis"


def documents(path: Path) -> list[Any]:
    """The documents of a YAML file."""
    return list(YAML(typ="safe", pure=True).load_all(path.read_text(encoding="utf-8")))


def component(inputs: dict[str, str]) -> tuple[Any, Any]:
    """GitLab's component as GitLab sees it: its header, and its jobs with the inputs in them, or their defaults."""
    header, body = (CI / "gitlab-component.yml").read_text(encoding="utf-8").split("\n---\n", 1)
    specification = YAML(typ="safe", pure=True).load(header)
    known = specification["spec"]["inputs"]

    def value(found: re.Match[str]) -> str:
        name = found[1]
        return inputs[name] if name in inputs else str(known[name]["default"])

    return specification, YAML(typ="safe", pure=True).load(re.sub(r"\$\[\[ inputs\.([\w-]+) \]\]", value, body))


def validate(tools: Tools, tally: Tally) -> None:
    """Every file."""
    checked = {path.relative_to(CI).as_posix() for path in CI.rglob("*") if path.is_file()}
    known = {*OF_PACKAGE, *DEFINITIONS, *JOBS} | {name for name in checked if name.endswith(".Jenkinsfile")}
    tally.check(
        f"schema     every one of the {len(checked)} files of scripts/ci has one, or a parser",
        held=checked == known,
        why=str(checked ^ known),
    )
    for name, schema in OF_PACKAGE.items():
        _vendored(name, schema, tally)
    for name, (module, path) in DEFINITIONS.items():
        if module in tools.missing:
            tally.skip(f"schema     {name}", module)
            continue
        (definition,) = [one for one in documents(tools[module] / path) if one]
        for number, document in enumerate(documents(CI / name)):
            _compare(f"{name}[{number}]", document, _of_definition(definition, document), _version(module), tally)
    for name in JOBS:
        if "kubernetes" in tools.missing:
            tally.skip(f"schema     {name}", "kubernetes")
            continue
        (document,) = documents(CI / name)
        _compare(name, document, _of_kubernetes(tools["kubernetes"]), _version("kubernetes"), tally)
    _groovy(tools, tally)


def _version(module: str) -> str:
    name, version = SCHEMAS[module]
    return f"{name.removeprefix('github.com/')} {version}"


def _vendored(name: str, schema: str, tally: Tally) -> None:
    document = json.loads((VENDORED / f"{schema}.json").read_bytes())
    if name == "gitlab-component.yml":
        header, body = component({"image": "registry.example.com/acme/api:1.4"})
        _compare(f"{name} header", header, document, PACKAGED, tally, unknown=("spec",))
        _compare(f"{name} body", body, document, PACKAGED, tally, unknown=("gate",))
        return
    (found,) = documents(CI / name)
    unknown = {
        "gitlab.yml": ("gate",),
        "github/action.yml": (),
        "circleci.yml": ("jobs", "gate"),
        "azure-pipelines.yml": (),
    }
    _compare(name, found, document, PACKAGED, tally, unknown=unknown[name])


def _compare(
    name: str, document: Any, schema: Any, source: str, tally: Tally, *, unknown: tuple[str, ...] = ("spec",)
) -> None:
    """A file against its schema; and once more with a key too many, at the place `unknown`."""
    validator = jsonschema.validators.validator_for(schema, default=jsonschema.Draft202012Validator)(schema)
    problems = [f"{error.json_path}: {error.message[:300]}" for error in validator.iter_errors(document)]
    tally.check(f"schema     {name}: valid ({source})", held=not problems, why="\n".join(problems[:10]))
    broken = copy.deepcopy(document)
    place = broken
    for step in unknown:
        place = place[step]
    place[UNKNOWN] = {UNKNOWN: True}
    refused = any(validator.iter_errors(broken))
    tally.check(f"schema     {name}: refused with a key that it does not know", held=refused)


def _of_definition(definition: Any, document: Any) -> Any:
    """A custom resource's schema, as strict as an API server that is told to refuse unknown fields."""
    _, _, version = document["apiVersion"].partition("/")
    (served,) = [one for one in definition["spec"]["versions"] if one["name"] == version]
    schema = copy.deepcopy(served["schema"]["openAPIV3Schema"])
    return _strict(schema)


def _of_kubernetes(module: Path) -> Any:
    document = json.loads((module / "api/openapi-spec/swagger.json").read_bytes())
    definitions = {name: _strict(schema) for name, schema in document["definitions"].items()}
    # Their schemas say string or object, and stand for a number or a free form.
    definitions["io.k8s.apimachinery.pkg.util.intstr.IntOrString"] = {"type": ["string", "integer"]}
    definitions["io.k8s.apimachinery.pkg.api.resource.Quantity"] = {"type": ["string", "number"]}
    return {"$ref": "#/definitions/io.k8s.api.batch.v1.Job", "definitions": definitions}


def _strict(schema: Any) -> Any:
    """Close every object whose fields are known; read `int-or-string` as the API server does."""
    for each in _objects(schema):
        if each.pop("x-kubernetes-int-or-string", False):
            each.pop("anyOf", None)
            each["type"] = ["integer", "string"]
        fields = each.get("properties")
        if (
            isinstance(fields, dict)
            and each.get("type") == "object"
            and not each.get("x-kubernetes-preserve-unknown-fields")
        ):
            each.setdefault("additionalProperties", False)
    return schema


def _objects(schema: Any) -> Iterator[dict[str, Any]]:
    if isinstance(schema, dict):
        yield schema
        for each in list(schema.values()):
            yield from _objects(each)
    elif isinstance(schema, list):
        for each in schema:
            yield from _objects(each)


def _groovy(tools: Tools, tally: Tally) -> None:
    """The Jenkinsfiles, by Groovy's parser; and one that is cut off, which it must refuse."""
    files = sorted(CI.rglob("*.Jenkinsfile"))
    if "groovy" in tools.missing:
        for path in files:
            tally.skip(f"schema     {path.relative_to(CI)}", "groovy")
        return
    with tempfile.TemporaryDirectory(prefix="gate-interop-") as folder:
        _parse(tools, files, Path(folder), tally)


def java_environment(folder: Path) -> dict[str, str]:
    """What Groovy sees. Debian's looks for Debian's default Java; another may be there in its place."""
    environment = clean_environment(folder)
    if (java := shutil.which("java")) is not None:
        environment["JAVA_HOME"] = str(Path(java).resolve().parents[1])
    return environment


def _parse(tools: Tools, files: Sequence[Path], folder: Path, tally: Tally) -> None:
    compiler = tools["groovy"].with_name("groovyc")
    environment = java_environment(folder)
    version = run([compiler, "--version"], environment).said.splitlines()[0]
    whole = []
    for path in files:
        copied = folder / f"{path.name.partition('.')[0].replace('-', '_')}.groovy"
        copied.write_text(path.read_text(encoding="utf-8"), encoding="utf-8")
        whole.append(copied)
    cut = folder / "cut.groovy"
    cut.write_text(files[0].read_text(encoding="utf-8")[:-3], encoding="utf-8")
    parsed = run([compiler, "-d", folder / "classes", *whole], environment)
    for path in files:
        tally.check(
            f"schema     {path.relative_to(CI)}: parsed ({version})", held=parsed.code == 0, why=parsed.said[-2000:]
        )
    refused = run([compiler, "-d", folder / "classes", cut], environment)
    tally.check("schema     a Jenkinsfile that is cut off: refused", held=refused.code != 0)
