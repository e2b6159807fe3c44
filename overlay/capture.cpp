// SPDX-License-Identifier: Apache-2.0
#include "overlay/capture.hpp"

#include "base/durable.hpp"
#include "base/error.hpp"
#include "base/tree_copy.hpp"
#include "overlay/find.hpp"
#include "overlay/fit.hpp"
#include "overlay/image.hpp"
#include "overlay/merge.hpp"

#include <fmt/ranges.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include <algorithm>
#include <set>

namespace overlay {

namespace {

using base::Kind;
using Change = WrittenPath::Change;

/// Names that begin like this are no images, so that half an extension is none.
constexpr const char *temporary = ".#strake-capture";

std::string_view directory_of(Class extension_class)
{
  return extension_class == Class::sysext ? "/var/lib/extensions" : "/var/lib/confexts";
}

/// What one hierarchy gives to the extension.
struct Part {
  std::string below; ///< the hierarchy in the extension: "usr"
  Written written;
  std::vector<WrittenPath> differences;
};

void check_name(const base::Host &host, Class extension_class, const std::string &name)
{
  const ClassFacts &class_facts = facts(extension_class);
  const auto ends = [&](std::string_view suffix) { return name.ends_with(suffix); };
  // A directory that is called so is another kind of image, or one of another name.
  if (!is_valid_image_name(name) || name.starts_with('.') || ends(".v") || ends(".raw") ||
      ends(".mstack") || ends(class_facts.suffix))
    base::fail(Kind::usage,
               "\"{}\" is no name for an extension: write one without slashes and control "
               "characters that does not begin with a dot or end in .raw, .v, .mstack or {}",
               name,
               class_facts.suffix);
  const std::string path = fmt::format("{}/{}", directory_of(extension_class), name);
  const auto refuse = [&](const std::string &where) {
    base::fail(
        Kind::busy, "there is an extension {} already, {}; choose another name", name, where);
  };
  if (host.root.status(path))
    refuse(path);
  const Discovery discovery = find_images(host, extension_class);
  for (const Image &image : discovery.images)
    if (image.name == name)
      refuse(image.found);
  for (const Hidden &hidden : discovery.hidden)
    if (hidden.image.name == name)
      refuse(hidden.image.found);
}

/// Release files say what the extensions fit that they belong to, which this one is not.
bool is_release_file(const ClassFacts &class_facts, const std::string &path)
{
  return path == class_facts.release_dir ||
         path.starts_with(fmt::format("{}/", class_facts.release_dir));
}

void refuse_os_release(Class extension_class, const std::string &path)
{
  if (extension_class == Class::sysext && path == "usr/lib/os-release")
    base::fail(Kind::config,
               "/{} was written, and a system extension must not bring one: it would hide the "
               "system's own. Put the system's back, and try again",
               path);
}

Part part_of(Class extension_class, Written written)
{
  const std::string &hierarchy = written.hierarchy;
  if (written.place == Written::Place::in_base)
    base::fail(Kind::config,
               "{} takes writes itself, so that they cannot be told from what was there before",
               hierarchy);
  if (written.place == Written::Place::unknown)
    base::fail(Kind::config,
               "{} was merged by another program, which keeps no way to what was written; merge it "
               "anew with `strake ext refresh --always-refresh=yes` (what was written to memory is "
               "gone then)",
               hierarchy);
  Part part{.below = hierarchy.substr(1), .written = std::move(written), .differences = {}};
  for (WrittenPath &each : written_paths(*part.written.views, extension_class)) {
    const std::string path = fmt::format("{}/{}", part.below, each.path);
    refuse_os_release(extension_class, path);
    if (!is_release_file(facts(extension_class), path))
      part.differences.push_back(std::move(each));
  }
  return part;
}

/// True if it hides a directory of the layers below with all that is in it.
bool masks_directory(const WrittenPath &difference)
{
  return !difference.opaque_attribute.empty() ||
         (difference.change == Change::removed && S_ISDIR(difference.type));
}

/// A release file that fits the system as closely as there is a word for.
std::string release_text(const Target &target, Class extension_class)
{
  const ClassFacts &class_facts = facts(extension_class);
  const std::string level(class_facts.level_key);
  std::string text;
  const auto add = [&](const std::string &key, const std::string &value) {
    std::string quoted;
    for (const char letter : value) {
      if (std::string_view("\"\\$`").find(letter) != std::string_view::npos)
        quoted += '\\';
      quoted += letter;
    }
    if (!value.empty())
      text += fmt::format("{}=\"{}\"\n", key, quoted);
  };
  const std::string own_level = value_of(target.os_release, level);
  add("ID", value_of(target.os_release, "ID"));
  add(own_level.empty() ? "VERSION_ID" : level,
      own_level.empty() ? value_of(target.os_release, "VERSION_ID") : own_level);
  add(std::string(class_facts.scope_key), target.is_initrd ? "initrd" : "");
  return text;
}

class Capture {
public:
  Capture(base::Sys &sys, const base::Dir &into) : sys_(sys), into_(into), copy_(sys, into) {}

