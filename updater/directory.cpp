// SPDX-License-Identifier: Apache-2.0
#include "updater/directory.hpp"

#include "base/version.hpp"

#include <algorithm>
#include <optional>

namespace updater {

namespace {

constexpr mode_t inherited_mode_bits = 0775; // never world-writable, never setuid

struct Marked {
  Presence presence;
  std::string name;
};

Marked read_mark(const std::string &name)
{
  if (name.starts_with(partial_prefix))
    return {Presence::partial, name.substr(partial_prefix.size())};
  if (name.starts_with(pending_prefix))
    return {Presence::pending, name.substr(pending_prefix.size())};
  return {Presence::installed, name};
}

std::optional<Metadata> match_any(const std::vector<Pattern> &patterns, const std::string &name)
{
  for (const Pattern &pattern : patterns)
    if (auto found = pattern.match(name))
      return found;
  return std::nullopt;
}

bool leads_into(const std::vector<Pattern> &patterns, const std::string &directory)
{
  return std::any_of(patterns.begin(), patterns.end(), [&](const Pattern &pattern) {
    return pattern.leads_into(directory);
  });
}

void inherit(Metadata &metadata, const struct stat &status)
{
  // The epoch and what is before it stand for a time that nobody knows.
  if (!metadata.modified_us && status.st_mtim.tv_sec >= 0 &&
      (status.st_mtim.tv_sec != 0 || status.st_mtim.tv_nsec >= 1000))
    metadata.modified_us = static_cast<std::uint64_t>(status.st_mtim.tv_sec) * 1'000'000 +
                           static_cast<std::uint64_t>(status.st_mtim.tv_nsec) / 1000;
  if (!metadata.mode)
    metadata.mode = status.st_mode & inherited_mode_bits;
}

class Listing {
public:
  Listing(Inode inode, const std::vector<Pattern> &patterns) : inode_(inode), patterns_(patterns) {}

  void walk(const base::Dir &dir, const std::string &below)
  {
    for (const base::DirEntry &entry : dir.entries()) {
      const bool is_directory = S_ISDIR(entry.type);
      if (is_directory == (inode_ == Inode::directory) && (is_directory || S_ISREG(entry.type)))
        if (consider(dir, below, entry.name))
          continue;
      if (is_directory && leads_into(patterns_, below + entry.name))
        if (const auto inner = dir.find_dir_no_symlinks(entry.name))
          walk(*inner, below + entry.name + "/");
    }
  }

  std::vector<Instance> take() { return std::move(found_); }

private:
  bool consider(const base::Dir &dir, const std::string &below, const std::string &name)
  {
    const Marked marked = read_mark(name);
    auto metadata = match_any(patterns_, below + marked.name);
    if (!metadata)
      return false;
    const auto status = dir.status(name);
    if (!status)
      return false; // gone since it was listed
    inherit(*metadata, *status);
    found_.push_back({std::move(*metadata), marked.presence, dir.display(name), below + name, 0});
    return true;
  }

  Inode inode_;
  const std::vector<Pattern> &patterns_;
  std::vector<Instance> found_;
};

} // namespace

std::string unmarked(const std::string &name)
{
  const std::size_t slash = name.rfind('/');
  const std::size_t start = slash == std::string::npos ? 0 : slash + 1;
  return name.substr(0, start) + read_mark(name.substr(start)).name;
}

std::vector<Instance>
list_instances(const base::Dir &dir, Inode inode, const std::vector<Pattern> &patterns)
{
  Listing listing(inode, patterns);
  listing.walk(dir, "");
  std::vector<Instance> result = listing.take();
  sort_newest_first(result);
  return result;
}

void sort_newest_first(std::vector<Instance> &instances)
{
  std::stable_sort(
      instances.begin(), instances.end(), [](const Instance &one, const Instance &other) {
        const auto order = base::compare_versions(one.metadata.version, other.metadata.version);
        return order != 0 ? order > 0 : one.presence > other.presence;
      });
}

const Instance *find_version(const std::vector<Instance> &instances, const std::string &version)
{
  const auto found =
      std::find_if(instances.begin(), instances.end(), [&](const Instance &instance) {
        return base::compare_versions(instance.metadata.version, version) == 0;
      });
  return found == instances.end() ? nullptr : &*found;
}

} // namespace updater
