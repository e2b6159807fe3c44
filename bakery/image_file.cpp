// SPDX-License-Identifier: Apache-2.0
#include "bakery/image_file.hpp"

#include "base/architecture.hpp"
#include "base/specifier.hpp"
#include "base/uuid.hpp"
#include "base/version.hpp"
#include "verity/partition_type.hpp"

#include <algorithm>
#include <array>
#include <cctype>
#include <utility>

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

constexpr std::array<std::string_view, 6> formats = {
    "raw", "img", "erofs", "squashfs", "ext4", "btrfs"};

bool is_part(std::string_view word)
{
  return word == "verity" || ((word.starts_with("root") || word.starts_with("usr")) &&
                              verity::find_partition_type(word, base::native_architecture()));
}

/// Takes the first word off, which ends where a dot or the text does.
std::string_view take_word(std::string_view &rest)
{
  const std::size_t dot = std::min(rest.find('.'), rest.size());
  const std::string_view word = rest.substr(0, dot);
  rest.remove_prefix(std::min(dot + 1, rest.size()));
  return word;
}

/// PART[.UUID][.FORMAT][.COMPRESSION]
struct PartSuffix {
  std::string_view part;
  std::string_view uuid{};
};

std::optional<PartSuffix> parse_part_suffix(std::string_view suffix)
{
  PartSuffix read{.part = take_word(suffix)};
  if (!is_part(read.part))
    return std::nullopt;
  std::string_view word = take_word(suffix);
  if (base::Uuid::parse(word))
    read.uuid = std::exchange(word, take_word(suffix));
  if (std::find(formats.begin(), formats.end(), word) != formats.end())
    word = take_word(suffix);
  const bool is_packed =
      std::any_of(compressions.begin(), compressions.end(), [&](std::string_view compression) {
        return !compression.empty() && compression.substr(1) == word;
      });
  return (word.empty() || is_packed) && suffix.empty() ? std::optional(read) : std::nullopt;
}

/// The longest known suffix, which is what follows the first dot that leaves one: a version has
/// dots too.
std::optional<std::string_view> suffix_of(std::string_view file)
{
  for (std::size_t dot = file.find('.'); dot != std::string_view::npos;
       dot = file.find('.', dot + 1)) {
    const std::string_view rest = file.substr(dot + 1);
    if (is_image_suffix(rest) || parse_part_suffix(rest) ||
        std::find(side_suffixes.begin(), side_suffixes.end(), rest) != side_suffixes.end())
      return rest;
  }
  return std::nullopt;
}

/// Takes the word behind the last "_" off, if it is one of those.
template <typename Is> std::string take_last(std::string &text, Is &&is)
{
  const std::size_t last = text.rfind('_');
  if (last == std::string::npos || !is(std::string_view(text).substr(last + 1)))
    return {};
  std::string word = text.substr(last + 1);
  text.resize(last);
  return word;
}

} // namespace

bool ImageFile::is_system_part() const
{
  if (suffix == "efi" || suffix.starts_with("efi."))
    return true;
  // What is called so, without a UUID, lies beside an image.
  return parse_part_suffix(suffix) && (suffix != "verity" || !uuid.empty());
}

bool ImageFile::is_image() const
{
  return is_system_part() || is_image_suffix(suffix);
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
  if (const auto part = parse_part_suffix(*suffix)) {
    read.uuid = part->uuid;
    if (read.uuid.empty())
      read.uuid = take_last(
          read.version, [](std::string_view word) { return base::Uuid::parse(word).has_value(); });
  }
  read.architecture = take_last(read.version, base::is_architecture);
  if (!base::is_valid_version(read.version))
    return std::nullopt;
  return read;
}

} // namespace bakery
