"""A whole road in memory under one clock, and everything that may befall it."""
