"""What a browser, Prometheus or a monitor may ask a process over HTTP; nothing here commands."""
