// SPDX-License-Identifier: Apache-2.0
#include "bakery/new_file.hpp"

#include "base/error.hpp"
#include "base/printable.hpp"

#include <map>
#include <set>

namespace bakery {

namespace {

using base::Kind;

ImageFile name_of(const base::Dir &dir, const base::DirEntry &entry)
{
  const std::string shown = base::printable(dir.display(entry.name));
  if (entry.type != S_IFREG)
    base::fail(Kind::config, "{} is no regular file; only files can be published", shown);
  const auto name = parse_image_file(entry.name);
  if (!name)
    base::fail(Kind::config,
               "{} is not named as published files are: NAME_VERSION.raw or "
               "NAME_VERSION_ARCHITECTURE.raw, of letters, digits and \".-+~^\", with what belongs "
               "to it beside it (.spdx.json, .inputs.json, .roothash), or for a system "
               "NAME_VERSION.efi, NAME_VERSION_UUID.root.xz and the like; rename it, or take it "
               "out of the directory",
               shown);
  return *name;
}

void check_side_files(const std::map<std::string, NewFile> &found,
                      const std::vector<ImageFile> &published)
{
  std::set<std::string> images;
  for (const ImageFile &each : published)
    if (each.is_image())
      images.insert(each.stem());
  for (const auto &[file, each] : found)
    if (each.name.is_image())
      images.insert(each.name.stem());
  for (const auto &[file, each] : found)
    if (!images.contains(each.name.stem()))
      base::fail(Kind::config,
                 "{} belongs to an image {}, which is neither beside it nor published",
                 each.path(),
                 each.name.stem());
}

} // namespace

std::vector<NewFile> find_new_files(const std::vector<std::string> &directories,
                                    const std::vector<ImageFile> &published)
{
  std::map<std::string, NewFile> found;
  for (const std::string &path : directories) {
    const base::Dir dir = base::Dir::open_root(path);
    for (const base::DirEntry &entry : dir.entries()) {
      if (entry.name.starts_with('.') || entry.type == S_IFDIR)
        continue;
      const NewFile file{.name = name_of(dir, entry), .directory = path};
      const auto [known, is_new] = found.emplace(entry.name, file);
      if (!is_new)
        base::fail(Kind::config,
                   "{} and {} have the same name; only one of them can be published",
                   known->second.path(),
                   file.path());
    }
  }
  check_side_files(found, published);
  std::vector<NewFile> files;
  for (auto &[name, file] : found)
    files.push_back(std::move(file));
  return files;
}

} // namespace bakery
