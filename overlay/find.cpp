// SPDX-License-Identifier: Apache-2.0
#include "overlay/find.hpp"

#include "base/error.hpp"
#include "base/specifier.hpp"
#include "base/version.hpp"
#include "overlay/versioned_name.hpp"

#include <fcntl.h>
#include <linux/btrfs.h>
#include <linux/btrfs_tree.h>
#include <linux/magic.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/sysmacros.h>
#include <sys/vfs.h>

#include <algorithm>
#include <array>
#include <map>
#include <optional>

namespace overlay {

namespace {

using base::Fd;

/// btrfs gives the top of each subvolume this inode number.
constexpr ino_t subvolume_inode = 256;

/// What lies beside an image and belongs to it, of dm-verity.
constexpr std::array<std::string_view, 5> companions = {
    ".verity", ".roothash", ".roothash.p7s", ".usrhash", ".usrhash.p7s"};

constexpr const char *invalid_name = "its name is no image name: it is empty, or holds control "
                                     "characters or what is not UTF-8";

/// What a path leads to.
struct Found {
  std::string where; ///< the path that leads there, beneath the root
  std::string path;  ///< without symlinks, beneath the root
  struct stat status;
  Fd handle;
};

std::uint64_t microseconds(std::uint64_t seconds, std::uint32_t nanoseconds)
{
  return seconds * 1'000'000U + nanoseconds / 1'000U;
}

/// Takes a suffix off the end, if it is there and not all of the text.
bool take_suffix(std::string &text, std::string_view suffix)
{
  if (suffix.empty() || !text.ends_with(suffix))
    return false;
  text.resize(text.size() - suffix.size());
  return true;
}

bool is_companion(std::string_view entry)
{
  return std::any_of(companions.begin(), companions.end(), [&](std::string_view suffix) {
    return entry.ends_with(suffix);
  });
}

bool is_on_read_only_mount(const Fd &handle)
{
  struct statvfs facts = {};
  return ::fstatvfs(handle.number(), &facts) == 0 && (facts.f_flag & ST_RDONLY) != 0;
}

bool is_subvolume(const Found &found)
{
  struct statfs facts = {};
  return found.status.st_ino == subvolume_inode && ::fstatfs(found.handle.number(), &facts) == 0 &&
         facts.f_type == BTRFS_SUPER_MAGIC;
}

class Search {
public:
  Search(const base::Host &host, Class extension_class)
      : host_(host), facts_(facts(extension_class)), root_path_(base::path_of(host.root.fd())),
        architecture_(base::read_specifiers(host).architecture)
  {
  }

  Discovery run()
  {
    for (const std::string &directory : search_directories(host_, facts_.self))
      if (const auto dir = host_.root.find_dir(directory))
        for (const base::DirEntry &entry : dir->entries())
          look_at(directory, entry.name);
    std::sort(
        result_.images.begin(), result_.images.end(), [](const Image &one, const Image &other) {
          const auto order = base::compare_versions(one.name, other.name);
          return order != 0 ? order < 0 : one.name < other.name;
        });
    return std::move(result_);
  }

private:
  void look_at(const std::string &directory, const std::string &entry)
  {
    // Transfers in the making, and temporary files of editors and package managers.
    if (entry.starts_with(".sysupdate.") || entry.starts_with(".#"))
      return;
    const std::string where = directory + "/" + entry;
    with_found(entry, where, [&](Found found) { take(entry, std::move(found)); });
  }

  /// Calls `use` with what `where` leads to; if nothing can be learned about that, it is hidden and
  /// the search goes on.
  template <typename Use>
  void with_found(const std::string &name, const std::string &where, const Use &use)
  {
    try {
      if (auto found = resolve(where))
        use(std::move(*found));
      else
        hide(name, where, "unreadable", "it is a symlink that leads nowhere");
    } catch (const base::Error &error) {
      hide(name, where, "unreadable", error.what());
      if (error.kind() != base::Kind::not_found && error.os_error() != ELOOP) {
        result_.hidden.back().fault = error;
        result_.hidden.back().image.name = name_of(name);
      }
    }
  }

  /// What an image is called that lies under this name in the search path, whatever its kind is.
  [[nodiscard]] std::string name_of(std::string entry) const
  {
    take_suffix(entry, ".v");
    if (!take_suffix(entry, ".raw"))
      take_suffix(entry, ".mstack");
    take_suffix(entry, facts_.suffix);
    return entry;
  }

  [[nodiscard]] std::optional<Found> resolve(const std::string &where) const
  {
    auto handle = host_.root.target_handle(where);
    if (!handle)
      return std::nullopt;
    struct stat status = {};
    if (::fstat(handle->number(), &status) < 0)
      base::fail_errno("cannot look at {}", host_.root.display(where));
    std::string path = beneath_root(base::path_of(*handle)).value_or(where);
    return Found{where, std::move(path), status, std::move(*handle)};
  }

