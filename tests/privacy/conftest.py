"""The agent's fixtures, for tests that need a mind."""

from tests.agent.conftest import encoder, fitted, heads, mind, release, seeds, vectors

__all__ = ["encoder", "fitted", "heads", "mind", "release", "seeds", "vectors"]
