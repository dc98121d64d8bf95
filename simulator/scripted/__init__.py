"""Customers who play themselves: the scripts (``simulator/scripts/*.toml``), and the player who performs them."""
