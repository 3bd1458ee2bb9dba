"""Tests of the verification room: real bundles with one thing broken at a time, and forged ones for the rest."""
