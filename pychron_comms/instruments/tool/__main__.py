"""``python -m pychron_comms.instruments.tool``."""

import sys

from pychron_comms.instruments.tool import main

sys.exit(main())
