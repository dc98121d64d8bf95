"""Speaks to the platforms: the doors they knock on, the accounts we hold there, and the way our answers go out."""
