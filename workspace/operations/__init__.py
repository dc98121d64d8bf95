"""What operators see and decide: the balance, what was set aside, what failed, how things stand, and the drill."""
