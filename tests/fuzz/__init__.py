"""Mutated bodies against the running door: ``python -m tests.fuzz``, or ``make fuzz``."""
