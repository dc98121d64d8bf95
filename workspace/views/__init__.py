"""The workspace's doors: pages and fragments, deeds, the composer, files."""
