// SPDX-License-Identifier: LGPL-2.1-or-later
// SQLite, as far as the jobs need it.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "core/base/result.hpp"

struct sqlite3;
struct sqlite3_stmt;

namespace genos::jobs {

// One statement, bound from left to right and then stepped through. What fails shows in
// Database::problem().
class Statement {
 public:
  Statement(sqlite3* database, std::string_view sql);
  Statement& bind(std::int64_t value);
  Statement& bind(double value);
  Statement& bind(const std::string& value);
  bool row();  // the next one
  bool run();  // to the end
  [[nodiscard]] std::int64_t integer(int column) const;
  [[nodiscard]] double real(int column) const;
  [[nodiscard]] std::string text(int column) const;

 private:
  struct Finish {
    void operator()(sqlite3_stmt* statement) const;
  };
  std::unique_ptr<sqlite3_stmt, Finish> statement_;
  int bound_ = 0;
};

class Database {
 public:
  static core::Result<Database> open(const std::string& path);
  [[nodiscard]] Statement prepare(std::string_view sql) const { return {handle_.get(), sql}; }
  [[nodiscard]] bool run(std::string_view sql) const { return prepare(sql).run(); }
  [[nodiscard]] std::int64_t last_id() const;
  [[nodiscard]] std::string problem() const;  // what the last call that failed said

 private:
  struct Close {
    void operator()(sqlite3* database) const;
  };
  std::unique_ptr<sqlite3, Close> handle_;
};

// From now on nobody else writes; what was done is undone unless it was kept.
class Transaction {
 public:
  explicit Transaction(const Database& database)
      : database_(database), open_(database.run("BEGIN IMMEDIATE")) {}
  Transaction(const Transaction&) = delete;
  Transaction& operator=(const Transaction&) = delete;
  ~Transaction() {
    if (open_) (void)database_.run("ROLLBACK");
  }
  [[nodiscard]] bool is_open() const { return open_; }
  bool keep() {
    if (!open_ || !database_.run("COMMIT")) return false;
    open_ = false;
    return true;
  }

 private:
  const Database& database_;
  bool open_;
};

}  // namespace genos::jobs
