"""What the trained models share: recordings as the engine hears them, folds, trees as graphs, figures."""
