// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/dir.hpp"
#include "updater/instance.hpp"
#include "updater/pattern.hpp"

#include <string>
#include <vector>

namespace updater {

enum class Inode { file, directory };

/// All instances in a directory that one of `patterns` names, newest first, each with its presence
/// and with the mode (masked with 0775) and modification time that the file has where its name
/// doesn't say them. Only as many levels are looked at as the patterns name. Symlinks are neither
/// instances nor followed.
std::vector<Instance>
list_instances(const base::Dir &dir, Inode inode, const std::vector<Pattern> &patterns);

/// Newest version first; of one version what is in effect, then what is pending (vfat can leave a
/// file under two names).
void sort_newest_first(std::vector<Instance> &instances);

/// The instance of exactly this version by version order, if there is one.
const Instance *find_version(const std::vector<Instance> &instances, const std::string &version);

} // namespace updater
