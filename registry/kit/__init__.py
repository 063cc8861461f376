"""Plumbing without social work: nothing here imports the registry."""