  /// Of an absolute path of this machine the part beneath the root; nothing if it isn't there,
  /// which is so where /proc isn't mounted.
  [[nodiscard]] std::optional<std::string> beneath_root(const std::string &path) const
  {
    if (root_path_ == "/" && path.starts_with('/'))
      return path;
    if (!path.starts_with(root_path_ + "/"))
      return std::nullopt;
    return path.substr(root_path_.size());
  }

  void take(const std::string &entry, Found found)
  {
    std::string name = entry;
    if (S_ISDIR(found.status.st_mode) && take_suffix(name, ".v"))
      return take_best_version(name, found.where);
    const std::optional<ImageKind> kind = kind_of(entry, found);
    if (!kind && is_companion(entry))
      return;
    if (!kind)
      return hide(entry,
                  found.where,
                  "kind",
                  "it is neither a directory, a file named *.raw nor a block device");
    // Block devices keep their whole name.
    if (kind == ImageKind::raw)
      take_suffix(name, ".raw");
    if (kind == ImageKind::mstack)
      take_suffix(name, ".mstack");
    if (kind != ImageKind::block)
      take_suffix(name, facts_.suffix);
    add(make_image(name, *kind, found));
  }

  /// What `found` is under the name `entry`; a file has to be called *.raw to be an image.
  [[nodiscard]] static std::optional<ImageKind> kind_of(const std::string &entry,
                                                        const Found &found)
  {
    if (S_ISBLK(found.status.st_mode))
      return ImageKind::block;
    if (S_ISREG(found.status.st_mode) && entry.ends_with(".raw"))
      return ImageKind::raw;
    if (!S_ISDIR(found.status.st_mode))
      return std::nullopt;
    if (entry.ends_with(".mstack"))
      return ImageKind::mstack;
    return is_subvolume(found) ? ImageKind::subvolume : ImageKind::directory;
  }

  /// `stem` is the directory's name without ".v".
  void take_best_version(const std::string &stem, const std::string &directory)
  {
    std::string name = stem;
    if (!take_suffix(name, ".raw"))
      take_suffix(name, ".mstack");
    take_suffix(name, facts_.suffix);
    if (!is_valid_image_name(name))
      return hide(name, directory, "name", invalid_name);
    const VersionedPlace place{name, stem.substr(name.size()), architecture_};

    std::vector<VersionedName> candidates;
    for (const base::DirEntry &entry : host_.root.dir(directory).entries()) {
      auto read = read_versioned_name(place, entry.name);
      if (const auto *misfit = std::get_if<Misfit>(&read))
        hide(name, directory + "/" + entry.name, misfit->rule, misfit->why);
      else
        candidates.push_back(std::get<VersionedName>(std::move(read)));
    }
    std::sort(candidates.begin(), candidates.end(), [](const auto &one, const auto &other) {
      return compare(one, other) > 0;
    });
    std::optional<Image> picked;
    for (const VersionedName &candidate : candidates)
      try_version(place, directory, candidate, picked);
    if (picked)
      return add(std::move(*picked));
    hide(name,
         directory,
         "no-version",
         fmt::format("nothing in it is called {}_VERSION{} and can be used on {}",
                     name,
                     place.suffix,
                     architecture_));
  }

  void try_version(const VersionedPlace &place,
                   const std::string &directory,
                   const VersionedName &candidate,
                   std::optional<Image> &picked)
  {
    const std::string where = directory + "/" + candidate.file;
    with_found(place.name, where, [&](const Found &found) {
      const auto kind = versioned_kind(place, found);
      if (!kind)
        return hide(place.name, where, "kind", wrong_kind_text(place));
      Image image = make_image(place.name, *kind, found);
      image.version = candidate.version;
      if (!picked) {
        picked = std::move(image);
        return;
      }
      hide(std::move(image),
           "older",
           fmt::format("{} of the same directory goes before it",
                       base::split_path(picked->found).name),
           picked->found);
    });
  }

  /// A directory NAME.raw.v holds files and block devices, any other one directories.
  static std::optional<ImageKind> versioned_kind(const VersionedPlace &place, const Found &found)
  {
    const auto kind = kind_of(base::split_path(found.where).name, found);
    const bool is_file = kind == ImageKind::raw || kind == ImageKind::block;
    return is_file == place.suffix.ends_with(".raw") ? kind : std::nullopt;
  }

  static std::string wrong_kind_text(const VersionedPlace &place)
  {
    return place.suffix.ends_with(".raw") ? "it is neither a file nor a block device"
                                          : "it is no directory";
  }

