"""The tests: a mirror of the tree, and the few things that they share."""
