"""Tests of lasers that are instruments."""
