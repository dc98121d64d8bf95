"""Language models behind the graph's ``Writes``: one loop, one deadline, breakers, and spend that is reserved first."""
