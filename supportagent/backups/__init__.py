"""Back-ups: one file with the record and the customers' pictures, and the way back from it.

Rooms: ``archive`` (the file), ``databases`` (dumped and loaded, by kind), ``restoring`` (the order of the way back).
"""
