"""The assembled application: pages, live board, worker and command line."""
