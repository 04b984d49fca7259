"""Where it is written down who asked what, when, and with which answer."""
