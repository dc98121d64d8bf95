"""Shows on the real processes that nothing acknowledged is lost and nothing is answered twice, whatever is killed.

It imports nothing of the product: it starts the product and the simulator as anybody would, plays customers through
the simulator, kills processes with SIGKILL, and judges the end by SQL over the product's database and by the
simulator's truth log.

Rooms: ``rig`` (processes), ``traffic`` (customers), ``checker`` (the judge), ``scenarios`` (what is killed when).
"""
