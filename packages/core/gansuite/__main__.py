"""`python -m gansuite`."""

from gansuite.cli import main

main()
