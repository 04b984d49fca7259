"""Tells whether garbage was looked for while it was loaded, as ``twistd`` loads a service."""

import gc

LOOKED_FOR = gc.isenabled()


class Options:
    """``twistd`` asks for them first."""
