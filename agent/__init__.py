"""Thinks of an answer: understanding, knowledge, releases, and the graph that ties them together."""
