"""How fast events pass through the delivery kernel, each time against the barest loop that could do the same."""
