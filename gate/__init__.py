"""gate: may this image be deployed under this policy? PASS, FAIL or UNDECIDED, with the reason."""

__version__ = "0.1.0"
