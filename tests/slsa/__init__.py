"""What SLSA asks of a verifier, point by point, and the tests that hold gate to it."""
