"""Takeovers by way of a broker, drawn at random: two processors of the same hardware, in memory."""
