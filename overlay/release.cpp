// SPDX-License-Identifier: Apache-2.0
#include "overlay/release.hpp"

#include "base/error.hpp"
#include "base/os_release.hpp"
#include "base/parse.hpp"
#include "overlay/image.hpp"

#include <fmt/format.h>
#include <sys/stat.h>
#include <sys/xattr.h>

#include <algorithm>
#include <array>

namespace overlay {

namespace {

using base::Kind;

constexpr std::string_view prefix = "extension-release.";
constexpr const char *strict_attribute = "user.extension-release.strict";

/// "foo" of "foo_1.2+3-0.raw": an image may be given a version when it is installed.
std::string without_version(std::string_view name)
{
  for (const std::string_view suffix : {".sysext.raw", ".confext.raw", ".raw"})
    if (name.ends_with(suffix)) {
      name.remove_suffix(suffix.size());
      break;
    }
  return std::string(name.substr(0, name.find_first_of("_+")));
}

/// True if the file says that its name does not matter. Silence, and what is no boolean, means
/// that it does.
bool is_marked_loose(const base::Dir &directory, const std::string &file)
{
  const base::Fd fd = directory.file(file);
  std::array<char, 16> value{};
  const ssize_t length = ::fgetxattr(fd.number(), strict_attribute, value.data(), value.size());
  if (length < 0)
    return false;
  return base::parse_boolean({value.data(), static_cast<std::size_t>(length)}) == false;
}

bool may_stand_for(const base::Dir &directory,
                   const base::DirEntry &entry,
                   std::string_view base_name)
{
  if (!entry.name.starts_with(prefix))
    return false;
  const std::string_view named = std::string_view(entry.name).substr(prefix.size());
  const auto status = directory.status(entry.name);
  if (!is_valid_image_name(named) || !status || !S_ISREG(status->st_mode))
    return false;
  return named == base_name || is_marked_loose(directory, entry.name);
}

/// The file that stands for the one that should be there.
std::optional<std::string>
find_stand_in(const base::Dir &tree, std::string_view directory_path, const std::string &name)
{
  const auto directory = tree.find_dir(directory_path);
  if (!directory)
    return std::nullopt;
  const std::string base_name = without_version(name);
  std::optional<std::string> found;
  for (const base::DirEntry &entry : directory->entries()) {
    if (!may_stand_for(*directory, entry, base_name))
      continue;
    if (found)
      base::fail(Kind::config,
                 "both {} and {} in {} may be the release file of {}; keep one, or rename it to "
                 "{}{}",
                 *found,
                 entry.name,
                 directory->path(),
                 name,
                 prefix,
                 name);
    found = entry.name;
  }
  return found;
}

/// A FIFO would keep the reader waiting, and a device could do anything when it is opened.
std::optional<std::string> read_regular_file(const base::Dir &tree, const std::string &path)
{
  const auto status = tree.target_status(path);
  if (!status)
    return std::nullopt;
  if (!S_ISREG(status->st_mode))
    base::fail(Kind::config, "{} is no regular file", tree.display(path));
  return tree.text(path);
}

} // namespace

std::optional<Release> read_release(const base::Dir &tree,
                                    Class extension_class,
                                    const std::string &name,
                                    std::string_view place)
{
  const auto below = path_below(place, facts(extension_class).release_dir);
  if (!below)
    return std::nullopt;
  const std::string &directory = *below;
  auto text = read_regular_file(tree, fmt::format("{}/{}{}", directory, prefix, name));
  if (!text)
    if (const auto stand_in = find_stand_in(tree, directory, name))
      text = read_regular_file(tree, fmt::format("{}/{}", directory, *stand_in));
  if (!text)
    return std::nullopt;
  return base::parse_assignments(*text);
}

std::optional<std::string> path_below(std::string_view place, std::string_view path)
{
  if (place.empty())
    return std::string(path);
  const std::string start = fmt::format("{}/", place.substr(1));
  if (!path.starts_with(start))
    return std::nullopt;
  return std::string(path.substr(start.size()));
}

std::string value_of(const Release &data, const std::string &key)
{
  const auto found = data.find(key);
  return found == data.end() ? "" : found->second;
}

std::vector<std::string> words_of(std::string_view text)
{
  constexpr std::string_view blanks = " \t\n\r";
  std::vector<std::string> words;
  for (;;) {
    const std::size_t begin = text.find_first_not_of(blanks);
    if (begin == std::string_view::npos)
      return words;
    text.remove_prefix(begin);
    const std::size_t length = std::min(text.find_first_of(blanks), text.size());
    words.emplace_back(text.substr(0, length));
    text.remove_prefix(length);
  }
}

} // namespace overlay
