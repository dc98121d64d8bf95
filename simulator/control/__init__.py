"""Orders to the simulator and looks at its truth, under ``/_sim``."""
