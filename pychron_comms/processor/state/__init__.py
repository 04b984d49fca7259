"""The state of the hardware, watched and told as it changes."""
