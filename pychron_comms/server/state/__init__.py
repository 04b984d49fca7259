"""How everything stands, as the server knows it: from its processors, and of itself."""
