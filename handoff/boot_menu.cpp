// SPDX-License-Identifier: Apache-2.0
#include "handoff/boot_menu.hpp"

#include "base/efi_variable.hpp"
#include "base/error.hpp"
#include "base/os_release.hpp"
#include "handoff/marked_slots.hpp"
#include "updater/anchor.hpp"

#include <fnmatch.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <sstream>

namespace handoff {

namespace {

using base::Kind;
using updater::Anchor;

constexpr std::string_view entries_path = "loader/entries";
constexpr std::string_view images_path = "EFI/Linux";
constexpr std::size_t text_limit = std::size_t{64} << 10U;

/// Nothing where there is no such variable, or no EFI at all.
std::string loader_variable(const base::Host &host, std::string_view variable)
{
  if (!host.is_running_system)
    return {};
  const std::string content =
      base::efi_variable(host.machine, variable, base::loader_variables).value_or("");
  std::string text; // UTF-16 of which names take the ASCII part only
  for (std::size_t at = 0; at + 1 < content.size() && content[at] != '\0'; at += 2)
    text += content[at + 1] == '\0' ? content[at] : '?';
  return text;
}

/// The last word counts, as for the loader.
std::string configured_default(const base::Dir &esp)
{
  std::istringstream lines(esp.text("loader/loader.conf", text_limit).value_or(""));
  std::string found;
  for (std::string line; std::getline(lines, line);) {
    std::istringstream words(line);
    std::string key;
    std::string value;
    if (words >> key >> value && key == "default")
      found = value;
  }
  return found;
}

/// Since systemd 258 the loader's names for entries are without counters.
bool counts_in_ids(const base::Host &host)
{
  constexpr std::string_view loader = "systemd-boot ";
  constexpr unsigned first_without = 258;
  const std::string info = loader_variable(host, "LoaderInfo");
  if (!info.starts_with(loader))
    return false;
  unsigned version = 0;
  const char *start = info.data() + loader.size();
  const auto [end, error] = std::from_chars(start, info.data() + info.size(), version);
  return error == std::errc{} && end != start && version < first_without;
}

std::string without_counters(const std::string &id)
{
  for (const std::string_view ending : {".conf", ".efi"})
    if (auto name = parse_boot_name(id, ending))
      return name->id;
  return id;
}

LoaderWishes read_wishes(const base::Host &host, const base::Dir &esp)
{
  LoaderWishes wishes{.booted = without_counters(loader_variable(host, "LoaderEntrySelected")),
                      .once = loader_variable(host, "LoaderEntryOneShot"),
                      .pattern = loader_variable(host, "LoaderEntryDefault")};
  if (wishes.pattern.empty())
    wishes.pattern = configured_default(esp);
  if (wishes.pattern == "@saved")
    wishes.pattern = loader_variable(host, "LoaderEntryLastBooted");
  return wishes;
}

/// A path as an entry has it: from the top of its partition, with either kind of slash.
std::string below_partition(std::string path)
{
  std::replace(path.begin(), path.end(), '\\', '/');
  return path.substr(std::min(path.find_first_not_of('/'), path.size()));
}

void hide(MenuEntry &found, std::string why)
{
  found.faults.push_back(std::move(why));
  found.is_shown = false;
}

void look_for(MenuEntry &found, const base::Dir &partition, const std::string &need)
{
  const auto status = partition.status(below_partition(need));
  if (!status)
    found.faults.push_back(fmt::format("{} is not there", need));
  else if (!S_ISREG(status->st_mode) || status->st_size == 0)
    found.faults.push_back(fmt::format("{} has no content", need));
}

void read_text(MenuEntry &found,
               const base::Dir &partition,
               const base::Dir &dir,
               const std::string &file)
{
  const std::string text = dir.text(file, text_limit).value_or("");
  if (text.empty())
    return hide(found, "the file has no content");
  found.entry = parse_text_entry(found.entry.name, text);
  const std::string &program = found.entry.program;
  if (program.empty())
    return hide(found, "it names nothing to boot");
  if (!partition.status(below_partition(program)))
    return hide(found, fmt::format("{} is not there", program));
  look_for(found, partition, program);
  for (const std::string &need : found.entry.needs)
    look_for(found, partition, need);
}

void read_unified(MenuEntry &found, const base::Dir &dir, const std::string &file)
{
  const UnifiedImageReading reading = read_unified_image(dir.file(file));
  if (!reading.image)
    return hide(found, reading.refusal);
  found.entry = describe(found.entry.name, *reading.image);
  if (!reading.image->texts.contains(".osrel"))
    return hide(found, "it does not say what it is: it has no section .osrel");
  if (!reading.image->has_kernel)
    found.faults.emplace_back("it has no kernel");
}

/// One of the places that boot loaders look for entries in.
struct Folder {
  Anchor anchor;
  const base::Dir &partition;
  std::string path;
  base::Dir dir;
};

MenuEntry
read_entry(const Folder &folder, const std::string &file, BootEntryType type, BootName name)
{
  MenuEntry found;
  found.entry.type = type;
  found.entry.name = std::move(name);
  found.partition = folder.anchor;
  found.folder = folder.path;
  found.file = folder.dir.display(file);
  try {
    if (type == BootEntryType::text)
      read_text(found, folder.partition, folder.dir, file);
    else
      read_unified(found, folder.dir, file);
  } catch (const base::Error &error) {
    found.faults.emplace_back(error.what());
  }
  return found;
}

void add_entries(std::vector<MenuEntry> &menu,
                 Anchor anchor,
                 const base::Dir &partition,
                 BootEntryType type)
{
  const bool is_text = type == BootEntryType::text;
  const std::string path(is_text ? entries_path : images_path);
  auto dir = partition.find_dir_no_symlinks(path);
  if (!dir)
    return;
  const Folder folder{anchor, partition, path, std::move(*dir)};
  for (const base::DirEntry &each : folder.dir.entries()) {
    auto name = parse_boot_name(each.name, is_text ? ".conf" : ".efi");
    // As loaders do: what begins with a dot is not looked at, and auto- names are their own.
    if (!name || each.name.front() == '.' || each.name.starts_with("auto-") || !S_ISREG(each.type))
      continue;
    menu.push_back(read_entry(folder, each.name, type, std::move(*name)));
  }
}

bool is_same(const base::Dir &one, const base::Dir &other)
{
  const auto here = one.status(".");
  const auto there = other.status(".");
  return here && there && here->st_dev == there->st_dev && here->st_ino == there->st_ino;
}

std::vector<MenuEntry> collect(const base::Dir &esp, const base::Dir &boot)
{
  std::vector<MenuEntry> menu;
  for (const BootEntryType type : {BootEntryType::text, BootEntryType::unified}) {
    add_entries(menu, Anchor::esp, esp, type);
    if (!is_same(esp, boot))
      add_entries(menu, Anchor::xbootldr, boot, type);
  }
  std::sort(menu.begin(), menu.end(), [](const MenuEntry &one, const MenuEntry &other) {
    return comes_before(one.entry, other.entry);
  });
  return menu;
}

void look_at_slots(const base::Host &host, const std::string &image, std::vector<MenuEntry> &menu)
{
  const auto disk = SlotDisk::find(host, image);
  for (MenuEntry &each : menu) {
    if (!disk)
      return;
    each.slots = disk->slots_of(each.entry.options);
    for (const BootSlot &slot : each.slots)
      if (!slot.fault.empty())
        each.faults.push_back(fmt::format("{}=: {}", slot.option, slot.fault));
  }
}

BootState state_of(const MenuEntry &each)
{
  if (!each.faults.empty())
    return BootState::damaged;
  if (!each.entry.name.tries)
    return BootState::good;
  return each.entry.name.tries->left == 0 ? BootState::given_up : BootState::counted;
}

/// Without the partitions that are entries.
std::vector<MenuEntry> read_files(const base::Host &host, const std::string &image)
{
  const base::Dir esp = updater::find_place(host, Anchor::esp, "", {}).anchor;
  const base::Dir boot = updater::find_place(host, Anchor::boot, "", {}).anchor;
  std::vector<MenuEntry> menu = collect(esp, boot);
  look_at_slots(host, image, menu);
  const LoaderWishes wishes = read_wishes(host, esp);
  const bool has_counts = counts_in_ids(host);
  for (MenuEntry &each : menu) {
    each.state = state_of(each);
    each.loader_id = has_counts ? text_of(each.entry.name) : each.entry.name.id;
    each.is_booted = !wishes.booted.empty() && each.entry.name.id == wishes.booted;
  }
  const ReleaseNames running = names_of(base::read_os_release(host.root));
  mark_running(menu, {running.version, running.sort_key});
  if (const auto next = next_entry(menu, wishes))
    menu[*next].is_next = true;
  return menu;
}

/// A loader that goes by partitions needs no place for files.
std::vector<MenuEntry> read_files_if_any(const base::Host &host, const std::string &image)
{
  try {
    return read_files(host, image);
  } catch (const base::Error &error) {
    if (error.kind() != base::Kind::not_found)
      throw;
    return {};
  }
}

} // namespace

std::string_view name(BootState state)
{
  constexpr std::array names = {"good", "counted", "given-up", "damaged"};
  return names.at(static_cast<std::size_t>(state));
}

std::optional<std::vector<MenuEntry>> find_boot_menu(const base::Host &host)
{
  try {
    return read_boot_menu(host, "");
  } catch (const base::Error &error) {
    if (error.kind() != base::Kind::not_found)
      throw;
    return std::nullopt;
  }
}

std::vector<MenuEntry> read_boot_menu(const base::Host &host, const std::string &image)
{
  auto marked = find_marked_slots(host, image);
  if (!marked)
    return read_files(host, image);
  std::vector<MenuEntry> menu = read_files_if_any(host, image);
  const auto is_next = [](const MenuEntry &each) { return each.is_next; };
  if (const auto number = verity::next_to_boot(marked->disk.table);
      number && std::none_of(menu.begin(), menu.end(), is_next))
    for (MenuEntry &each : marked->entries)
      each.is_next = each.slots.front().number == *number;
  std::move(marked->entries.begin(), marked->entries.end(), std::back_inserter(menu));
  return menu;
}

void mark_running(std::vector<MenuEntry> &menu, const RunningSystem &running)
{
  const auto is_it = [&](const MenuEntry &each) {
    return !running.version.empty() && each.entry.version == running.version &&
           each.entry.sort_key == running.sort_key;
  };
  const bool is_known = std::any_of(menu.begin(), menu.end(), is_it);
  for (MenuEntry &each : menu)
    each.is_running = is_known ? is_it(each) : each.is_booted;
}

std::optional<std::size_t> next_entry(const std::vector<MenuEntry> &menu,
                                      const LoaderWishes &wishes)
{
  for (const std::string &pattern : {wishes.once, wishes.pattern, std::string("*")})
    for (std::size_t index = 0; index < menu.size(); ++index) {
      const std::string &id = menu[index].loader_id;
      if (menu[index].is_shown && ::fnmatch(pattern.c_str(), id.c_str(), FNM_CASEFOLD) == 0)
        return index;
    }
  return std::nullopt;
}

} // namespace handoff
