// SPDX-License-Identifier: Apache-2.0
#include "bakery/contents.hpp"

#include "base/error.hpp"
#include "base/tree_copy.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <span>

namespace bakery {

namespace {

constexpr int deepest = 100;
constexpr std::size_t head_size = 16;
constexpr off_t longest_text = off_t{256} << 10U;

constexpr std::array<std::string_view, 4> unit_directories = {"usr/lib/systemd/system/",
                                                              "usr/local/lib/systemd/system/",
                                                              "etc/systemd/system/",
                                                              "lib/systemd/system/"};

bool is_read_by_rules(std::string_view path)
{
  static constexpr std::array<std::string_view, 9> directories = {"usr/lib/sysusers.d/",
                                                                  "etc/sysusers.d/",
                                                                  "usr/lib/tmpfiles.d/",
                                                                  "etc/tmpfiles.d/",
                                                                  "usr/lib/extension-release.d/",
                                                                  "etc/extension-release.d/",
                                                                  "usr/share/dbus-1/",
                                                                  "usr/lib/udev/rules.d/",
                                                                  "usr/lib/userdb/"};
  return is_unit_path(path) || path == "etc/passwd" || path == "etc/group" ||
         std::any_of(directories.begin(), directories.end(), [&](std::string_view directory) {
           return path.starts_with(directory);
         });
}

void read_file(const base::Dir &dir, const std::string &name, std::string_view path, Entry &entry)
{
  const base::Fd file = dir.file(name);
  entry.head.resize(head_size);
  entry.head.resize(base::read_at(file, 0, std::as_writable_bytes(std::span(entry.head))));
  if (entry.head.starts_with("\x7f"
                             "ELF"))
    entry.elf = read_elf(file);
  else if (is_read_by_rules(path) && static_cast<off_t>(entry.size) <= longest_text)
    entry.text = dir.text(name).value_or("");
}

/// Whose tree it is: an image's, of which all counts, or a system's, which may hide some of it.
enum class Owner { image, system };

bool may_list(const base::Dir &dir, const std::string &name)
{
  return ::faccessat(dir.fd().number(), name.c_str(), R_OK | X_OK, AT_EACCESS) == 0;
}

bool may_read(const base::Dir &dir, const std::string &name)
{
  return ::faccessat(dir.fd().number(), name.c_str(), R_OK, AT_EACCESS) == 0;
}

void read_directory(
    const base::Dir &dir, const std::string &below, int depth, Owner owner, Contents &into)
{
  if (depth > deepest)
    base::fail(base::Kind::config, "{} lies deeper than {} directories", dir.path(), deepest);
  for (const base::DirEntry &each : dir.entries()) {
    const std::string path = below.empty() ? each.name : below + "/" + each.name;
    const struct stat status = base::status_of(dir.handle(each.name));
    Entry entry{.mode = status.st_mode, .size = static_cast<std::uint64_t>(status.st_size)};
    if (entry.is_symlink())
      entry.target = dir.link_target(each.name).value_or("");
    else if (entry.is_file() && owner == Owner::image)
      read_file(dir, each.name, path, entry);
    else if (entry.is_file() && is_read_by_rules(path) && status.st_size <= longest_text &&
             may_read(dir, each.name))
      entry.text = dir.text(each.name).value_or("");
    const bool is_directory = entry.is_directory();
    into.entries.emplace(path, std::move(entry));
    if (is_directory && (owner == Owner::image || may_list(dir, each.name)))
      if (const auto child = dir.find_dir_no_symlinks(each.name))
        read_directory(*child, path, depth + 1, owner, into);
  }
}

} // namespace

bool Entry::is_directory() const
{
  return S_ISDIR(mode);
}

bool Entry::is_symlink() const
{
  return S_ISLNK(mode);
}

bool Entry::is_file() const
{
  return S_ISREG(mode);
}

const Entry *Contents::find(const std::string &path) const
{
  const auto found = entries.find(path);
  return found == entries.end() ? nullptr : &found->second;
}

Contents read_contents(const base::Dir &tree, const std::string &place)
{
  Contents contents;
  if (!place.empty())
    contents.entries.emplace(place, Entry{.mode = S_IFDIR | 0755U});
  read_directory(tree, place, 0, Owner::image, contents);
  return contents;
}

Contents read_system(const base::Dir &root)
{
  Contents contents;
  for (const base::DirEntry &each : root.entries()) {
    if (each.type == S_IFLNK)
      contents.entries.emplace(
          each.name, Entry{.mode = S_IFLNK, .target = root.link_target(each.name).value_or("")});
    const bool is_merged = each.name == "usr" || each.name == "opt" || each.name == "etc";
    if (!is_merged || each.type != S_IFDIR)
      continue;
    contents.entries.emplace(each.name, Entry{.mode = S_IFDIR | 0755U});
    read_directory(root.dir(each.name), each.name, 0, Owner::system, contents);
  }
  return contents;
}

bool is_unit_path(std::string_view path)
{
  return std::any_of(unit_directories.begin(),
                     unit_directories.end(),
                     [&](std::string_view directory) { return path.starts_with(directory); });
}

} // namespace bakery
