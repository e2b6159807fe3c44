// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/host.hpp"
#include "updater/definition.hpp"
#include "updater/definition_file.hpp"
#include "updater/feature.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace updater {

/// The directories of a place, most important first: those of /etc, /run, /usr/local/lib and
/// /usr/lib, or the one that was given instead of them.
std::vector<std::string> definition_directories(const DefinitionPlace &place);

/// True if sysupdate.NAME.d can be the name of a directory.
bool is_valid_component_name(std::string_view name);

/// True if NAME.feature can be the name of a file.
bool is_valid_feature_name(std::string_view name);

struct ComponentList {
  std::vector<std::string> names; ///< sorted
  bool has_default = false;       ///< the system itself has transfers too
};

/// The components for which there is a sysupdate.NAME.d anywhere on the search path.
ComponentList list_components(const base::Host &host);

/// What the component's file and its drop-ins say; without any the defaults.
Component
read_component(const base::Host &host, const std::string &name, std::vector<std::string> &warnings);

Feature read_feature(const FileReader &reader, const base::ConfigFile &file);

/// A file that overrides a definition.
struct DropIn {
  std::string directory; ///< beneath the root; may not exist yet
  std::string name;
  std::string text;
};

enum class Enabled { no, yes };

/// The drop-in by which the field's tools switch a feature or a component on or off. Nothing is
/// written.
DropIn feature_drop_in(const DefinitionPlace &place, std::string_view feature, Enabled enabled);
DropIn component_drop_in(std::string_view component, Enabled enabled);

} // namespace updater
