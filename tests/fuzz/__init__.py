"""Parsers of untrusted bytes under mutated real inputs: `targets` calls them, `mutation` makes the inputs."""
