// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <compare>
#include <cstdint>
#include <string>
#include <string_view>
#include <variant>

namespace overlay {

/// What the entries of a directory NAME.v or NAME.raw.v are read by.
struct VersionedPlace {
  std::string name;         ///< "foo", of foo.sysext.raw.v
  std::string suffix;       ///< ".sysext.raw"
  std::string architecture; ///< of this machine, "x86-64"
};

/// An entry NAME_VERSION[_ARCHITECTURE][+LEFT[-DONE]]SUFFIX that this machine can use.
struct VersionedName {
  std::string file;
  std::string version;
  /// 0 for the machine's own architecture, 1 for the one it can run beside it, 2 for any.
  unsigned foreignness = 2;
  std::uint64_t tries_left; ///< without counters beyond every number there can be
  std::uint64_t tries_done;
};

/// Why an entry isn't one of these.
struct Misfit {
  std::string rule; ///< "architecture" or "version-name"
  std::string why;
};

/// The last word after a "_" is taken for an architecture, and stands for any if it is none that
/// exists; systemd does so too.
std::variant<VersionedName, Misfit> read_versioned_name(const VersionedPlace &place,
                                                        const std::string &file);

/// Greater is what is taken first: with tries left or not counted before used up, then the newer
/// version, the machine's own architecture, more tries left, fewer done, and at last the name.
/// `equal` is the same name only.
std::strong_ordering compare(const VersionedName &one, const VersionedName &other);

} // namespace overlay
