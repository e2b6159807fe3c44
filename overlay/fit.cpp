// SPDX-License-Identifier: Apache-2.0
#include "overlay/fit.hpp"

#include "base/error.hpp"
#include "base/os_release.hpp"
#include "base/printable.hpp"
#include "base/specifier.hpp"
#include "base/version.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace overlay {

namespace {

bool holds_word(std::string_view list, std::string_view word)
{
  const auto words = words_of(list);
  return std::find(words.begin(), words.end(), word) != words.end();
}

/// The values in it come from the image, and what is said of it is shown on terminals.
Verdict no(std::string rule, std::string_view why, std::string_view fix)
{
  return {.fits = false,
          .rule = std::move(rule),
          .why = base::printable(why),
          .fix = base::printable(fix)};
}

struct Operator {
  std::string_view sign;
  bool (*holds)(std::strong_ordering order);
};

/// The longer signs first, so that none is taken for the beginning of another.
constexpr std::array<Operator, 7> operators = {{
    {">=", [](std::strong_ordering order) { return order >= 0; }},
    {"<=", [](std::strong_ordering order) { return order <= 0; }},
    {"==", [](std::strong_ordering order) { return order == 0; }},
    {"!=", [](std::strong_ordering order) { return order != 0; }},
    {">", [](std::strong_ordering order) { return order > 0; }},
    {"<", [](std::strong_ordering order) { return order < 0; }},
    {"=", [](std::strong_ordering order) { return order == 0; }},
}};

struct Comparison {
  bool (*holds)(std::strong_ordering order);
  std::string_view wanted; ///< empty if the comparison is none
};

Comparison read_comparison(std::string_view word)
{
  for (const Operator &each : operators)
    if (word.starts_with(each.sign))
      return {each.holds, word.substr(each.sign.size())};
  return {[](std::strong_ordering order) { return order == 0; }, word};
}

/// A key of strake's own, and what it is compared with.
struct Match {
  std::string_view key;
  std::string_view field; ///< of os-release
  std::string_view rule;
};

constexpr const char *match_version_id = "STRAKE_MATCH_VERSION_ID";
constexpr std::array<Match, 4> matches = {{
    {"STRAKE_MATCH_BUILD_ID", "BUILD_ID", "match-build-id"},
    {"STRAKE_MATCH_IMAGE_ID", "IMAGE_ID", "match-image-id"},
    {"STRAKE_MATCH_IMAGE_VERSION", "IMAGE_VERSION", "match-image-version"},
    {match_version_id, "VERSION_ID", "match-version-id"},
}};

Verdict judge_match(const Match &match, const std::string &list, const Target &target)
{
  const std::string actual = value_of(target.os_release, std::string(match.field));
  for (const std::string &word : words_of(list)) {
    const Comparison comparison = read_comparison(word);
    if (comparison.wanted.empty())
      return no(std::string(match.rule),
                fmt::format("{}=\"{}\" has \"{}\" without a version", match.key, list, word),
                "write each comparison as one word, such as \">=24.04\"");
    if (actual.empty())
      return no(std::string(match.rule),
                fmt::format("it asks for {} {}, and the system has none", match.field, list),
                fmt::format("set {}= in the system's os-release, or drop {}= from the extension",
                            match.field,
                            match.key));
    if (!comparison.holds(base::compare_versions(actual, comparison.wanted)))
      return no(std::string(match.rule),
                fmt::format("it asks for {} {}, and the system has {}", match.field, list, actual),
                fmt::format("get the extension that was made for {} {}", match.field, actual));
  }
  return {};
}

Verdict judge_matches(const Release &release, const Target &target)
{
  for (const Match &match : matches)
    if (const std::string list = value_of(release, std::string(match.key)); !list.empty())
      if (Verdict verdict = judge_match(match, list, target); !verdict.fits)
        return verdict;
  return {};
}

Verdict judge_scope(const Release &release, const Target &target, const ClassFacts &facts)
{
  const auto given = release.find(std::string(facts.scope_key));
  const std::string scopes = given == release.end() ? "system portable" : given->second;
  const std::string wanted = target.is_initrd ? "initrd" : "system";
  if (holds_word(scopes, wanted))
    return {};
  return no("scope",
            fmt::format("it is for the scopes \"{}\", and this is \"{}\"", scopes, wanted),
            fmt::format("add {} to {}= of the extension", wanted, facts.scope_key));
}

Verdict judge_architecture(const Release &release, const Target &target)
{
  const std::string wanted = value_of(release, "ARCHITECTURE");
  if (wanted.empty() || wanted == "_any" || wanted == target.architecture)
    return {};
  return no("architecture",
            fmt::format("it is for {}, and this machine is {}", wanted, target.architecture),
            fmt::format("get the extension that was made for {}", target.architecture));
}

Verdict judge_id(const std::string &wanted, const Target &target)
{
  const std::string actual = value_of(target.os_release, "ID");
  const std::string like = value_of(target.os_release, "ID_LIKE");
  if (wanted.empty())
    return no("id-missing",
              fmt::format("its release file has no ID=, and the system is {}", actual),
              fmt::format("write ID={}, or ID=_any if it runs everywhere, in it", actual));
  if (wanted == actual || holds_word(like, wanted))
    return {};
  const std::string likeness = like.empty() ? "" : fmt::format(" (like {})", like);
  return no("id",
            fmt::format("it is for the system {}, and this is {}{}", wanted, actual, likeness),
            fmt::format("get the extension that was made for {}", actual));
}

Verdict judge_version(const Release &release, const Target &target, const ClassFacts &facts)
{
  const std::string own_level = value_of(release, std::string(facts.level_key));
  const std::string level = value_of(target.os_release, std::string(facts.level_key));
  if (!own_level.empty() && !level.empty()) {
    if (own_level == level)
      return {};
    return no(
        "level",
        fmt::format("it is for {} {}, and the system has {}", facts.level_key, own_level, level),
        fmt::format("get the extension that was made for {} {}", facts.level_key, level));
  }
  const std::string version = value_of(target.os_release, "VERSION_ID");
  // A system without VERSION_ID= is a rolling one.
  if (version.empty() || !value_of(release, match_version_id).empty())
    return {};
  const std::string own_version = value_of(release, "VERSION_ID");
  if (own_version == version)
    return {};
  if (own_version.empty())
    return no("version-id",
              fmt::format("its release file has no VERSION_ID=, and the system is {}", version),
              fmt::format("write VERSION_ID={} in it", version));
  return no("version-id",
            fmt::format("it is for VERSION_ID {}, and the system is {}", own_version, version),
            fmt::format("get the extension that was made for VERSION_ID {}", version));
}

Target target_of(const base::Host &host,
                 std::map<std::string, std::string> os_release,
                 const std::string &file)
{
  if (os_release["ID"].empty())
    base::fail(base::Kind::config,
               "{} does not say ID=, without which no extension can be matched",
               host.root.display(file));
  return {.os_release = std::move(os_release),
          .is_initrd = host.root.target_status("etc/initrd-release").has_value(),
          .architecture = base::read_specifiers(host).architecture};
}

} // namespace

