// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/dir.hpp"

#include <map>
#include <optional>
#include <string>
#include <string_view>

namespace base {

struct Host;

/// systemd's name for the architecture that uname(2) calls `machine`: "x86_64" is "x86-64". The
/// text itself if it isn't known.
std::string architecture_name(std::string_view machine);

/// The architecture of the running kernel, by that name.
std::string native_architecture();

/// What %-specifiers stand for on one system. A value that this machine can't tell (a machine id
/// before the first boot) is absent.
struct Specifiers {
  std::map<char, std::string> values{};
  std::string architecture{}; ///< as %a
};

/// The specifiers of a host: os-release, machine-info and machine id from its root, what concerns
/// the kernel from the machine itself.
Specifiers read_specifiers(const Host &host);

/// The text with its specifiers replaced: %% is "%", and a letter that is no specifier stays with
/// its "%". Nothing if it needs a value that isn't known; then `missing`, if given, is its letter.
std::optional<std::string>
expand_specifiers(std::string_view text, const Specifiers &specifiers, char *missing = nullptr);

} // namespace base
