// SPDX-License-Identifier: LGPL-2.1-or-later
// For builds without SQLite: there is no store, so nothing but open() is ever called.
#include "jobs/job_store.hpp"

namespace genos::jobs {

const core::Error none{core::Errc::not_found, "this build has no jobs: configure -Djobs=enabled"};

void Statement::Finish::operator()(sqlite3_stmt*) const {}
void Database::Close::operator()(sqlite3*) const {}
std::string JobStore::standard_folder() { return {}; }
core::Result<JobStore> JobStore::open(const std::string&) { return none; }
core::Result<std::int64_t> JobStore::add(const Job&, bool) { return none; }
core::Result<JobStore::Claim> JobStore::claim(unsigned, std::optional<std::int64_t>) {
  return none;
}
bool JobStore::report(std::int64_t, double, double, double) { return true; }
bool JobStore::note_parts(std::int64_t, const std::vector<std::string>&) { return false; }
bool JobStore::finish(const Job&) { return false; }
core::Result<Job> JobStore::cancel(std::int64_t) { return none; }
core::Result<Job> JobStore::get(std::int64_t) { return none; }
core::Result<std::vector<Job>> JobStore::list() { return none; }

}  // namespace genos::jobs
