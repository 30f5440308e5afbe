#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""A genosroomsink and a genosroomsrc of one peer. Pads of the sink come and go as standard input
says: `video_1 ELEMENTS` adds what that pad shows, `video_1` takes it away. When the first of it
was made is told in JSON lines, and of what the source brings, which is decoded, that pads flow,
end and go.
Usage: changing_line.py ROOM-PROPERTIES"""
import json
import sys

import gi

gi.require_version("Gst", "1.0")
from gi.repository import GLib, Gst  # noqa: E402

ENOUGH = 25  # buffers of a stream after which it is said to flow


def say(event, **fields):
    print(json.dumps({"event": event, **fields}), flush=True)


def tell_first(name, pad, buffer):
    """A live source begins at its own moment: it counts its pictures and samples from there."""
    segment = pad.get_sticky_event(Gst.EventType.SEGMENT, 0).parse_segment()
    say("begins", pad=name, ms=segment.to_running_time(Gst.Format.TIME, buffer.pts) / Gst.MSECOND)
    return Gst.PadProbeReturn.REMOVE


def add(name, words):
    bringer = Gst.parse_bin_from_description(words, True)
    bringer.set_name(name)
    pipeline.add(bringer)
    source_pad = bringer.get_static_pad("src")
    source_pad.add_probe(Gst.PadProbeType.BUFFER, lambda pad, info: tell_first(name, pad, info.get_buffer()))
    source_pad.link(sink.request_pad_simple(name))
    bringer.sync_state_with_parent()


def take_away(name):
    bringer, pad = pipeline.get_by_name(name), sink.get_static_pad(name)
    bringer.set_state(Gst.State.NULL)
    bringer.get_static_pad("src").unlink(pad)
    sink.release_request_pad(pad)
    pipeline.remove(bringer)


def obey(channel, _condition):
    line = channel.readline()
    if not line:
        loop.quit()
        return False
    name, _, words = line.strip().partition(" ")
    add(name, words) if words else take_away(name)
    return True


def show(_source, pad):
    name = pad.get_name()
    taker = Gst.parse_bin_from_description(f"queue ! {name[:5]}convert ! fakesink", True)
    pipeline.add(taker)
    taker.sync_state_with_parent()
    count = 0

    def look(_pad, info):
        nonlocal count
        event = info.get_event() if info.type & Gst.PadProbeType.EVENT_DOWNSTREAM else None
        if event is None:
            count += 1
        elif event.type == Gst.EventType.STREAM_START:
            count = 0
        elif event.type == Gst.EventType.EOS:
            say("ends", pad=name)
        if event is None and count == ENOUGH:
            say("flows", pad=name, stream=pad.get_stream_id())
        return Gst.PadProbeReturn.OK

    pad.add_probe(Gst.PadProbeType.BUFFER | Gst.PadProbeType.EVENT_DOWNSTREAM, look)
    pad.link(taker.get_static_pad("sink"))


Gst.init(None)
loop = GLib.MainLoop()
room = " ".join(sys.argv[1:])
pipeline = Gst.parse_launch(f"genosroomsink name=s peer=me {room} genosroomsrc name=r peer=me {room}")
sink, source = pipeline.get_by_name("s"), pipeline.get_by_name("r")
source.connect("pad-added", show)
source.connect("pad-removed", lambda _source, pad: say("pad-removed", pad=pad.get_name()))
bus = pipeline.get_bus()
bus.add_signal_watch()
bus.connect("message::error", lambda _bus, message: say("error", text=message.parse_error().debug))
GLib.io_add_watch(GLib.IOChannel.unix_new(0), GLib.PRIORITY_DEFAULT, GLib.IO_IN | GLib.IO_HUP, obey)
pipeline.set_state(Gst.State.PLAYING)
loop.run()
pipeline.set_state(Gst.State.NULL)
