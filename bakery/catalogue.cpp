// SPDX-License-Identifier: Apache-2.0
#include "bakery/catalogue.hpp"

#include "base/error.hpp"
#include "base/version.hpp"

#include <algorithm>
#include <cctype>
#include <map>

namespace bakery {

namespace {

bool is_newer(const verity::Release &one, const verity::Release &other)
{
  const auto order = base::compare_versions(one.version, other.version);
  if (order != std::strong_ordering::equal)
    return order == std::strong_ordering::greater;
  return one.version > other.version; // equal, and yet another text
}

/// "1.32" of "1.32.4"; nothing if it has no third part.
std::optional<std::string> series_of(const std::string &version)
{
  const std::size_t first = version.find('.');
  const std::size_t second = first == std::string::npos ? first : version.find('.', first + 1);
  if (second == std::string::npos || second + 1 == version.size())
    return std::nullopt;
  const bool is_numeric =
      std::all_of(version.begin(),
                  version.begin() + static_cast<std::ptrdiff_t>(second),
                  [](unsigned char letter) { return std::isdigit(letter) != 0 || letter == '.'; });
  return is_numeric ? std::optional(version.substr(0, second)) : std::nullopt;
}

} // namespace

std::vector<OfferedFile> files_of(const verity::Release &release)
{
  std::vector<OfferedFile> files;
  for (const verity::Artifact &artifact : release.artifacts) {
    const auto name = parse_image_file(artifact.name);
    if (!name)
      base::fail(base::Kind::untrusted,
                 "the index has a file {}, which is not named as published files are",
                 artifact.name);
    files.push_back({.name = *name, .size = artifact.size, .sha256 = artifact.sha256});
  }
  std::sort(files.begin(), files.end(), [](const OfferedFile &one, const OfferedFile &other) {
    if (one.name.is_image() != other.name.is_image())
      return one.name.is_image();
    return one.name.file < other.name.file;
  });
  return files;
}

Catalogue catalogue_of(const std::vector<verity::Release> &releases)
{
  std::map<std::string, std::vector<const verity::Release *>> by_name;
  for (const verity::Release &release : releases)
    if (release.withdrawn.empty())
      by_name[release.name].push_back(&release);
  Catalogue catalogue;
  for (auto &[name, versions] : by_name) {
    std::sort(versions.begin(), versions.end(), [](const auto *one, const auto *other) {
      return is_newer(*one, *other);
    });
    OfferedName offered{
        .name = name, .kind = versions.front()->kind, .description = {}, .versions = {}};
    for (const verity::Release *release : versions) {
      if (offered.description.empty())
        offered.description = release->description;
      offered.versions.push_back({.version = release->version,
                                  .published = release->published,
                                  .files = files_of(*release)});
    }
    catalogue.push_back(std::move(offered));
  }
  return catalogue;
}

std::vector<std::string> architectures_of(const OfferedVersion &version)
{
  std::vector<std::string> found;
  for (const OfferedFile &file : version.files)
    if (file.name.is_image() &&
        std::find(found.begin(), found.end(), file.name.architecture) == found.end())
      found.push_back(file.name.architecture);
  return found;
}

const OfferedFile *image_of(const OfferedVersion &version, const std::string &architecture)
{
  for (const OfferedFile &file : version.files)
    if (file.name.is_image() && file.name.architecture == architecture)
      return &file;
  return nullptr;
}

std::vector<std::string> series_of(const OfferedName &offered)
{
  std::vector<std::string> found;
  for (const OfferedVersion &each : offered.versions) {
    const auto series = series_of(each.version);
    if (series && std::find(found.begin(), found.end(), *series) == found.end())
      found.push_back(*series);
  }
  return found.size() > 1 ? found : std::vector<std::string>{};
}

} // namespace bakery
