// SPDX-License-Identifier: Apache-2.0
#include "handoff/reset_survey.hpp"

#include "base/error.hpp"
#include "base/tree_copy.hpp"
#include "handoff/reset_request.hpp"

#include <fcntl.h>
#include <sys/sysmacros.h>

#include <algorithm>
#include <set>

namespace handoff {

namespace {

using Inodes = std::set<std::pair<dev_t, ino_t>>;

std::string joined(const std::string &parent, const std::string &name)
{
  return parent.empty() ? name : parent + "/" + name;
}

Inodes tops_of(const std::vector<ResetPlace> &places)
{
  Inodes tops;
  for (const ResetPlace &place : places) {
    const struct stat found = base::status_of(place.top.fd());
    tops.emplace(found.st_dev, found.st_ino);
  }
  return tops;
}

/// A directory that was looked through, or anything else.
struct Branch {
  std::vector<ResetItem> items{}; ///< if something in it stays
  Amount amount{};                ///< if nothing does
  bool stays = false;             ///< something of it, or because it leads there
};

class Survey {
public:
  Survey(const ResetPlace &place, Inodes tops, const KeepRules &rules)
      : place_(place), tops_(std::move(tops)), rules_(rules)
  {
  }

  ResetOutlook run()
  {
    ResetOutlook outlook{.path = place_.path};
    if (const KeepRule *rule = rule_for(""))
      outlook.items.push_back(kept("", rule->why, content_of(place_.top, 0), rule->text));
    else
      outlook.items = content("", place_.top, 0).items;
    for (const ResetItem &item : outlook.items)
      (item.goes ? outlook.goes : outlook.stays) += item.amount;
    return outlook;
  }

private:
  [[nodiscard]] const KeepRule *rule_for(const std::string &below) const
  {
    for (const std::string &name : place_.names)
      if (const KeepRule *rule = rules_.find(below.empty() ? name : name + "/" + below))
        return rule;
    return nullptr;
  }

  [[nodiscard]] bool is_on_the_way(const std::string &below) const
  {
    return std::any_of(place_.names.begin(), place_.names.end(), [&](const std::string &name) {
      return rules_.is_on_the_way(name + "/" + below);
    });
  }

  static ResetItem kept(std::string below, std::string why, Amount amount, std::string rule = {})
  {
    return {.below = std::move(below),
            .amount = amount,
            .why = std::move(why),
            .rule = std::move(rule)};
  }

  /// What has several names is counted at the first of them.
  Amount amount_of(const ResetEntry &entry)
  {
    const bool is_counted =
        entry.names > 1 && entry.type != S_IFDIR && !counted_.insert(entry.inode).second;
    return {.files = 1, .bytes = is_counted ? 0 : entry.bytes};
  }

  Amount content_of(const base::Dir &dir, int depth)
  {
    Amount amount;
    for (const base::DirEntry &each : dir.entries())
      if (const auto entry = look_at(dir, each.name); entry && !entry->is_mounted_on)
        amount += whole(dir, each.name, *entry, depth);
    return amount;
  }

  /// Of something with all that is below it, on this file system.
  Amount whole(const base::Dir &dir, const std::string &name, const ResetEntry &entry, int depth)
  {
    Amount amount = amount_of(entry);
    if (entry.type == S_IFDIR && depth < deepest_level)
      if (const auto below = dir.find_dir_no_symlinks(name))
        amount += content_of(*below, depth + 1);
    return amount;
  }

  /// Why something stays, whatever is below it; nothing if that has to be looked at.
  std::optional<ResetItem> reason_to_stay(const base::Dir &dir,
                                          const std::string &name,
                                          const std::string &below,
                                          const ResetEntry &entry,
                                          int depth)
  {
    if (entry.is_mounted_on)
      return kept(below, "another file system", {});
    if (depth == 0 && name == reset_backup_name)
      return kept(below, "the backup of an earlier reset", whole(dir, name, entry, depth));
    if (const KeepRule *rule = rule_for(below))
      return kept(below, rule->why, whole(dir, name, entry, depth), rule->text);
    if (entry.type != S_IFDIR && is_on_the_way(below))
      return kept(below, "leads to something that stays", amount_of(entry));
    return std::nullopt;
  }

  Branch branch(const base::Dir &dir,
                const std::string &name,
                const std::string &below,
                const ResetEntry &entry,
                int depth)
  {
    if (entry.type == S_IFDIR && tops_.contains(entry.inode))
      return {.stays = true};
    if (auto item = reason_to_stay(dir, name, below, entry, depth))
      return {.items = {std::move(*item)}, .stays = true};
    Branch found{.amount = amount_of(entry)};
    if (entry.type != S_IFDIR || depth >= deepest_level)
      return found;
    const auto directory = dir.find_dir_no_symlinks(name);
    if (!directory)
      return found;
    Branch inner = content(below, *directory, depth + 1);
    inner.amount += found.amount;
    return inner;
  }

  Branch content(const std::string &below, const base::Dir &dir, int depth)
  {
    Branch all;
    for (const base::DirEntry &each : dir.entries()) {
      const auto entry = look_at(dir, each.name);
      if (!entry)
        continue;
      const std::string path = joined(below, each.name);
      Branch one = branch(dir, each.name, path, *entry, depth);
      all.stays = all.stays || one.stays;
      all.amount += one.amount;
      if (!one.stays)
        one.items = {{.below = path, .goes = true, .amount = one.amount}};
      std::move(one.items.begin(), one.items.end(), std::back_inserter(all.items));
    }
    return all;
  }

  const ResetPlace &place_;
  Inodes tops_;
  const KeepRules &rules_;
  Inodes counted_;
};

} // namespace

std::optional<ResetEntry> look_at(const base::Dir &dir, const std::string &name)
{
  struct statx found = {};
  constexpr int flags = AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT;
  if (::statx(dir.fd().number(), name.c_str(), flags, STATX_BASIC_STATS, &found) < 0) {
    if (errno == ENOENT)
      return std::nullopt;
    base::fail_errno("cannot look at {}", dir.display(name));
  }
  constexpr std::uint64_t fixed = STATX_ATTR_IMMUTABLE | STATX_ATTR_APPEND;
  constexpr std::uint64_t block = 512;
  return ResetEntry{.type = static_cast<mode_t>(found.stx_mode & S_IFMT),
                    .is_mounted_on = (found.stx_attributes & STATX_ATTR_MOUNT_ROOT) != 0,
                    .cannot_change = (found.stx_attributes & fixed) != 0,
                    .bytes = found.stx_blocks * block,
                    .names = found.stx_nlink,
                    .inode = {makedev(found.stx_dev_major, found.stx_dev_minor), found.stx_ino}};
}

ResetOutlook
survey(const ResetPlace &place, const std::vector<ResetPlace> &places, const KeepRules &rules)
{
  return Survey(place, tops_of(places), rules).run();
}

} // namespace handoff
