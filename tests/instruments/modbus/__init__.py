"""Tests of Modbus."""
