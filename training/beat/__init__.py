"""How the beat model was made: each beat N, S, V, F or Q, within a second of its R peak."""