  [[nodiscard]] Image make_image(const std::string &name, ImageKind kind, const Found &found) const
  {
    Image image{.name = name, .kind = kind, .path = found.path, .found = found.where};
    image.is_read_only = found.path.starts_with("/usr/") ||
                         (kind != ImageKind::block && is_on_read_only_mount(found.handle));
    switch (kind) {
    case ImageKind::raw:
      image.time_us = microseconds(static_cast<std::uint64_t>(found.status.st_mtim.tv_sec),
                                   static_cast<std::uint32_t>(found.status.st_mtim.tv_nsec));
      break;
    case ImageKind::subvolume:
      read_subvolume(found, image);
      break;
    case ImageKind::block:
      image.is_read_only = image.is_read_only || is_read_only_device(found.status.st_rdev);
      break;
    case ImageKind::directory:
    case ImageKind::mstack:
      read_directory(found, image);
    }
    constexpr mode_t anybody_writes = 0222;
    if (kind == ImageKind::raw || kind == ImageKind::block)
      image.is_read_only = image.is_read_only || (found.status.st_mode & anybody_writes) == 0;
    return image;
  }

  /// The time of its making: that of its last change is of the topmost directory only.
  static void read_directory(const Found &found, Image &image)
  {
    struct statx facts = {};
    if (::statx(found.handle.number(), "", AT_EMPTY_PATH, STATX_BTIME, &facts) < 0)
      return;
    if ((facts.stx_mask & STATX_BTIME) != 0)
      image.time_us =
          microseconds(static_cast<std::uint64_t>(facts.stx_btime.tv_sec), facts.stx_btime.tv_nsec);
    image.is_read_only = image.is_read_only || (facts.stx_attributes & STATX_ATTR_IMMUTABLE) != 0;
  }

  void read_subvolume(const Found &found, Image &image) const
  {
    const base::Dir subvolume = host_.root.dir(found.where);
    btrfs_ioctl_get_subvol_info_args facts = {};
    if (::ioctl(subvolume.fd().number(), BTRFS_IOC_GET_SUBVOL_INFO, &facts) < 0)
      base::fail_errno("cannot learn about the subvolume {}", subvolume.path());
    const auto &time = facts.ctime.sec != 0 ? facts.ctime : facts.otime;
    image.time_us = microseconds(time.sec, time.nsec);
    image.is_read_only = image.is_read_only || (facts.flags & BTRFS_ROOT_SUBVOL_RDONLY) != 0;
  }

  /// By sysfs, because to open a device can have effects.
  [[nodiscard]] bool is_read_only_device(dev_t device) const
  {
    const auto text =
        host_.machine.text(fmt::format("sys/dev/block/{}:{}/ro", major(device), minor(device)));
    return text && text->starts_with('1');
  }

  void add(Image image)
  {
    if (!is_valid_image_name(image.name))
      return hide(std::move(image), "name", invalid_name, "");
    const auto [position, is_new] = taken_.try_emplace(image.name, result_.images.size());
    if (is_new) {
      result_.images.push_back(std::move(image));
      return;
    }
    const Image &other = result_.images.at(position->second);
    const bool is_mask =
        other.kind == ImageKind::directory && host_.root.dir(other.found).entries().empty();
    hide(std::move(image),
         is_mask ? "masked" : "shadowed",
         is_mask ? fmt::format("the empty directory {} masks it", other.found)
                 : fmt::format("{} has the same name and goes before it", other.found),
         other.found);
  }

  void hide(std::string name, std::string where, std::string rule, std::string why)
  {
    Image image{.name = std::move(name), .path = where, .found = std::move(where)};
    hide(std::move(image), std::move(rule), std::move(why), "");
  }

  void hide(Image image, std::string rule, std::string why, std::string by)
  {
    result_.hidden.push_back({std::move(image), std::move(rule), std::move(why), std::move(by)});
  }

  const base::Host &host_;
  const ClassFacts &facts_;
  std::string root_path_;
  std::string architecture_;
  Discovery result_;
  std::map<std::string, std::size_t> taken_; ///< name → index in result_.images
};

} // namespace

std::vector<std::string> search_directories(const base::Host &host, Class extension_class)
{
  const bool is_initrd = host.root.target_status("etc/initrd-release").has_value();
  if (extension_class == Class::sysext) {
    // Never below /usr: what is merged into it cannot lie in it.
    std::vector<std::string> places = {"/etc/extensions", "/run/extensions", "/var/lib/extensions"};
    if (is_initrd)
      places.insert(places.end(), {"/.extra/sysext", "/.extra/global_sysext"});
    return places;
  }
  std::vector<std::string> places = {
      "/run/confexts", "/var/lib/confexts", "/usr/local/lib/confexts"};
  if (is_initrd)
    places.insert(places.end(), {"/.extra/confext", "/.extra/global_confext"});
  else
    places.emplace_back("/usr/lib/confexts");
  return places;
}

Discovery find_images(const base::Host &host, Class extension_class)
{
  return Search(host, extension_class).run();
}

} // namespace overlay
