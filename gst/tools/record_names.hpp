// SPDX-License-Identifier: LGPL-2.1-or-later
// What the files of a recording are called: `a.webm`, then `a-2.webm`; or in a folder, by who shows
// it.
#pragma once

#include <filesystem>
#include <map>
#include <set>
#include <string>

namespace genos::tool {

// What a person calls somebody, as part of a file's name.
std::string name_for_file(const std::string& text);

class RecordNames {
 public:
  // A file that is there is taken only when it may be replaced.
  RecordNames(const std::string& out, bool replace);

  // Empty, or what is wrong.
  [[nodiscard]] std::string problem() const;
  std::string next(const std::string& who, bool is_webm);

 private:
  const bool replace_;
  const std::filesystem::path path_;
  const bool folder_;
  std::map<std::string, unsigned> last_;  // number of a name
  std::set<std::string> taken_;           // two may be called so that they would share one
};

}  // namespace genos::tool
