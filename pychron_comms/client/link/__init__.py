"""How a client's bytes travel: endpoints, sockets, forms and the framing of replies."""
