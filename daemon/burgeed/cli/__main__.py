"""`python -m burgeed.cli` is the command `burgee`."""

from __future__ import annotations

import sys

from burgeed.cli import main

sys.exit(main())
