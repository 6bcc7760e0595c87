"""What the walk of trees claims: it comes to the leaves that plain Python comes to, compiled or not."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from tests.models.test_forest import FOLD, WIDTH, forest, read_one, rows_of
from tests.naive import forest as naive


@given(seed=st.integers(0, 2**32 - 1), most=st.sampled_from((1, 3, 12)))
def test_agrees_with_the_oracle(seed: int, most: int) -> None:
    rng = np.random.default_rng(seed)
    model = forest(rng, rounds=10, most=most)
    walked = read_one(model)
    assert walked is not None
    for x in rows_of(rng, 4, WIDTH):
        np.testing.assert_allclose(walked(x), naive.answer(model, x.tolist(), FOLD), rtol=1e-5)
