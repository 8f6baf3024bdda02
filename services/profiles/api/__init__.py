"""The HTTP API of profiles: one file per resource, each parses, calls and answers."""
