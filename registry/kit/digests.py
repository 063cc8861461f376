"""Digests of the secrets that we hand out: the secret itself is never kept."""

import hashlib


def digest(secret: str) -> str:
    """What is kept of a secret of 112 random bits or more: nobody guesses what it was."""
    return hashlib.sha256(secret.encode()).hexdigest()
