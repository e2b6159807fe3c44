// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "overlay/extension_class.hpp"

#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace overlay {

class ExtensionTree;

/// What an extension may bring that somebody has to be told of, in the order in which that is done.
enum class Topic { linker_cache, sysusers, tmpfiles, hardware_database, udev, units, dbus };

struct TopicFacts {
  Topic self;
  std::string_view name; ///< "sysusers"
  std::string_view key;  ///< in [FollowUps] of extensions.conf: "Sysusers"
  /// What is run. The names of the files are added where they matter.
  std::vector<std::string_view> command;
  enum class Files { are_named, are_all_read } files;
  /// Beneath the machine's root: without it there is nobody to tell. Empty: it always can be run.
  std::string_view needs;
};

std::span<const TopicFacts> topic_table();
const TopicFacts &facts(Topic topic);

/// The topics of an extension, each with the names of its files where they matter: "app.conf".
using Topics = std::map<Topic, std::vector<std::string>>;

/// What a tree has in the places that its class merges. Names that no program could be given, with
/// control characters or a dash in front, are passed over.
Topics topics_of(const ExtensionTree &tree, Class extension_class);

} // namespace overlay
