"""How the R-peak detector was taught and judged, from recordings to the shipped table."""
