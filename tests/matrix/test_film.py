"""What only a long film shows."""

from fractions import Fraction

import pytest

from tests.matrix.film import measure


@pytest.mark.slow
@pytest.mark.timeout(3600)
def test_a_film_of_ten_minutes_keeps_its_times_and_its_memory(tmp_path):
    """Memory does not grow, no frame is lost or moved, and sound ends beside its picture."""
    figures = measure(tmp_path, Fraction(10))

    assert figures.in_time, figures
    assert figures.flat, figures
