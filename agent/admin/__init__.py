"""The agent in the admin: releases and what they publish, knowledge, tools, and every run."""

from agent.admin import contents, importing, knowledge, releases, reviewing, runs, switches, tools

__all__ = ["contents", "importing", "knowledge", "releases", "reviewing", "runs", "switches", "tools"]
