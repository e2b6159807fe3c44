// SPDX-License-Identifier: Apache-2.0
#include "bakery/catalogue.hpp"

#include "base/version.hpp"

#include <algorithm>
#include <cctype>

namespace bakery {

namespace {

bool comes_before(const OfferedFile &one, const OfferedFile &other)
{
  if (one.name.name != other.name.name)
    return one.name.name < other.name.name;
  const auto order = base::compare_versions(one.name.version, other.name.version);
  if (order != std::strong_ordering::equal)
    return order == std::strong_ordering::greater;
  if (one.name.version != other.name.version) // equal, and yet another text
    return one.name.version > other.name.version;
  if (one.name.is_image() != other.name.is_image())
    return one.name.is_image();
  return one.name.file < other.name.file;
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

Catalogue catalogue_of(std::vector<OfferedFile> files)
{
  std::sort(files.begin(), files.end(), comes_before);
  Catalogue catalogue;
  for (OfferedFile &file : files) {
    if (catalogue.empty() || catalogue.back().name != file.name.name)
      catalogue.push_back({.name = file.name.name, .description = {}, .versions = {}});
    OfferedName &offered = catalogue.back();
    if (offered.description.empty())
      offered.description = file.description;
    if (offered.versions.empty() || offered.versions.back().version != file.name.version)
      offered.versions.push_back({.version = file.name.version, .files = {}});
    offered.versions.back().files.push_back(std::move(file));
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
