// SPDX-License-Identifier: Apache-2.0
#include "handoff/reset_needs.hpp"

#include "handoff/extension_component.hpp"
#include "handoff/reset_request.hpp"
#include "overlay/find.hpp"
#include "updater/component.hpp"
#include "updater/directory.hpp"

#include <algorithm>
#include <array>

namespace handoff {

namespace {

using updater::ResourceKind;
using updater::Transfer;

struct Fixed {
  const char *text;
  const char *why;
};

constexpr const char *definitions_of_updates = "definitions of updates";

constexpr std::array always = {
    Fixed{"/etc/(fstab|crypttab|veritytab|integritytab|cryptsetup-keys\\.d)",
          "file systems are mounted by it"},
    Fixed{"/(etc|var|root|home|srv|opt)/lost\\+found", "belongs to the file system"},
    Fixed{"/etc/strake", "settings of strake"},
    Fixed{"/var/lib/systemd/sysupdate", "records of what updates installed"},
    Fixed{"/etc/sysupdate.d", definitions_of_updates},
    Fixed{
        "/etc/systemd/(import-pubring\\.(gpg|pgp)|(sysext|confext)\\.conf(\\.d)?)|/etc/verity\\.d",
        "keys and settings of updates and extensions"},
    Fixed{"/etc/systemd/system/([^/]+\\.(wants|requires)/)?"
          "(strake-[^/]+|systemd-(sysext|confext|sysupdate)[^/]*)",
          "units of updates and extensions"},
};

std::string absolute_link(const updater::Target &target)
{
  return target.current_symlink.starts_with('/') ? target.current_symlink
                                                 : target.path + "/" + target.current_symlink;
}

/// A path as the text of a rule, whatever characters it has.
std::string literal(const std::string &path)
{
  if (is_plain_path(path))
    return path;
  std::string text;
  for (const char each : path) {
    if (!is_plain_path(std::string(1, each)))
      text += '\\';
    text += each;
  }
  return text;
}

/// The versions that a transfer has brought, and the symlink to the one in use.
void add_versions(const base::Host &host, const Transfer &transfer, std::vector<KeepRule> &rules)
{
  const updater::Target &target = transfer.target;
  if (target.kind == ResourceKind::partition || target.anchor != updater::Anchor::root)
    return;
  const auto add = [&](const std::string &path) {
    rules.push_back({literal(path), fmt::format("goes with the updates of {}", transfer.id)});
  };
  if (!target.current_symlink.empty())
    add(absolute_link(target));
  const auto inode =
      target.kind == ResourceKind::regular_file ? updater::Inode::file : updater::Inode::directory;
  if (const auto dir = host.root.find_dir(target.path))
    for (const updater::Instance &each : updater::list_instances(*dir, inode, target.patterns))
      add(target.path + "/" + each.name);
}

/// Of a component; an empty name is the system itself.
void add_definitions(const base::Host &host,
                     const std::string &component,
                     std::vector<KeepRule> &rules)
{
  for (const char *suffix : {"d", "component", "component.d"})
    if (!component.empty())
      rules.push_back({literal(fmt::format("/etc/sysupdate.{}.{}", component, suffix)),
                       definitions_of_updates});
  const auto definitions =
      updater::read_definitions(host, {.directory = {}, .component = component});
  for (const auto *transfers : {&definitions.transfers, &definitions.disabled})
    for (const Transfer &transfer : *transfers)
      add_versions(host, transfer, rules);
}

/// All that strake has written down, or all but which extensions go with which system and what was
/// merged.
void add_records(const base::Host &host, Extensions extensions, std::vector<KeepRule> &rules)
{
  const std::string records = "/var/lib/strake";
  const char *why = "records of strake";
  if (extensions == Extensions::stay)
    return rules.push_back({records, why});
  const auto state = find_reset_state(host);
  for (const base::DirEntry &entry : state ? state->entries() : std::vector<base::DirEntry>{})
    if (entry.name != "sets.json" && entry.name != "extensions")
      rules.push_back({literal(records + "/" + entry.name), why});
}

void add_extension_places(const base::Host &host, std::vector<KeepRule> &rules)
{
  for (const overlay::Class each : {overlay::Class::sysext, overlay::Class::confext})
    for (const std::string &directory : overlay::search_directories(host, each))
      for (const char *suffix : {"", ".d"})
        rules.push_back({directory + suffix, "extensions"});
}

} // namespace

std::vector<KeepRule> needed_by_systems(const base::Host &host, Extensions extensions)
{
  std::vector<KeepRule> rules;
  for (const Fixed &each : always)
    rules.push_back({each.text, each.why});
  add_records(host, extensions, rules);
  std::vector<std::string> components = updater::list_components(host).names;
  if (extensions == Extensions::go)
    for (const ExtensionComponent &each : extension_components(host))
      std::erase(components, each.name);
  else
    add_extension_places(host, rules);
  components.emplace_back(); // the system itself
  for (const std::string &component : components)
    add_definitions(host, component, rules);
  return rules;
}

} // namespace handoff
