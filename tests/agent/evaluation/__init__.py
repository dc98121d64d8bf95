"""How good the engine is, measured."""