  void add(const Part &part)
  {
    const base::Dir &merged = part.written.views->merged;
    std::string replaced; // a directory that is copied whole
    for (const WrittenPath &each : part.differences) {
      if (!replaced.empty() && each.path.starts_with(replaced))
        continue;
      base::during(fmt::format("capturing {}/{}", part.written.hierarchy, each.path),
                   [&] { add(part, merged, each); });
      if (!each.opaque_attribute.empty())
        replaced = each.path + "/";
    }
  }

  void finish(const std::string &release_path, const std::string &release)
  {
    base::Fd file = copy_.tree().file(release_path);
    sys_.write_at(file, 0, std::as_bytes(std::span(release)));
    copy_.tree().complete(std::move(file), {.attributes = {.mode = 0644}});
    copy_.finish();
    sys_.set_attributes(into_.fd(), {.mode = 0755});
  }

private:
  void add(const Part &part, const base::Dir &merged, const WrittenPath &each)
  {
    const base::SplitPath split = base::split_path(each.path);
    const base::Dir parent = parents(part.below, merged, split.parent);
    const std::string path = fmt::format("{}/{}", part.below, each.path);
    if (each.change == Change::removed)
      return copy_.tree().node(path, S_IFCHR, makedev(0, 0), {.attributes = {.mode = 0}});
    if (!S_ISDIR(each.type))
      return copy_.entry(parent, split.name, path);
    const base::Dir dir = parent.find_dir_no_symlinks(split.name).value();
    made_.insert(path);
    if (each.opaque_attribute.empty())
      return copy_.directory(dir, path);
    copy_.directory(dir, path, {{each.opaque_attribute, "y"}});
    copy_.content(dir, path);
  }

  /// The directory at `path` of the hierarchy, made in the extension with all above it, each as it
  /// is merged: of an extension's directories the topmost one decides about mode and owner.
  base::Dir parents(const std::string &below, const base::Dir &merged, const std::string &path)
  {
    const std::string place = path.empty() ? below : below + "/" + path;
    const base::SplitPath split = base::split_path(path);
    auto dir = path.empty() ? std::optional(merged.again())
                            : parents(below, merged, split.parent).find_dir_no_symlinks(split.name);
    if (!dir)
      base::fail(Kind::busy, "{} was removed while it was captured", path);
    if (made_.insert(place).second)
      copy_.directory(*dir, place);
    return std::move(*dir);
  }

  base::Sys &sys_;
  const base::Dir &into_;
  base::TreeCopy copy_;
  std::set<std::string> made_; ///< directories in the extension
};

void build(const base::Host &host,
           Class extension_class,
           const std::vector<Part> &parts,
           const base::Dir &into,
           const std::string &name)
{
  Capture capture(host.sys, into);
  for (const Part &part : parts)
    capture.add(part);
  capture.finish(fmt::format("{}/extension-release.{}", facts(extension_class).release_dir, name),
                 release_text(read_target(host), extension_class));
  host.sys.sync_file_system(into);
}

} // namespace

Captured capture(const base::Host &host, const Request &request, const std::string &name)
{
  const Class extension_class = request.extension_class;
  const std::vector<std::string> &hierarchies = request.configuration.hierarchies;
  const Lock lock = take_lock(host);
  check_name(host, extension_class, name);
  Captured captured{.path = fmt::format("{}/{}", directory_of(extension_class), name),
                    .hierarchies = {}};
  std::vector<Part> parts;
  for (Written &written : find_written(host, request, hierarchies)) {
    Part part = part_of(extension_class, std::move(written));
    if (part.differences.empty())
      continue;
    captured.differences += part.differences.size();
    captured.hierarchies.push_back(part.written.hierarchy);
    captured.masks_directories =
        captured.masks_directories ||
        std::any_of(part.differences.begin(), part.differences.end(), masks_directory);
    parts.push_back(std::move(part));
  }
  if (parts.empty())
    base::fail(
        Kind::not_found,
        "nothing was written to {} since they were merged to be written, so there is nothing "
        "to capture",
        fmt::format("{}", fmt::join(hierarchies, ", ")));
  const base::Dir parent = base::make_path(host.sys, host.root, directory_of(extension_class));
  base::remove_tree(host.sys, parent, temporary);
  host.sys.make_dir(parent, temporary, 0700);
  try {
    build(host, extension_class, parts, parent.dir(temporary), name);
    host.sys.rename(parent, temporary, parent, name, base::Replace::no);
  } catch (const base::Error &) {
    base::remove_tree(host.sys, parent, temporary);
    throw;
  }
  host.sys.sync(parent);
  return captured;
}

} // namespace overlay
