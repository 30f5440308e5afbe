#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Joins a room, greets whoever comes, and leaves when it was greeted. Usage: hello.py [ROOM]"""
import sys

import gi

gi.require_version("Gst", "1.0")
gi.require_version("GstGenos", "1.0")
from gi.repository import GLib, Gst, GstGenos  # noqa: E402

Gst.init(None)
loop = GLib.MainLoop()
room = GstGenos.Room(app_id="genos", id=sys.argv[1] if len(sys.argv) > 1 else "demo")
chat = room.channel("chat")


def on_message(_channel, peer, _kind, payload, _meta):
    print(f"{peer.get_id()}: {payload.get_data().decode()}")
    GLib.timeout_add(200, loop.quit)


room.connect("peer-join", lambda _room, peer: chat.send_text("Hello from Python", [peer.get_id()]))
room.connect("lonely", lambda _room, hint: print(hint, file=sys.stderr))
chat.connect("message", on_message)
room.join_async(None, None, None)
GLib.timeout_add_seconds(20, loop.quit)
loop.run()
room.leave()
GstGenos.deinit()
