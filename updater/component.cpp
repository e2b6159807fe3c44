// SPDX-License-Identifier: Apache-2.0
#include "updater/component.hpp"

#include <array>
#include <set>

namespace updater {

namespace {

constexpr std::array<std::string_view, 4> search_path = {
    "/etc", "/run", "/usr/local/lib", "/usr/lib"};
constexpr std::string_view drop_in_name = "50-systemd-sysupdate-enabled.conf";
constexpr std::string_view prefix = "sysupdate.";
constexpr std::string_view suffix = ".d";

template <typename Definition> using Row = KeyRow<Definition>;

template <typename Definition, Subject subject>
void add_condition(const Setting &setting, Definition &definition)
{
  setting.add_condition(subject, definition.suggestion.conditions);
}

/// Features and components have the same keys, but for AppStream=.
template <typename Definition> constexpr auto common_rows(std::string_view section)
{
  using S = const Setting &;
  using D = Definition &;
  return std::array{
      Row<Definition>{section, "Description", [](S s, D d) { s.read_text(d.description); }},
      Row<Definition>{section, "Documentation", [](S s, D d) { s.add_url(d.documentation); }},
      Row<Definition>{section, "Enabled", [](S s, D d) { s.read_boolean(d.enabled); }},
      Row<Definition>{section, "Suggest", [](S s, D d) { s.read_boolean(d.suggestion.fixed); }},
      Row<Definition>{
          section, "SuggestOnArchitecture", add_condition<Definition, Subject::architecture>},
      Row<Definition>{section, "SuggestOnFirmware", add_condition<Definition, Subject::firmware>},
      Row<Definition>{
          section, "SuggestOnVirtualization", add_condition<Definition, Subject::virtualization>},
      Row<Definition>{section, "SuggestOnHost", add_condition<Definition, Subject::host>},
      Row<Definition>{section, "SuggestOnFraction", add_condition<Definition, Subject::fraction>},
      Row<Definition>{section,
                      "SuggestOnKernelCommandLine",
                      add_condition<Definition, Subject::kernel_command_line>},
      Row<Definition>{section, "SuggestOnVersion", add_condition<Definition, Subject::version>},
      Row<Definition>{
          section, "SuggestOnCredential", add_condition<Definition, Subject::credential>},
      Row<Definition>{section, "SuggestOnSecurity", add_condition<Definition, Subject::security>},
      Row<Definition>{
          section, "SuggestOnOSRelease", add_condition<Definition, Subject::os_release>},
      Row<Definition>{
          section, "SuggestOnMachineTag", add_condition<Definition, Subject::machine_tag>},
  };
}

constexpr auto component_rows = common_rows<Component>("Component");

std::vector<Row<Feature>> feature_rows()
{
  const auto common = common_rows<Feature>("Feature");
  std::vector<Row<Feature>> rows(common.begin(), common.end());
  rows.push_back({"Feature", "AppStream", [](const Setting &setting, Feature &feature) {
                    setting.read_url(feature.appstream);
                  }});
  return rows;
}

std::string below(std::string_view directory, std::string_view name)
{
  return fmt::format("{}/{}", directory, name);
}

bool is_file_name(std::string_view name)
{
  constexpr std::size_t longest = 255;
  return !name.empty() && name.size() <= longest &&
         std::all_of(name.begin(), name.end(), [](char letter) {
           const auto byte = static_cast<unsigned char>(letter);
           return byte >= ' ' && byte != 127 && byte != '/';
         });
}

/// The NAME of sysupdate.NAME.d. Drop-ins of sysupdate.NAME.component have a directory that looks
/// like one.
std::optional<std::string> component_of(std::string_view directory)
{
  if (directory.size() <= prefix.size() + suffix.size() || !directory.starts_with(prefix) ||
      !directory.ends_with(suffix))
    return std::nullopt;
  directory.remove_prefix(prefix.size());
  directory.remove_suffix(suffix.size());
  if (directory.ends_with(".component"))
    return std::nullopt;
  return std::string(directory);
}

std::string enabled_text(std::string_view section, Enabled enabled)
{
  return fmt::format("[{}]\nEnabled={}\n", section, enabled == Enabled::yes ? "yes" : "no");
}

} // namespace

std::vector<std::string> definition_directories(const DefinitionPlace &place)
{
  if (!place.directory.empty())
    return {place.directory};
  const std::string name =
      place.component.empty() ? "sysupdate.d" : fmt::format("sysupdate.{}.d", place.component);
  std::vector<std::string> directories;
  for (const std::string_view parent : search_path)
    directories.push_back(below(parent, name));
  return directories;
}

bool is_valid_component_name(std::string_view name)
{
  return !name.empty() && is_file_name(fmt::format("{}{}{}", prefix, name, suffix)) &&
         component_of(fmt::format("{}{}{}", prefix, name, suffix)).has_value();
}

bool is_valid_feature_name(std::string_view name)
{
  return !name.empty() && is_file_name(fmt::format("{}.feature", name));
}

ComponentList list_components(const base::Host &host)
{
  std::set<std::string> names;
  for (const std::string_view parent : search_path) {
    const auto dir = host.root.find_dir(parent);
    if (!dir)
      continue;
    for (const base::DirEntry &entry : dir->entries()) {
      const auto name = component_of(entry.name);
      const auto status = name ? dir->target_status(entry.name) : std::nullopt;
      if (status && S_ISDIR(status->st_mode))
        names.insert(*name);
    }
  }
  const std::vector<std::string> directories = definition_directories({});
  const bool has_default = !base::find_config_files(host.root, directories, ".transfer").empty() ||
                           !base::find_config_files(host.root, directories, ".conf").empty();
  return {{names.begin(), names.end()}, has_default};
}

Component
read_component(const base::Host &host, const std::string &name, std::vector<std::string> &warnings)
{
  const std::vector<std::string> directories(search_path.begin(), search_path.end());
  const base::Specifiers specifiers = base::read_specifiers(host);
  const FileReader reader{host.root, directories, specifiers, warnings};
  const std::string file = fmt::format("{}{}.component", prefix, name);
  Component component{.name = name};
  for (const base::ConfigFile &found :
       base::find_config_files(host.root, directories, ".component"))
    if (found.name == file)
      component.file = host.root.display(found.path);
  (void)read_keys<Component>(reader, file, component_rows, component);
  return component;
}

Feature read_feature(const FileReader &reader, const base::ConfigFile &file)
{
  Feature feature;
  feature.id = file.name.substr(0, file.name.rfind('.'));
  feature.file = reader.root.display(file.path);
  const std::vector<Row<Feature>> rows = feature_rows();
  (void)read_keys<Feature>(reader, file.name, rows, feature);
  return feature;
}

DropIn feature_drop_in(const DefinitionPlace &place, std::string_view feature, Enabled enabled)
{
  const std::string directory = definition_directories(place).front();
  return {below(directory, fmt::format("{}.feature.d", feature)),
          std::string(drop_in_name),
          enabled_text("Feature", enabled)};
}

DropIn component_drop_in(std::string_view component, Enabled enabled)
{
  return {fmt::format("/etc/{}{}.component.d", prefix, component),
          std::string(drop_in_name),
          enabled_text("Component", enabled)};
}

} // namespace updater
