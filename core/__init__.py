"""The ground every floor stands on: people, keys, policy, audit, and the small things each app needs."""
