"""What the agent may quote: articles, their versions and passages."""
