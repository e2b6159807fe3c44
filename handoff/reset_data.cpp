// SPDX-License-Identifier: Apache-2.0
#include "handoff/reset_data.hpp"

#include "base/ini.hpp"
#include "handoff/reset_rules.hpp"
#include "overlay/plan.hpp"

#include <algorithm>
#include <array>
#include <map>
#include <set>
#include <sstream>

namespace handoff {

namespace {

using Paths = std::set<std::string>;

struct DirectoryKey {
  std::string_view key;
  std::string_view parent;
};

constexpr std::array directory_keys = {DirectoryKey{"StateDirectory", "/var/lib"},
                                       DirectoryKey{"CacheDirectory", "/var/cache"},
                                       DirectoryKey{"LogsDirectory", "/var/log"},
                                       DirectoryKey{"ConfigurationDirectory", "/etc"}};

/// Whether something of that path is nobody's but who made it.
bool is_own(const std::string &path)
{
  constexpr std::array<std::string_view, 6> places = {
      "/etc", "/var", "/srv", "/opt", "/home", "/root"};
  constexpr std::array<std::string_view, 8> shared = {"/var/lib",
                                                      "/var/lib/private",
                                                      "/var/cache",
                                                      "/var/cache/private",
                                                      "/var/log",
                                                      "/var/log/private",
                                                      "/var/tmp",
                                                      "/var/spool"};
  const bool is_in_place = std::any_of(places.begin(), places.end(), [&](std::string_view place) {
    return path != place && is_beneath(path, place);
  });
  return is_in_place && path.find('%') == std::string::npos &&
         std::find(shared.begin(), shared.end(), path) == shared.end();
}

void add_directory(const DirectoryKey &key, std::string name, Paths &paths)
{
  name.resize(std::min(name.find(':'), name.size())); // a symlink to it may follow
  if (name.empty() || name.find("..") != std::string::npos)
    return;
  // With DynamicUser= it lies in the second place, and a symlink in the first.
  for (const std::string_view between : {"/", "/private/"})
    if (const std::string path = fmt::format("{}{}{}", key.parent, between, name); is_own(path))
      paths.insert(path);
}

std::vector<std::string> sorted(const Paths &paths)
{
  return {paths.begin(), paths.end()};
}

/// The texts of the files in a directory of an extension that have this ending.
std::vector<std::string>
texts_in(const overlay::Layer &layer, const std::string &directory, std::string_view suffix)
{
  std::vector<std::string> texts;
  const auto dir = layer.tree.find_dir(directory);
  for (const base::DirEntry &entry : dir ? dir->entries() : std::vector<base::DirEntry>{})
    if (entry.type == S_IFREG && entry.name.ends_with(suffix))
      texts.push_back(dir->text(entry.name).value_or(""));
  return texts;
}

void add_layer(const overlay::Layer &layer, Paths &paths)
{
  for (const char *directory : {"/usr/lib/systemd/system", "/etc/systemd/system"})
    for (const std::string &text : texts_in(layer, directory, ".service"))
      for (std::string &path : data_of_unit(text))
        paths.insert(std::move(path));
  for (const char *directory : {"/usr/lib/tmpfiles.d", "/etc/tmpfiles.d"})
    for (const std::string &text : texts_in(layer, directory, ".conf"))
      for (std::string &path : data_of_tmpfiles(text))
        paths.insert(std::move(path));
}

} // namespace

std::vector<std::string> data_of_unit(std::string_view text)
{
  // Sections do not matter, and a broken one is not this unit's end either where systemd reads it.
  std::string items = "[Service]\n";
  std::istringstream lines{std::string(text)};
  for (std::string line; std::getline(lines, line);)
    if (!line.starts_with('['))
      items += line + "\n";
  Paths paths;
  for (const base::ConfigItem &item : base::parse_config(items, "unit").items)
    for (const DirectoryKey &key : directory_keys)
      if (item.key == key.key)
        for (std::string &name :
             base::split_quoted(item.value).value_or(std::vector<std::string>{}))
          add_directory(key, std::move(name), paths);
  return sorted(paths);
}

std::vector<std::string> data_of_tmpfiles(std::string_view text)
{
  constexpr std::string_view making = "dDvqQfFC";
  Paths paths;
  std::istringstream lines{std::string(text)};
  for (std::string line; std::getline(lines, line);) {
    const auto words = base::split_quoted(line);
    if (!words || words->size() < 2 || making.find(words->front()[0]) == std::string_view::npos)
      continue;
    std::string path = words->at(1);
    while (path.ends_with('/'))
      path.pop_back();
    if (is_own(path))
      paths.insert(std::move(path));
  }
  return sorted(paths);
}

std::vector<ExtensionData> read_extension_data(const base::Host &host)
{
  std::map<std::string, Paths> found;
  for (const overlay::Class extension_class : {overlay::Class::sysext, overlay::Class::confext}) {
    if (overlay::switched_off(host, extension_class))
      continue;
    overlay::Request request;
    request.extension_class = extension_class;
    request.configuration =
        overlay::read_configuration(host, extension_class, std::nullopt, std::nullopt);
    request.unchanged = overlay::Request::Unchanged::merge_again;
    const overlay::Plan plan = overlay::make_plan(host, request);
    for (const overlay::Layer *layer : plan.selection.used()) {
      const std::string &name = layer->candidate.image.name;
      add_layer(*layer, found[name]);
      for (const std::string &path : overlay::read_extension_settings(host, name).data)
        found[name].insert(path);
    }
  }
  std::vector<ExtensionData> all;
  for (const auto &[extension, paths] : found)
    if (!paths.empty())
      all.push_back({extension, sorted(paths)});
  return all;
}

} // namespace handoff
