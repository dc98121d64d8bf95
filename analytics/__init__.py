"""Looks at everything and changes nothing: figures, facts per episode, and the live dashboard."""
