"""The real tools, at fixed versions: built once from their Go modules, or taken from Debian, and kept outside the tree.

What comes in: the Go toolchain with its module proxy, and apt-get. What goes out: the path of each program. The cache
is `gate-interop` in XDG_CACHE_HOME; a program is in it whole or not at all.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import shutil
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from interop.processes import Broken, run, stop

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

HERE = Path(__file__).resolve().parent
BUILD_WITHIN = 900.0
"""Seconds for one build with an empty cache: cosign takes minutes on two cores."""

INSTALLED_WITHIN = 600.0
"""Seconds for one of Debian's packages."""

MODULES: Mapping[str, tuple[str, str]] = {
    "fulcio": ("github.com/sigstore/fulcio", "v1.8.8"),
    "rekor": ("github.com/sigstore/rekor-tiles/v2/cmd/rekor-server/posix", "v2.3.0"),
    "tsa": ("github.com/sigstore/timestamp-authority/v2/cmd/timestamp-server", "v2.1.3"),
    "crane": ("github.com/google/go-containerregistry/cmd/crane", "v0.22.1"),
    "oras": ("oras.land/oras/cmd/oras", "v1.3.6"),
    "cosign3": ("github.com/sigstore/cosign/v3/cmd/cosign", "v3.1.2"),
    "cosign2": ("github.com/sigstore/cosign/v2/cmd/cosign", "v2.6.3"),
}
"""What `go install` builds: by our name, the package and its version."""
REGISTRY = "registry"
"""Our own few lines around go-containerregistry's registry."""
SCHEMAS: Mapping[str, tuple[str, str]] = {
    "argo-workflows": ("github.com/argoproj/argo-workflows/v3", "v3.7.4"),
    "tekton": ("github.com/tektoncd/pipeline", "v1.6.0"),
    "flux": ("github.com/fluxcd/kustomize-controller", "v1.7.3"),
    "kubernetes": ("k8s.io/kubernetes", "v1.36.2"),
}
"""Modules that carry the schemas of what their system runs: downloaded, and not built."""
DEBIAN = ("docker-registry", "skopeo", "buildah", "debootstrap", "runc", "groovy")
"""Packages of Debian, whose commands have the same names."""
NAMES = (*MODULES, REGISTRY, *SCHEMAS, *DEBIAN)


@dataclass(frozen=True, slots=True, kw_only=True)
class Tools:
    """The programs that are there."""

    paths: Mapping[str, Path]
    missing: frozenset[str]

    def __getitem__(self, name: str) -> Path:
        return self.paths[name]


def cache() -> Path:
    """The folder that outlives the run."""
    folder = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "gate-interop"
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def obtain(allow_missing: Collection[str] = (), *, names: Collection[str] = NAMES) -> Tools:
    """The tools, built or installed where they are not there yet.

    Raises:
        Broken: one cannot be had, and `allow_missing` does not name it.

    """
    folder = cache()
    # What is built has the cores; what is downloaded or installed comes in beside it.
    built = [name for name in names if name in MODULES or name == REGISTRY]
    others = [name for name in names if name not in built]
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # two runs at once: the second finds what the first built
        with ThreadPoolExecutor(2) as pool:
            try:
                lanes = [pool.submit(_obtain_all, lane, folder, allow_missing) for lane in (built, others)]
                found = [lane.result() for lane in as_completed(lanes)]
            except BaseException:
                stop()
                raise
    paths = {name: path for lane in found for name, path in lane.items()}
    return Tools(paths=paths, missing=frozenset(NAMES) - paths.keys())


def _obtain_all(names: Sequence[str], folder: Path, allow_missing: Collection[str]) -> dict[str, Path]:
    paths: dict[str, Path] = {}
    for name in names:
        try:
            paths[name] = _obtain(name, folder)
        except Broken as broken:
            if name not in allow_missing:
                raise
            print(f"missing: {name}: {str(broken).splitlines()[0]}", file=sys.stderr)
    return paths


def _obtain(name: str, folder: Path) -> Path:
    if name in MODULES:
        package, version = MODULES[name]
        return _built(name, folder / f"{name}-{version}", f"{package}@{version}")
    if name == REGISTRY:
        sources = [HERE / "registry" / file for file in ("main.go", "go.mod", "go.sum")]
        digest = hashlib.sha256(b"".join(path.read_bytes() for path in sources)).hexdigest()
        return _built(name, folder / f"{name}-{digest[:12]}", "")
    if name in SCHEMAS:
        package, version = SCHEMAS[name]
        return _downloaded(name, f"{package}@{version}")
    return _installed(name)


def _downloaded(name: str, package: str) -> Path:
    """The folder of a module in Go's own cache."""
    go = shutil.which("go")
    if go is None:
        raise Broken(f"the schemas of {name} are in a module of Go, and `go` is not there")
    command = [go, "mod", "download", "-json", package]
    done = run(command, os.environ, folder=cache(), within=BUILD_WITHIN)
    if done.code != 0:
        raise Broken(f"{name} cannot be had: {' '.join(command)}\n{done.said}")
    return Path(json.loads(done.out)["Dir"])


def _built(name: str, path: Path, package: str) -> Path:
    """A program of Go. `package` empty: the one beside this file."""
    if path.exists():
        return path
    go = shutil.which("go")
    if go is None:
        raise Broken(f"{name} is built with Go, and `go` is not there")
    print(f"building {name} ({package or 'interop/registry'})", file=sys.stderr, flush=True)
    with tempfile.TemporaryDirectory(dir=path.parent) as folder:
        if package:
            command, where, environment = [go, "install", "-trimpath", package], folder, {"GOBIN": folder}
        else:
            command, where = [go, "build", "-trimpath", "-mod=readonly", "-o", folder, "."], str(HERE / "registry")
            environment = {}
        done = run(command, {**os.environ, **environment}, folder=Path(where), within=BUILD_WITHIN)
        programs = [found for found in Path(folder).iterdir() if found.is_file() and os.access(found, os.X_OK)]
        if done.code != 0 or len(programs) != 1:
            raise Broken(f"{name} cannot be built: {' '.join(command)}\n{done.err[-4000:]}")
        programs[0].replace(path)
    return path


def _installed(name: str) -> Path:
    """A command of Debian's package of that name."""
    found = shutil.which(name)
    if found is None:
        apt = shutil.which("apt-get")
        if apt is None:
            raise Broken(f"{name} is not there; on Debian: apt-get install {name}")
        print(f"installing {name}", file=sys.stderr, flush=True)
        environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
        for command in ((apt, "update", "-q"), (apt, "install", "-y", "-q", "--no-install-recommends", name)):
            done = run(command, environment, within=INSTALLED_WITHIN)
            if done.code != 0:
                raise Broken(f"{name} cannot be installed: {' '.join(command)}\n{done.err}")
        found = shutil.which(name)
    if found is None:
        raise Broken(f"{name} was installed, but there is no such command")
    return Path(found)
