"""`python -m reconciler` is `orchestra`."""

import sys

from reconciler.cli.main import main

if __name__ == "__main__":
    sys.exit(main())
