// SPDX-License-Identifier: Apache-2.0
#include "overlay/extension_class.hpp"

#include "base/error.hpp"
#include "base/parse.hpp"

#include <fmt/ranges.h>

#include <array>

namespace overlay {

namespace {

constexpr std::array<std::string_view, 6> mutabilities = {
    "no", "yes", "auto", "import", "ephemeral", "ephemeral-import"};

const ClassFacts sysext = {
    .self = Class::sysext,
    .name = "sysext",
    .tool = "systemd-sysext",
    .plural = "extensions",
    .metadata = ".systemd-sysext",
    .release_dir = "usr/lib/extension-release.d",
    .suffix = ".sysext",
    .level_key = "SYSEXT_LEVEL",
    .scope_key = "SYSEXT_SCOPE",
    .hierarchies_key = "SYSTEMD_SYSEXT_HIERARCHIES",
    .mutable_key = "SYSTEMD_SYSEXT_MUTABLE_MODE",
    .mount_options_key = "SYSTEMD_SYSEXT_OVERLAYFS_MOUNT_OPTIONS",
    .configuration = "systemd/sysext.conf",
    .section = "SysExt",
    .kernel_switch = "systemd.sysext",
    .image_policy = "root=verity+signed+encrypted+encryptedwithintegrity+unprotected+absent:"
                    "usr=verity+signed+encrypted+encryptedwithintegrity+unprotected+absent",
    .may_set_user = true,
    .may_execute = true,
    .hierarchies = {"/usr", "/opt"},
};

const ClassFacts confext = {
    .self = Class::confext,
    .name = "confext",
    .tool = "systemd-confext",
    .plural = "confexts",
    .metadata = ".systemd-confext",
    .release_dir = "etc/extension-release.d",
    .suffix = ".confext",
    .level_key = "CONFEXT_LEVEL",
    .scope_key = "CONFEXT_SCOPE",
    .hierarchies_key = "SYSTEMD_CONFEXT_HIERARCHIES",
    .mutable_key = "SYSTEMD_CONFEXT_MUTABLE_MODE",
    .mount_options_key = "SYSTEMD_CONFEXT_OVERLAYFS_MOUNT_OPTIONS",
    .configuration = "systemd/confext.conf",
    .section = "ConfExt",
    .kernel_switch = "systemd.confext",
    .image_policy = "root=verity+signed+encrypted+encryptedwithintegrity+unprotected+absent",
    .may_set_user = false,
    .may_execute = false,
    .hierarchies = {"/etc"},
};

} // namespace

const ClassFacts &facts(Class self)
{
  return self == Class::sysext ? sysext : confext;
}

std::string_view name(Class self)
{
  return facts(self).name;
}

bool is_ephemeral(Mutability mutability)
{
  return mutability == Mutability::ephemeral || mutability == Mutability::ephemeral_import;
}

std::span<const std::string_view> mutability_names()
{
  return mutabilities;
}

std::string_view name(Mutability mutability)
{
  return mutabilities.at(static_cast<std::size_t>(mutability));
}

std::optional<Mutability> find_mutability(std::string_view text)
{
  for (std::size_t index = 0; index < mutabilities.size(); ++index)
    if (text == mutabilities.at(index))
      return static_cast<Mutability>(index);
  if (const auto boolean = base::parse_boolean(text))
    return *boolean ? Mutability::yes : Mutability::no;
  return std::nullopt;
}

Mutability parse_mutability(std::string_view text)
{
  if (const auto found = find_mutability(text))
    return *found;
  base::fail(base::Kind::usage,
             "\"{}\" is no mutable mode; there are {}",
             text,
             fmt::format("{}", fmt::join(mutabilities, ", ")));
}

} // namespace overlay
