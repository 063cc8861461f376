"""The common case registry: people, places, cases, staff and the journal of what happened."""
