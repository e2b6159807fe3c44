// SPDX-License-Identifier: Apache-2.0
#include "fuzz.hpp"
#include "updater/fetch_options.hpp"

// transport.conf: refused as configuration, or rules under which each object has a place.
const fuzz::Registered transport(
    {"transport", {base::Kind::config}, [](std::string_view input) {
       const fuzz::Scratch scratch;
       scratch.write("etc/strake/transport.conf", input);
       scratch.write("etc/ca.pem", "nothing");
       const auto options = updater::read_transport_options({scratch.dir(), scratch.dir(), {}});
       const auto places = updater::places({"https://example.org/os/a"}, options.mirrors);
       fuzz::demand(places.back() == "https://example.org/os/a", "the place itself is asked last");
       fuzz::demand(options.parallel_fetches > 0 && options.connections_per_host > 0,
                    "something can be fetched");
     }});
