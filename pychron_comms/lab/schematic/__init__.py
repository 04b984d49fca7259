"""The drawing of an extraction line: its model, a layout where none is given, its tables."""
