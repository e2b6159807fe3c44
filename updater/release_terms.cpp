// SPDX-License-Identifier: Apache-2.0
#include "updater/release_terms.hpp"

#include "base/os_release.hpp"
#include "base/version.hpp"
#include "verity/hmac.hpp"

#include <algorithm>
#include <span>
#include <sstream>

namespace updater {

namespace {

using verity::FittingSystem;
using verity::Release;

std::string value_of(const std::map<std::string, std::string> &release, const std::string &key)
{
  const auto found = release.find(key);
  return found == release.end() ? std::string() : found->second;
}

bool is_like(const std::map<std::string, std::string> &release, const std::string &id)
{
  std::istringstream words(value_of(release, "ID") + " " + value_of(release, "ID_LIKE"));
  for (std::string word; words >> word;)
    if (word == id)
      return true;
  return false;
}

bool is_between(const std::string &version, const std::string &least, const std::string &most)
{
  return (least.empty() || base::compare_versions(version, least) >= 0) &&
         (most.empty() || base::compare_versions(version, most) <= 0);
}

bool fits(const Release &release, const FittingSystem &system, const Recipient &recipient)
{
  const auto &has = recipient.os_release;
  const std::string level = value_of(
      has, release.kind == verity::ReleaseKind::confext ? "CONFEXT_LEVEL" : "SYSEXT_LEVEL");
  const std::string image = value_of(has, "IMAGE_VERSION");
  const std::string version = image.empty() ? value_of(has, "VERSION_ID") : image;
  return (system.id == "_any" || is_like(has, system.id)) &&
         (system.level.empty() || system.level == level) &&
         (system.version_id.empty() || system.version_id == value_of(has, "VERSION_ID")) &&
         is_between(version, system.min_version, system.max_version);
}

std::string text_of(const FittingSystem &system)
{
  std::string text = system.id;
  if (!system.version_id.empty())
    text += " " + system.version_id;
  if (!system.level.empty())
    text += " of level " + system.level;
  if (!system.min_version.empty())
    text += " from " + system.min_version;
  if (!system.max_version.empty())
    text += " up to " + system.max_version;
  return text;
}

/// The first barrier between what is installed and the release.
const Release *barrier_before(const Release &release,
                              const std::vector<Release> &all,
                              const std::string &installed)
{
  const Release *first = nullptr;
  for (const Release &each : all)
    if (each.barrier && each.name == release.name && each.withdrawn.empty() &&
        base::compare_versions(each.version, installed) > 0 &&
        base::compare_versions(each.version, release.version) < 0 &&
        (first == nullptr || base::compare_versions(each.version, first->version) < 0))
      first = &each;
  return first;
}

} // namespace

Recipient read_recipient(const base::Host &host, std::chrono::sys_seconds now)
{
  std::string id = host.root.text("/etc/machine-id", 4096).value_or("");
  id = id.substr(0, id.find('\n'));
  constexpr std::size_t digits = 32;
  const bool is_id =
      id.size() == digits && id.find_first_not_of("0123456789abcdef") == std::string::npos;
  return {.os_release = base::read_os_release(host.root),
          .machine_id = is_id ? id : std::string(),
          .now = now};
}

std::uint64_t wave_seed(const std::string &machine_id, const Release &release)
{
  if (machine_id.empty())
    return verity::wave_seeds - 1;
  const std::string message = fmt::format("strake-wave {} {}", release.name, release.version);
  const verity::Sha256 digest =
      verity::hmac_sha256(std::as_bytes(std::span(machine_id)), std::as_bytes(std::span(message)));
  constexpr unsigned spare_bits = 5; // of sixteen, to have 2048
  return ((std::to_integer<std::uint64_t>(digest[0]) << 8U) |
          std::to_integer<std::uint64_t>(digest[1])) >>
         spare_bits;
}

std::optional<std::chrono::sys_seconds> turn_of(const Release &release, const Recipient &recipient)
{
  if (release.waves.empty())
    return std::chrono::sys_seconds{};
  const std::uint64_t seed = wave_seed(recipient.machine_id, release);
  for (const verity::Wave &wave : release.waves)
    if (seed < wave.seed_end)
      return wave.start;
  return std::nullopt;
}

std::optional<std::string> misfit(const Release &release, const Recipient &recipient)
{
  const bool any = std::any_of(release.fits.begin(), release.fits.end(), [&](const auto &system) {
    return fits(release, system, recipient);
  });
  if (release.fits.empty() || any)
    return std::nullopt;
  std::string wanted;
  for (const FittingSystem &system : release.fits)
    wanted += (wanted.empty() ? "" : ", or ") + text_of(system);
  const std::string here = fmt::format(
      "{} {}", value_of(recipient.os_release, "ID"), value_of(recipient.os_release, "VERSION_ID"));
  return fmt::format("it fits {}, and this is {}", wanted, here);
}

std::optional<std::string> hindrance(const Release &release,
                                     const std::vector<Release> &all,
                                     const Recipient &recipient,
                                     const std::string &installed)
{
  if (!release.withdrawn.empty())
    return fmt::format("its publisher withdrew it: {}", release.withdrawn);
  if (auto why = misfit(release, recipient))
    return why;
  if (installed.empty())
    return std::nullopt;
  if (!is_between(installed, release.min_version, release.max_version))
    return fmt::format("it follows on {} to {}, and {} is installed",
                       release.min_version.empty() ? "any version" : release.min_version,
                       release.max_version.empty() ? "any" : release.max_version,
                       installed);
  if (const Release *barrier = barrier_before(release, all, installed))
    return fmt::format("{} has to come before it", barrier->version);
  return std::nullopt;
}

} // namespace updater
