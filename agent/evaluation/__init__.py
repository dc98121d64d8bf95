"""How good the engine is: the product's own held sets and files of labelled rows, measured with the code that answers customers."""
