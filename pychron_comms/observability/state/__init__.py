"""How everything stands: items with their quality, the stream of their changes, its subscribers."""
