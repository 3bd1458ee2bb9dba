"""`scripts/interop`: the whole run, or a lab to play with.

What comes in: flags. What goes out: one line a comparison, the closing line and an exit code; or with `up` a running
lab and how to use it, until it is told to stop.
"""

from __future__ import annotations

import argparse
import signal
import sys
from contextlib import ExitStack
from typing import TYPE_CHECKING

from interop import tools
from interop.box.whole import start_box
from interop.comparisons import compare
from interop.forged import compare_forged
from interop.guarded import compare_guarded
from interop.lab import Lab, running
from interop.layouts import Copies
from interop.parts import running_parts
from interop.processes import Broken
from interop.produce import produce
from interop.story import tell

if TYPE_CHECKING:
    from types import FrameType


def main() -> int:
    """Run what was asked for; 0 if everything came out right."""
    parser = argparse.ArgumentParser(
        prog="scripts/interop", description="Holds gate against the real tools, on a whole Sigstore on this machine."
    )
    parser.add_argument("what", nargs="?", choices=["up"], help="leave the lab running, until Ctrl-C")
    parser.add_argument(
        "--allow-missing",
        action="append",
        default=[],
        choices=tools.NAMES,
        metavar="NAME",
        help=f"go on without a tool that cannot be had: {', '.join(tools.NAMES)}",
    )
    options = parser.parse_args()
    # SIGTERM unwinds like Ctrl-C does: whatever was started is stopped. In the background of a shell Ctrl-C is ignored,
    # and so it would be by every job that is started here and cancelled by that signal.
    signal.signal(signal.SIGTERM, _stop)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        obtained = tools.obtain(options.allow_missing)
        with running(obtained) as lab:
            if options.what == "up":
                return up(lab)
            return 0 if whole_run(lab) else 1
    except Broken as broken:
        print(f"scripts/interop: {broken}", file=sys.stderr)
    except KeyboardInterrupt:
        print("scripts/interop: stopped", file=sys.stderr)
    return 1


def whole_run(lab: Lab) -> bool:
    """Everything; whether all of it came out right."""
    with ExitStack() as lasting, running_parts() as parts:
        images = parts.start("images signed by the real tools", lambda _: produce(lab))
        # The forge needs no image: it has the cores while those who sign wait for Rekor.
        forged = parts.start("the tests' forge against cosign", lambda tally: compare_forged(lab, tally))
        compared = parts.start(
            "gate against cosign",
            lambda tally: compare(lab, images.result(), tally),
            needs=[images],
            after=[forged],
        )
        copied = parts.start(
            "layouts and archives",
            lambda tally: Copies(lab, images.result(), tally).compare(),
            needs=[images],
            after=[compared],
        )
        parts.start(
            "registries that ask for credentials",
            lambda tally: compare_guarded(lab, images.result(), tally),
            needs=[images],
            after=[copied],
        )
        parts.start("the agents' story", lambda tally: tell(lab, tally), after=[images])
        start_box(lab, parts, images, lasting)
        return parts.close()


def up(lab: Lab) -> int:
    """Say how to sign and verify here, and wait."""
    lab.must_cosign("generate-key-pair", f"--output-key-prefix={lab.folder / 'lab'}")
    policy = lab.folder / "policy.toml"
    policy.write_text(POLICY.format(root=lab.trusted_root, issuer=lab.issuer.url("github")), encoding="utf-8")
    print(
        HOW.format(
            cosign=lab.tools["cosign3"],
            folder=lab.folder,
            host=lab.referrers.host,
            issuer=lab.issuer.url("github"),
            registries="\n".join(
                f"  {registry.host}  {'with the referrers API' if registry.referrers_api else 'with tags only'}"
                for registry in lab.registries
            ),
            slow=lab.slow.host,
            root=lab.trusted_root,
            config=lab.signing_config,
            policy=policy,
        ),
        flush=True,
    )
    while True:
        signal.pause()


def _stop(_number: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt


POLICY = """\
version = 1

[trust]
roots = ["{root}"]

[signers.release]
issuer   = "{issuer}"
identity = "https://github.com/acme/api/.github/workflows/release.yml@refs/heads/main"

[[rules]]
images = ["**"]
signature.signers = ["release"]
"""

HOW = """\
A Sigstore is running; Ctrl-C stops it. Its files are in {folder}, and go with it.

Registries:
{registries}
  {slow}  the first one again, waiting before each answer

Sign and verify, in another terminal:
  cosign={cosign}
  image={host}/acme/api:v1
  skopeo --insecure-policy copy --dest-tls-verify=false oci:tests/cases/lab/unsigned docker://$image
  $cosign sign --yes --allow-http-registry --signing-config={config} --trusted-root={root} \\
    --identity-token="$(curl -s {issuer}/token)" $image
  $cosign verify --allow-http-registry --trusted-root={root} --certificate-oidc-issuer={issuer} \\
    --certificate-identity=https://github.com/acme/api/.github/workflows/release.yml@refs/heads/main $image
  .venv/bin/gate verify $image --policy {policy}

Tokens of other identities: the issuer's URL with gitlab or google in place of github. A key: {folder}/lab.key
(its password is empty). Everything of this lab is worth nothing outside it.
"""


if __name__ == "__main__":
    sys.exit(main())
