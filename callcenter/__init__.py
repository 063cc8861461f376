"""The call centre: lines, queues, operators and calls."""
