"""How work is run: the worker processes of each role, the embedded Redis, Flower, beat, and the tree of them all."""
