// SPDX-License-Identifier: LGPL-2.1-or-later
// genos-signald: a relay for rooms.
#include <glib.h>

#include <clocale>

#include "server.hpp"

int main(int argc, char** argv) {
  using namespace genos::signald;
  std::setlocale(LC_ALL, "");  // or GLib takes every terminal for one without UTF-8
  g_set_prgname("genos-signald");
  const auto asked = parse_options({argv + 1, argv + argc});
  if (const auto* options = std::get_if<Options>(&asked)) return serve(*options);
  const auto& message = *std::get_if<Message>(&asked);
  (message.code == ok ? g_print : g_printerr)("%s", message.text.c_str());
  return message.code;
}
