"""The attacks that other verifiers fell for, each on the whole of gate: bytes in, exit code out. `index` lists them."""
