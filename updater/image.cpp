// SPDX-License-Identifier: Apache-2.0
#include "updater/image.hpp"

#include "base/durable.hpp"
#include "base/error.hpp"
#include "base/specifier.hpp"
#include "verity/file_system.hpp"
#include "verity/gpt_disk.hpp"

#include <unistd.h>

#include <algorithm>
#include <array>

namespace updater {

namespace {

using base::Access;
using base::Kind;

// In the order in which they are mounted; their mount points lie in those before them.
constexpr std::array<std::string_view, 5> designators = {"root", "usr", "var", "esp", "xbootldr"};

// An empty directory, the same for all runs: each sees its own mounts there and nobody else's.
constexpr std::string_view mount_point = "/run/strake/image";

bool never_writable(const std::string &type)
{
  return type == "erofs" || type == "squashfs" || type == "iso9660";
}

class Mounting {
public:
  Mounting(base::Sys &sys,
           const base::Fd &file,
           const verity::ImagePolicy &policy,
           const std::string &path,
           Access access)
      : sys_(sys), file_(file), policy_(policy), path_(path), access_(access)
  {
  }

  /// The top of the whole tree.
  base::Dir run(const std::vector<verity::ImagePart> &parts)
  {
    const base::Dir machine = base::Dir::open_root("/");
    base::Dir top = mount_root(base::make_path(sys_, machine, mount_point), find(parts, "root"));
    base::Rollback undo([&] { sys_.unmount(top.fd()); });
    for (const std::string_view designator : designators) {
      const verity::ImagePart *part = find(parts, designator);
      if (part != nullptr && designator != "root")
        mount_below(top, *part, find(parts, "xbootldr") != nullptr);
    }
    undo.dismiss();
    return top;
  }

private:
  static const verity::ImagePart *find(const std::vector<verity::ImagePart> &parts,
                                       std::string_view designator)
  {
    const auto found = std::find_if(parts.begin(), parts.end(), [&](const verity::ImagePart &part) {
      return part.designator == designator;
    });
    return found == parts.end() ? nullptr : &*found;
  }

  base::Dir mount_part(const verity::ImagePart &part, const base::Dir &where)
  {
    return base::during(fmt::format("the {} partition of {}", part.designator, path_), [&] {
      const std::string type = verity::file_system_type(file_, part.range);
      if (type.empty() || type == "crypto_LUKS")
        base::fail(Kind::config,
                   "it holds {}; strake mounts plain file systems only",
                   type.empty() ? "no file system" : "encrypted data");
      policy_.judge_file_system(part.designator, type);
      const bool is_read_only =
          access_ == Access::read_only || part.is_read_only || never_writable(type);
      const Access access = is_read_only ? Access::read_only : Access::read_write;
      // Mounted, the device lives without this descriptor.
      const base::Fd device = sys_.attach_loop(file_, part.range, access);
      return mount(
          {.type = type, .device = &device, .limits = {.no_writing = access == Access::read_only}},
          where);
    });
  }

  /// The top of the new mount, as a directory that can also be synced.
  base::Dir mount(const base::NewMount &file_system, const base::Dir &where)
  {
    const base::Dir top = sys_.make_mount(file_system);
    sys_.attach(top.fd(), where.fd(), base::Place::on_top);
    return top.dir(".");
  }

  /// An image with nothing but /usr gets an empty root in memory around it.
  base::Dir mount_root(const base::Dir &where, const verity::ImagePart *root)
  {
    if (root != nullptr)
      return mount_part(*root, where);
    base::Dir top = mount({.type = "tmpfs"}, where);
    for (const char *name : {"usr", "var", "efi", "boot"})
      sys_.make_dir(top, name, 0755);
    return top;
  }

