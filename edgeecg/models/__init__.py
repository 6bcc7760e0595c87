"""Classifiers on disk and at work: cards, files, preprocessing, the runtimes behind one protocol, and who runs when."""
