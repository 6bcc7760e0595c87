"""How the rhythm model was made: a net on ten seconds of one lead, a tree on the beats in it, and both together."""