Target read_target(const base::Host &host)
{
  if (const auto given = host.variable("SYSTEMD_OS_RELEASE")) {
    if (!host.root.target_status(*given))
      base::fail(base::Kind::config,
                 "there is no {}, which $SYSTEMD_OS_RELEASE names",
                 host.root.display(*given));
    return read_target(host, *given);
  }
  return target_of(host, base::read_os_release(host.root), "etc/os-release");
}

Target read_target(const base::Host &host, const std::string &os_release)
{
  const auto text = host.root.text(os_release);
  if (!text)
    base::fail(base::Kind::not_found, "there is no {}", host.root.display(os_release));
  return target_of(host, base::parse_assignments(*text), os_release);
}

Verdict fits(const std::optional<Release> &release, const Target &target, Class extension_class)
{
  const ClassFacts &facts = overlay::facts(extension_class);
  if (!release || release->empty())
    return no("no-release",
              fmt::format("it has no release data in /{}, so nothing says what it fits",
                          facts.release_dir),
              "put a file extension-release.NAME with ID= there, where NAME is that of the image");
  if (Verdict verdict = judge_scope(*release, target, facts); !verdict.fits)
    return verdict;
  if (Verdict verdict = judge_architecture(*release, target); !verdict.fits)
    return verdict;
  const std::string id = value_of(*release, "ID");
  if (id != "_any") {
    if (Verdict verdict = judge_id(id, target); !verdict.fits)
      return verdict;
    if (Verdict verdict = judge_version(*release, target, facts); !verdict.fits)
      return verdict;
  }
  return judge_matches(*release, target);
}

Verdict judge_content(const base::Dir &tree, Class extension_class, std::string_view place)
{
  // Whatever is there, even a symlink that leads nowhere, would hide the system's.
  const auto path = path_below(place, "usr/lib/os-release");
  if (extension_class != Class::sysext || !path || !tree.status(*path))
    return {};
  return {.fits = false,
          .rule = "os-release",
          .why = "it holds /usr/lib/os-release, which would hide the system's own",
          .fix = "remove that file from the image"};
}

} // namespace overlay
