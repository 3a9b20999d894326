"""Hooks of SnapStart, as functions know them: what AWS's managed runtimes carry under this name.

A function registers callables while it is imported. The client runs those of `before` after init, the last registered
first, and those of `after` when the environment was restored, in their order. A package's own module of this name wins.
"""

_before, _after = [], []


def register_before_snapshot(func, *args, **kwargs):
    """To be called once before the snapshot. Also a decorator."""
    _before.append((func, args, kwargs))
    return func


def register_after_restore(func, *args, **kwargs):
    """To be called in each environment that is restored, before its first invocation. Also a decorator."""
    _after.append((func, args, kwargs))
    return func


def get_before_snapshot():
    return _before


def get_after_restore():
    return _after
