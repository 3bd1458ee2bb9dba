"""A whole Sigstore in memory, for what nature does not hold: what a real CA, CT log, Rekor or TSA refuses to sign.

What comes in: keys that are made here and never leave the process. What goes out: trusted roots and bundles that verify
under them, with one part at a time as a test wants it. It verifies nothing.

`instance` is where to begin: `Sigstore().sign(statement(...))`.
"""

from __future__ import annotations

from tests.forge.authority import EPOCH, FAR, IDENTITY, ISSUER, SIGNED_AT, Authority, Leaf, Validity
from tests.forge.encoding import JSONObject, b64, der, utf8_string
from tests.forge.instance import MEDIA_TYPE, Sigstore
from tests.forge.keys import LeafKey, LogKey, ec_key, ed_key
from tests.forge.log import Log
from tests.forge.statements import PAYLOAD_TYPE, pae, statement
from tests.forge.timestamps import TimestampAuthority

__all__ = [
    "EPOCH",
    "FAR",
    "IDENTITY",
    "ISSUER",
    "MEDIA_TYPE",
    "PAYLOAD_TYPE",
    "SIGNED_AT",
    "Authority",
    "JSONObject",
    "Leaf",
    "LeafKey",
    "Log",
    "LogKey",
    "Sigstore",
    "TimestampAuthority",
    "Validity",
    "b64",
    "der",
    "ec_key",
    "ed_key",
    "pae",
    "statement",
    "utf8_string",
]
