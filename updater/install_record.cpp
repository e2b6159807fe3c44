// SPDX-License-Identifier: Apache-2.0
#include "updater/install_record.hpp"

#include "base/durable.hpp"
#include "updater/state.hpp"

#include <unistd.h>

#include <optional>

namespace updater {

namespace {

std::string directory_name(const std::string &component)
{
  return component.empty() ? "installdb" : "installdb." + component;
}

/// Beside strake's own records for a plain user, who cannot write where systemd keeps it.
std::optional<base::Dir> find_all_records(const base::Host &host)
{
  return ::geteuid() == 0 ? host.root.find_dir("/var/lib/systemd/sysupdate") : find_state(host);
}

std::optional<base::Dir> find_records(const base::Host &host, const std::string &component)
{
  const auto all = find_all_records(host);
  return all ? all->find_dir(directory_name(component)) : std::nullopt;
}

base::Dir open_records(const base::Host &host, const std::string &component)
{
  if (::geteuid() == 0)
    return base::make_path(
        host.sys, host.root, "/var/lib/systemd/sysupdate/" + directory_name(component));
  return base::make_path(host.sys, open_state(host), directory_name(component));
}

std::string link_name(const std::string &target)
{
  return verity::hex(verity::digest_of(std::as_bytes(std::span(target))));
}

/// The directory as the machine sees it, without the root that strake was given.
std::string directory_beneath_root(const base::Host &host, const Place &place)
{
  std::string path = place.display();
  const std::string &root = host.root.path();
  if (root != "/" && path.starts_with(root))
    path.erase(0, root.size());
  return path;
}

} // namespace

void record_install(const base::Host &host, const Inventory &inventory, const Step &step)
{
  const Reach &way = inventory.ways[step.transfer];
  if (!way.target)
    return;
  const std::string directory = directory_beneath_root(host, *way.target);
  const base::Dir records = open_records(host, inventory.component);
  for (const Pattern &pattern : inventory.holdings[step.transfer].transfer.target.patterns) {
    const std::string target = directory + "/./" + pattern.text();
    const std::string name = link_name(target);
    if (records.link_target(name) != target)
      base::replace_symlink(host.sys, records, name, target);
  }
}

std::vector<InstallRecord> read_install_records(const base::Host &host,
                                                const std::string &component)
{
  std::vector<InstallRecord> records;
  const auto dir = find_records(host, component);
  if (!dir)
    return records;
  for (const base::DirEntry &entry : dir->entries()) {
    const auto target = dir->link_target(entry.name);
    if (!target || link_name(*target) != entry.name)
      continue;
    const std::size_t mark = target->find("/./");
    if (mark != std::string::npos)
      records.push_back({entry.name, target->substr(0, mark), target->substr(mark + 3)});
  }
  return records;
}

std::vector<std::string> recorded_components(const base::Host &host)
{
  const std::string prefix = directory_name("") + ".";
  std::vector<std::string> components;
  if (const auto all = find_all_records(host))
    for (const base::DirEntry &entry : all->entries())
      if (entry.type == S_IFDIR && entry.name.size() > prefix.size() &&
          entry.name.starts_with(prefix))
        components.push_back(entry.name.substr(prefix.size()));
  return components;
}

void forget_install_record(const base::Host &host,
                           const std::string &component,
                           const InstallRecord &record)
{
  const base::Dir dir = open_records(host, component);
  host.sys.remove(dir, record.link, base::Remove::file);
  host.sys.sync(dir);
}

} // namespace updater
