// SPDX-License-Identifier: LGPL-2.1-or-later
// `genos identity`: make or show the key that proves who this peer is.
#include <cstdio>

#include "tools/app.hpp"

namespace genos::tool {
namespace {

int fail(const GError* error) {
  std::fprintf(stderr, "genos: %s\n", error->message);
  return exit_failed;
}

int show(const char* event, const std::string& path, const char* key, bool json) {
  const Owned<char> fingerprint(gst_genos_identity_fingerprint(key));
  const Owned<char> name(g_filename_display_name(path.c_str()));
  Line(event)
      .add("file", name.get())
      .add("key", key)
      .add("fingerprint", fingerprint.get())
      .print(json, std::string("key          ") + key + "\nfingerprint  " + fingerprint.get());
  return exit_ok;
}

}  // namespace

int identity(std::vector<std::string> args) {
  gboolean force = FALSE;
  Options options;
  std::vector<std::string> rest;
  if (!parse(
          args, "identity new|show FILE",
          "new: makes a key that only you can read, and prints what others know it by.\n"
          "show: prints that again. Others name the key in --trusted.",
          options,
          {{"force", 'f', 0, G_OPTION_ARG_NONE, &force, "Replace a file that is there", nullptr}},
          &rest))
    return exit_usage;
  if (rest.size() != 2 || (rest[0] != "new" && rest[0] != "show")) {
    std::fputs("genos: say `genos identity new FILE` or `genos identity show FILE`\n", stderr);
    return exit_usage;
  }
  Owned<char> key;
  Owned<GError> error;
  if (rest[0] == "new") {
    if (!gst_genos_identity_create(rest[1].c_str(), force, out(key), out(error)))
      return fail(error.get());
    return show("identity-new", rest[1], key.get(), options.json);
  }
  key.reset(gst_genos_identity_read(rest[1].c_str(), out(error)));
  return key ? show("identity", rest[1], key.get(), options.json) : fail(error.get());
}

}  // namespace genos::tool
