// SPDX-License-Identifier: Apache-2.0
#include "crash/machine.hpp"

#include "base/error.hpp"
#include "base/linux_sys.hpp"
#include "base/version.hpp"
#include "support/gpt_image.hpp"
#include "updater/update.hpp"
#include "verity/digest.hpp"
#include "verity/gpt_disk.hpp"
#include "verity/partition_type.hpp"

#include <doctest/doctest.h>

#include <array>
#include <optional>

namespace crash {

namespace {

struct SlotKind {
  const char *what;
  const char *type;
  unsigned first; ///< of its two partitions
};

constexpr std::array slot_kinds = {SlotKind{"root", "root-x86-64", 1},
                                   SlotKind{"verity", "root-x86-64-verity", 3},
                                   SlotKind{"sig", "root-x86-64-verity-sig", 5}};

constexpr const char *server = "http://updates.example";

std::string source_of(Source source)
{
  return source == Source::local
             ? "[Source]\nType=regular-file\nPath=/source\n"
             : fmt::format("[Transfer]\nVerify=no\n[Source]\nType=url-file\nPath={}\n", server);
}

std::string slot_transfer(const SlotKind &kind, Source source)
{
  return source_of(source) +
         fmt::format("MatchPattern={0}-@v.raw\n"
                     "[Target]\nType=partition\nPath=/disk\nMatchPattern={0}_@v\n"
                     "MatchPartitionType={1}\n",
                     kind.what,
                     kind.type);
}

void write_tree_definition(const support::TempRoot &root)
{
  root.write("etc/sysupdate.d/30-tree.transfer",
             "[Source]\nType=directory\nPath=/source\nMatchPattern=tree-@v\n"
             "[Target]\nType=directory\nPath=/trees\nMatchPattern=tree-@v\nInstancesMax=2\n"
             "CurrentSymlink=/trees/current\n");
}

void write_definitions(const support::TempRoot &root, Source source)
{
  unsigned number = 10;
  for (const SlotKind &kind : slot_kinds)
    root.write(fmt::format("etc/sysupdate.d/{}-{}.transfer", number++, kind.what),
               slot_transfer(kind, source));
  root.write(
      "etc/sysupdate.d/20-file.transfer",
      source_of(source) +
          "MatchPattern=file-@v\n"
          "[Target]\nType=regular-file\nPath=/files\nMatchPattern=file-@v\nInstancesMax=2\n");
  root.write("etc/sysupdate.d/40-uki.transfer",
             source_of(source) +
                 "MatchPattern=uki-@v.efi\n"
                 "[Target]\nType=regular-file\nPath=/EFI/Linux\nPathRelativeTo=esp\n"
                 "MatchPattern=uki_@v+@l-@d.efi uki_@v.efi\nMode=0444\nTriesLeft=3\nTriesDone=0\n"
                 "InstancesMax=2\n");
}

void write_disk(const support::TempRoot &root, unsigned sector_size)
{
  const bool is_small = sector_size == 512;
  const auto image = support::gpt_disk({.sector_size = sector_size,
                                        .sectors = is_small ? 192U : 120U,
                                        .first_usable = is_small ? 66U : 10U,
                                        .used = {1, 2, 3, 4, 5, 6}});
  root.write("disk", std::string(reinterpret_cast<const char *>(image.data()), image.size()));
  base::LinuxSys sys;
  verity::GptDisk disk(sys.open_writable(root.dir(), "disk"), "disk");
  verity::GptTable table = disk.table();
  for (const SlotKind &kind : slot_kinds)
    for (const unsigned number : {kind.first, kind.first + 1}) {
      table.entry(number).type = verity::find_partition_type(kind.type, "x86-64")->uuid;
      table.entry(number).label = "_empty";
    }
  disk.commit(sys, table);
}

/// Whether a slot of this kind holds exactly this version, under its name and type.
bool slot_is_whole(const base::Fd &disk,
                   const verity::GptTable &table,
                   const SlotKind &kind,
                   const std::string &version)
{
  const base::Uuid type = verity::find_partition_type(kind.type, "x86-64")->uuid;
  for (const verity::GptEntry &entry : table.entries) {
    if (entry.type != type || entry.label != fmt::format("{}_{}", kind.what, version))
      continue;
    const std::string expected = content(kind.what, version);
    std::string found(expected.size(), '\0');
    base::read_at(disk, table.offset_of(entry), std::as_writable_bytes(std::span(found)));
    return found == expected;
  }
  return false;
}

std::optional<std::string> version_of_entry(const std::string &name)
{
  if (!name.starts_with("uki_") || !name.ends_with(".efi"))
    return std::nullopt;
  return name.substr(4, name.find_first_of("+.", 4) - 4);
}

/// What the server has, and its manifest.
void serve(const base::Dir &root, support::MapFetcher &fetcher)
{
  std::string sums;
  const base::Dir source = root.dir("source");
  for (const base::DirEntry &entry : source.entries()) {
    if (entry.type != S_IFREG)
      continue;
    const std::string text = source.text(entry.name).value();
    const std::string url = fmt::format("{}/{}", server, entry.name);
    fetcher.objects[url] = text;
    fetcher.etags[url] = "\"" + entry.name + "\"";
    sums +=
        verity::hex(verity::digest_of(std::as_bytes(std::span(text)))) + " *" + entry.name + "\n";
  }
  fetcher.objects[fmt::format("{}/SHA256SUMS", server)] = sums;
}

/// A run whose connection is to break fails; every other one must not.
void try_on(const base::Dir &root, base::Sys &sys, const Verb &verb, const Breaks &breaks)
{
  if (breaks.empty())
    run_on(root, sys, verb);
  else
    CHECK_THROWS_AS(run_on(root, sys, verb, breaks), base::Error);
}

} // namespace

std::string content(const std::string &what, const std::string &version)
{
  std::string text;
  const bool is_slot = what == "root" || what == "verity" || what == "sig";
  const std::size_t size = is_slot ? 4000 : 1200; // of the 4096 bytes that a slot has
  while (text.size() < size)
    text += what + " of " + version + "\n";
  return text;
}

Machine::Machine(const Shape &shape) : root_(support::Storage::memory)
{
  write_definitions(root_, shape.source);
  if (shape.trees == Trees::yes)
    write_tree_definition(root_);
  write_disk(root_, shape.sector_size);
  root_.write("proc/sys/kernel/random/boot_id", "the first boot\n");
  for (const char *directory : {"efi/EFI/Linux/", "files/", "trees/", "source/", "var/lib/"})
    root_.write(directory, "");
}

void Machine::offer(const std::string &version) const
{
  for (const SlotKind &kind : slot_kinds)
    root_.write(fmt::format("source/{}-{}.raw", kind.what, version), content(kind.what, version));
  root_.write("source/uki-" + version + ".efi", content("uki", version));
  root_.write("source/file-" + version, content("file", version));
  root_.write("source/tree-" + version + "/inside", content("tree", version));
}

void Machine::install(const std::vector<std::string> &versions) const
{
  for (const std::string &version : versions) {
    offer(version);
    run([](const base::Host &host) { updater::update(host, {}); });
  }
}

support::Layout layout()
{
  return {.vfat = {"efi"}};
}

void run_on(const base::Dir &root, base::Sys &sys, const Verb &verb, const Breaks &breaks)
{
  support::MapFetcher fetcher;
  serve(root, fetcher);
  for (const auto &[name, bytes] : breaks)
    fetcher.cuts[fmt::format("{}/{}", server, name)] = bytes;
  support::SetClock clock;
  base::ProcessRunner programs;
  const base::Host host{.sys = sys,
                        .programs = programs,
                        .fetcher = fetcher,
                        .clock = clock,
                        .log = [](base::Level, std::string_view) {},
                        .environment = {{"SYSTEMD_ESP_PATH", "/efi"}},
                        .root = root.again(),
                        .machine = root.again(),
                        .is_running_system = false};
  verb(host);
}

void Machine::run(const Verb &verb, const Breaks &breaks) const
{
  base::LinuxSys sys;
  try_on(root(), sys, verb, breaks);
}

support::Recording Machine::record(const Verb &verb, const Breaks &breaks) const
{
  support::Recorder recorder(root(), layout());
  try_on(root(), recorder, verb, breaks);
  return recorder.recording();
}

support::Recording
Machine::record_killed(std::size_t effects, const Verb &verb, const Verb &next) const
{
  support::Recorder recorder(root(), layout());
  recorder.die_after(effects);
  CHECK_THROWS_AS(run_on(root(), recorder, verb), base::Error);
  recorder.live_on();
  run_on(root(), recorder, next);
  return recorder.recording();
}

Bootable look(const base::Dir &root, Boot boot)
{
  Bootable found;
  const verity::GptDisk disk(root.file("disk"), "disk");
  const verity::GptState state = disk.read();
  const auto &table = boot == Boot::plain ? state.primary.table : state.table();
  if (!table) {
    found.garbage.push_back("the kernel sees no partitions: " + state.primary.refusal);
    return found;
  }
  const base::Dir entries = root.dir("efi/EFI/Linux");
  for (const base::DirEntry &entry : entries.entries()) {
    const auto version = version_of_entry(entry.name);
    if (!version)
      continue;
    const std::string text = entries.text(entry.name).value_or("");
    if (text != content("uki", *version)) {
      // A loader passes over what is no program; what matters is that something else boots.
      if (!text.empty() && text.find_first_not_of('\0') != std::string::npos)
        found.garbage.push_back(entry.name + " has a content of its own");
      continue;
    }
    bool is_whole = true;
    for (const SlotKind &kind : slot_kinds)
      is_whole &= slot_is_whole(disk.fd(), *table, kind, *version);
    if (is_whole)
      found.whole.insert(*version);
    else
      found.garbage.push_back(entry.name + " boots slots that are not its version's");
    if (found.newest.empty() || base::compare_versions(*version, found.newest) > 0)
      found.newest = *version;
  }
  return found;
}

bool table_is_settled(const base::Dir &root)
{
  return verity::GptDisk(root.file("disk"), "disk").read().health == verity::GptHealth::good;
}

std::string left_of(const base::Dir &root, const std::string &version)
{
  for (const std::string &name : {"files/file-" + version,
                                  "trees/tree-" + version,
                                  "efi/EFI/Linux/uki_" + version + "+3-0.efi"})
    if (root.status(name))
      return name + " is still there";
  const verity::GptDisk disk(root.file("disk"), "disk");
  for (const verity::GptEntry &entry : disk.table().entries)
    if (entry.label.ends_with("_" + version))
      return "slot " + entry.label + " is still there";
  return "";
}

std::string missing_plain(const base::Dir &root, const std::string &version)
{
  if (root.text("files/file-" + version) != content("file", version))
    return "the plain file of " + version + " is not there";
  if (!root.text("etc/sysupdate.d/30-tree.transfer"))
    return "";
  if (root.text("trees/tree-" + version + "/inside") != content("tree", version))
    return "the tree of " + version + " is not there";
  if (root.link_target("trees/current") != "tree-" + version)
    return "the link does not lead to " + version;
  return "";
}

} // namespace crash
