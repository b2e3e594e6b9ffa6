"""The command line: `python -m workbench COMMAND`, one command per step; pages call the same."""

import sys

from workbench.commands.parser import main

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
