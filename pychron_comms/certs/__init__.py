"""TLS: certificates in files, what listens and connects with them, the tool that makes them."""
