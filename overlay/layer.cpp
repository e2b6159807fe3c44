// SPDX-License-Identifier: Apache-2.0
#include "overlay/layer.hpp"

#include "base/error.hpp"

#include <algorithm>

namespace overlay {

namespace {

using base::Kind;

const base::MountLimits limits = {.no_writing = true, .no_devices = true, .no_set_user = false};

/// What was mounted, and from which loop device if from one.
struct Mounted {
  base::Dir top;
  std::optional<base::LoopDevice> loop{};
};

/// erofs is read from a file without a loop device where the kernel and the file's own file system
/// can do that. A checked copy is not: by its loop device it can be found again, and by nothing
/// else.
std::optional<base::Dir> mount_file(const base::Host &host, const verity::CheckedPart &part)
{
  if (part.file_system != "erofs" || part.range.start != 0 || part.root_hash)
    return std::nullopt;
  try {
    return host.sys.make_mount(
        {.type = part.file_system, .device = &part.source, .limits = limits});
  } catch (const base::Error &) {
    return std::nullopt; // whatever it is, the other way will say it better
  }
}

Mounted mount_part(const base::Host &host, const verity::CheckedPart &part)
{
  // A device of dm-verity holds nothing but the part.
  if (part.root_hash && base::is_block_device(part.source))
    return {
        host.sys.make_mount({.type = part.file_system, .device = &part.source, .limits = limits})};
  if (auto mounted = mount_file(host, part))
    return {std::move(*mounted)};
  const base::Fd loop = host.sys.attach_loop(part.source, part.range, base::Access::read_only);
  return {host.sys.make_mount({.type = part.file_system, .device = &loop, .limits = limits}),
          base::loop_device_of(loop)};
}

const verity::CheckedPart &tree_part(const std::vector<verity::CheckedPart> &parts)
{
  const auto root = std::find_if(
      parts.begin(), parts.end(), [](const auto &part) { return part.designator == "root"; });
  return root == parts.end() ? parts.front() : *root;
}

/// True if nothing is found out by opening it that is not known already.
bool is_known(const Candidate &candidate, const Judgement &judgement)
{
  const UsedExtension *present = judgement.present;
  if (present == nullptr || !present->loop || present->trusted_by != judgement.trusted_by ||
      !is_same(present->candidate.identity, candidate.identity, Boot::same))
    return false;
  // A root hash by which it was not checked is only a claim, and devices do not tell of changes.
  return present->protection >= verity::Protection::verity ||
         (candidate.image.kind == ImageKind::raw && !candidate.identity.root_hash);
}

Layer open_image_layer(const base::Host &host,
                       const Candidate &candidate,
                       const Judgement &judgement)
{
  if (is_known(candidate, judgement))
    if (auto again = open_again(host, *judgement.present)) {
      again->candidate = candidate;
      return std::move(*again);
    }
  const auto parts = verity::open_image(host, candidate.image.path, judgement.policy);
  if (parts.empty())
    base::fail(Kind::untrusted,
               "the image policy leaves neither a root nor a /usr partition of {} to be used",
               host.root.display(candidate.image.path));
  const verity::CheckedPart &part = tree_part(parts);
  Mounted mounted = mount_part(host, part);
  const std::string place = part.designator == "usr" ? "/usr" : "";
  Layer layer{.candidate = candidate,
              .tree = {std::move(mounted.top), place},
              .protection = part.protection,
              .signer = part.signer,
              .trusted_by = judgement.trusted_by};
  if (mounted.loop)
    layer.loop = {*mounted.loop, part.file_system, place};
  return layer;
}

} // namespace

std::optional<base::Dir> ExtensionTree::find_dir(const std::string &path) const
{
  if (path == place_)
    return top_.again();
  const auto below = path_below(place_, std::string_view(path).substr(1));
  return below ? top_.find_dir(*below) : std::nullopt;
}

UsedExtension Layer::used() const
{
  return {.candidate = candidate,
          .protection = protection,
          .signer = signer,
          .trusted_by = trusted_by,
          .topics = topics,
          .wishes = release ? follow_ups(*release) : FollowUps{},
          .loop = loop};
}

std::optional<Layer> open_again(const base::Host &host, const UsedExtension &present)
{
  if (!present.loop)
    return std::nullopt;
  const auto loop = base::find_loop_device(host.machine, present.loop->device);
  if (!loop)
    return std::nullopt;
  return Layer{
      .candidate = present.candidate,
      .tree = {host.sys.make_mount(
                   {.type = present.loop->file_system, .device = &*loop, .limits = limits}),
               present.loop->place},
      .protection = present.protection,
      .signer = present.signer,
      .trusted_by = present.trusted_by,
      .loop = present.loop};
}

Layer open_layer(const base::Host &host,
                 Class extension_class,
                 const Candidate &candidate,
                 const Judgement &judgement)
{
  const Image &image = candidate.image;
  const auto open = [&]() -> Layer {
    switch (image.kind) {
    case ImageKind::directory:
    case ImageKind::subvolume:
      return {.candidate = candidate,
              .tree = {host.root.dir(image.path), ""},
              .trusted_by = judgement.trusted_by};
    case ImageKind::raw:
    case ImageKind::block:
      return open_image_layer(host, candidate, judgement);
    case ImageKind::mstack:
      break;
    }
    base::fail(Kind::config,
               "{} is an mstack directory, which cannot be an extension; make an image of it",
               host.root.display(image.path));
  };
  Layer layer = open();
  layer.release = read_release(layer.tree.top(), extension_class, image.name, layer.tree.place());
  layer.topics = topics_of(layer.tree, extension_class);
  return layer;
}

} // namespace overlay
