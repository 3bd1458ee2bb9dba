"""TOML -> `Policy`. It stands beside the line: every check reads its own section of it.

`loading` reads a file, `rules` its rules and `images` what they are about, all with `reading`; `problems` says what is
wrong with its shape (by `schema.json`, the published JSON Schema); `model` is what comes out; `matching` is the one
matcher; `predicates` knows predicate types and their schemas, which `schemas` holds to what they seem to say.
"""
