// SPDX-License-Identifier: Apache-2.0
#include "fuzz.hpp"
#include "verity/openpgp_packets.hpp"

// Packets are the input cut into pieces, nothing is lost between them, and leaving expired keys out
// only takes away and is done after one time.
const fuzz::Registered
    packets({"packets", {}, [](std::string_view input) {
               const std::chrono::sys_seconds now(std::chrono::seconds(1'700'000'000));
               const std::string kept = verity::without_expired(std::string(input), now);
               fuzz::demand(kept.size() <= input.size(), "leaving keys out adds nothing");
               fuzz::demand(verity::without_expired(kept, now) == kept,
                            "leaving keys out once is enough");
               std::string joined;
               for (const verity::Packet &packet :
                    verity::split_packets(input).value_or(std::vector<verity::Packet>{})) {
                 fuzz::demand(packet.whole.ends_with(packet.body), "a packet ends with its body");
                 joined += packet.whole;
                 (void)verity::read_signature(packet.body);
               }
               fuzz::demand(joined.empty() || joined == input, "the packets are the input");
             }});
