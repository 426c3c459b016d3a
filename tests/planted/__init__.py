"""Tables of faults that the tests must find: see tests/faults.py."""
