"""What the features of intervals and of the engine's verdicts are called, in the order the kernel writes them."""

SCATTER = (
    "rr_n", "rr_mean", "rr_median", "rr_min", "rr_max", "rr_cv", "rr_mad", "rr_iqr", "rr_range", "rr_skew", "rr_first_last",
    "rr_last", "rr_short", "rr_long", "rr_kept_cv", "rr_kept_range", "rr_kept_share",
)  # fmt: skip
ORDER = (
    "drr_rms", "drr_median", "drr_max", "drr_over_20ms", "drr_over_50ms", "drr_over_100ms", "sd_ratio", "turning", "lag1", "lag2",
    "same_as_before_last", "compensated", "early_then_late", "entropy", "cosen", "lorenz_empty", "lorenz_origin", "lorenz_evidence",
    "kept_drr_rms", "kept_drr_median", "kept_lag1", "ranks",
)  # fmt: skip
VERDICTS = (
    "b_confidence", "b_least_confidence", "b_doubtful", "b_wide", "b_unknown", "b_width", "b_widest", "b_width_spread", "b_distance",
    "b_farthest", "b_distance_spread", "b_height", "b_height_spread", "b_lowest", "b_highest", "b_earliest", "b_early_share",
    "b_early_wide", "b_early_narrow", "b_latest", "b_early_distance",
)  # fmt: skip
TOLD = (*SCATTER, *ORDER, *VERDICTS)
