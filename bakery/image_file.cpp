// SPDX-License-Identifier: Apache-2.0
#include "bakery/image_file.hpp"

#include "base/architecture.hpp"
#include "base/version.hpp"

#include <algorithm>
#include <array>
#include <cctype>

namespace bakery {

namespace {

constexpr std::size_t longest_name = 200; // a file system takes 255, and partial names are longer

constexpr std::array<std::string_view, 4> kinds = {"raw", "efi", "img", "tar"};
constexpr std::array<std::string_view, 5> compressions = {"", ".zst", ".xz", ".gz", ".bz2"};

/// What can follow the dot behind an image's stem without being taken for a part of its version.
constexpr std::array<std::string_view, 8> side_suffixes = {"inputs.json",
                                                           "spdx.json",
                                                           "roothash",
                                                           "roothash.p7s",
                                                           "verity",
                                                           "usrhash",
                                                           "usrhash.p7s",
                                                           "manifest"};

bool is_allowed(char character)
{
  constexpr std::string_view others = ".-_+~^";
  return std::isalnum(static_cast<unsigned char>(character)) != 0 ||
         others.find(character) != std::string_view::npos;
}

bool is_image_suffix(std::string_view suffix)
{
  return std::any_of(kinds.begin(), kinds.end(), [&](std::string_view kind) {
    return suffix.starts_with(kind) &&
           std::find(compressions.begin(), compressions.end(), suffix.substr(kind.size())) !=
               compressions.end();
  });
}

/// The longest known suffix, which is what follows the first dot that leaves one: a version has
/// dots too.
std::optional<std::string_view> suffix_of(std::string_view file)
{
  for (std::size_t dot = file.find('.'); dot != std::string_view::npos;
       dot = file.find('.', dot + 1)) {
    const std::string_view rest = file.substr(dot + 1);
    if (is_image_suffix(rest) ||
        std::find(side_suffixes.begin(), side_suffixes.end(), rest) != side_suffixes.end())
      return rest;
  }
  return std::nullopt;
}

} // namespace

bool ImageFile::is_image() const
{
  return is_image_suffix(suffix);
}

std::string ImageFile::stem() const
{
  return file.substr(0, file.size() - suffix.size() - 1);
}

std::optional<ImageFile> parse_image_file(std::string_view file)
{
  const auto suffix = suffix_of(file);
  if (!suffix || file.size() > longest_name || !std::all_of(file.begin(), file.end(), is_allowed))
    return std::nullopt;
  const std::string_view stem = file.substr(0, file.size() - suffix->size() - 1);
  const std::size_t first = stem.find('_');
  if (first == std::string_view::npos || first == 0 || stem.front() == '.')
    return std::nullopt;
  ImageFile read{.file = std::string(file),
                 .name = std::string(stem.substr(0, first)),
                 .version = std::string(stem.substr(first + 1)),
                 .architecture = {},
                 .suffix = std::string(*suffix)};
  const std::size_t last = read.version.rfind('_');
  if (last != std::string::npos && base::is_architecture(read.version.substr(last + 1))) {
    read.architecture = read.version.substr(last + 1);
    read.version.resize(last);
  }
  if (!base::is_valid_version(read.version))
    return std::nullopt;
  return read;
}

} // namespace bakery
