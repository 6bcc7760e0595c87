"""How the heart-sound model was made: a recording of ECG and sound normal or abnormal."""
