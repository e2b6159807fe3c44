// SPDX-License-Identifier: Apache-2.0
#include "updater/definition.hpp"

#include "base/error.hpp"
#include "updater/component.hpp"
#include "updater/definition_file.hpp"
#include "updater/transfer_file.hpp"

#include <algorithm>
#include <array>

namespace updater {

namespace {

using Names = std::vector<base::ConfigFile>;

Names find_transfers(const base::Dir &root,
                     const std::vector<std::string> &directories,
                     std::vector<std::string> &warnings)
{
  Names files = base::find_config_files(root, directories, ".transfer");
  if (!files.empty())
    return files;
  // Before 257 transfers were named *.conf; one *.transfer shows that the author knows better.
  files = base::find_config_files(root, directories, ".conf");
  if (!files.empty())
    warnings.push_back(fmt::format(
        "{}: there are no .transfer files, so .conf files are read as such; rename them to "
        ".transfer",
        root.display(files.front().path)));
  return files;
}

bool is_enabled(const std::vector<Feature> &features, const std::string &id)
{
  return std::any_of(features.begin(), features.end(), [&](const Feature &feature) {
    return feature.id == id && feature.enabled;
  });
}

/// A feature that isn't defined anywhere is off.
bool is_wanted(const Transfer &transfer, const std::vector<Feature> &features)
{
  const auto enabled = [&](const std::string &id) { return is_enabled(features, id); };
  const std::vector<std::string> &any = transfer.features;
  const std::vector<std::string> &all = transfer.requisite_features;
  return std::all_of(all.begin(), all.end(), enabled) &&
         (any.empty() || std::any_of(any.begin(), any.end(), enabled));
}

} // namespace

Definitions read_definitions(const base::Host &host, const DefinitionPlace &place)
{
  const std::vector<std::string> directories = definition_directories(place);
  const base::Specifiers specifiers = base::read_specifiers(host);
  Definitions result;
  const FileReader reader{host.root, directories, specifiers, result.warnings};

  for (const base::ConfigFile &file : base::find_config_files(host.root, directories, ".feature"))
    result.features.push_back(read_feature(reader, file));
  if (!place.component.empty())
    result.component = read_component(host, place.component, result.warnings);

  for (const base::ConfigFile &file : find_transfers(host.root, directories, result.warnings)) {
    Transfer transfer = read_transfer(reader, file);
    transfer.enabled = is_wanted(transfer, result.features);
    (transfer.enabled ? result.transfers : result.disabled).push_back(std::move(transfer));
  }
  return result;
}

} // namespace updater
