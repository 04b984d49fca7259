"""Instruments by description."""
