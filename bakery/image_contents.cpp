// SPDX-License-Identifier: Apache-2.0
#include "bakery/image_contents.hpp"

#include "bakery/record.hpp"
#include "bakery/workspace.hpp"
#include "base/architecture.hpp"
#include "base/error.hpp"
#include "base/printable.hpp"
#include "verity/file_system.hpp"
#include "verity/gpt_disk.hpp"
#include "verity/partition_type.hpp"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <sstream>

namespace bakery {

using base::Kind;

namespace {

/// Where a file system lies in an image, and what of the image's tree it is.
struct Part {
  base::ByteRange range;
  std::string place; ///< "usr" for a file system that is only that
};

std::string without_suffix(std::string name)
{
  for (const std::string_view suffix :
       {".sysext.raw", ".confext.raw", ".raw", ".sysext", ".confext"})
    if (name.ends_with(suffix))
      return name.substr(0, name.size() - suffix.size());
  return name;
}

/// Name and architecture, as the file's name has them.
void read_name(Subject &subject, const std::string &path)
{
  const std::string name = without_suffix(base::split_path(path).name);
  subject.name = name.substr(0, name.find('_'));
  const std::string last = name.substr(name.rfind('_') + 1);
  if (base::is_architecture(last))
    subject.architecture = last;
}

/// By where the release file is; what has none but says what system it is, is a system. What has
/// neither is judged as a sysext, whose rules say what is missing.
ImageClass class_of(const Contents &contents)
{
  if (contents.find("etc/extension-release.d") != nullptr)
    return ImageClass::confext;
  const bool is_system = contents.find("usr/lib/os-release") != nullptr &&
                         contents.find("usr/lib/extension-release.d") == nullptr;
  return is_system ? ImageClass::root : ImageClass::sysext;
}

Part part_of(const base::Fd &file, const std::string &path)
{
  const verity::GptDisk disk(base::duplicate(file), path);
  const verity::GptState state = disk.read();
  if (!state.table())
    return {.range = {.start = 0, .length = base::size_of(file)}, .place = ""};
  const verity::GptTable &table = *state.table();
  for (const verity::GptEntry &entry : table.entries) {
    if (!entry.used())
      continue;
    const std::string type = verity::partition_type_of(entry.type).name;
    const bool is_data = type.find("-verity") == std::string::npos;
    if (is_data && (type.starts_with("root-") || type.starts_with("usr-")))
      return {.range = {.start = table.offset_of(entry), .length = table.length_of(entry)},
              .place = type.starts_with("usr-") ? "usr" : ""};
  }
  base::fail(Kind::config, "{} has neither a root nor a /usr partition", path);
}

/// What takes a file system apart sees its programs and the workspace, may write to the latter
/// alone and has no rights: fsck.erofs 1.5 follows names such as "../x" in an image.
std::vector<std::string> confined(const Workspace &workspace, std::vector<std::string> argv)
{
  std::vector<std::string> all = {"bwrap",
                                  "--unshare-all",
                                  "--cap-drop",
                                  "ALL",
                                  "--new-session",
                                  "--die-with-parent",
                                  "--ro-bind",
                                  "/usr",
                                  "/usr"};
  for (const char *directory : {"/lib", "/lib64", "/bin", "/sbin"})
    all.insert(all.end(), {"--ro-bind-try", directory, directory});
  all.insert(all.end(), {"--bind", workspace.path(), "/work", "--chdir", "/work"});
  all.insert(all.end(), argv.begin(), argv.end());
  return all;
}

std::string run(const base::Host &host, const Workspace &workspace, std::vector<std::string> argv)
{
  const std::string program = argv.front();
  if (!host.programs.exists("bwrap"))
    base::fail(Kind::config,
               "there is no bwrap on this machine, in which images are taken apart; install "
               "bubblewrap");
  const base::Finished done = host.programs.run({.argv = confined(workspace, std::move(argv)),
                                                 .limit = std::chrono::hours(1),
                                                 .output_limit = std::size_t{256} << 20U});
  if (done.status != 0)
    base::fail(Kind::config,
               "{} cannot take it apart: {}",
               program,
               base::printable(done.errors.empty() ? done.output : done.errors));
  return done.output;
}

/// unsquashfs drops setuid bits when it is not run by root, but lists them:
/// "-rwsr-xr-x 0/0  123 1970-01-01 00:00 squashfs-root/usr/bin/x".
void add_listed_modes(Contents &contents, const std::string &listing)
{
  std::istringstream lines(listing);
  constexpr std::string_view root = "squashfs-root/";
  for (std::string line; std::getline(lines, line);) {
    const std::size_t at = line.find(root);
    if (at == std::string::npos || line.size() < 10 || line[0] != '-')
      continue;
    const auto entry = contents.entries.find(line.substr(at + root.size()));
    if (entry == contents.entries.end())
      continue;
    if (line[3] == 's' || line[3] == 'S')
      entry->second.mode |= S_ISUID;
    if (line[6] == 's' || line[6] == 'S')
      entry->second.mode |= S_ISGID;
  }
}

Contents take_apart(const base::Host &host, const base::Fd &file, const std::string &path)
{
  const Part part = part_of(file, path);
  const std::string type = verity::file_system_type(file, part.range);
  if (type != "erofs" && type != "squashfs")
    base::fail(Kind::config,
               "{} is no erofs or squashfs, nor a disk image with one; extensions of other kinds "
               "are not judged",
               path);
  const base::Dir temporary = base::Dir::open_root("/var/tmp");
  const Workspace workspace(host.sys, temporary, fmt::format(".strake-lint-{}", ::getpid()));
  base::Fd copy = host.sys.create(workspace.dir(), "image", 0644);
  host.sys.copy(file, part.range, copy, 0);
  host.sys.close(std::move(copy));
  if (type == "erofs")
    (void)run(host,
              workspace,
              {"fsck.erofs", "--extract=tree", "--preserve-perms", "--no-preserve-owner", "image"});
  else
    (void)run(host,
              workspace,
              {"unsquashfs", "-no-progress", "-no-xattrs", "-quiet", "-dest", "tree", "image"});
  Contents contents = read_contents(workspace.dir().dir("tree"), part.place);
  if (type == "squashfs")
    add_listed_modes(contents, run(host, workspace, {"unsquashfs", "-lln", "image"}));
  return contents;
}

void read_record(OpenedImage &opened, const base::Dir &dir, const std::string &image)
{
  if (!image.ends_with(".raw"))
    return;
  const auto text = dir.text(image.substr(0, image.size() - 4) + ".inputs.json", record_limit);
  const auto record = text ? parse_record(*text) : std::nullopt;
  if (!record)
    return;
  opened.allowed = record->allowed;
  opened.subject.size_limit = record->size_limit;
}

} // namespace

OpenedImage open_image_contents(const base::Host &host, const std::string &path)
{
  OpenedImage opened;
  read_name(opened.subject, path);
  const base::SplitPath split = base::split_path(path);
  const base::Dir dir = base::Dir::open_root(split.parent.empty() ? "/" : split.parent);
  const auto status = dir.target_status(split.name);
  if (!status)
    base::fail(Kind::not_found, "there is no file {}", path);
  if (S_ISDIR(status->st_mode)) {
    opened.subject.contents = read_contents(dir.dir(split.name));
  } else {
    const base::Fd file = dir.file(split.name);
    opened.subject.size = base::size_of(file);
    opened.subject.contents = base::during(path, [&] { return take_apart(host, file, path); });
    read_record(opened, dir, split.name);
  }
  opened.subject.image_class = class_of(opened.subject.contents);
  return opened;
}

} // namespace bakery
