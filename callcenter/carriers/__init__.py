"""Carriers: the telephone companies we speak to, behind one port."""
