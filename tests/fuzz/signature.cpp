// SPDX-License-Identifier: Apache-2.0
#include "fuzz.hpp"
#include "verity/pkcs7.hpp"
#include "verity/signature_partition.hpp"

// Whatever a signature partition holds, it is read or refused with a reason, and nothing that
// nobody signed is trusted.
const fuzz::Registered signature(
    {"signature", {}, [](std::string_view input) {
       const auto reading = verity::parse_signature_partition(input);
       fuzz::demand(reading.signature.has_value() == reading.refusal.empty(),
                    "there is a signature or a reason");
       if (!reading.signature)
         return;
       std::string padded(input);
       padded.resize(input.size() + 4096);
       fuzz::demand(verity::parse_signature_partition(padded).signature == reading.signature,
                    "zeros at its end mean nothing");
       const auto verdict = verity::verify_root_hash(reading.signature->root_hash,
                                                     reading.signature->signature,
                                                     reading.signature->certificate,
                                                     {});
       fuzz::demand(!verdict.trusted && !verdict.why.empty(),
                    "without a certificate nothing is trusted, and it is said why");
     }});
