"""Real instruments by description: a TOML file is driver, simulator, tests, limits and manual."""
