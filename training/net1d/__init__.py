"""Net1D in torch, to train what `edgeecg.models.net1d` turns into a graph."""
