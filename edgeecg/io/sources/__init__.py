"""Where samples come from: a thread or a pace of its own each, a bounded queue to the engine, and a sentence for what is refused."""
