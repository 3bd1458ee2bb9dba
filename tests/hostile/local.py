"""What a policy, a trust root or a layout on disk may hold. A policy is trusted; its reader ends soon all the same."""

from __future__ import annotations

import os
import tarfile
from typing import TYPE_CHECKING, Final

from tests.hostile.image import POLICY, Hostile, packed, sigstore, verify

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.forge import JSONObject

_FULL: Final = 250 << 10


def _policy(folder: Path, text: str) -> list[str]:
    return Hostile(folder).arguments(text)


def a_key_of_many_parts(folder: Path) -> list[str]:
    """One key of half a million parts."""
    return _policy(folder, "a." * (_FULL // 2) + "a = 1")


def tables_of_many_parts(folder: Path) -> list[str]:
    """A thousand tables, each a thousand deep."""
    return _policy(folder, "\n".join("[" + "a." * 500 + f"b{number}]" for number in range(_FULL // 1010)))


def unknown_keys(folder: Path) -> list[str]:
    """A hundred thousand keys that no policy has."""
    return _policy(folder, "\n".join(f"sginers{number:x} = 1" for number in range(15_000)) + POLICY)


def unknown_signers(folder: Path) -> list[str]:
    """A hundred thousand signers that are not defined."""
    names = ", ".join(f'"forgf{number:x}"' for number in range(18_000))
    return _policy(
        folder, POLICY.replace('[rules.signature]\nsigners = ["forge"]', f"[rules.signature]\nsigners = [{names}]")
    )


def signers(folder: Path) -> list[str]:
    """Ten thousand signers."""
    made = [f'[signers.s{number}]\nissuer = "https://x"\nidentity = "https://y"\n' for number in range(3_600)]
    return _policy(folder, POLICY + "".join(made))


def rules(folder: Path) -> list[str]:
    """Ten thousand rules for every image."""
    made = [
        f'[[rules]]\nname = "r{number}"\nimages = ["**"]\nsignature.signers = ["forge"]\n' for number in range(3_600)
    ]
    return _policy(folder, POLICY + "".join(made))


def a_regular_expression(folder: Path) -> list[str]:
    """A pattern that a backtracking matcher would never finish."""
    pattern = "(?:a+)+" * 30_000
    return _policy(
        folder,
        POLICY.replace(
            "[builders.forge]",
            f"[signers.x]\nissuer = 'https://x'\nidentity = {{ regex = '{pattern}' }}\n[builders.forge]",
        ),
    )


def a_glob(folder: Path) -> list[str]:
    """A pattern of a hundred thousand stars."""
    return _policy(folder, POLICY.replace('images = ["**"]', 'images = ["ghcr.io/' + "**/" * 82_000 + 'x"]'))


def arrays(folder: Path) -> list[str]:
    """Arrays within arrays."""
    return _policy(folder, "x = " + "[" * (_FULL // 2) + "]" * (_FULL // 2))


def inline_tables(folder: Path) -> list[str]:
    """Tables within tables."""
    return _policy(folder, "x = " + "{a=" * (_FULL // 4) + "1" + "}" * (_FULL // 4))


def numbers(folder: Path) -> list[str]:
    """A number of a million digits."""
    return _policy(folder, "version = 1" + "0" * _FULL)


def a_text(folder: Path) -> list[str]:
    """A version that is a text of a million characters."""
    return _policy(folder, 'version = "' + "\\u0001" * (_FULL // 6) + '"')


def the_same_signer(folder: Path) -> list[str]:
    """One name two hundred thousand times."""
    names = ", ".join(['"forge"'] * 27_000)
    return _policy(
        folder, POLICY.replace('[rules.signature]\nsigners = ["forge"]', f"[rules.signature]\nsigners = [{names}]")
    )


def _extended(folder: Path, body: Callable[[int], str], number: int = 31) -> list[str]:
    """A policy that extends as many files as it may, each as large as one may be."""
    for count in range(number):
        (folder / f"base-{count}.toml").write_text(f"version = 1\n{body(count)}", encoding="utf-8")
    names = ", ".join(f'"base-{count}.toml"' for count in range(number))
    return _policy(folder, POLICY.replace("version = 1", f"version = 1\nextends = [{names}]", 1))


def extended_signers(folder: Path) -> list[str]:
    """Signers in every file that a policy extends."""
    return _extended(
        folder,
        lambda count: "".join(
            f'[signers.s{count}-{number}]\nissuer = "https://x"\nidentity = "https://y"\n' for number in range(3_400)
        ),
    )


def extended_rules(folder: Path) -> list[str]:
    """Rules for every image, in every file that a policy extends."""
    return _extended(
        folder,
        lambda count: (
            f'[signers.s{count}]\nissuer = "https://x"\nidentity = "https://y"\n'
            + "".join(
                f'[[rules]]\nname = "r{count}-{number}"\nimages = ["**"]\nsignature.signers = ["s{count}"]\n'
                for number in range(3_000)
            )
        ),
    )


def an_extended_comment(folder: Path) -> list[str]:
    """Files of nothing but comments."""
    return _extended(folder, lambda count: f"# {count}\n" * (_FULL // 8))


def schemas(folder: Path) -> list[str]:
    """Fifteen schemas of a mebibyte each."""
    rules = []
    for count in range(15):
        values = ", ".join(f'"a{number}": {{"type": "object"}}' for number in range(30_000))
        (folder / f"s{count}.json").write_text(f'{{"required": ["x"], "properties": {{{values}}}}}')
        rules.append(
            f'[[rules.attestations]]\ntype = "https://x/{count}"\nsigners = ["forge"]\nschema = "s{count}.json"\n'
        )
    return _policy(folder, POLICY + "".join(rules))


def a_trust_root_of_many_logs(folder: Path) -> list[str]:
    """A trust root that holds its log three thousand times."""
    arguments = Hostile(folder).arguments()
    document: JSONObject = sigstore().root()
    document["tlogs"] = document["tlogs"] * 2500
    (folder / "root.json").write_bytes(packed(document))
    return arguments


def a_trust_root_of_many_authorities(folder: Path) -> list[str]:
    """A trust root that holds its timestamp authority six hundred times."""
    arguments = Hostile(folder).arguments()
    document: JSONObject = sigstore().root()
    document["timestampAuthorities"] = document["timestampAuthorities"] * 600
    (folder / "root.json").write_bytes(packed(document))
    return arguments


def a_pipe(folder: Path) -> list[str]:
    """An index.json that is a pipe nobody writes to."""
    made = Hostile(folder)
    arguments = made.arguments()
    (made.layout / "index.json").unlink()
    os.mkfifo(made.layout / "index.json")
    return arguments


def _archive(folder: Path, raw: bytes, size: int = 0) -> list[str]:
    path = folder / "image.tar"
    path.write_bytes(raw)
    if size:
        os.truncate(path, size)
    Hostile(folder).arguments()
    return verify(f"oci-archive:{path}", folder)


def _header(size: int, kind: bytes) -> bytes:
    member = tarfile.TarInfo("x")
    member.size, member.type = size, kind
    return member.tobuf(tarfile.GNU_FORMAT)


def an_archive_of_digits(folder: Path) -> list[str]:
    """Extended headers of nothing but digits."""
    return _archive(folder, (_header(64 << 10, tarfile.XHDTYPE) + b"1" * (64 << 10)) * 240)


def an_archive_with_an_endless_header(folder: Path) -> list[str]:
    """A sparse file: a header of terabytes."""
    return _archive(folder, _header(1 << 40, tarfile.XHDTYPE), 1 << 40)


def an_archive_in_a_circle(folder: Path) -> list[str]:
    """A file of less than no bytes."""
    return _archive(folder, _header(-512, tarfile.REGTYPE) + bytes(1024))


def an_archive_of_small_files(folder: Path) -> list[str]:
    """Thirty thousand files of nothing."""
    return _archive(folder, _header(0, tarfile.DIRTYPE) * 30_000 + bytes(1024))


CASES: Final[dict[str, Callable[[Path], list[str]]]] = {
    "local: " + made.__name__.replace("_", " "): made
    for made in (
        *(a_key_of_many_parts, tables_of_many_parts, unknown_keys, unknown_signers, signers, rules),
        *(a_regular_expression, a_glob, arrays, inline_tables, numbers, a_text, the_same_signer),
        *(extended_signers, extended_rules, an_extended_comment, schemas),
        *(a_trust_root_of_many_logs, a_trust_root_of_many_authorities, a_pipe, an_archive_of_digits),
        *(an_archive_with_an_endless_header, an_archive_in_a_circle, an_archive_of_small_files),
    )
}
