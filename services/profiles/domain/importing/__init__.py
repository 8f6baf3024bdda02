"""From the bytes HR sends to a plan of changes and a report with one entry per line. Pure."""
