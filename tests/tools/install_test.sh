#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# `meson install` into a prefix gives everything that a person and a program need. TAP.
# Usage: install_test.sh BUILD
# shellcheck disable=SC2317  # functions are called through check()
set -u
build=${1:?the build folder}
stage=$(mktemp -d)
trap 'rm -rf "$stage"' EXIT
number=0 failed=0

check() {  # NAME COMMAND...
  local name=$1 output
  shift
  number=$((number + 1))
  if output=$("$@" 2>&1); then
    echo "ok $number - $name"
  else
    failed=1
    echo "not ok $number - $name"
    while IFS= read -r line; do echo "# $line"; done <<<"$output"
  fi
}
one_file() {  # NAME-PATTERN: installed, and not empty
  local found
  found=$(find "$prefix" -path "$prefix/$1" -size +0 -print -quit)
  [ -n "$found" ] || { echo "no $1 below the prefix"; return 1; }
}

# DESTDIR and not another prefix: the build stays as it was configured.
check 'meson install' env DESTDIR="$stage" meson install -C "$build" --no-rebuild --quiet
prefix=$stage$(meson introspect --buildoptions "$build" | python3 -c \
  'import json, sys; print(next(o["value"] for o in json.load(sys.stdin) if o["name"] == "prefix"))')
library=$(dirname "$(find "$prefix" -name 'libgstgenos-1.0.so' -print -quit)")
plugin=$(dirname "$(find "$prefix" -path '*gstreamer-1.0/libgstgenos.so' -print -quit)")
export PATH="$prefix/bin:$PATH" LD_LIBRARY_PATH="$library" GST_PLUGIN_PATH="$plugin"
export GST_REGISTRY="$stage/registry.bin"
export GI_TYPELIB_PATH="$library/girepository-1.0"

check 'the library' one_file '*/libgstgenos-1.0.so'
check 'the plugin' one_file '*/gstreamer-1.0/libgstgenos.so'
check 'the plugin loads' gst-inspect-1.0 --plugin genos
check 'genos --version' genos --version
check 'genos-signald --version' genos-signald --version
check 'genos.1' one_file 'share/man/man1/genos.1*'
check 'genos-signald.1' one_file 'share/man/man1/genos-signald.1*'
for tool in genos genos-signald; do
  check "bash completion of $tool" one_file "share/bash-completion/completions/$tool"
  check "zsh completion of $tool" one_file "share/zsh/site-functions/_$tool"
done
check 'the unit file' one_file '*systemd/system/genos-signald.service'

cat >"$stage/room.c" <<'END'
#include <gst/genos/genos.h>
int main(int argc, char **argv) {
  gst_init(&argc, &argv);
  return g_type_is_a(gst_genos_room_get_type(), G_TYPE_OBJECT) ? 0 : 1;
}
END
compile() {  # the .pc as it would be without DESTDIR; a sysroot would move other packages too
  local flags
  mkdir -p "$stage/pc"
  sed "s|^prefix=.*|prefix=$prefix|" "$library/pkgconfig/gstreamer-genos-1.0.pc" \
    >"$stage/pc/gstreamer-genos-1.0.pc" || return 1
  flags=$(env PKG_CONFIG_PATH="$stage/pc" pkg-config --cflags --libs gstreamer-genos-1.0) || return 1
  # shellcheck disable=SC2086  # a list of flags
  cc -Wall -Werror "$stage/room.c" -o "$stage/room" $flags && "$stage/room"
}
check 'a program in C' compile
if meson introspect --targets "$build" | grep -q 'GstGenos-1.0.typelib'; then
  check 'the GIR' one_file 'share/gir-1.0/GstGenos-1.0.gir'
  check 'the GIR describes everything' /usr/bin/python3 - "$prefix/share/gir-1.0/GstGenos-1.0.gir" <<'END'
import sys
import xml.etree.ElementTree as tree

core, glib = "{http://www.gtk.org/introspection/core/1.0}", "{http://www.gtk.org/introspection/glib/1.0}"
bare = [f"{owner.get('name')}: {part.get('name')}" for owner in tree.parse(sys.argv[1]).iter()
        for part in owner if part.tag in (core + "property", core + "method", glib + "signal")
        and part.find(core + "doc") is None
        and part.find(f"{core}return-value/{core}doc") is None]
sys.exit("without a description: " + ", ".join(bare) if bare else 0)
END
  check 'a program in Python' /usr/bin/python3 -c \
    'import gi; gi.require_version("GstGenos", "1.0"); from gi.repository import GstGenos; GstGenos.Room'
fi
echo "1..$number"
exit "$failed"
