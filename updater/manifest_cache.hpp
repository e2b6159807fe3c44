// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/host.hpp"

#include <optional>
#include <string>

namespace updater {

/// A manifest as a server once sent it. Nothing is trusted because it lies here.
struct CachedManifest {
  std::string etag;
  std::string text;
};

/// What is kept of this URL; nothing if there is none or if it cannot be read.
std::optional<CachedManifest> read_cached_manifest(const base::Host &host, const std::string &url);

/// Keeps it in place of an earlier one, durably. Not being able to is logged and no failure: the
/// cache saves time and nothing depends on it.
void keep_manifest(const base::Host &host, const std::string &url, const CachedManifest &manifest);

} // namespace updater
