// SPDX-License-Identifier: Apache-2.0
#include "handoff/extension_component.hpp"

#include "base/durable.hpp"
#include "base/error.hpp"
#include "overlay/extension_class.hpp"
#include "updater/cleanup.hpp"
#include "updater/component.hpp"
#include "updater/current_link.hpp"
#include "updater/directory.hpp"
#include "updater/inventory.hpp"
#include "verity/digest.hpp"

#include <algorithm>
#include <array>
#include <span>

namespace handoff {

namespace {

using base::Kind;
using overlay::Class;

constexpr std::string_view trust_directory = "/etc/strake/trust";

/// Where the symlink of an extension in use is; its versions lie beside it, in the same with ".d".
std::string search_directory(verity::ReleaseKind kind)
{
  return kind == verity::ReleaseKind::confext ? "/var/lib/confexts" : "/var/lib/extensions";
}

bool is_searched(const std::string &link)
{
  constexpr std::array directories = {"/var/lib/extensions",
                                      "/etc/extensions",
                                      "/run/extensions",
                                      "/var/lib/confexts",
                                      "/run/confexts"};
  const std::string parent = base::split_path(link).parent;
  return std::find(directories.begin(), directories.end(), parent) != directories.end();
}

std::string definitions_directory(const std::string &name)
{
  return fmt::format("/etc/sysupdate.{}.d", name);
}

std::string definitions_file(const std::string &name)
{
  return fmt::format("{}/{}.transfer", definitions_directory(name), name);
}

std::string suffix_without_packing(const std::string &pattern)
{
  constexpr std::string_view image = ".raw";
  const std::size_t at = pattern.rfind(image);
  return at == std::string::npos ? pattern : pattern.substr(0, at + image.size());
}

std::string transfer_text(const ExtensionOffer &offer, const updater::ReleaseSource &source)
{
  const std::string pattern = pattern_of(*offer.release, *offer.image);
  const std::string directory = search_directory(offer.release->kind);
  return fmt::format("# Written by strake ext install; strake ext remove takes it away again.\n"
                     "[Source]\n"
                     "Type=url-file\n"
                     "Path={}\n"
                     "MatchPattern={}\n"
                     "X-Strake-Trust={}\n"
                     "{}"
                     "\n"
                     "[Target]\n"
                     "Type=regular-file\n"
                     "Path={}.d\n"
                     "MatchPattern={}\n"
                     "CurrentSymlink={}/{}.raw\n"
                     "Mode=0644\n"
                     "InstancesMax=2\n",
                     source.url,
                     pattern,
                     source.trust,
                     source.channel.empty() ? ""
                                            : fmt::format("X-Strake-Channel={}\n", source.channel),
                     directory,
                     suffix_without_packing(base::split_path(pattern).name),
                     directory,
                     offer.name);
}

std::string absolute_link(const updater::Target &target)
{
  if (target.current_symlink.empty() || target.current_symlink.starts_with('/'))
    return target.current_symlink;
  return target.path + "/" + target.current_symlink;
}

/// What the link says is in use.
std::string version_in_use(const base::Host &host, const updater::Transfer &transfer)
{
  const auto target = host.root.link_target(absolute_link(transfer.target));
  if (!target)
    return {};
  const std::string file = base::split_path(*target).name;
  for (const updater::Pattern &pattern : transfer.target.patterns)
    if (const auto fields = pattern.match(file))
      return fields->version;
  return {};
}

bool has_only(const base::Host &host, const std::string &directory, const std::string &file)
{
  const auto dir = host.root.find_dir(directory);
  const auto entries = dir ? dir->entries() : std::vector<base::DirEntry>{};
  return entries.size() == 1 && entries.front().name == file;
}

std::optional<ExtensionComponent> read_component(const base::Host &host, const std::string &name)
{
  const updater::Definitions definitions =
      updater::read_definitions(host, {.directory = {}, .component = name});
  if (definitions.transfers.size() != 1)
    return std::nullopt;
  const updater::Transfer &transfer = definitions.transfers.front();
  const std::string link = absolute_link(transfer.target);
  if (!is_searched(link))
    return std::nullopt;
  return ExtensionComponent{
      .name = name,
      .source = {transfer.source.path, transfer.source.trust, transfer.source.channel},
      .version = version_in_use(host, transfer),
      .link = link,
      .directory = transfer.target.path,
      .is_own = transfer.file == host.root.display(definitions_file(name)) &&
                has_only(host, definitions_directory(name), name + ".transfer")};
}

} // namespace

std::vector<ExtensionComponent> extension_components(const base::Host &host)
{
  std::vector<ExtensionComponent> found;
  for (const std::string &name : updater::list_components(host).names)
    if (auto component = read_component(host, name))
      found.push_back(std::move(*component));
  return found;
}

std::string extension_name(const ExtensionComponent &component)
{
  std::string name = base::split_path(component.link).name;
  if (name.ends_with(".raw"))
    name.resize(name.size() - std::string_view(".raw").size());
  return name;
}

std::optional<ExtensionComponent> find_component(const base::Host &host, const std::string &name)
{
  for (ExtensionComponent &component : extension_components(host))
    if (component.name == name)
      return std::move(component);
  return std::nullopt;
}

void refuse_other_component(const base::Host &host,
                            const ExtensionOffer &offer,
                            const updater::ReleaseSource &source)
{
  if (!updater::is_valid_component_name(offer.name))
    base::fail(Kind::usage, "\"{}\" cannot be the name of a component", offer.name);
  const auto names = updater::list_components(host).names;
  if (std::find(names.begin(), names.end(), offer.name) != names.end() &&
      host.root.text(definitions_file(offer.name)) != transfer_text(offer, source))
    base::fail(Kind::usage,
               "there is a component {} already; `strake ext upgrade {}` brings what is newest "
               "there, and `strake ext remove {}` takes it away",
               offer.name,
               offer.name,
               offer.name);
}

void write_component(const base::Host &host,
                     const ExtensionOffer &offer,
                     const updater::ReleaseSource &source)
{
  const std::string text = transfer_text(offer, source);
  if (host.root.text(definitions_file(offer.name)) == text)
    return;
  // As a whole or not at all: an empty directory would be a component of that name already.
  const base::SplitPath place = base::split_path(definitions_directory(offer.name));
  const std::string unfinished = fmt::format(".{}.new", place.name);
  const base::Dir parent = base::make_path(host.sys, host.root, place.parent);
  base::remove_tree(host.sys, parent, unfinished);
  host.sys.make_dir(parent, unfinished, 0755);
  base::replace_file(host.sys, parent.dir(unfinished), offer.name + ".transfer", text);
  host.sys.rename(parent, unfinished, parent, place.name, base::Replace::no);
  host.sys.sync(parent);
}

void unlink_extension(const base::Host &host, const ExtensionComponent &component)
{
  const base::SplitPath link = base::split_path(component.link);
  if (!host.root.link_target(component.link))
    return;
  const base::Dir dir = host.root.dir(link.parent);
  host.sys.remove(dir, link.name, base::Remove::file);
  host.sys.sync(dir);
}

void link_again(const base::Host &host,
                const ExtensionComponent &component,
                const std::string &target)
{
  const base::SplitPath link = base::split_path(component.link);
  if (!target.empty())
    base::replace_symlink(host.sys, host.root.dir(link.parent), link.name, target);
}

bool use_version(const base::Host &host,
                 const ExtensionComponent &component,
                 const std::string &version)
{
  updater::Scope scope;
  scope.component = component.name;
  const updater::Inventory inventory = updater::take_inventory(host, scope);
  const auto *instance = updater::find_version(inventory.holdings.front().installed, version);
  if (instance == nullptr || instance->presence != updater::Presence::installed)
    return false;
  updater::Step step;
  step.name = instance->name;
  updater::point_current_link(host, inventory, step);
  return true;
}

void remove_component(const base::Host &host, const ExtensionComponent &component)
{
  unlink_extension(host, component);
  const base::SplitPath place = base::split_path(definitions_directory(component.name));
  const base::Dir parent = host.root.dir(place.parent);
  base::remove_tree(host.sys, parent, place.name);
  host.sys.sync(parent);
  (void)remove_leftovers(host, component.name);
}

std::size_t remove_leftovers(const base::Host &host, const std::string &name)
{
  updater::Scope scope;
  scope.component = name;
  scope.no_definitions = updater::NoDefinitions::accept;
  return updater::cleanup(host, scope);
}

std::string trust_path(const std::string &text)
{
  constexpr std::size_t digits = 16;
  const std::string digest = verity::hex(verity::digest_of(std::as_bytes(std::span(text))));
  return fmt::format("{}/{}{}",
                     trust_directory,
                     digest.substr(0, digits),
                     text.starts_with('{') ? ".root.json" : ".pub");
}

bool has_trust(const base::Host &host, const std::string &text)
{
  return host.root.text(trust_path(text)) == text;
}

void keep_trust(const base::Host &host, const std::string &text)
{
  const base::Dir dir = base::make_path(host.sys, host.root, trust_directory);
  base::replace_file(host.sys, dir, base::split_path(trust_path(text)).name, text);
}

void forget_trust(const base::Host &host, const std::string &text)
{
  const std::string name = base::split_path(trust_path(text)).name;
  const auto dir = host.root.find_dir(trust_directory);
  if (!dir || !dir->status(name))
    return;
  host.sys.remove(*dir, name, base::Remove::file);
  host.sys.sync(*dir);
}

} // namespace handoff
