// SPDX-License-Identifier: Apache-2.0
#include "fuzz.hpp"
#include "handoff/apply_record.hpp"
#include "handoff/last_run.hpp"
#include "updater/attempt.hpp"
#include "updater/content_record.hpp"
#include "updater/history.hpp"
#include "updater/policy.hpp"
#include "updater/seen.hpp"
#include "updater/staging.hpp"
#include "updater/system_set.hpp"

namespace {

/// Reads and, if there is something, writes and reads again.
template <typename Read, typename Write> void round_trip(Read read, Write write)
{
  const auto first = read();
  write(first);
  fuzz::demand(read() == first, "what is written is what was read");
}

// strake's own records, all with the same text in them: it means something, or nothing, or (for
// what an administrator decided) it is refused.
const fuzz::Registered records(
    {"records", {base::Kind::config}, [](std::string_view input) {
       const fuzz::Scratch scratch;
       const base::Host host = fuzz::host_in(scratch);
       const verity::Sha256 digest = verity::digest_of(std::as_bytes(std::span("source", 6)));
       const std::string seen = "var/lib/strake/seen/" + verity::hex(digest) + ".json";
       for (const std::string &name : {std::string("policy.json"),
                                       std::string("attempt.json"),
                                       std::string("contents.json"),
                                       std::string("history.jsonl"),
                                       std::string("sets.json"),
                                       std::string("apply.json"),
                                       std::string("last-run.json"),
                                       verity::hex(digest) + ".json",
                                       seen})
         scratch.write(name, input);
       if (const auto attempt = updater::read_attempt(host.root, ""))
         updater::write_attempt(host.sys, host.root, "", *attempt);
       (void)updater::read_content_record(host.root, "");
       const std::size_t events = updater::read_history(host.root).size();
       updater::record(host, host.root, {});
       fuzz::demand(updater::read_history(host.root).size() ==
                        std::min<std::size_t>(events + 1, 1000),
                    "an event is added");
       if (updater::read_progress(host.root, digest))
         round_trip(
             [&] { return *updater::read_progress(host.root, digest); },
             [&](const auto &read) { updater::write_progress(host.sys, host.root, digest, read); });
       if (updater::read_seen(host, "source"))
         round_trip([&] { return *updater::read_seen(host, "source"); },
                    [&](const auto &read) { updater::remember_seen(host, "source", read); });
       round_trip(
           [&] { return handoff::read_apply_record(host.root, "os_2.efi"); },
           [&](const auto &read) { handoff::write_apply_record(host.sys, host.root, read); });
       if (handoff::read_last_run(host.root))
         round_trip([&] { return *handoff::read_last_run(host.root); },
                    [&](const auto &read) { handoff::write_last_run(host.sys, host.root, read); });
       round_trip([&] { return updater::read_policy(host.root, ""); },
                  [&](const auto &read) { updater::write_policy(host.sys, host.root, "", read); });
       round_trip([&] { return updater::read_system_sets(host.root); },
                  [&](const auto &read) { updater::write_system_sets(host.sys, host.root, read); });
     }});

} // namespace
