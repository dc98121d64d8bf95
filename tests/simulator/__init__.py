"""The simulator's own tests. They need neither Django nor a network beyond loopback."""
