#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""A line of gst-launch-1.0 in which an element gets other properties in the middle: as its frame of
this number comes. Usage: turning_line.py ELEMENT FRAME PROPERTY=VALUE LINE"""
import sys

import gi

gi.require_version("Gst", "1.0")
from gi.repository import Gst  # noqa: E402


def turn(_pad, _info):
    global count
    if count == int(frame):
        Gst.util_set_object_arg(element, *change.split("=", 1))
    count += 1
    return Gst.PadProbeReturn.OK


Gst.init(None)
name, frame, change, *words = sys.argv[1:]
count = 0
pipeline = Gst.parse_launch(" ".join(words))
element = pipeline.get_by_name(name)
element.get_static_pad("sink").add_probe(Gst.PadProbeType.BUFFER, turn)
pipeline.set_state(Gst.State.PLAYING)
ended = pipeline.get_bus().timed_pop_filtered(
    Gst.CLOCK_TIME_NONE, Gst.MessageType.EOS | Gst.MessageType.ERROR)
pipeline.set_state(Gst.State.NULL)
if ended.type == Gst.MessageType.ERROR:
    sys.exit(ended.parse_error().debug)
if count <= int(frame):
    sys.exit(f"it ended before frame {frame}")
