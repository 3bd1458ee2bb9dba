"""One thing wrong at a time: the table of what each step of a verification must reject, and what it must accept.

What goes out: `STEPS`, what must hold at each step in the words of docs/security.md; `TABLE`, the rows; `applies`,
which step a format has at all. `test_one_thing_wrong` judges every row in every format, and holds that page against the
table.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from gate.verification import Step
from tests.verification.wrong import bodies, certificates, chains, forms, logs, signatures, times

if TYPE_CHECKING:
    from tests.forge import Format
    from tests.verification.wrong.rows import Row

STEPS: Final = {
    step: " ".join(text.split())
    for step, text in {
        Step.FORMAT: "strict JSON of a known version, with every part that its version must have",
        Step.CERTIFICATE: """one subject alternative name, one issuer, extensions as Fulcio writes them, digital
            signature and code signing""",
        Step.TRUST_ROOT: """its logs, its certificate authority, its CT log and its timestamp authority are in the
            root""",
        Step.TIME: """at least one timestamp or log time verifies (never the clock), each of a known authority in its
            window, none ahead of the clock""",
        Step.CHAIN: """the certificate chains to its authority, and authority, chain and certificate were valid at
            each verified time, ends included""",
        Step.SCT: "the CT log's key signed the certificate, while in use",
        Step.LOG: """each entry: inclusion proof, checkpoint signature, origin and size, or signed entry timestamp; the
            log's key was in use""",
        Step.SIGNATURE: """the signature over the envelope, the payload or the artifact, by the certificate's or the
            policy's key""",
        Step.LOG_ENTRY: "each entry is of this signature, this signer and these bytes",
        Step.PAYLOAD: "the statement can be read (only now is it parsed)",
        Step.SUBJECT: "it is about the digest that was asked for",
    }.items()
}

TABLE: Final[tuple[Row, ...]] = (
    *forms.ROWS,
    *certificates.ROWS,
    *times.ROWS,
    *chains.ROWS,
    *logs.ROWS,
    *signatures.ROWS,
    *bodies.ROWS,
)


def applies(step: Step, form: Format) -> bool:
    """Whether a format has the step: a key has no certificate, a message no payload, and not everything is logged."""
    logged = form.entry is not None
    return {
        Step.CERTIFICATE: not form.keyed,
        Step.TRUST_ROOT: not form.keyed,
        Step.TIME: form.stamps or form.promise,
        Step.CHAIN: not form.keyed,
        Step.SCT: not form.keyed and logged,
        Step.LOG: logged,
        Step.LOG_ENTRY: logged,
        Step.PAYLOAD: form.signs != "message",
        Step.SUBJECT: True,
    }.get(step, True)
