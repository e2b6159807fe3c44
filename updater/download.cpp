// SPDX-License-Identifier: Apache-2.0
#include "updater/download.hpp"

#include "base/error.hpp"
#include "updater/arrival.hpp"
#include "updater/staging.hpp"

#include <algorithm>
#include <memory>

namespace updater {

namespace {

base::Fetch question(const Wanted &wanted, Arrival &arrival, std::vector<std::string> urls)
{
  base::Fetch fetch;
  fetch.urls = std::move(urls);
  fetch.receiver = &arrival;
  fetch.have = arrival.have();
  fetch.validator = arrival.validator();
  fetch.size_limit = wanted.size_limit;
  return fetch;
}

[[noreturn]] void fail_missing(const Wanted &wanted)
{
  base::fail(base::Kind::network,
             "{}: {} is in the manifest, but the server does not have it; the repository is being "
             "changed or is broken, try again later",
             wanted.what,
             wanted.urls.front());
}

/// One mirror at a time, each from the first byte, with every check made again.
void try_each_mirror(const base::Host &host, const Wanted &wanted, Arrival &arrival)
{
  for (const std::string &url : wanted.urls) {
    host.say(base::Level::notice,
             "{}: what came has not the promised SHA-256; fetching it anew from {}",
             wanted.what,
             url);
    arrival.start_over();
    const auto fetched = host.fetcher.fetch({question(wanted, arrival, {url})});
    if (fetched.front().state == base::FetchState::complete && arrival.finish())
      return;
  }
  arrival.start_over();
  base::fail(
      base::Kind::untrusted,
      "{}: {} has not the SHA-256 {} that the manifest promises; nothing of it was installed",
      wanted.what,
      wanted.urls.front(),
      verity::hex(wanted.sha256));
}

void check(const base::Host &host,
           const Wanted &wanted,
           Arrival &arrival,
           const base::Fetched &fetched)
{
  if (fetched.state != base::FetchState::complete)
    fail_missing(wanted);
  if (arrival.finish())
    return;
  // Bytes of an earlier run may have been damaged, or another mirror may be honest: worth one more
  // try each. A single server that sent it all just now would only send the same again.
  if (!arrival.was_resumed() && wanted.urls.size() < 2) {
    arrival.start_over();
    base::fail(base::Kind::untrusted,
               "{}: {} has not the SHA-256 {} that the manifest promises; nothing of it was "
               "installed",
               wanted.what,
               wanted.urls.front(),
               verity::hex(wanted.sha256));
  }
  try_each_mirror(host, wanted, arrival);
}

/// Notes how far each payload is, for the next run. A note that cannot be made costs time, not
/// safety, and must not hide why the run ends.
void keep_progress(const std::vector<std::unique_ptr<Arrival>> &arrivals) noexcept
{
  for (const auto &arrival : arrivals) {
    try {
      arrival->keep();
    } catch (const base::Error &) {
      continue;
    }
  }
}

} // namespace

std::vector<Arrived>
download(const base::Host &host, const base::Dir &state, const std::vector<Wanted> &wanted)
{
  std::vector<Arrived> arrived;
  if (wanted.empty())
    return arrived;
  const base::Dir staging = open_staging(host.sys, state);
  std::vector<std::unique_ptr<Arrival>> arrivals;
  std::vector<base::Fetch> questions;
  for (const Wanted &payload : wanted) {
    auto &arrival = arrivals.emplace_back(std::make_unique<Arrival>(host, staging, payload));
    base::during(payload.what, [&] { arrival->resume(); });
    questions.push_back(question(payload, *arrival, payload.urls));
  }
  const std::vector<base::Fetched> fetched = [&] {
    base::Rollback note([&] { keep_progress(arrivals); });
    auto answers = host.fetcher.fetch(questions);
    note.dismiss();
    return answers;
  }();
  for (std::size_t index = 0; index < wanted.size(); ++index) {
    check(host, wanted[index], *arrivals[index], fetched[index]);
    arrived.push_back(arrivals[index]->take());
  }
  return arrived;
}

void clear_staging(base::Sys &sys, const base::Dir &state, const std::vector<verity::Sha256> &keep)
{
  const auto staging = state.find_dir("staging");
  if (!staging)
    return;
  for (const base::DirEntry &entry : staging->entries()) {
    const auto digest = verity::parse_sha256(entry.name.substr(0, entry.name.find('.')));
    if (!digest || std::find(keep.begin(), keep.end(), *digest) == keep.end())
      sys.remove(*staging, entry.name, base::Remove::file);
  }
}

} // namespace updater
