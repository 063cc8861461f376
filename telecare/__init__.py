"""Telecare: home units, their signals and the alarms they raise."""
