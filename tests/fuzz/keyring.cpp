// SPDX-License-Identifier: Apache-2.0
#include "fuzz.hpp"
#include "verity/openpgp.hpp"
#include "verity/openpgp_packets.hpp"

// Armored, binary or a keybox: what comes out is whole packets that begin with a key.
const fuzz::Registered
    keyring({"keyring", {base::Kind::config}, [](std::string_view input) {
               (void)verity::unarmor(input, "PGP SIGNATURE");
               const auto packets =
                   verity::split_packets(verity::unpack_keyring(input, "a keyring"));
               fuzz::demand(packets && !packets->empty(), "a keyring has packets");
               fuzz::demand(packets->front().tag == verity::PacketTag::public_key,
                            "a keyring begins with a key");
             }});
