#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""A call with everybody in a room; ends with the first who hangs up. Usage: call.py ROOM [SECONDS]"""
import os
import sys

import gi

gi.require_version("Gst", "1.0")
gi.require_version("GstGenos", "1.0")
from gi.repository import GLib, Gst, GstGenos  # noqa: E402

CAMERA = os.environ.get("CAMERA", "videotestsrc is-live=true pattern=ball")  # or: v4l2src
MICROPHONE = os.environ.get("MICROPHONE", "audiotestsrc is-live=true volume=0.1")  # or: autoaudiosrc
SHOW = {"video": os.environ.get("SCREEN", "videoconvert ! autovideosink"),
        "audio": os.environ.get("SPEAKER", "audioconvert ! audioresample ! autoaudiosink")}

Gst.init(None)
loop = GLib.MainLoop()
room = GstGenos.Room(app_id="genos", id=sys.argv[1])
pipeline = Gst.parse_launch(f"{CAMERA} ! queue name=camera  {MICROPHONE} ! queue name=microphone")


def show(_source, pad):
    line = Gst.parse_bin_from_description(SHOW[pad.get_name().split("_")[0]], True)
    pipeline.add(line)
    line.sync_state_with_parent()
    pad.link(line.get_static_pad("sink"))


room.receive(pipeline).connect("pad-added", show)
room.add_stream([pipeline.get_by_name("camera"), pipeline.get_by_name("microphone")], '{"title":"Python"}')
room.connect("stream-add", lambda _room, peer, _id, meta: print(f"{peer.get_id()} shows {meta}", flush=True))
room.connect("stream-remove", lambda *_: loop.quit())
room.join_async(None, None, None)
pipeline.set_state(Gst.State.PLAYING)
if len(sys.argv) > 2:
    GLib.timeout_add_seconds(int(sys.argv[2]), loop.quit)
loop.run()
pipeline.set_state(Gst.State.NULL)
room.leave()
GstGenos.deinit()
