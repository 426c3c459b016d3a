"""`python -m deblurvid`: the same as the command `deblurvid`."""

import sys

from deblurvid.cli import main

sys.exit(main())
