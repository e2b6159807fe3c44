// SPDX-License-Identifier: Apache-2.0
#include "updater/leftover.hpp"

#include "base/durable.hpp"
#include "base/error.hpp"

#include <map>

namespace updater {

namespace {

struct Leftover {
  const base::Dir *dir;
  std::string name;
};

/// By path: several transfers may share a directory.
std::map<std::string, Leftover> find_leftovers(const Inventory &inventory)
{
  std::map<std::string, Leftover> found;
  const auto look = [&](const std::vector<Holding> &holdings, const std::vector<Reach> &ways) {
    for (std::size_t index = 0; index < holdings.size(); ++index) {
      const auto &place = ways[index].target;
      if (!holdings[index].transfer.target.remove_temporary || !place || !place->dir)
        continue;
      for (const base::DirEntry &entry : place->dir->entries())
        if (entry.name.starts_with(".#"))
          found.try_emplace(place->display() + "/" + entry.name,
                            Leftover{&*place->dir, entry.name});
    }
  };
  look(inventory.holdings, inventory.ways);
  look(inventory.disabled, inventory.disabled_ways);
  return found;
}

} // namespace

std::vector<std::string> list_leftovers(const Inventory &inventory)
{
  std::vector<std::string> paths;
  for (const auto &[path, leftover] : find_leftovers(inventory))
    paths.push_back(path);
  return paths;
}

void remove_leftovers(const base::Host &host, const Inventory &inventory)
{
  for (const auto &[path, leftover] : find_leftovers(inventory)) {
    try {
      base::remove_tree(host.sys, *leftover.dir, leftover.name);
      host.sys.sync(*leftover.dir);
      host.say(base::Level::info, "♻ Removed '{}', which an older tool left unfinished.", path);
    } catch (const base::Error &error) {
      host.say(base::Level::warning, "{}; it stays", error.what());
    }
  }
}

} // namespace updater
