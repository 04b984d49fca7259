"""They run as in a terminal that knows this environment, so that hints name tools shortly."""

import os
import sys

os.environ["PATH"] = os.pathsep.join([os.path.dirname(sys.executable), os.environ.get("PATH", "")])
