"""`--output`, `--output-dir` and `--report` -> where each view of the report goes, and writing them there.

What comes in: flags and environment, then the report's document. What goes out: files, replaced whole, and at most one
view on standard output. They all say the same verdict as the exit code: where one of them cannot be written, the others
are written again as the internal error that this is.
"""

from __future__ import annotations

import difflib
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from msgspec import Struct

from gate.cli.output import say, show
from gate.errors import GateError, InvalidUsage

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from gate.report.formats import Format

_STDOUT: Final = frozenset({"-", "/dev/stdout"})


class Destination(Struct, frozen=True, kw_only=True):
    """One view and its place: `path` is None for standard output. `named` is how the user wrote it."""

    format: Format
    path: Path | None
    named: str


class Destinations:
    """All of a run. `problems` are what is wrong with the flags; what is right with them is written all the same."""

    def __init__(
        self, found: Sequence[Destination] = (), problems: Sequence[str] = (), *, folder: str = "", steps: str = ""
    ) -> None:
        self.found = list(found)
        self.problems = list(problems)
        self.folder = folder
        self.steps = Path(steps) if steps else None

    @property
    def stdout(self) -> bool:
        """Whether standard output belongs to one of the views."""
        return any(item.path is None for item in self.found)

    def prepare(self, inputs: Iterable[str | Path | None] = ()) -> None:
        """Take away what an earlier run left, and see that everything can be written. Raises `InvalidUsage`.

        What cannot be written is not tried again at the end, nor is what would take the place of one of the `inputs`.
        """
        if not self.found and not self.problems and not self.folder:
            return
        from gate.report import writing  # noqa: PLC0415

        if self.folder:
            try:
                Path(self.folder).mkdir(parents=True, exist_ok=True)
            except OSError as error:
                self.problems.append(f"--output-dir {self.folder} cannot be made: {error.strerror}")
                self.found = [item for item in self.found if not item.named.startswith("--output-dir ")]
        if self.steps is not None:
            try:
                writing.check_writable(self.steps, f"GITHUB_STEP_SUMMARY {self.steps}")
            except InvalidUsage as error:
                self.problems.append(str(error))
                self.steps = None
        read = {os.path.realpath(path) for path in inputs if path}
        for item in tuple(self.found):
            if item.path is not None:
                try:
                    if os.path.realpath(item.path) in read:
                        raise InvalidUsage(f"{item.named} is what this run reads; name another file")
                    writing.check_writable(item.path, item.named)
                    writing.clear(item.path)
                except GateError as error:
                    self.problems.append(str(error))
                    self.found.remove(item)
        if self.problems:
            raise InvalidUsage("; ".join(self.problems))

    def write(self, build: Callable[[GateError | None], dict[str, Any]], error: GateError | None) -> dict[str, Any]:
        """Build the document and write every view of it. What goes wrong is in the document that is returned."""
        built = build(error)
        for put_out in (self._files, self._stdout):
            problem = put_out(built)
            if problem is not None:
                say(f"gate: {problem}")
                built = build(problem)
                self._files(built)
        return built

    def _files(self, built: Mapping[str, Any]) -> GateError | None:
        """Write every file, and say of the first that could not be why."""
        from gate.report import writing  # noqa: PLC0415

        failed = None
        for item in self.found:
            if item.path is not None:
                try:
                    writing.write(item.path, _rendered(item.format, built))
                except GateError as error:
                    failed = failed or error
        return failed

    def _stdout(self, built: Mapping[str, Any]) -> GateError | None:
        from gate.report import formats, writing  # noqa: PLC0415

        try:
            if self.steps is not None:
                writing.append(self.steps, _rendered(formats.FORMATS["markdown"], built))
            for item in self.found:
                if item.path is None:
                    show(_rendered(item.format, built))
        except GateError as error:
            return error
        return None


def read_destinations(
    environment: Mapping[str, str], *, report: str | None, output: Sequence[str] | None, output_dir: str | None
) -> Destinations:
    """What the flags say, and where they are not given the environment. Raises nothing: see `problems`."""
    given = [("json", report, f"--report {report}")] if report else []
    if not report and (path := environment.get("GATE_REPORT")):
        given.append(("json", path, f"GATE_REPORT {path}"))
    problems: list[str] = []
    for text in output or ():
        name, equals, path = text.partition("=")
        if equals and path:
            given.append((name, path, f"--output {text}"))
        else:
            problems.append(f"--output {text!a}: write FORMAT=PATH, as in --output junit=gate.xml; - is stdout")
    folder = output_dir or environment.get("GATE_OUTPUT_DIR") or ""
    if not given and not problems and not folder:
        return Destinations()
    from gate.report.formats import FORMATS  # noqa: PLC0415

    found: list[Destination] = []
    for name, path, named in given:
        if name in FORMATS:
            found.append(Destination(format=FORMATS[name], path=None if path in _STDOUT else Path(path), named=named))
        else:
            near = difflib.get_close_matches(name, FORMATS, n=1)
            hint = f"did you mean {near[0]}?" if near else f"there is {', '.join(FORMATS)}"
            problems.append(f"{named}: unknown format {name!a}; {hint}")
    if folder:
        found += [
            Destination(format=item, path=Path(folder) / item.file, named=f"--output-dir {folder}: {item.file}")
            for item in FORMATS.values()
        ]
    if sum(item.path is None for item in found) > 1:
        problems.append("only one output can go to stdout: give the others a file")
        found = [item for item in found if item.path is not None]
    problems += _twice(found)
    asked = any(item.format.name == "github" and not item.named.startswith("--output-dir ") for item in found)
    steps = environment.get("GITHUB_STEP_SUMMARY", "") if asked else ""
    return Destinations(found, problems, folder=folder, steps=steps)


def _twice(found: list[Destination]) -> list[str]:
    """Two outputs of one path would leave whichever came last."""
    paths: dict[str, Destination] = {}
    problems = []
    for item in tuple(found):
        if item.path is None:
            continue
        key = os.path.realpath(item.path)
        if key in paths and paths[key].format is not item.format:
            problems.append(f"{item.named} and {paths[key].named} are the same file: give each its own")
            found.remove(item)
        paths.setdefault(key, item)
    return problems


def _rendered(view: Format, built: Mapping[str, Any]) -> str:
    """A view's text. A fault of the view is an error of the run, and takes no other output with it."""
    try:
        return view.render(built)
    except Exception as error:
        raise GateError(f"internal error: {view.name}: {type(error).__name__}: {error}") from error
