// SPDX-License-Identifier: Apache-2.0
#include "overlay/candidate.hpp"

#include "base/error.hpp"
#include "overlay/hierarchy.hpp"
#include "verity/checked_image.hpp"

#include <fcntl.h>
#include <nlohmann/json.hpp>
#include <sys/stat.h>

#include <new>
#include <span>

namespace overlay {

namespace {

using Json = nlohmann::ordered_json;

// Not in the headers of every system that strake is built on.
constexpr unsigned unique_mount_id = 0x4000; // STATX_MNT_ID_UNIQUE, since Linux 6.8

struct statx look(const base::Fd &fd)
{
  struct statx found = {};
  if (::statx(fd.number(),
              "",
              AT_EMPTY_PATH | AT_SYMLINK_NOFOLLOW,
              STATX_BASIC_STATS | STATX_BTIME | unique_mount_id,
              &found) < 0)
    base::fail_errno("cannot look at {}", base::path_of(fd));
  return found;
}

std::uint64_t microseconds(const statx_timestamp &time)
{
  return static_cast<std::uint64_t>(time.tv_sec) * 1000000U + time.tv_nsec / 1000U;
}

void read_handle(const base::Fd &fd, Identity &identity)
{
  // The handle's bytes follow its head, whose type has no name for them.
  std::vector<std::byte> memory(sizeof(file_handle) + MAX_HANDLE_SZ);
  auto *const handle = ::new (memory.data()) file_handle{};
  handle->handle_bytes = MAX_HANDLE_SZ;
  int mount = 0;
  if (::name_to_handle_at(fd.number(), "", handle, &mount, AT_EMPTY_PATH) < 0)
    return; // the inode stands in for it
  identity.handle_type = handle->handle_type;
  for (const std::byte byte : std::span(memory).subspan(sizeof(file_handle), handle->handle_bytes))
    identity.handle += fmt::format("{:02x}", std::to_integer<unsigned>(byte));
}

void add_text(verity::Digest &digest, std::string_view text)
{
  digest.update(std::as_bytes(std::span(text)));
  digest.update(std::as_bytes(std::span("\0", 1)));
}

void add_tree(verity::Digest &digest, const base::Dir &dir)
{
  for (const base::DirEntry &entry : dir.entries()) {
    const auto status = dir.status(entry.name);
    if (!status)
      continue; // it went while we looked; what changed its directory is seen
    add_text(digest, entry.name);
    add_text(digest,
             fmt::format("{} {:o} {} {} {} {}.{}",
                         status->st_ino,
                         status->st_mode,
                         status->st_uid,
                         status->st_gid,
                         status->st_size,
                         status->st_ctim.tv_sec,
                         status->st_ctim.tv_nsec));
    if (S_ISDIR(status->st_mode))
      add_tree(digest, dir.dir(entry.name));
  }
  add_text(digest, "/");
}

bool is_tree(const Image &image)
{
  return image.kind == ImageKind::directory || image.kind == ImageKind::subvolume;
}

Json json_of(const Candidate &candidate)
{
  const Identity &identity = candidate.identity;
  Json entry = {{"path", candidate.image.path}};
  if (identity.root_hash) {
    entry["verityHash"] = verity::hex(*identity.root_hash);
    return entry;
  }
  entry["onMountId"] = identity.mount;
  if (identity.handle.empty())
    entry["inode"] = identity.inode;
  else
    entry["fileHandle"] = {{"type", identity.handle_type}, {"handle", identity.handle}};
  entry["crtime"] = identity.made_us;
  entry["mtime"] = identity.changed_us;
  return entry;
}

} // namespace

namespace {

Identity identity_of(const base::Host &host, const Image &image)
{
  Identity identity;
  if (image.kind == ImageKind::raw || image.kind == ImageKind::block)
    identity.root_hash = verity::claimed_root_hash(host, image.path);
  const base::Fd handle = host.root.handle(image.path);
  const struct statx found = look(handle);
  identity.mount = found.stx_mnt_id;
  identity.inode = found.stx_ino;
  identity.made_us = microseconds(found.stx_btime);
  read_handle(handle, identity);
  if (!is_tree(image)) {
    identity.changed_us = microseconds(found.stx_mtime);
    return identity;
  }
  verity::Digest digest;
  add_tree(digest, host.root.dir(image.path));
  identity.content = verity::hex(digest.finish());
  return identity;
}

} // namespace

Candidate identify(const base::Host &host, const Image &image)
{
  try {
    return {image, identity_of(host, image)};
  } catch (const base::Error &) {
    return {image, {}}; // opening it says what is wrong with it
  }
}

bool is_same(const Identity &one, const Identity &other, Boot boot)
{
  if (one.root_hash || other.root_hash)
    return one.root_hash == other.root_hash;
  Identity moved = one;
  if (boot == Boot::any)
    moved.mount = other.mount;
  return moved == other;
}

std::string origin_text(const std::vector<Candidate> &used,
                        Mutability mutability,
                        const std::vector<std::string> &mutable_hierarchies,
                        const std::optional<std::string> &mount_options)
{
  Json origin;
  origin["mutable"] = {{"mode", name(mutability)}};
  for (const std::string &hierarchy : mutable_hierarchies) {
    const bool is_ephemeral =
        mutability == Mutability::ephemeral || mutability == Mutability::ephemeral_import;
    origin["mutable"]["mutableDirs"][hierarchy] =
        fmt::format("{}/{}",
                    is_ephemeral ? "/run/systemd/sysext" : "/var/lib/extensions.mutable",
                    as_component(hierarchy));
  }
  if (mount_options)
    origin["mountOptions"] = *mount_options;
  origin["extensions"] = Json::object();
  for (const Candidate &candidate : used)
    origin["extensions"][candidate.image.name] = json_of(candidate);
  constexpr int tab = 1;
  return origin.dump(tab, '\t', false, Json::error_handler_t::replace) + "\n";
}

bool same_origin(const std::string &one, const std::string &other)
{
  // Not the ordered kind: the order says nothing.
  const auto read = [](const std::string &text) {
    return nlohmann::json::parse(text, nullptr, false);
  };
  const auto left = read(one);
  return !left.is_discarded() && left == read(other);
}

std::string stamp_of(const std::vector<Candidate> &candidates, const std::string &settings)
{
  verity::Digest digest;
  add_text(digest, settings);
  for (const Candidate &candidate : candidates) {
    add_text(digest, candidate.image.name);
    add_text(digest, json_of(candidate).dump(-1, ' ', false, Json::error_handler_t::replace));
    add_text(digest, candidate.identity.content);
  }
  return verity::hex(digest.finish());
}

} // namespace overlay
