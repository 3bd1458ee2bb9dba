"""`python -m gate`: the same as the command."""

from gate.cli import main

main()
