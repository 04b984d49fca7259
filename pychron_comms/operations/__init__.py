"""What an operator does with a laboratory: ``pychron-lab``."""
