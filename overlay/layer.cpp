// SPDX-License-Identifier: Apache-2.0
#include "overlay/layer.hpp"

#include "base/error.hpp"

#include <algorithm>

namespace overlay {

namespace {

using base::Kind;

const base::MountLimits limits = {.no_writing = true, .no_devices = true, .no_set_user = false};

/// erofs is read from a file without a loop device where the kernel and the file's own file system
/// can do that.
std::optional<base::Dir> mount_file(const base::Host &host, const verity::CheckedPart &part)
{
  if (part.file_system != "erofs" || part.range.start != 0)
    return std::nullopt;
  try {
    return host.sys.make_mount(
        {.type = part.file_system, .device = &part.source, .limits = limits});
  } catch (const base::Error &) {
    return std::nullopt; // whatever it is, the other way will say it better
  }
}

base::Dir mount_part(const base::Host &host, const verity::CheckedPart &part)
{
  if (auto mounted = mount_file(host, part))
    return std::move(*mounted);
  const base::Fd loop = host.sys.attach_loop(part.source, part.range, base::Access::read_only);
  return host.sys.make_mount({.type = part.file_system, .device = &loop, .limits = limits});
}

const verity::CheckedPart &tree_part(const std::vector<verity::CheckedPart> &parts)
{
  const auto root = std::find_if(
      parts.begin(), parts.end(), [](const auto &part) { return part.designator == "root"; });
  return root == parts.end() ? parts.front() : *root;
}

Layer open_image_layer(const base::Host &host,
                       const Candidate &candidate,
                       const verity::ImagePolicy &policy)
{
  const auto parts = verity::open_image(host, candidate.image.path, policy);
  if (parts.empty())
    base::fail(Kind::untrusted,
               "the image policy leaves neither a root nor a /usr partition of {} to be used",
               host.root.display(candidate.image.path));
  const verity::CheckedPart &part = tree_part(parts);
  return {.candidate = candidate,
          .tree = {mount_part(host, part), part.designator == "usr" ? "/usr" : ""},
          .protection = part.protection,
          .signer = part.signer,
          .release = {}};
}

} // namespace

std::optional<base::Dir> ExtensionTree::find_dir(const std::string &path) const
{
  if (path == place_)
    return top_.again();
  const auto below = path_below(place_, std::string_view(path).substr(1));
  return below ? top_.find_dir(*below) : std::nullopt;
}

Layer open_layer(const base::Host &host,
                 Class extension_class,
                 const Candidate &candidate,
                 const verity::ImagePolicy &policy)
{
  const Image &image = candidate.image;
  const auto open = [&]() -> Layer {
    switch (image.kind) {
    case ImageKind::directory:
    case ImageKind::subvolume:
      return {.candidate = candidate,
              .tree = {host.root.dir(image.path), ""},
              .signer = {},
              .release = {}};
    case ImageKind::raw:
    case ImageKind::block:
      return open_image_layer(host, candidate, policy);
    case ImageKind::mstack:
      break;
    }
    base::fail(Kind::config,
               "{} is an mstack directory, which cannot be an extension; make an image of it",
               host.root.display(image.path));
  };
  Layer layer = open();
  layer.release = read_release(layer.tree.top(), extension_class, image.name, layer.tree.place());
  return layer;
}

} // namespace overlay
