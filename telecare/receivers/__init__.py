"""Receivers: the sockets on which home units call us."""
