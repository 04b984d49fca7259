"""Modbus: questions by coil and register, their frames on TCP and RTU, and a simulated unit."""
