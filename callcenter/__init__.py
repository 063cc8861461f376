"""The social helpline: lines, queues, operators and calls."""
