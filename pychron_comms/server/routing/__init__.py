"""Where each request type goes, and how that is changed while the server runs."""
