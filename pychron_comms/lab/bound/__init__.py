"""Lasers of a laboratory whose light, stage and motors are instruments."""
