"""What the agent is told: releases, their settings, and the one that is published."""
