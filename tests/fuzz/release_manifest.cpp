// SPDX-License-Identifier: Apache-2.0
#include "verity/release_manifest.hpp"

#include "fuzz.hpp"

// What is accepted is written and read again as the same.
const fuzz::Registered
    release_manifest({"release_manifest", {base::Kind::untrusted}, [](std::string_view input) {
                        const auto manifest =
                            verity::parse_release_manifest(input, "manifest.json");
                        const std::string text = verity::text_of(manifest);
                        fuzz::demand(verity::parse_release_manifest(text, "again") == manifest,
                                     "it is read as it was written");
                      }});
