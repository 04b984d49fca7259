"""Being told how things stand, and each change, instead of asking again and again."""
