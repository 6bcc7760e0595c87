"""`python -m edgeecg` is `edgeecg`."""

import sys

from edgeecg.cli import main

sys.exit(main())
