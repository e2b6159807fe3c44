// SPDX-License-Identifier: Apache-2.0
#include "handoff/bless.hpp"

#include "base/error.hpp"
#include "handoff/marked_slots.hpp"
#include "updater/anchor.hpp"
#include "updater/file_target.hpp"
#include "updater/history.hpp"
#include "updater/state.hpp"

#include <fmt/ranges.h>

#include <algorithm>

namespace handoff {

namespace {

using base::Kind;

std::string known_ids(const std::vector<MenuEntry> &menu)
{
  std::vector<std::string> ids;
  for (const MenuEntry &each : menu)
    ids.push_back(each.entry.name.id);
  return menu.empty() ? "none" : fmt::format("{}", fmt::join(ids, ", "));
}

base::Dir folder_of(const base::Host &host, const MenuEntry &entry)
{
  const updater::Place place = updater::find_place(host, entry.partition, entry.folder, {});
  if (!place.dir)
    base::fail(Kind::busy, "{} went while it was looked at", place.display());
  return place.dir->again();
}

/// The file under a second name. A leftover of an earlier cut is taken away first.
void copy_entry(base::Sys &sys,
                const base::Dir &dir,
                const std::string &from,
                const std::string &to)
{
  const std::string temporary = "." + to + ".new";
  updater::remove_boot_file(sys, dir, temporary);
  const base::Fd source = dir.file(from);
  const base::Fd copy = sys.create(dir, temporary, 0644);
  updater::reserve_boot_file(sys, dir, copy, base::size_of(source));
  sys.copy(source, {0, base::size_of(source)}, copy, 0);
  sys.sync(copy);
  updater::rename_boot_file(sys, dir, temporary, to);
}

void perform(const base::Host &host, const std::string &image, const Verdict &verdict)
{
  if (verdict.marks)
    return set_marks(host, image, verdict.entry->slots.front().number, *verdict.marks);
  const base::Dir dir = folder_of(host, *verdict.entry);
  const std::string from = text_of(verdict.entry->entry.name);
  const std::string to = text_of(verdict.changed);
  if (verdict.has_fallback)
    return updater::rename_boot_file(host.sys, dir, from, to);
  copy_entry(host.sys, dir, from, to);
  updater::remove_boot_file(host.sys, dir, from);
}

const MenuEntry &find_entry(const std::vector<MenuEntry> &menu, const std::string &id)
{
  const MenuEntry *found = nullptr;
  for (const MenuEntry &each : menu) {
    const bool is_meant = id.empty() ? each.is_running : each.entry.name.id == id;
    if (is_meant && (found == nullptr || (!found->entry.name.tries && each.entry.name.tries)))
      found = &each;
  }
  if (found == nullptr && id.empty())
    base::fail(Kind::not_found,
               "which boot entry runs cannot be told: none has the version of os-release, and the "
               "boot loader left no word; name it (there are: {})",
               known_ids(menu));
  if (found == nullptr)
    base::fail(Kind::not_found, "there is no boot entry {}; there are: {}", id, known_ids(menu));
  return *found;
}

bool has_fallback(const std::vector<MenuEntry> &menu, const MenuEntry &entry)
{
  return std::any_of(menu.begin(), menu.end(), [&](const MenuEntry &each) {
    return each.can_boot() && each.entry.name.id != entry.entry.name.id;
  });
}

std::optional<BootTries> tries_after(const MenuEntry &entry, Blessing blessing)
{
  if (blessing == Blessing::blessed)
    return std::nullopt;
  BootTries tries = entry.entry.name.tries.value_or(BootTries{.done_width = 1});
  tries.left = 0;
  return tries;
}

} // namespace

std::string_view name(Blessing blessing)
{
  return blessing == Blessing::blessed ? "blessed" : "unblessed";
}

Verdict judge(const std::vector<MenuEntry> &menu, const std::string &id, Blessing blessing)
{
  const MenuEntry &entry = find_entry(menu, id);
  if (blessing == Blessing::blessed && entry.state == BootState::damaged)
    base::fail(Kind::config, "{} cannot boot: {}", entry.file, entry.faults.front());
  Verdict verdict{
      &entry, {entry.entry.name.id, tries_after(entry, blessing)}, has_fallback(menu, entry)};
  if (entry.marks)
    verdict.marks = marks_after(*entry.marks, blessing);
  if (blessing == Blessing::unblessed && !verdict.has_fallback)
    base::fail(Kind::usage,
               "nothing but {} can boot, so it cannot be given up; `strake boot` shows why",
               entry.entry.name.id);
  return verdict;
}

Blessed result_of(const Verdict &verdict)
{
  const MenuEntry &entry = *verdict.entry;
  Blessed result{.id = verdict.changed.id,
                 .version = entry.entry.version,
                 .before = text_of(entry.entry.name),
                 .file = text_of(verdict.changed)};
  if (verdict.marks) {
    result.before = text_of(result.id, *entry.marks);
    result.file = text_of(result.id, *verdict.marks);
  }
  return result;
}

Blessed
bless(const base::Host &host, const std::string &image, const std::string &id, Blessing blessing)
{
  const base::Dir state = updater::open_state(host);
  const updater::Lock lock = updater::take_lock(host, state);
  const std::vector<MenuEntry> menu = read_boot_menu(host, image);
  const Verdict verdict = judge(menu, id, blessing);
  Blessed done = result_of(verdict);
  if (!done.has_changed())
    return done;
  perform(host, image, verdict);
  updater::record(host,
                  state,
                  {.action = "boot",
                   .version = done.version,
                   .outcome = std::string(name(blessing)),
                   .detail = fmt::format("{} is now {}", done.before, done.file)});
  return done;
}

} // namespace handoff
