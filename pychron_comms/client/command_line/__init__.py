"""What stands behind the command ``pychron-ask``."""
