// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/error.hpp"
#include "support/gpt_image.hpp"
#include "support/test_host.hpp"
#include "updater/update.hpp"
#include "verity/gpt_disk.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <filesystem>
#include <map>
#include <set>
#include <string>
#include <vector>

/// A little machine with two root slots on a disk image, boot files on an ESP, and a server. Its
/// definitions say: root-@v.raw into a slot, boot-@v.efi beside the boot loader.
class World {
public:
  static constexpr std::uint64_t slot_bytes = std::uint64_t{64} * 512;
  static constexpr const char *server = "http://updates.example";

  explicit World(unsigned slots = 2)
  {
    const base::Uuid type = verity::find_partition_type("root-x86-64", "x86-64")->uuid;
    support::GptShape shape;
    shape.used.clear();
    std::vector<std::byte> image = support::gpt_disk(shape);
    verity::GptTable table = support::gpt_table(shape);
    for (unsigned number = 1; number <= slots; ++number) {
      verity::GptEntry &entry = table.entry(number);
      entry.type = type;
      entry.unique =
          base::Uuid::parse(fmt::format("5ea7ed00-0000-4000-8000-{:012x}", number)).value();
      entry.first_lba = 2048 + 64 * (number - 1);
      entry.last_lba = entry.first_lba + 63;
      entry.label = "_empty";
    }
    put_table(image, table);
    root().write("disk.raw", {reinterpret_cast<const char *>(image.data()), image.size()});
    root().write("efi/EFI/Linux/", "");
    define("10-root",
           "MatchPattern=root-@v.raw",
           "Type=partition\nPath=/disk.raw\nMatchPattern=root-@v\n"
           "MatchPartitionType=root-x86-64\nInstancesMax=2");
    define("20-boot",
           "MatchPattern=boot-@v.efi",
           "Type=regular-file\nPathRelativeTo=esp\nPath=/EFI/Linux\nMatchPattern=boot_@v.efi\n"
           "InstancesMax=2");
  }

  support::TempRoot &root() { return machine.root; }

  /// Writes a transfer whose source is the server.
  void define(const std::string &name,
              const std::string &source,
              const std::string &target,
              const std::string &transfer = "",
              const std::string &type = "url-file")
  {
    root().write(fmt::format("etc/sysupdate.d/{}.transfer", name),
                 fmt::format("[Transfer]\nVerify=no\n{}\n[Source]\nType={}\nPath={}\n{}\n"
                             "[Target]\n{}\n",
                             transfer,
                             type,
                             server,
                             source,
                             target));
  }

  static std::string payload(const std::string &name, std::size_t size = 5000)
  {
    std::string text;
    while (text.size() < size)
      text += name + "\n";
    text.resize(size);
    return text;
  }

  static std::string url(const std::string &name) { return std::string(server) + "/" + name; }

  /// Puts a file on the server, and into its manifest.
  void serve(const std::string &name, const std::string &content)
  {
    machine.fetcher.objects[url(name)] = content;
    machine.fetcher.etags[url(name)] = "\"" + name + "\"";
    sums_[name] = verity::hex(verity::digest_of(std::as_bytes(std::span(content))));
    write_manifest();
  }

  void withdraw_offer(const std::string &name)
  {
    sums_.erase(name);
    write_manifest();
  }

  /// Both files of a version.
  void offer(const std::string &version)
  {
    for (const std::string &name : {"root-" + version + ".raw", "boot-" + version + ".efi"})
      serve(name, payload(name));
  }

  /// Other bytes than the manifest says, of the same length.
  void corrupt(const std::string &name) { machine.fetcher.objects.at(url(name))[100] ^= 1; }

  void run_version(const std::string &version)
  {
    root().write("etc/os-release", "ID=small\nIMAGE_VERSION=" + version + "\n");
  }

  updater::UpdateResult update(const updater::UpdateOptions &options = {})
  {
    return updater::update(machine.host, options);
  }

  updater::UpdateResult update_to(const std::string &version)
  {
    updater::UpdateOptions options;
    options.version = version;
    return update(options);
  }

  updater::UpdateResult acquire()
  {
    updater::UpdateOptions options;
    options.goal = updater::Goal::acquire;
    return update(options);
  }

  updater::UpdateResult update_offline()
  {
    updater::UpdateOptions options;
    options.scope.offline = updater::Offline::yes;
    return update(options);
  }

