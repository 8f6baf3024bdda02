"""What profiles decides: who a person is, who takes part in what, and what a file of HR changes. Pure."""
