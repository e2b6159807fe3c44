// SPDX-License-Identifier: Apache-2.0
#include "verity/minisign.hpp"

#include "fuzz.hpp"

// There is a signature or a reason, and a public key is written as it was read.
const fuzz::Registered
    minisign({"minisign", {}, [](std::string_view input) {
                const auto reading = verity::parse_minisign(input);
                fuzz::demand(reading.signature.has_value() == reading.refusal.empty(),
                             "there is a signature or a reason");
                if (const auto key = verity::parse_minisign_key(input))
                  fuzz::demand(verity::parse_minisign_key(verity::file_text(*key)) == key,
                               "the key is written as it was");
              }});