  void mount_below(const base::Dir &top, const verity::ImagePart &part, bool has_xbootldr)
  {
    const auto there = [&](const char *path) {
      const auto found = top.find_dir_no_symlinks(path);
      return found && found->entries().empty();
    };
    std::string path = "/" + part.designator;
    if (part.designator == "xbootldr")
      path = "/boot";
    else if (part.designator == "esp")
      path = there("/efi") || has_xbootldr ? "/efi" : "/boot";
    const auto where = top.find_dir_no_symlinks(path);
    if (!where)
      base::fail(Kind::config,
                 "{} has a partition {}, but no directory {} to mount it on; make one, or leave "
                 "the partition out with --image-policy=",
                 path_,
                 part.designator,
                 path);
    mount_part(part, *where);
  }

  base::Sys &sys_;
  const base::Fd &file_;
  const verity::ImagePolicy &policy_;
  const std::string &path_;
  Access access_;
};

/// The loop devices of a run that has just ended keep its lock until the kernel has cleared them.
bool lock_patiently(base::Sys &sys, base::Clock &clock, const base::Fd &file)
{
  constexpr std::chrono::milliseconds patience{3000};
  constexpr std::chrono::milliseconds pause{20};
  const auto end = clock.monotonic() + patience;
  while (!sys.try_lock(file)) {
    if (clock.monotonic() >= end)
      return false;
    clock.sleep(pause);
  }
  return true;
}

std::vector<verity::ImagePart>
parts_of(base::Fd file, const std::string &path, const verity::ImagePolicy &policy)
{
  const std::uint64_t length = base::size_of(file);
  const verity::GptState state = verity::GptDisk(std::move(file), path).read();
  if (const auto &table = state.table())
    return verity::dissect(*table, base::native_architecture(), policy);
  if (policy.judge("root", {}) == verity::PartitionUse::ignore)
    return {};
  return {{.designator = "root", .range = {0, length}, .is_read_only = false, .label = ""}};
}

} // namespace

MountedImage::MountedImage(base::Sys &sys, base::Fd file, base::Dir root)
    : sys_(sys), file_(std::move(file)), root_(std::move(root))
{
}

MountedImage::~MountedImage()
{
  try {
    sys_.unmount(root_.fd());
  } catch (const base::Error &) {
    return; // all that matters was synced; the kernel ends it with the process
  }
}

std::unique_ptr<MountedImage> mount_image(base::Sys &sys,
                                          base::Clock &clock,
                                          const std::string &path,
                                          const verity::ImagePolicy &policy,
                                          Access access)
{
  if (::geteuid() != 0)
    base::fail(
        Kind::usage,
        "--image= mounts the file systems of the image, which only root may do; run as root, "
        "or mount it elsewhere and use --root=");
  sys.leave_shared_mounts();
  const base::Dir machine = base::Dir::open_root("/");
  const auto status = machine.target_status(path);
  if (!status)
    base::fail(Kind::not_found, "the image {} does not exist", path);
  if (!S_ISREG(status->st_mode))
    base::fail(
        Kind::usage, "the image {} is no plain file; for a disk, mount it and use --root=", path);
  base::Fd file =
      access == Access::read_write ? sys.open_writable(machine, path) : machine.file(path);
  // Two mounts of one file system, each with a memory of its own, would destroy it.
  if (!lock_patiently(sys, clock, file))
    base::fail(Kind::busy, "another run is at work on the image {}; try again later", path);
  const std::vector<verity::ImagePart> parts = parts_of(machine.file(path), path, policy);
  const bool has_tree = std::any_of(parts.begin(), parts.end(), [](const verity::ImagePart &part) {
    return part.designator == "root" || part.designator == "usr";
  });
  if (!has_tree)
    base::fail(Kind::config,
               "the image {} has neither a root nor a /usr partition that may be used, and is not "
               "a file system itself",
               path);
  base::Dir root = Mounting(sys, file, policy, path, access).run(parts);
  return std::make_unique<MountedImage>(sys, std::move(file), std::move(root));
}

} // namespace updater
