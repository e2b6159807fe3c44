// SPDX-License-Identifier: Apache-2.0
#include "handoff/extension_offer.hpp"

#include "base/dir.hpp"
#include "base/error.hpp"
#include "base/version.hpp"

#include <algorithm>
#include <array>
#include <map>

namespace handoff {

namespace {

using verity::Artifact;
using verity::Release;

/// A release has other files too, such as what its image was made of.
bool is_image(std::string_view name)
{
  constexpr std::array endings = {".raw", ".raw.xz", ".raw.gz", ".raw.zst", ".raw.bz2", ".raw.lz4"};
  return std::any_of(endings.begin(), endings.end(), [&](std::string_view ending) {
    return name.ends_with(ending);
  });
}

/// Why this machine may not have a release of which nothing is here yet.
std::string
why_not(const Release &release, const updater::Recipient &recipient, std::string_view architecture)
{
  if (auto why = updater::hindrance(release, {}, recipient, ""))
    return *why;
  if (image_for(release, architecture) == nullptr)
    return fmt::format("it has no image for {}", architecture);
  return {};
}

ExtensionOffer offer_of(std::vector<const Release *> releases,
                        const updater::Recipient &recipient,
                        std::string_view architecture)
{
  std::sort(releases.begin(), releases.end(), [](const Release *one, const Release *other) {
    return base::compare_versions(one->version, other->version) > 0;
  });
  ExtensionOffer offer{.name = releases.front()->name,
                       .newest = releases.front()->version,
                       .why = why_not(*releases.front(), recipient, architecture)};
  for (const Release *each : releases)
    if (why_not(*each, recipient, architecture).empty()) {
      offer.release = each;
      offer.image = image_for(*each, architecture);
      break;
    }
  return offer;
}

} // namespace

const Artifact *image_for(const Release &release, std::string_view architecture)
{
  const auto found = std::find_if(
      release.artifacts.begin(), release.artifacts.end(), [&](const Artifact &artifact) {
        if (!is_image(artifact.name))
          return false;
        return artifact.architecture.empty() || artifact.architecture == architecture;
      });
  return found == release.artifacts.end() ? nullptr : &*found;
}

std::vector<ExtensionOffer> offers_of(const verity::ReleaseManifest &manifest,
                                      const updater::Recipient &recipient,
                                      std::string_view architecture)
{
  std::map<std::string, std::vector<const Release *>> by_name;
  for (const Release &release : manifest.releases)
    if (release.kind != verity::ReleaseKind::os)
      by_name[release.name].push_back(&release);
  std::vector<ExtensionOffer> offers;
  for (auto &[name, releases] : by_name)
    offers.push_back(offer_of(std::move(releases), recipient, architecture));
  return offers;
}

std::string pattern_of(const Release &release, const Artifact &image)
{
  std::string pattern = image.name;
  const std::size_t at =
      pattern.find("_" + release.version, base::split_path(pattern).parent.size());
  if (at == std::string::npos || pattern.find('@') != std::string::npos)
    base::fail(base::Kind::config,
               "{} cannot be followed: its file {} is not called NAME_VERSION",
               release.name,
               image.name);
  pattern.replace(at + 1, release.version.size(), "@v");
  const std::string architecture = "_" + image.architecture;
  if (const std::size_t where = pattern.find(architecture, at);
      !image.architecture.empty() && where != std::string::npos)
    pattern.replace(where + 1, image.architecture.size(), "%a");
  return pattern;
}

} // namespace handoff
