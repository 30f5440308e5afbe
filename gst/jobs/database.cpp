// SPDX-License-Identifier: LGPL-2.1-or-later
#include "jobs/database.hpp"

#include <sqlite3.h>

namespace genos::jobs {

// Others hold the file for milliseconds.
constexpr int patience_ms = 5000;

Statement::Statement(sqlite3* database, std::string_view sql) {
  sqlite3_stmt* made = nullptr;
  sqlite3_prepare_v2(database, sql.data(), static_cast<int>(sql.size()), &made, nullptr);
  statement_.reset(made);
}

void Statement::Finish::operator()(sqlite3_stmt* statement) const { sqlite3_finalize(statement); }

Statement& Statement::bind(std::int64_t value) {
  sqlite3_bind_int64(statement_.get(), ++bound_, value);
  return *this;
}

Statement& Statement::bind(double value) {
  sqlite3_bind_double(statement_.get(), ++bound_, value);
  return *this;
}

Statement& Statement::bind(const std::string& value) {
  sqlite3_bind_text(statement_.get(), ++bound_, value.data(), static_cast<int>(value.size()),
                    SQLITE_TRANSIENT);
  return *this;
}

bool Statement::row() { return statement_ && sqlite3_step(statement_.get()) == SQLITE_ROW; }

bool Statement::run() {
  if (!statement_) return false;
  int code = SQLITE_ROW;
  while (code == SQLITE_ROW) code = sqlite3_step(statement_.get());
  return code == SQLITE_DONE;
}

std::int64_t Statement::integer(int column) const {
  return sqlite3_column_int64(statement_.get(), column);
}

double Statement::real(int column) const { return sqlite3_column_double(statement_.get(), column); }

std::string Statement::text(int column) const {
  const auto* bytes = sqlite3_column_text(statement_.get(), column);
  const auto size = static_cast<std::size_t>(sqlite3_column_bytes(statement_.get(), column));
  return bytes ? std::string(reinterpret_cast<const char*>(bytes), size) : std::string();
}

core::Result<Database> Database::open(const std::string& path) {
  Database made;
  sqlite3* raw = nullptr;
  const int code =
      sqlite3_open_v2(path.c_str(), &raw, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, nullptr);
  made.handle_.reset(raw);
  if (code != SQLITE_OK)
    return core::Error{core::Errc::failed, "'" + path + "': " + sqlite3_errstr(code)};
  sqlite3_busy_timeout(raw, patience_ms);
  return made;
}

void Database::Close::operator()(sqlite3* database) const { sqlite3_close(database); }
std::int64_t Database::last_id() const { return sqlite3_last_insert_rowid(handle_.get()); }
std::string Database::problem() const { return sqlite3_errmsg(handle_.get()); }

}  // namespace genos::jobs
