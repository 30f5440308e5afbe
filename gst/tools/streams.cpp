// SPDX-License-Identifier: LGPL-2.1-or-later
// `genos streams`: who shows what in a room.
#include "tools/pipeline_run.hpp"

namespace genos::tool {
namespace {

constexpr double standard_stay = 5;  // seconds

std::string text_in(const GstStructure* news, const char* field) {
  const char* text = gst_structure_get_string(news, field);
  return text ? text : "";
}

void print(const GstStructure* news, bool comes, bool watch, bool json) {
  Line line(comes ? "stream-add" : "stream-remove");
  std::string text = watch ? (comes ? "+ " : "- ") : "";
  for (const char* field : {"peer", "name", "stream", "title", "kind", "meta", "video", "audio"})
    if (const auto value = text_in(news, field); !value.empty()) line.add(field, value);
  text += text_in(news, "peer");
  for (const char* field : {"name", "title"})
    if (const auto value = text_in(news, field); !value.empty())
      text += "  '" + printable(value) + "'";
  for (const char* field : {"video", "audio"})
    if (const auto value = text_in(news, field); comes && !value.empty())
      text += std::string("  ") + field + " " + printable(value);
  line.print(json, text);
}

}  // namespace

int streams(std::vector<std::string> args) {
  gboolean watch = FALSE;
  Options options;
  if (!parse(args, "streams --room NAME",
             "Tells who shows what, for five seconds (--timeout) or until stopped (--watch).",
             options,
             {{"watch", 'w', 0, G_OPTION_ARG_NONE, &watch, "Until Ctrl-C, or for --timeout",
               nullptr}}))
    return exit_usage;
  if (!watch && options.timeout == 0) options.timeout = standard_stay;
  PipelineRun run(options);
  auto* source = run.add("genosroomsrc", element_place);
  if (!source || !run.enter_room(source)) return exit_usage;
  // What is shown is told of whatever is taken; nobody has this id.
  g_object_set(source, "from", "-", nullptr);
  bool any = false;
  run.on_news = [&](const GstStructure* news) {
    const bool comes = gst_structure_has_name(news, "genos-stream-add");
    if (!comes && !(watch && gst_structure_has_name(news, "genos-stream-remove"))) return;
    any = true;
    print(news, comes, watch, options.json);
  };
  run.at_timeout = [&] { run.quit(any ? exit_ok : exit_nobody); };
  return run.run();
}

}  // namespace genos::tool
