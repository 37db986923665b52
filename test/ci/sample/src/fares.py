"""What a ride costs."""

BASE_CENTS = 350
CENTS_PER_KILOMETRE = 120


def fare(kilometres: float) -> int:
    """In cents; a ride of no length costs nothing."""
    if kilometres <= 0:
        return 0
    return BASE_CENTS + round(kilometres * CENTS_PER_KILOMETRE)
