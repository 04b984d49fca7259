"""What is not as it should be: who is told of it, who has seen it, until when it may be silent."""
