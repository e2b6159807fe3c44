// SPDX-License-Identifier: Apache-2.0
#include "fuzz.hpp"
#include "handoff/automatic_settings.hpp"
#include "handoff/health.hpp"
#include "handoff/surroundings.hpp"

namespace {

// What timers go by: two files of an administrator, and what a bus answers.
const fuzz::Registered
    automatic({"automatic", {base::Kind::config}, [](std::string_view input) {
                 const fuzz::Scratch scratch;
                 const base::Host host = fuzz::host_in(scratch);
                 for (const handoff::Inhibitor &each : handoff::parse_inhibitors(input))
                   fuzz::demand(each.who.size() + each.why.size() <= input.size() * 3,
                                "texts of the input");
                 scratch.write("etc/strake/health.conf", input);
                 scratch.write("etc/strake/automatic.conf", input);
                 if (input.starts_with("[Health]"))
                   return (void)handoff::read_health_settings(host);
                 const auto now = std::chrono::sys_seconds(std::chrono::hours(500000));
                 const auto settings = handoff::read_automatic_settings(host);
                 const auto opening = handoff::next_opening(settings.windows, now);
                 fuzz::demand(!opening || (opening->begin < opening->end && now < opening->end),
                              "an opening is open now, or later");
               }});

} // namespace
