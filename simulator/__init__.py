"""The platforms' other end, on loopback: for the demo, the tests and the fault drills.

It speaks the real wire protocol (HTTP API, signed webhooks, error codes) and keeps a truth log of what it
accepted, which is what a drill is judged by. It imports nothing of the product and is imported by nothing of it.

Rooms: ``store`` and ``truth`` (one SQLite file), ``settings``, ``faults``, ``world`` (what every room is given),
``http`` (server, routing), ``webhooks`` (outbox and sender), ``tiktok`` (the platform), ``control`` (``/_sim``),
``page`` (play a customer in the browser), ``scripted`` (customers who play themselves).
"""
