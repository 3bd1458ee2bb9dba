"""A whole Sigstore in memory, for what nature does not hold: what a real CA, CT log, Rekor or TSA refuses to sign.

What comes in: keys that are made here and never leave the process. What goes out: trusted roots and bundles that verify
under them, with one part at a time as a test wants it. It verifies nothing.

Where to begin: `Sigstore().sign(statement(...))` is one bundle, `valid(form, manifest).make()` a signature in any of
`FORMATS`, and `Recipe` the places at which one thing can be done wrongly.
"""

from __future__ import annotations

from tests.forge.authority import EPOCH, FAR, IDENTITY, ISSUER, SIGNED_AT, Authority, Leaf, Validity
from tests.forge.encoding import JSONObject, b64, der, utf8_string
from tests.forge.formats import BY_NAME, FORMATS, Format
from tests.forge.formats import V03 as MEDIA_TYPE
from tests.forge.instance import GITHUB, REKOR_V1, REKOR_V2, Sigstore, valid
from tests.forge.keys import LeafKey, ec_key, ed_key, rsa_key
from tests.forge.log import Log
from tests.forge.recipe import Recipe, Signed
from tests.forge.statements import PAYLOAD_TYPE, pae, statement
from tests.forge.timestamps import TimestampAuthority

__all__ = [
    "BY_NAME",
    "EPOCH",
    "FAR",
    "FORMATS",
    "GITHUB",
    "IDENTITY",
    "ISSUER",
    "MEDIA_TYPE",
    "PAYLOAD_TYPE",
    "REKOR_V1",
    "REKOR_V2",
    "SIGNED_AT",
    "Authority",
    "Format",
    "JSONObject",
    "Leaf",
    "LeafKey",
    "Log",
    "Recipe",
    "Signed",
    "Sigstore",
    "TimestampAuthority",
    "Validity",
    "b64",
    "der",
    "ec_key",
    "ed_key",
    "pae",
    "rsa_key",
    "statement",
    "utf8_string",
    "valid",
]
