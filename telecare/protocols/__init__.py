"""Alarm protocols: how home units speak, behind one port."""
