// SPDX-License-Identifier: Apache-2.0
#include "updater/manifest_cache.hpp"

#include "base/durable.hpp"
#include "base/error.hpp"
#include "updater/manifest_source.hpp"
#include "verity/digest.hpp"

#include <span>

namespace updater {

namespace {

constexpr std::string_view directory = "/var/lib/strake/cache";
constexpr std::size_t etag_limit = 1024;

/// A hash, because a URL may be longer than a file name and may have credentials.
std::string file_name(const std::string &url)
{
  return "manifest-" + verity::hex(verity::digest_of(std::as_bytes(std::span(url))));
}

} // namespace

std::optional<CachedManifest> read_cached_manifest(const base::Host &host, const std::string &url)
{
  try {
    const auto text = host.root.text(fmt::format("{}/{}", directory, file_name(url)),
                                     manifest_limit + etag_limit + 1);
    const std::size_t end = text ? text->find('\n') : std::string::npos;
    if (end == std::string::npos || end > etag_limit)
      return std::nullopt;
    return CachedManifest{text->substr(0, end), text->substr(end + 1)};
  } catch (const base::Error &error) {
    host.say(base::Level::debug, "no manifest from the cache: {}", error.what());
    return std::nullopt;
  }
}

void keep_manifest(const base::Host &host, const std::string &url, const CachedManifest &manifest)
{
  if (manifest.etag.empty() || manifest.etag.size() > etag_limit ||
      manifest.etag.find('\n') != std::string::npos)
    return;
  try {
    const base::Dir cache = base::make_path(host.sys, host.root, directory);
    base::replace_file(host.sys, cache, file_name(url), manifest.etag + "\n" + manifest.text);
  } catch (const base::Error &error) {
    host.say(base::Level::debug, "the manifest is not kept: {}", error.what());
  }
}

} // namespace updater
