"""Pure: whom the state of a pair concerns, when, and in which words. No clock, no network, no database."""
