// SPDX-License-Identifier: Apache-2.0
#include "fuzz.hpp"
#include "updater/component.hpp"

// A transfer, a feature and a component, cut at NUL bytes: either they are refused as configuration
// or they are complete.
const fuzz::Registered definitions(
    {"definitions", {base::Kind::config}, [](std::string_view input) {
       const fuzz::Scratch scratch;
       const auto texts = fuzz::cut(input, '\0', 3);
       scratch.write("etc/sysupdate.c.d/10.transfer", texts[0]);
       scratch.write("etc/sysupdate.c.d/f.feature", texts[1]);
       scratch.write("etc/sysupdate.c.component", texts[2]);
       const base::Host host = fuzz::host_in(scratch);
       auto read = updater::read_definitions(host, {.directory = {}, .component = "c"});
       for (const updater::Feature &feature : read.features)
         (void)updater::is_suggested(feature.suggestion, host);
       read.transfers.insert(read.transfers.end(), read.disabled.begin(), read.disabled.end());
       for (const updater::Transfer &transfer : read.transfers) {
         fuzz::demand(!transfer.source.patterns.empty() && !transfer.target.patterns.empty(),
                      "both ends have a pattern");
         fuzz::demand(!transfer.target.patterns.front().any_depth(),
                      "a target's pattern can name things");
         fuzz::demand(transfer.target.path.starts_with('/') || transfer.target.path_auto,
                      "a target has a path");
         fuzz::demand(transfer.target.instances_max != 1, "something remains to fall back on");
       }
     }});
