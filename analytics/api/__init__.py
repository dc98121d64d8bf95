"""REST: the dashboard's figures, and those of the older project."""
