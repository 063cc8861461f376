"""The sample town and those who live in it."""
