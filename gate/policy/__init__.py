"""TOML -> `Policy`. It stands beside the line: every check reads its own section of it.

`loading` reads a file, `problems` says what is wrong with its shape (by `schema.json`, the published JSON Schema),
`model` is what comes out, `matching` is the one matcher, `predicates` knows predicate types and their schemas.
"""
