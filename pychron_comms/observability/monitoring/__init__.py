"""Files for Prometheus and Grafana, to be copied: ``pychron-lab monitoring FOLDER``."""
