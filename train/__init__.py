"""The trainer of deblurvid's generators, run from a checkout as `python -m train`.

torch lives only here: the installed package never imports this one.
"""
