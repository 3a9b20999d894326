import os
import sys

from snapshot_restore_py import register_after_restore, register_before_snapshot

said = []


@register_before_snapshot
def first():
    said.append("before, registered first")


register_before_snapshot(lambda *args, **kwargs: said.append([args, kwargs]), 1, two=2)


@register_after_restore
def after():
    said.append("after, registered first")


register_after_restore(said.append, "after, registered second")


def fail(how):
    if how == "exit":
        sys.exit("not a number")
    raise LookupError("in a hook")


mode = os.environ.get("MODE", "")
if mode:
    when, how = mode.split("-")
    (register_before_snapshot if when == "before" else register_after_restore)(fail, how)


def handler(event, context):
    return said
