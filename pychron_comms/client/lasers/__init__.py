"""The parts of a laser client, one for each idea of the laser."""
