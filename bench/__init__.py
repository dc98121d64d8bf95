"""How fast the product is on this machine, measured beside what it is compared with, in one run. Never part of a test."""
