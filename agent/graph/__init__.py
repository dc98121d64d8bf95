"""The agent's graph: from a customer's message to a proposal, with no outside effect but what its context offers."""
