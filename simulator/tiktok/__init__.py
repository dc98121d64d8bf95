"""TikTok's Business Messaging API, seen from a business: OAuth, messages, media, webhooks.

Where the documentation leaves a question open, a setting (``simulator.settings``) holds the answer that is
harder for the caller, so that a product that copes here copes there.
"""
