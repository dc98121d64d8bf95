"""The embedded engine: classification, sentiment, language and retrieval with no key and no network."""
