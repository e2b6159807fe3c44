// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/host.hpp"
#include "overlay/extension_class.hpp"
#include "overlay/fit.hpp"
#include "overlay/image.hpp"
#include "overlay/size_limit.hpp"
#include "verity/image_policy.hpp"

#include <map>
#include <optional>
#include <string>
#include <vector>

namespace overlay {

/// How extensions of one class are merged.
struct Configuration {
  Mutability mutability = Mutability::no;
  /// Those that hierarchies.conf sets apart; asked for by mutability_of.
  std::map<std::string, Mutability> of_hierarchy{};
  /// How much may be written to an ephemeral hierarchy, as parse_size_limit() takes it; asked for
  /// by size_limit_of.
  std::string size_limit{default_size_limit};
  std::map<std::string, std::string> size_limits{}; ///< those that hierarchies.conf sets apart
  bool indexes_kernel_modules = true; ///< [FollowUps] KernelModules= of extensions.conf
  /// Set by the option or the configuration. Else each image has the default of its class, or the
  /// stricter one of where it came from: see policy_of.
  std::optional<verity::ImagePolicy> policy{};
  std::vector<std::string> hierarchies{}; ///< absolute and plain, "/usr"
  /// In place of the options that mutable overlays have.
  std::optional<std::string> mount_options{};
};

/// From the options given here, else the environment, else systemd/sysext.conf or
/// systemd/confext.conf with drop-ins, else the built-in defaults.
///
/// Beside those, strake/hierarchies.conf with its drop-ins (in /etc, /run, /usr/local/lib and
/// /usr/lib beneath the root) may set single hierarchies apart, as UAPI.4 allows:
///
///     [/opt]
///     Mutable=ephemeral
///     SizeLimit=1G
///
/// As to the mode it counts more than the class's file and less than option and environment, which
/// speak for all. Hierarchies of the other class may stand in it too.
///
/// A mode in the environment or in systemd's files that is none, and keys that are not known, are
/// warned of and passed over, as systemd does. A bad image policy is not: to go on without it would
/// be to trust more than was meant. Throws Kind::usage for options and $…_HIERARCHIES, Kind::config
/// with file and line for the rest.
Configuration read_configuration(const base::Host &host,
                                 Class extension_class,
                                 std::optional<Mutability> from_option,
                                 const std::optional<std::string> &policy_from_option);

/// The hierarchies of a class: those of the environment, or the class's own. Throws Kind::usage.
std::vector<std::string> hierarchies_of(const base::Host &host, Class extension_class);

Mutability mutability_of(const Configuration &configuration, const std::string &hierarchy);

std::string size_limit_of(const Configuration &configuration, const std::string &hierarchy);

/// The policy by which an image is opened. Images that the boot loader handed to the initrd come
/// from a partition that anybody can write: they have to be signed, and what else lies beneath
/// /.extra is refused, unless the configuration has a policy of its own.
verity::ImagePolicy policy_of(const Configuration &configuration,
                              const Image &image,
                              const Target &target,
                              Class extension_class);

/// True if systemd started this process and the kernel command line has systemd.sysext=no (or
/// systemd.confext=; in an initrd rd.systemd.…, unless another root was given). By hand it always
/// runs.
bool switched_off(const base::Host &host, Class extension_class);

} // namespace overlay
