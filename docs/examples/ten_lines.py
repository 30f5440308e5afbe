#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""A call with another one in the room `call`, in ten lines after the first two."""
import gi
gi.require_version("GstGenos", "1.0")
from gi.repository import GstGenos, Gst, GLib  # noqa: E402
Gst.init(None)
line = Gst.parse_launch("autovideosrc name=camera  autoaudiosrc name=microphone  playsink name=screen")
screen = line.get_by_name("screen")
room = GstGenos.Room(app_id="genos", id="call")
room.add_stream([line.get_by_name("camera"), line.get_by_name("microphone")], None)
room.receive(line).connect("pad-added", lambda _, pad: pad.link(screen.request_pad_simple(pad.get_name()[:5] + "_sink")))
room.join_async(None, None, None)
line.set_state(Gst.State.PLAYING)
GLib.MainLoop().run()
