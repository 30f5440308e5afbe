// SPDX-License-Identifier: LGPL-2.1-or-later
#include "jobs/job_store.hpp"

#include <glib.h>
#include <glib/gstdio.h>

#include <cerrno>
#include <cstring>

namespace genos::jobs {
namespace {

using core::Errc;
using core::Error;

// What a job that takes its process down with it gets; then it is not begun again.
constexpr int most_attempts = 3;
// Jobs that ended are kept so long; older ones are forgotten.
constexpr std::int64_t most_ended = 1000;

// Of the tables below: who changes them counts on, and knows how to bring the older ones along.
constexpr std::int64_t tables_version = 1;

constexpr const char* columns =
    "SELECT id, source, folder, ladder, sounds, container, replaces, state, percent, speed, "
    "time_left, reason, attempts FROM job ";

Job job_in(const Statement& row) {
  Job job;
  job.id = row.integer(0);
  job.source = row.text(1);
  job.folder = row.text(2);
  job.ladder = row.text(3);
  job.sounds = row.text(4);
  job.container = row.text(5);
  job.replace = row.integer(6) != 0;
  const std::string state = row.text(7);
  for (const auto each :
       {State::queued, State::running, State::done, State::failed, State::cancelled})
    if (state == name_of(each)) job.state = each;
  job.percent = row.real(8);
  job.speed = row.real(9);
  job.time_left = row.real(10);
  job.reason = row.text(11);
  job.attempts = static_cast<int>(row.integer(12));
  return job;
}

}  // namespace

std::string JobStore::standard_folder() { return std::string(g_get_user_state_dir()) + "/genos"; }

core::Result<JobStore> JobStore::open(const std::string& folder) {
  if (g_mkdir_with_parents(folder.c_str(), 0700) != 0)
    return Error{Errc::failed, "'" + folder + "': " + std::strerror(errno)};
  auto locks = JobLocks::open(folder + "/jobs.lock");
  if (!locks) return locks.error();
  const std::string path = folder + "/jobs.db";
  auto database = Database::open(path);
  if (!database) return database.error();
  g_chmod(path.c_str(), 0600);  // URIs may have passwords in them
  JobStore store(*std::move(database), *std::move(locks));
  if (store.version() > tables_version)
    return Error{Errc::failed, "'" + path + "' is of a newer genos: use that one, or move it away"};
  if (!store.prepare_tables()) return store.problem();
  return store;
}

std::int64_t JobStore::version() const {
  auto asked = database_.prepare("PRAGMA user_version");
  return asked.row() ? asked.integer(0) : 0;
}

bool JobStore::prepare_tables() {
  // Not WAL: who changes to it does not wait for others, and fails.
  return database_.run("PRAGMA synchronous=NORMAL") &&
         database_.run(
             "CREATE TABLE IF NOT EXISTS job (id INTEGER PRIMARY KEY AUTOINCREMENT, "
             "source TEXT NOT NULL, folder TEXT NOT NULL, ladder TEXT NOT NULL, sounds TEXT NOT "
             "NULL, container TEXT NOT NULL, replaces INTEGER NOT NULL, "
             "state TEXT NOT NULL DEFAULT 'queued', percent REAL NOT NULL DEFAULT -1, "
             "speed REAL NOT NULL DEFAULT 0, time_left REAL NOT NULL DEFAULT -1, "
             "reason TEXT NOT NULL DEFAULT '', attempts INTEGER NOT NULL DEFAULT 0, "
             "cancel INTEGER NOT NULL DEFAULT 0)") &&
         database_.run(
             "CREATE TABLE IF NOT EXISTS output (job INTEGER NOT NULL REFERENCES job, "
             "path TEXT NOT NULL)") &&
         database_.run(
             // Of jobs that run, or died: one that ends well has none.
             "CREATE TABLE IF NOT EXISTS part (path TEXT PRIMARY KEY, job INTEGER NOT NULL)") &&
         database_.run("PRAGMA user_version = " + std::to_string(tables_version)) &&
         database_.run("CREATE INDEX IF NOT EXISTS job_state ON job (state)");
}

core::Result<std::int64_t> JobStore::add(const Job& job, bool ours) {
  Transaction transaction(database_);
  auto insert = database_.prepare(
      "INSERT INTO job (source, folder, ladder, sounds, container, replaces) "
      "VALUES (?, ?, ?, ?, ?, ?)");
  insert.bind(job.source).bind(job.folder).bind(job.ladder).bind(job.sounds).bind(job.container);
  if (!transaction.is_open() || !insert.bind(std::int64_t{job.replace}).run()) return problem();
  const std::int64_t id = database_.last_id();
  if (ours) locks_.take(id);
  if (!forget_old() || !transaction.keep()) return problem();
  return id;
}

bool JobStore::forget_old() {
  const std::string old =
      "(SELECT id FROM job WHERE state NOT IN ('queued', 'running') ORDER BY id DESC LIMIT -1 "
      "OFFSET " +
      std::to_string(most_ended) + ")";
  return database_.run("DELETE FROM output WHERE job IN " + old) &&
         database_.run("DELETE FROM part WHERE job IN " + old) &&
         database_.run("DELETE FROM job WHERE id IN " + old);
}

bool JobStore::set_state(std::int64_t id, State state, const std::string& reason, double speed) {
  auto update = database_.prepare(
      "UPDATE job SET state = ?, reason = ?, percent = CASE WHEN ?1 = 'done' THEN 100 WHEN ?1 = "
      "'queued' THEN -1 ELSE percent END, speed = ?, time_left = -1 WHERE id = ?");
  return update.bind(std::string(name_of(state))).bind(reason).bind(speed).bind(id).run();
}

// Files of a job that was killed have .part in their names, and are written anew or removed.
bool JobStore::recover() {
  std::vector<Job> left;
  auto rows = database_.prepare(std::string(columns) + "WHERE state IN ('queued', 'running')");
  while (rows.row()) left.push_back(job_in(rows));
  for (const Job& job : left) {
    if (locks_.is_taken(job.id)) continue;
    bool fine = true;
    if (job.source == "-")
      fine = set_state(job.id, State::failed, "its input ended with the process that read it");
    else if (job.state == State::running && job.attempts >= most_attempts)
      fine =
          set_state(job.id, State::failed,
                    "its process ended " + std::to_string(job.attempts) + " times in the middle");
    else if (job.state == State::running)
      fine = set_state(job.id, State::queued, "");
    if (!fine) return false;
  }
  return true;
}

core::Result<JobStore::Claim> JobStore::claim(unsigned limit, std::optional<std::int64_t> only) {
  Transaction transaction(database_);
  if (!transaction.is_open() || !recover()) return problem();
  auto claim = take_one(limit, only);
  if (claim && !transaction.keep()) {
    if (claim->job) locks_.drop(claim->job->id);
    return problem();
  }
  return claim;
}

core::Result<JobStore::Claim> JobStore::take_one(unsigned limit, std::optional<std::int64_t> only) {
  std::vector<Job> queued;
  auto rows = database_.prepare(std::string(columns) + "WHERE state = 'queued' ORDER BY id");
  while (rows.row()) queued.push_back(job_in(rows));
  auto running = database_.prepare("SELECT count(*) FROM job WHERE state = 'running'");
  const bool full = !running.row() || running.integer(0) >= std::int64_t{limit};
  (void)running.run();
  for (Job& job : queued) {
    if (only && job.id != *only) continue;
    if (!only && locks_.is_taken(job.id)) continue;  // whoever queued it runs it
    if (full) return Claim{{}, true};
    if (!locks_.take(job.id)) continue;
    auto update = database_.prepare(
        "UPDATE job SET state = 'running', attempts = attempts + 1, cancel = 0 WHERE id = ?");
    if (!update.bind(job.id).run()) {
      locks_.drop(job.id);
      return problem();
    }
    job.state = State::running;
    return Claim{std::move(job), false};
  }
  return Claim{};
}

bool JobStore::report(std::int64_t id, double percent, double speed, double time_left) {
  auto update =
      database_.prepare("UPDATE job SET percent = ?, speed = ?, time_left = ? WHERE id = ?");
  (void)update.bind(percent).bind(speed).bind(time_left).bind(id).run();
  auto wish = database_.prepare("SELECT cancel FROM job WHERE id = ?");
  return !wish.bind(id).row() || wish.integer(0) == 0;
}

bool JobStore::finish(const Job& job) {
  Transaction transaction(database_);
  bool fine = transaction.is_open() && set_state(job.id, job.state, job.reason, job.speed) &&
              forget_parts(job.id);
  for (const auto& path : job.outputs)
    fine = fine && database_.prepare("INSERT INTO output (job, path) VALUES (?, ?)")
                       .bind(job.id)
                       .bind(path)
                       .run();
  fine = fine && transaction.keep();
  locks_.drop(job.id);
  return fine;
}

core::Result<Job> JobStore::cancel(std::int64_t id) {
  Transaction transaction(database_);
  if (!transaction.is_open() || !recover()) return problem();
  auto found = get(id);
  if (!found) return found;
  bool fine = true;
  std::vector<std::string> removed;
  if (found->state == State::running) {
    fine = database_.prepare("UPDATE job SET cancel = 1 WHERE id = ?").bind(id).run();
  } else {
    if (found->state == State::queued) fine = set_state(id, State::cancelled, "");
    if (fine) removed = remove_parts(*found, {});
    fine = fine && forget_parts(id);
  }
  if (!fine || !transaction.keep()) return problem();
  auto left = get(id);
  if (left) left->removed = std::move(removed);
  return left;
}

core::Result<Job> JobStore::get(std::int64_t id) {
  auto row = database_.prepare(std::string(columns) + "WHERE id = ?");
  if (!row.bind(id).row())
    return Error{Errc::not_found, "there is no job " + std::to_string(id) +
                                      ": `genos jobs` lists "
                                      "those there are"};
  Job job = job_in(row);
  read_outputs(job);
  return job;
}

void JobStore::read_outputs(Job& job) {
  auto outputs = database_.prepare("SELECT path FROM output WHERE job = ? ORDER BY rowid");
  outputs.bind(job.id);
  while (outputs.row()) job.outputs.push_back(outputs.text(0));
}

core::Result<std::vector<Job>> JobStore::list() {
  {
    Transaction transaction(database_);
    if (!transaction.is_open() || !recover() || !transaction.keep()) return problem();
  }
  std::vector<Job> jobs;
  auto rows = database_.prepare(std::string(columns) + "ORDER BY id");
  while (rows.row()) jobs.push_back(job_in(rows));
  for (auto& job : jobs) read_outputs(job);
  return jobs;
}

}  // namespace genos::jobs
