// SPDX-License-Identifier: Apache-2.0
#include "overlay/identify.hpp"

#include "base/error.hpp"
#include "overlay/hierarchy.hpp"
#include "overlay/kernel_modules.hpp"
#include "overlay/merged_layers.hpp"
#include "overlay/written.hpp"

#include <sys/stat.h>

namespace overlay {

namespace {

using base::Kind;
using From = Provenance::From;

/// The path beneath the root as the kernel calls it, once symlinks on the way are followed.
std::string real_path(const base::Host &host, const std::string &path)
{
  if (!host.root.status(path))
    base::fail(Kind::not_found, "there is no {}", host.root.display(path));
  std::string real = base::path_of(host.root.handle(path));
  const std::string root = base::path_of(host.root.fd());
  if (root != "/" && real.starts_with(root + "/"))
    real.erase(0, root.size());
  return real;
}

/// A merged hierarchy, and the path of something in it, relative to it; "." is the hierarchy.
struct Place {
  const Request *request = nullptr;
  Hierarchy hierarchy;
  std::string below;
};

Place find_place(const base::Host &host,
                 const std::vector<Request> &requests,
                 const std::string &path)
{
  const auto table = read_mount_table(host);
  for (const Request &request : requests)
    for (const std::string &each : request.configuration.hierarchies) {
      if (path != each && !path.starts_with(each + "/"))
        continue;
      Hierarchy hierarchy = find_hierarchy(host, request.extension_class, each, table);
      if (hierarchy.is_merged())
        return {&request, std::move(hierarchy), path == each ? "." : path.substr(each.size() + 1)};
    }
  base::fail(Kind::usage, "{} lies in no merged hierarchy; see `strake ext status`", path);
}

bool has(const base::Dir &dir, const std::string &below)
{
  const auto status = dir.status(below);
  const bool is_whiteout = status && S_ISCHR(status->st_mode) && status->st_rdev == 0;
  return status && !is_whiteout;
}

class Search {
public:
  Search(const base::Host &host, const Place &place, Provenance &found)
      : host_(host), place_(place), found_(found)
  {
  }

  /// What was written lies over all; a directory there may only have something in it.
  void look_into_written()
  {
    const auto upper = find_upper(host_, place_.hierarchy, place_.request->extension_class);
    const auto status = upper ? upper->status(place_.below) : std::nullopt;
    if (status && !S_ISDIR(status->st_mode))
      note(From::written);
  }

  /// Of kernel modules the indexes are made when they are merged.
  void look_into_indexes()
  {
    const auto kernel = kernel_of_index(place_.below);
    if (kernel && indexed_kernels(place_.hierarchy).contains(*kernel))
      note(From::metadata);
  }

  /// The topmost first.
  void look_into(const std::vector<UsedExtension> &extensions)
  {
    for (auto used = extensions.rbegin(); used != extensions.rend(); ++used) {
      const Layer layer = open_merged(host_, *place_.request, *used);
      const auto dir = layer.tree.find_dir(place_.hierarchy.path);
      if (!dir || !has(*dir, place_.below))
        continue;
      if (is_found_)
        found_.hides.push_back(used->candidate.image.name);
      else
        found_.extension = *used;
      note(From::extension);
    }
  }

  void look_into_system()
  {
    const base::Dir system =
        host_.sys.copy_beneath(host_.root, place_.hierarchy.path, place_.hierarchy.covers);
    if (!has(system, place_.below))
      return;
    if (is_found_)
      found_.hides.emplace_back("(system)");
    note(From::system);
  }

  void finish()
  {
    if (!is_found_)
      found_.from = From::written;
  }

private:
  void note(From from)
  {
    if (!is_found_)
      found_.from = from;
    is_found_ = true;
  }

  const base::Host &host_;
  const Place &place_;
  Provenance &found_;
  bool is_found_ = false;
};

} // namespace

Provenance
identify_path(const base::Host &host, const std::vector<Request> &requests, const std::string &path)
{
  const std::string real = real_path(host, path);
  const Place place = find_place(host, requests, real);
  const Class extension_class = place.request->extension_class;
  Provenance found{
      .path = real, .extension_class = extension_class, .hierarchy = place.hierarchy.path};
  const std::string_view metadata = facts(extension_class).metadata;
  if (place.below == metadata || place.below.starts_with(fmt::format("{}/", metadata))) {
    found.from = From::metadata;
    return found;
  }
  const Generation present = present_generation(host);
  const UsedSet &set = set_of(present, extension_class);
  Search search(host, place, found);
  search.look_into_written();
  search.look_into_indexes();
  search.look_into(set.above);
  search.look_into_system();
  search.look_into(set.below);
  search.finish();
  return found;
}

} // namespace overlay
