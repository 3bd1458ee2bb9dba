"""The words of a CI system that took gate for a shell -> what to do about it.

What comes in: the first argument. What goes out: `InvalidUsage` for the name of a shell or of a program that only keeps
a container alive, which a system passes to an image whose ENTRYPOINT it did not clear. It starts nothing.

Source: GitLab Runner's docker executor (`sh -c`, the script on standard input), Jenkins' docker-workflow (`cat`).
"""

from __future__ import annotations

from gate.errors import InvalidUsage

_SHELLS = frozenset({"sh", "bash", "ash", "dash"})
_WAITERS = frozenset({"cat", "sleep", "tail"})


def refuse_programs(word: str) -> None:
    """Raise `InvalidUsage` if a program's name stands where a verb should."""
    name = word.rpartition("/")[2]
    if name in _SHELLS:
        raise InvalidUsage(
            f"this container was asked to run the shell {name!r}, but its entrypoint is gate. In GitLab CI write\n"
            '  image: { name: "...", entrypoint: [""] }\n'
            "and with docker or podman: run --entrypoint sh IMAGE"
        )
    if name in _WAITERS:
        raise InvalidUsage(
            f"this container was asked to run {name!r}, but its entrypoint is gate. In a Jenkinsfile write\n"
            "  agent { docker { image '...'; args '--entrypoint=' } }\n"
            'and in Kubernetes: command: ["sleep"], args: ["infinity"]'
        )
