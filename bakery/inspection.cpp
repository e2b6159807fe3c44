// SPDX-License-Identifier: Apache-2.0
#include "bakery/inspection.hpp"

#include "bakery/image_contents.hpp"
#include "base/error.hpp"
#include "base/os_release.hpp"
#include "base/printable.hpp"

#include <fmt/ranges.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <set>

namespace bakery {

namespace {

using base::Kind;
using Json = nlohmann::json;

constexpr std::size_t side_file_limit = std::size_t{16} << 20U;
constexpr std::size_t description_limit = 1000;

/// What an SPDX document says of the image that it is about.
std::string description_in(const base::Dir &dir, const std::string &file)
{
  const auto text = dir.text(file, side_file_limit);
  const Json json = text ? Json::parse(*text, nullptr, false) : Json();
  if (!json.is_object() || !json.contains("packages") || !json["packages"].is_array() ||
      json["packages"].empty() || !json["packages"][0].is_object())
    return {};
  const Json description = json["packages"][0].value("description", Json());
  if (!description.is_string())
    return {};
  const std::string line = base::printable(description.get<std::string>());
  return line.size() <= description_limit ? line : "";
}

std::optional<verity::Sha256> root_hash_in(const base::Dir &dir, const std::string &file)
{
  const auto text = dir.text(file, side_file_limit);
  return text ? verity::parse_sha256(text->substr(0, text->find('\n'))) : std::nullopt;
}

FileFacts facts_beside(const NewFile &file)
{
  const base::Dir dir = base::Dir::open_root(file.directory);
  const std::string stem = file.name.stem();
  FileFacts facts{.description = description_in(dir, stem + ".spdx.json")};
  if (file.name.is_system_part())
    facts.kind = verity::ReleaseKind::os;
  else
    facts.root_hash = root_hash_in(dir, stem + ".roothash");
  return facts;
}

verity::ReleaseKind kind_of(const Subject &subject)
{
  if (subject.image_class == ImageClass::confext)
    return verity::ReleaseKind::confext;
  return subject.image_class == ImageClass::sysext ? verity::ReleaseKind::sysext
                                                   : verity::ReleaseKind::os;
}

/// An image that was opened, by its place in the list.
struct Opened {
  std::size_t index;
  OpenedImage image;
};

std::vector<Opened> open_images(const base::Host &host,
                                const std::vector<NewFile> &files,
                                const std::vector<OfferedFile> &known)
{
  std::set<std::string> names;
  for (const OfferedFile &file : known)
    names.insert(file.name.file);
  std::vector<Opened> opened;
  for (std::size_t n = 0; n < files.size(); ++n)
    if (files[n].name.suffix == "raw" && !names.contains(files[n].name.file))
      opened.push_back({n, open_image_contents(host, files[n].path())});
  return opened;
}

/// Extensions that one machine could have at once: others, of its architecture.
std::vector<const Subject *>
companions(const std::vector<Opened> &opened, const std::vector<NewFile> &files, const Opened &of)
{
  std::vector<const Subject *> found;
  for (const Opened &each : opened)
    if (files[each.index].name.name != files[of.index].name.name &&
        files[each.index].name.architecture == files[of.index].name.architecture)
      found.push_back(&each.image.subject);
  return found;
}

void judge(const base::Host &host,
           const std::vector<NewFile> &files,
           const std::vector<Opened> &opened)
{
  std::vector<std::string> errors;
  for (const Opened &each : opened) {
    if (kind_of(each.image.subject) == verity::ReleaseKind::os)
      continue; // the rules are for extensions
    const Surroundings around{.base = nullptr, .others = companions(opened, files, each)};
    for (const Finding &finding : lint(each.image.subject, around, each.image.allowed)) {
      if (!finding.allowed.empty())
        continue;
      const std::string said =
          fmt::format("{}: {}", files[each.index].path(), base::printable(described(finding)));
      if (finding.gravity == Gravity::error)
        errors.push_back(said);
      else
        host.say(base::Level::warning, "{}", said);
    }
  }
  if (!errors.empty())
    base::fail(
        Kind::config,
        "{} (`strake lint` says more; a recipe can allow it, and --no-lint publishes all the "
        "same)",
        fmt::format("{}", fmt::join(errors, "; ")));
}

} // namespace

std::vector<verity::FittingSystem> systems_for(const Subject &subject)
{
  const bool is_confext = subject.image_class == ImageClass::confext;
  const std::string path = fmt::format(
      "{}/extension-release.d/extension-release.{}", is_confext ? "etc" : "usr/lib", subject.name);
  const Entry *const release = subject.contents.find(path);
  if (release == nullptr)
    return {};
  auto fields = base::parse_assignments(release->text);
  if (fields["ID"].empty())
    return {};
  return {{.id = fields["ID"],
           .level = fields[is_confext ? "CONFEXT_LEVEL" : "SYSEXT_LEVEL"],
           .version_id = fields["VERSION_ID"],
           .min_version = {},
           .max_version = {}}};
}

std::vector<AddedFile> inspect(const base::Host &host,
                               const std::vector<NewFile> &files,
                               const std::vector<OfferedFile> &offered,
                               const std::vector<OfferedFile> &known,
                               Lint linting)
{
  std::vector<AddedFile> added;
  for (std::size_t n = 0; n < files.size(); ++n)
    added.push_back({.file = offered.at(n),
                     .facts = files[n].name.is_image() ? facts_beside(files[n]) : FileFacts{}});
  if (linting == Lint::left_out)
    return added;
  const std::vector<Opened> opened = open_images(host, files, known);
  judge(host, files, opened);
  for (const Opened &each : opened) {
    FileFacts &facts = added[each.index].facts;
    facts.kind = kind_of(each.image.subject);
    facts.fits = systems_for(each.image.subject);
  }
  return added;
}

} // namespace bakery
