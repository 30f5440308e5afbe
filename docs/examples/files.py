#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Sends a file or folder to whoever is there, or receives one.
Usage: files.py send PATH [ROOM], or files.py receive FOLDER [ROOM]"""
import sys

import gi

gi.require_version("Gst", "1.0")
gi.require_version("GstGenos", "1.0")
from gi.repository import GLib, Gst, GstGenos  # noqa: E402

what, path = sys.argv[1:3]
Gst.init(None)
loop = GLib.MainLoop()
room = GstGenos.Room(app_id="genos", id=sys.argv[3] if len(sys.argv) > 3 else "demo")
failure = "nobody came in time"


def end(why):
    global failure
    failure = why
    loop.quit()


def on_joined(_room, result):
    try:
        room.join_finish(result)
        if what == "send":
            room.send_file_async(path, None, None, None, None, None, None, on_offered)
    except GLib.Error as error:
        end(error.message)


def on_offered(_room, result):
    try:
        room.send_file_finish(result).connect("peer-event", on_peer_event)
    except GLib.Error as error:
        end(error.message)


def on_peer_event(file, peer_id, event, _sent, _reason):
    if event == GstGenos.FileEvent.DONE:
        print(f"{peer_id} has {file.get_name()}")
        end(None)


def on_offer(_room, file):
    file.connect("notify::done", lambda *_: print(f"{file.get_done()} of {file.get_size()} bytes"))
    file.connect("finished", on_finished)
    file.accept(path, GstGenos.FileFlags.NONE)


def on_finished(file, error):
    if not error:
        print(f"received {file.dup_path()}")
    end(error and error.message)


if what == "receive":
    room.connect("file-offer", on_offer)
room.join_async(None, on_joined)
GLib.timeout_add_seconds(20, loop.quit)
loop.run()
room.leave()
GstGenos.deinit()
sys.exit(failure)