  /// Offers a version and brings it into effect.
  void install(const std::string &version)
  {
    offer(version);
    const updater::UpdateResult result = update();
    REQUIRE(result.outcome == updater::Outcome::installed);
    REQUIRE(result.version == version);
  }

  /// What leaves `body`, as "KIND: MESSAGE"; "" if nothing does.
  template <typename Body> static std::string failure(Body &&body)
  {
    try {
      body();
    } catch (const base::Error &error) {
      return fmt::format("{}: {}", base::name(error.kind()), error.what());
    }
    return "";
  }

  std::string update_failure()
  {
    return failure([&] { update(); });
  }

  verity::GptTable table() const
  {
    return verity::GptDisk(machine.host.root.file("/disk.raw"), "disk.raw").table();
  }

  /// "root-2", "root-2 (partial)", "root-2 (pending)", "_empty".
  std::string slot(unsigned number) const
  {
    const base::Uuid type = verity::find_partition_type("root-x86-64", "x86-64")->uuid;
    const verity::GptTable present = table();
    const verity::GptEntry &entry = present.entry(number);
    const std::string mark = entry.type == type                         ? ""
                             : entry.type == verity::partial_type(type) ? " (partial)"
                             : entry.type == verity::pending_type(type) ? " (pending)"
                                                                        : " (of another type)";
    return entry.label + mark;
  }

  /// Gives all slots another partition type.
  void set_slot_types(const base::Uuid &type)
  {
    verity::GptTable changed = table();
    for (verity::GptEntry &entry : changed.entries)
      if (entry.used())
        entry.type = type;
    verity::GptDisk disk(machine.sys.open_writable(machine.root.dir(), "disk.raw"), "disk.raw");
    disk.commit(machine.sys, changed);
  }

  std::string slot_content(unsigned number, std::size_t size = 5000) const
  {
    const verity::GptTable present = table();
    return machine.root.read("disk.raw").substr(present.offset_of(present.entry(number)), size);
  }

  bool slot_holds(unsigned number, const std::string &version) const
  {
    return slot(number) == "root-" + version &&
           slot_content(number) == payload("root-" + version + ".raw");
  }

  std::vector<std::string> names_in(const std::string &directory) const
  {
    std::vector<std::string> names;
    for (const auto &entry : std::filesystem::directory_iterator(
             std::filesystem::path(machine.root.path()) / directory))
      names.push_back(entry.path().filename());
    std::sort(names.begin(), names.end());
    return names;
  }

  std::vector<std::string> boot_files() const { return names_in("efi/EFI/Linux"); }

  /// As "VERSION ASSESSMENT", newest first.
  std::vector<std::string> list(updater::Offline offline = updater::Offline::no)
  {
    updater::Scope scope;
    scope.offline = offline;
    updater::Inventory inventory = updater::take_inventory(machine.host, scope);
    std::vector<std::string> lines;
    for (const updater::UpdateSet &set : updater::survey(machine.host, scope, inventory).sets)
      lines.push_back(set.version + " " + updater::assessment(set));
    return lines;
  }

  bool has_said(const std::string &text) const
  {
    return std::any_of(machine.said.begin(), machine.said.end(), [&](const std::string &line) {
      return line.find(text) != std::string::npos;
    });
  }

  support::TestHost machine{support::Storage::memory}; // its many syncs would take seconds

private:
  static void put_table(std::vector<std::byte> &image, verity::GptTable table)
  {
    const auto put = [&](std::uint64_t lba, const std::vector<std::byte> &bytes) {
      std::copy(bytes.begin(), bytes.end(), image.begin() + static_cast<std::ptrdiff_t>(lba * 512));
    };
    put(1, verity::encode_header(table));
    put(table.entries_lba, verity::encode_entries(table));
    std::swap(table.my_lba, table.alternate_lba);
    table.entries_lba = table.last_usable + 1;
    put(table.my_lba, verity::encode_header(table));
    put(table.entries_lba, verity::encode_entries(table));
  }

  void write_manifest()
  {
    std::string text;
    for (const auto &[name, sum] : sums_)
      text += sum + " *" + name + "\n";
    machine.fetcher.objects[url("SHA256SUMS")] = text;
  }

  std::map<std::string, std::string> sums_;
};
