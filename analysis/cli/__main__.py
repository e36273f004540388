"""`python -m rarekaon.analysis.cli`: the command line without the installed script."""

import sys

from rarekaon.analysis.cli.main import main

if __name__ == "__main__":
    sys.exit(main())
