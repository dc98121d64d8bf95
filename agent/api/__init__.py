"""REST: what the agent worked out, what it may quote, and the older project's doors to it."""
