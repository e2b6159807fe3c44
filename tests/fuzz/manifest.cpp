// SPDX-License-Identifier: Apache-2.0
#include "updater/manifest.hpp"

#include "fuzz.hpp"

// Accepted names stay below the repository and cannot confuse a terminal, and a manifest written
// again by what was read is the same manifest.
const fuzz::Registered
    manifest({"manifest", {base::Kind::untrusted, base::Kind::network}, [](std::string_view input) {
                const updater::Manifest read = updater::parse_manifest(input);
                std::string again;
                for (const updater::ManifestEntry &entry : read.entries) {
                  const std::string path = "/" + entry.name + "/";
                  fuzz::demand(path.find("/../") == path.npos && path.find("//") == path.npos,
                               "names are relative and without ..");
                  for (const char letter : entry.name)
                    fuzz::demand(static_cast<unsigned char>(letter) >= 0x20 && letter != 0x7f &&
                                     letter != '%',
                                 "names have no controls");
                  again += verity::hex(entry.sha256) + "  " + entry.name + "\n";
                }
                fuzz::demand(updater::parse_manifest(again).entries == read.entries,
                             "written again it reads the same");
              }});
