"""ACME: an organization to play with, as its HR system would export it."""
