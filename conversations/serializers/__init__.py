"""The record in the words of programs."""
