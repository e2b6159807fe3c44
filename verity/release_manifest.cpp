// SPDX-License-Identifier: Apache-2.0
#include "verity/release_manifest.hpp"

#include "base/error.hpp"
#include "base/parse.hpp"
#include "base/version.hpp"
#include "verity/strict_json.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <array>
#include <set>

namespace verity {

namespace {

using nlohmann::json;

constexpr std::uint64_t spec = 1;
constexpr int depth_limit = 8;
constexpr std::size_t most_releases = 65536;
constexpr std::size_t most_per_release = 256; // artifacts, systems, waves
constexpr std::array kinds = {"os", "sysext", "confext"};

/// Names of files, one below the other.
bool is_path(std::string_view text)
{
  while (true) {
    const std::size_t slash = text.find('/');
    if (!is_manifest_name(text.substr(0, slash)))
      return false;
    if (slash == std::string_view::npos)
      return true;
    text.remove_prefix(slash + 1);
  }
}

std::string take_name(const JsonPlace &place)
{
  return place.text(is_manifest_name,
                    "a name of letters, digits and -._+~^@:, not beginning with a dot");
}

std::string take_version(const JsonPlace &place)
{
  return place.text(base::is_valid_version, "a version: 1 to 255 letters, digits and .-~^+_");
}

std::chrono::sys_seconds take_time(const JsonPlace &place)
{
  const auto is_time = [](std::string_view text) { return parse_time(text).has_value(); };
  return *parse_time(place.text(is_time, "a time such as \"2026-11-26T15:00:00Z\""));
}

Sha256 take_sha256(const JsonPlace &place)
{
  const auto is_digest = [](std::string_view text) { return parse_sha256(text).has_value(); };
  return *parse_sha256(place.text(is_digest, "64 hex digits"));
}

std::string take_line(const JsonPlace &place)
{
  constexpr std::size_t longest = 1000;
  return place.text([](std::string_view text) { return text.size() <= longest; },
                    "one line of at most 1000 bytes");
}

template <typename Take>
auto optional(const JsonPlace &object, const char *key, Take take) -> decltype(take(object))
{
  const auto place = object.find(key);
  return place ? take(*place) : decltype(take(object)){};
}

template <typename Take>
auto maybe(const JsonPlace &object, const char *key, Take take)
    -> std::optional<decltype(take(object))>
{
  const auto place = object.find(key);
  if (!place)
    return std::nullopt;
  return take(*place);
}

template <typename Take>
auto list(const JsonPlace &object, const char *key, std::size_t most, Take take)
    -> std::vector<decltype(take(object))>
{
  std::vector<decltype(take(object))> items;
  const auto place = object.find(key);
  if (!place)
    return items;
  const std::size_t size = place->array_size(most);
  items.reserve(size);
  for (std::size_t index = 0; index < size; ++index)
    items.push_back(take(place->item(index)));
  return items;
}

std::uint64_t take_number(const JsonPlace &place)
{
  return place.number(0, largest_number);
}

bool take_boolean(const JsonPlace &place)
{
  return place.boolean();
}

Artifact take_artifact(const JsonPlace &place)
{
  Artifact artifact;
  artifact.name = place.at("name").text(
      is_path, "the path of a file below the manifest, of letters, digits and -._+~^@:");
  artifact.transfer = optional(place, "transfer", take_name);
  artifact.architecture = optional(place, "architecture", take_name);
  artifact.size = take_number(place.at("size"));
  artifact.sha256 = take_sha256(place.at("sha256"));
  artifact.raw_size = maybe(place, "raw_size", take_number);
  artifact.raw_sha256 = maybe(place, "raw_sha256", take_sha256);
  artifact.root_hash = maybe(place, "root_hash", take_sha256);
  return artifact;
}

FittingSystem take_system(const JsonPlace &place)
{
  return {.id = take_name(place.at("id")),
          .level = optional(place, "level", take_line),
          .version_id = optional(place, "version_id", take_line),
          .min_version = optional(place, "min_version", take_version),
          .max_version = optional(place, "max_version", take_version)};
}

Wave take_wave(const JsonPlace &place)
{
  return {.seed_end = place.at("seed_end").number(1, wave_seeds),
          .start = take_time(place.at("start"))};
}

void check_waves(const JsonPlace &place, const std::vector<Wave> &waves)
{
  for (std::size_t index = 1; index < waves.size(); ++index)
    if (waves[index].seed_end <= waves[index - 1].seed_end ||
        waves[index].start < waves[index - 1].start)
      place.at("waves").item(index).refuse("a wave with a larger seed, not before the one above");
}

ReleaseKind take_kind(const JsonPlace &place)
{
  const std::string word = place.text(
      [](std::string_view text) {
        return std::find(kinds.begin(), kinds.end(), text) != kinds.end();
      },
      "\"os\", \"sysext\" or \"confext\"");
  return static_cast<ReleaseKind>(std::find(kinds.begin(), kinds.end(), word) - kinds.begin());
}

Release take_release(const JsonPlace &place)
{
  Release release;
  release.name = take_name(place.at("name"));
  release.kind = take_kind(place.at("kind"));
  release.version = take_version(place.at("version"));
  release.description = optional(place, "description", take_line);
  release.added = optional(place, "added", take_number);
  release.published = maybe(place, "published", take_time);
  release.min_version = optional(place, "min_version", take_version);
  release.max_version = optional(place, "max_version", take_version);
  release.barrier = optional(place, "barrier", take_boolean);
  release.security = optional(place, "security", take_boolean);
  release.withdrawn = optional(place, "withdrawn", take_line);
  release.fits = list(place, "fits", most_per_release, take_system);
  release.waves = list(place, "waves", most_per_release, take_wave);
  release.artifacts = list(place, "artifacts", most_per_release, take_artifact);
  if (release.artifacts.empty())
    place.at("artifacts").refuse("at least one artifact");
  check_waves(place, release.waves);
  return release;
}

/// One name, one content; one version, one release.
void check_unique(const JsonPlace &releases, const std::vector<Release> &all)
{
  std::set<std::pair<std::string_view, std::string_view>> versions;
  std::set<std::string_view> files;
  for (std::size_t index = 0; index < all.size(); ++index) {
    if (!versions.emplace(all[index].name, all[index].version).second)
      releases.item(index).refuse(
          fmt::format("no second release of {} {}", all[index].name, all[index].version));
    for (const Artifact &artifact : all[index].artifacts)
      if (!files.insert(artifact.name).second)
        releases.item(index).refuse(fmt::format("no second artifact {}", artifact.name));
  }
}

ReleaseManifest take_manifest(const JsonPlace &place)
{
  if (place.at("spec").number(1, largest_number) != spec)
    place.at("spec").refuse("1, which is what this version of strake understands");
  ReleaseManifest manifest;
  manifest.repository = take_name(place.at("repository"));
  manifest.product = optional(place, "product", take_name);
  manifest.channel = take_name(place.at("channel"));
  manifest.sequence = place.at("sequence").number(1, largest_number);
  manifest.issued = take_time(place.at("issued"));
  manifest.expires = take_time(place.at("expires"));
  if (manifest.expires <= manifest.issued)
    place.at("expires").refuse("a time after that of \"issued\"");
  manifest.min_client = optional(place, "min_client", take_version);
  manifest.keys = optional(place, "keys", take_number);
  const JsonPlace releases = place.at("releases");
  manifest.releases = list(place, "releases", most_releases, take_release);
  check_unique(releases, manifest.releases);
  return manifest;
}

void put(json &object, const char *key, const std::string &text)
{
  if (!text.empty())
    object[key] = text;
}

json json_of(const Artifact &artifact)
{
  json object;
  object["name"] = artifact.name;
  put(object, "transfer", artifact.transfer);
  put(object, "architecture", artifact.architecture);
  object["size"] = artifact.size;
  object["sha256"] = hex(artifact.sha256);
  if (artifact.raw_size)
    object["raw_size"] = *artifact.raw_size;
  if (artifact.raw_sha256)
    object["raw_sha256"] = hex(*artifact.raw_sha256);
  if (artifact.root_hash)
    object["root_hash"] = hex(*artifact.root_hash);
  return object;
}

json json_of(const FittingSystem &system)
{
  json object;
  object["id"] = system.id;
  put(object, "level", system.level);
  put(object, "version_id", system.version_id);
  put(object, "min_version", system.min_version);
  put(object, "max_version", system.max_version);
  return object;
}

json json_of(const Wave &wave)
{
  return {{"seed_end", wave.seed_end}, {"start", text_of(wave.start)}};
}

template <typename Item> void put(json &object, const char *key, const std::vector<Item> &items)
{
  if (items.empty())
    return;
  object[key] = json::array();
  for (const Item &item : items)
    object[key].push_back(json_of(item));
}

json json_of(const Release &release)
{
  json object;
  object["name"] = release.name;
  object["kind"] = name(release.kind);
  object["version"] = release.version;
  if (release.added != 0)
    object["added"] = release.added;
  put(object, "description", release.description);
  if (release.published)
    object["published"] = text_of(*release.published);
  put(object, "min_version", release.min_version);
  put(object, "max_version", release.max_version);
  if (release.barrier)
    object["barrier"] = true;
  if (release.security)
    object["security"] = true;
  put(object, "withdrawn", release.withdrawn);
  put(object, "fits", release.fits);
  put(object, "waves", release.waves);
  put(object, "artifacts", release.artifacts);
  return object;
}

json json_of(const ReleaseManifest &manifest)
{
  json object;
  object["spec"] = spec;
  object["repository"] = manifest.repository;
  put(object, "product", manifest.product);
  object["channel"] = manifest.channel;
  object["sequence"] = manifest.sequence;
  object["issued"] = text_of(manifest.issued);
  object["expires"] = text_of(manifest.expires);
  put(object, "min_client", manifest.min_client);
  if (manifest.keys != 0)
    object["keys"] = manifest.keys;
  object["releases"] = json::array();
  for (const Release &release : manifest.releases)
    object["releases"].push_back(json_of(release));
  return object;
}

} // namespace

std::string_view name(ReleaseKind kind)
{
  return kinds.at(static_cast<std::size_t>(kind));
}

ReleaseManifest parse_release_manifest(std::string_view text, const std::string &file)
{
  const json document = parse_strict_json(text, file, {release_manifest_limit, depth_limit});
  return take_manifest(JsonPlace(document, file));
}

std::string text_of(const ReleaseManifest &manifest)
{
  // What it is made of is gone before it is read again: of 10,000 releases one is enough in memory.
  std::string text = json_of(manifest).dump(-1, ' ', false, json::error_handler_t::replace) + "\n";
  (void)parse_release_manifest(text, "the new manifest"); // never sign what no client takes
  return text;
}

bool is_manifest_name(std::string_view text)
{
  constexpr std::size_t longest = 255;
  return !text.empty() && text.size() <= longest && text.front() != '.' &&
         std::all_of(text.begin(), text.end(), [](char letter) {
           return (letter >= 'a' && letter <= 'z') || (letter >= 'A' && letter <= 'Z') ||
                  (letter >= '0' && letter <= '9') ||
                  std::string_view("-._+~^@:").find(letter) != std::string_view::npos;
         });
}

std::optional<std::chrono::sys_seconds> parse_time(std::string_view text)
{
  constexpr std::string_view form = "0000-00-00T00:00:00Z";
  if (text.size() != form.size())
    return std::nullopt;
  for (std::size_t at = 0; at < form.size(); ++at)
    if (form[at] == '0' ? text[at] < '0' || text[at] > '9' : text[at] != form[at])
      return std::nullopt;
  const auto number = [&](std::size_t at, std::size_t length) {
    return static_cast<int>(base::parse_number(text.substr(at, length)).value());
  };
  const std::chrono::year_month_day day{std::chrono::year(number(0, 4)),
                                        std::chrono::month(static_cast<unsigned>(number(5, 2))),
                                        std::chrono::day(static_cast<unsigned>(number(8, 2)))};
  if (!day.ok() || number(11, 2) > 23 || number(14, 2) > 59 || number(17, 2) > 59)
    return std::nullopt;
  return std::chrono::sys_days(day) + std::chrono::hours(number(11, 2)) +
         std::chrono::minutes(number(14, 2)) + std::chrono::seconds(number(17, 2));
}

std::string text_of(std::chrono::sys_seconds time)
{
  const auto day = std::chrono::floor<std::chrono::days>(time);
  const std::chrono::year_month_day date(day);
  const std::chrono::hh_mm_ss clock(time - day);
  return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}Z",
                     static_cast<int>(date.year()),
                     static_cast<unsigned>(date.month()),
                     static_cast<unsigned>(date.day()),
                     clock.hours().count(),
                     clock.minutes().count(),
                     clock.seconds().count());
}

} // namespace verity
