// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/host.hpp"
#include "updater/inventory.hpp"
#include "updater/plan.hpp"

#include <string>
#include <vector>

namespace updater {

/// systemd-sysupdate's own record of what it ever installed in the file system, so that `cleanup`
/// finds files that no transfer owns any more: one symlink for each target pattern, in
/// /var/lib/systemd/sysupdate/installdb[.COMPONENT], named after the SHA-256 of its own target,
/// which is "DIRECTORY/./PATTERN".

/// Notes all patterns of a step's target: a boot file that was found good goes by another one than
/// it was installed by. Slots are not noted. Durable on return.
void record_install(const base::Host &host, const Inventory &inventory, const Step &step);

/// A place that something was installed in at some time.
struct InstallRecord {
  std::string link;      ///< name of the symlink
  std::string directory; ///< beneath the root
  std::string pattern;
};

/// All records of the host or of a component; links that are not as above are passed over.
std::vector<InstallRecord> read_install_records(const base::Host &host,
                                                const std::string &component);

/// The components that there are records of, whether or not they still have definitions.
std::vector<std::string> recorded_components(const base::Host &host);

/// Removes a record whose place is no longer of interest. Durable on return.
void forget_install_record(const base::Host &host,
                           const std::string &component,
                           const InstallRecord &record);

} // namespace updater
