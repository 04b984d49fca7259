"""Numbers of the laboratory over months, in SQLite: recorded, listed, plotted."""
