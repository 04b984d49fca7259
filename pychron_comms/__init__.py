"""The command road between a laboratory's programs and the hardware that they share."""

__version__ = "0.1.0"
