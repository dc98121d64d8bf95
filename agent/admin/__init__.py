"""The agent in the admin: releases and what they publish, knowledge, and every run."""

from agent.admin import contents, knowledge, releases, runs

__all__ = ["contents", "knowledge", "releases", "runs"]
