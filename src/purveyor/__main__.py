"""`python -m purveyor`."""

from purveyor.cli import main

main()
