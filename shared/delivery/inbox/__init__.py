"""Facts in: records become copies, due work and a position in one transaction; nothing is decided here."""
