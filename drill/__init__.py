"""Shows on the real processes that nothing acknowledged is lost and nothing is answered twice, whatever is killed.

It stands outside: it starts the product and the simulator as anybody would, plays customers through the simulator, kills
processes with SIGKILL, and judges the end by SQL over the product's database and by the simulator's truth log. Only
``forkserver`` and ``mutant``, which become processes of the product, import it.

Rooms: ``rig`` (processes), ``traffic`` and ``visitors`` (customers), ``crash``, ``faults`` and ``mutants`` (what is struck),
``invariants`` and ``checker`` (the judge), ``catalogue`` (all of it for people).
"""
