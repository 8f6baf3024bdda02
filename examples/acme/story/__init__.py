"""The story that `make demo` plays: ACME's first weeks with Rapport, through the HTTP APIs and the command only."""
