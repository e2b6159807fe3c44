// SPDX-License-Identifier: Apache-2.0
#include "bakery/lint_rules.hpp"

#include <fmt/format.h>
#include <sys/stat.h>

#include <algorithm>
#include <array>
#include <set>

namespace bakery {

namespace {

Finding at(const std::string &path, std::string what, Gravity gravity = Gravity::error)
{
  return {.rule = {}, .gravity = gravity, .path = "/" + path, .what = std::move(what)};
}

std::string_view kind(const Entry &entry)
{
  if (entry.is_directory())
    return "a directory";
  return entry.is_symlink() ? "a symlink" : "a file";
}

/// Files that each extension has one of, under a name of its own.
bool is_own(const std::string &path)
{
  return path.find("/extension-release.d/") != std::string::npos;
}

} // namespace

std::vector<Finding> find_outside_hierarchies(const Subject &subject,
                                              const Surroundings & /*around*/)
{
  std::set<std::string> merged;
  if (subject.image_class == ImageClass::sysext)
    merged = {"usr", "opt"};
  else if (subject.image_class == ImageClass::confext)
    merged = {"etc"};
  else if (subject.image_class == ImageClass::usr)
    merged = {"usr"};
  else
    return {};
  std::vector<Finding> findings;
  for (const auto &[path, entry] : subject.contents.entries)
    if (path.find('/') == std::string::npos && !merged.contains(path))
      findings.push_back(at(path, "nobody sees it there"));
  return findings;
}

std::vector<Finding> find_hidden_directories(const Subject &subject,
                                             const Surroundings & /*around*/)
{
  static constexpr std::array<const char *, 14> directories = {"usr",
                                                               "opt",
                                                               "etc",
                                                               "usr/bin",
                                                               "usr/lib",
                                                               "usr/lib32",
                                                               "usr/lib64",
                                                               "usr/libexec",
                                                               "usr/local",
                                                               "usr/share",
                                                               "usr/lib/systemd",
                                                               "usr/lib/systemd/system",
                                                               "usr/lib/modules",
                                                               "etc/systemd"};
  std::vector<Finding> findings;
  for (const char *path : directories)
    if (const Entry *entry = subject.contents.find(path);
        entry != nullptr && !entry->is_directory())
      findings.push_back(at(path, fmt::format("it is {}", kind(*entry))));
  return findings;
}

std::vector<Finding> find_sbin(const Subject &subject, const Surroundings &around)
{
  const Entry *const ours = subject.contents.find("usr/sbin");
  if (ours == nullptr || subject.image_class == ImageClass::root ||
      subject.image_class == ImageClass::usr)
    return {};
  const Entry *const theirs = around.base != nullptr ? around.base->find("usr/sbin") : nullptr;
  if (theirs != nullptr && theirs->is_directory() == ours->is_directory())
    return {};
  if (theirs != nullptr)
    return {
        at("usr/sbin", fmt::format("it is {}, and {} in the system", kind(*ours), kind(*theirs)))};
  if (!ours->is_directory())
    return {at("usr/sbin", fmt::format("it is {}", kind(*ours)))};
  return {at(
      "usr/sbin", "it is a directory; on some systems it is a symlink to bin", Gravity::warning)};
}

std::vector<Finding> find_module_indexes(const Subject &subject, const Surroundings & /*around*/)
{
  std::vector<Finding> findings;
  constexpr std::string_view modules = "usr/lib/modules/";
  if (subject.image_class == ImageClass::sysext)
    for (const auto &[path, entry] : subject.contents.entries) {
      const std::size_t version_end = path.find('/', modules.size());
      if (path.starts_with(modules) && version_end != std::string::npos &&
          path.compare(version_end, 9, "/modules.") == 0)
        findings.push_back(at(path, "it is an index of kernel modules"));
    }
  return findings;
}

std::vector<Finding> find_collisions_with_base(const Subject &subject, const Surroundings &around)
{
  std::vector<Finding> findings;
  if (around.base == nullptr || subject.image_class == ImageClass::root ||
      subject.image_class == ImageClass::usr)
    return findings;
  for (const auto &[path, entry] : subject.contents.entries) {
    const Entry *const there = around.base->find(path);
    if (there == nullptr || (there->is_directory() && entry.is_directory()) || path == "usr/sbin")
      continue;
    findings.push_back(
        at(path, fmt::format("it is {}, and hides {} of the system", kind(entry), kind(*there))));
  }
  return findings;
}

std::vector<Finding> find_collisions_with_others(const Subject &subject, const Surroundings &around)
{
  std::vector<Finding> findings;
  for (const Subject *other : around.others) {
    if (other->name == subject.name || other->image_class != subject.image_class)
      continue;
    for (const auto &[path, entry] : subject.contents.entries) {
      const Entry *const there = other->contents.find(path);
      if (there != nullptr && !(there->is_directory() && entry.is_directory()) && !is_own(path))
        findings.push_back(at(path, fmt::format("{} has it as well", other->name)));
    }
  }
  return findings;
}

std::vector<Finding> find_set_user(const Subject &subject, const Surroundings & /*around*/)
{
  std::vector<Finding> findings;
  for (const auto &[path, entry] : subject.contents.entries)
    if (entry.is_file() && (entry.mode & (S_ISUID | S_ISGID)) != 0)
      findings.push_back(at(path,
                            fmt::format("its mode is {:04o}, so it runs as {} of its own",
                                        entry.mode & 07777U,
                                        (entry.mode & S_ISUID) != 0 ? "a user" : "a group")));
  return findings;
}

std::vector<Finding> find_special_files(const Subject &subject, const Surroundings & /*around*/)
{
  std::vector<Finding> findings;
  for (const auto &[path, entry] : subject.contents.entries)
    if (!entry.is_file() && !entry.is_directory() && !entry.is_symlink())
      findings.push_back(at(path, "it is a device, pipe or socket"));
  return findings;
}

std::vector<Finding> find_times_in_content(const Subject &subject, const Surroundings & /*around*/)
{
  std::vector<Finding> findings;
  for (const auto &[path, entry] : subject.contents.entries) {
    const std::string_view head = entry.head;
    const auto is_zero = [&](std::size_t from, std::size_t to) {
      return std::all_of(head.begin() + static_cast<std::ptrdiff_t>(from),
                         head.begin() + static_cast<std::ptrdiff_t>(to),
                         [](char one) { return one == '\0'; });
    };
    // gzip has the time at byte 4; Python's bytecode its flags there, of which 0 means that the
    // time of the source follows.
    if (head.starts_with("\x1f\x8b\x08") && head.size() >= 8 && !is_zero(4, 8))
      findings.push_back(at(path, "it is compressed by gzip, with the time in it"));
    else if (path.ends_with(".pyc") && head.size() >= 8 && is_zero(4, 8))
      findings.push_back(at(path, "it is Python's bytecode, with the time of its source in it"));
  }
  return findings;
}

} // namespace bakery
