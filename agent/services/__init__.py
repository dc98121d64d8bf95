"""Answering: claim a turn, think without a transaction, commit the outcome."""

from agent.services.turns import answer

__all__ = ["answer"]
