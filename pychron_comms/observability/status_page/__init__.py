"""The status page: what a browser loads, and nothing that runs here."""
