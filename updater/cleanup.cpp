// SPDX-License-Identifier: Apache-2.0
#include "updater/cleanup.hpp"

#include "updater/directory.hpp"
#include "updater/file_target.hpp"
#include "updater/history.hpp"
#include "updater/install_record.hpp"
#include "updater/settle.hpp"
#include "updater/state.hpp"

#include <algorithm>
#include <set>

namespace updater {

namespace {

struct Orphans {
  InstallRecord record;
  std::vector<Instance> instances;
  bool is_owned = false; ///< a transfer still has this very pattern
};

std::set<std::string> owned_paths(const Inventory &inventory)
{
  std::set<std::string> paths;
  for (const auto *holdings : {&inventory.holdings, &inventory.disabled})
    for (const Holding &holding : *holdings)
      for (const Instance &instance : holding.installed)
        paths.insert(instance.path);
  return paths;
}

std::set<std::string> owned_patterns(const Inventory &inventory)
{
  std::set<std::string> owned;
  for (const auto *holdings : {&inventory.holdings, &inventory.disabled})
    for (const Holding &holding : *holdings)
      for (const Pattern &pattern : holding.transfer.target.patterns)
        owned.insert(holding.target_path + "/./" + pattern.text());
  return owned;
}

std::vector<Orphans> find_orphans(const base::Host &host, const Inventory &inventory)
{
  const std::set<std::string> paths = owned_paths(inventory);
  const std::set<std::string> patterns = owned_patterns(inventory);
  std::vector<Orphans> all;
  for (const InstallRecord &record : read_install_records(host, inventory.component)) {
    Orphans orphans{record, {}, false};
    const auto dir = host.root.find_dir(record.directory);
    orphans.is_owned =
        patterns.contains(host.root.display(record.directory) + "/./" + record.pattern);
    const std::vector<Pattern> pattern = {Pattern::parse(record.pattern)};
    if (dir && !orphans.is_owned)
      for (const Inode inode : {Inode::file, Inode::directory})
        for (Instance &instance : list_instances(*dir, inode, pattern))
          if (!paths.contains(instance.path))
            orphans.instances.push_back(std::move(instance));
    all.push_back(std::move(orphans));
  }
  return all;
}

} // namespace

std::vector<std::string> foresee_cleanup(const base::Host &host, const Scope &scope)
{
  std::vector<std::string> paths;
  for (const Orphans &orphans : find_orphans(host, take_inventory(host, scope)))
    for (const Instance &instance : orphans.instances)
      paths.push_back(instance.path);
  return paths;
}

std::size_t cleanup(const base::Host &host, const Scope &scope)
{
  const base::Dir state = open_state(host);
  const Lock lock = take_lock(host, state);
  const Inventory inventory = settle(host, state, scope);
  std::size_t count = 0;
  for (const Orphans &orphans : find_orphans(host, inventory)) {
    if (orphans.is_owned)
      continue;
    Place place{host.root.again(), orphans.record.directory, {}, false};
    place.dir = host.root.find_dir(orphans.record.directory);
    for (const Instance &instance : orphans.instances) {
      host.say(base::Level::info, "♻ Removing orphaned '{}'.", instance.path);
      remove_instance(host.sys, place, instance.name);
      ++count;
    }
    forget_install_record(host, scope.component, orphans.record);
  }
  return count;
}

} // namespace updater
