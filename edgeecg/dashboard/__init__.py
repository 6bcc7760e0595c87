"""One page that shows what the daemon sees: a program of its own, beside the daemon, that reads its local socket."""
