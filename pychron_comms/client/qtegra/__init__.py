"""The parts of a Qtegra client, and how they run with or without a reactor."""
