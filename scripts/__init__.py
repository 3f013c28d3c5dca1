"""What the Makefile and the continuous integration call."""
