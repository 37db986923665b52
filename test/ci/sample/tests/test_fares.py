from src.fares import fare


def test_a_ride_costs_its_length():
    assert fare(2) == 590


def test_no_ride_costs_nothing():
    assert fare(0) == 0
